//! Which pool uses which network, and who is told of what.

use std::collections::BTreeSet;

use modelarts_plan::{Networks, Pools};
use serde_json::{Value, json};

use super::*;
use crate::bench::object;
use crate::directory::References;
use crate::directory::tests::member;
use crate::service::Service;
use crate::shared::Directories;

fn network(metadata: &Value, status: &Value) -> ModelArtsNetwork {
    let mut object_metadata = json!({"name": "net", "namespace": "ml", "uid": "n"});
    let fields = metadata.as_object().unwrap().clone();
    object_metadata.as_object_mut().unwrap().extend(fields);
    object(json!({
        "apiVersion": "modelarts.huaweicloud.com/v1alpha1", "kind": "ModelArtsNetwork",
        "metadata": object_metadata, "spec": {"cidr": "192.168.0.0/24"}, "status": status,
    }))
}

fn ready(status: &str) -> Value {
    json!([{
        "type": "Ready", "status": status, "reason": "Creating", "message": "it is coming",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }])
}

#[test]
fn a_pool_gets_the_id_of_a_ready_network_and_else_what_is_missing() {
    let text = |network: &ModelArtsNetwork, account: &str| match link(network, account) {
        Link::Waiting(text) => text,
        other => format!("{other:?}"),
    };
    let good = json!({"networkId": "net-1", "conditions": ready("True")});
    assert_eq!(
        link(&network(&json!({}), &good), "default"),
        Link::Ready("net-1".into())
    );
    let leaving = network(&json!({"deletionTimestamp": "2026-01-01T00:00:00Z"}), &good);
    assert_eq!(text(&leaving, "default"), "ModelArtsNetwork net is being deleted");
    assert_eq!(
        text(&network(&json!({}), &good), "other"),
        "ModelArtsNetwork net is of account default, and the pool of account other"
    );
    let coming = network(&json!({}), &json!({"networkId": "net-1", "conditions": ready("False")}));
    assert_eq!(
        text(&coming, "default"),
        "ModelArtsNetwork net is not ready: it is coming"
    );
    let new = network(&json!({}), &json!({"observedGeneration": -1}));
    assert_eq!(text(&new, "default"), "ModelArtsNetwork net has not been looked at yet");
}

fn pool(name: &str, namespace: &str, by_name: Option<&str>, ids: &[&str]) -> Member {
    Member {
        name: name.into(),
        namespace: namespace.into(),
        refers: References {
            object: by_name.map(str::to_owned),
            ids: ids.iter().map(|id| (*id).to_owned()).collect(),
        },
        ..member(name)
    }
}

#[test]
fn the_users_of_a_network_are_named_and_the_rest_counted() {
    let (pools, _woken) = Directory::new();
    let mut all = vec![
        pool("by-id", "else", None, &["net-1"]),
        pool("by-name", "ml", Some("net"), &[]),
        pool("same-name-elsewhere", "else", Some("net"), &[]),
        pool("another", "ml", Some("net-b"), &["net-2"]),
    ];
    let enter = |members: &[Member]| {
        for member in members {
            pools.meet(&member.uid);
            pools.enter(member.clone());
        }
    };
    enter(&all);
    let network = network(&json!({}), &json!({"networkId": "net-1"}));
    assert_eq!(users(&pools, &network), None, "there may be more");
    pools.keep(&all.iter().map(|pool| pool.uid.clone()).collect());
    assert_eq!(users(&pools, &network).unwrap(), ["else/by-id", "ml/by-name"]);
    all = (1..=7)
        .map(|n| pool(&format!("p{n}"), "ml", Some("net"), &[]))
        .collect();
    enter(&all);
    let named = users(&pools, &network).unwrap();
    assert_eq!(
        named,
        ["else/by-id", "ml/by-name", "ml/p1", "ml/p2", "ml/p3", "and 4 more"]
    );
}

#[test]
fn pools_hear_of_their_network_and_a_network_of_its_last_pool() {
    let ((pools, mut woken_pools), (networks, mut woken_networks)) = (Directory::new(), Directory::new());
    let directories = Directories {
        pools: pools.into(),
        networks: networks.into(),
    };
    let net = Member {
        name: "net".into(),
        ..member("n")
    };
    let user = pool("user", "ml", Some("net"), &[]);
    for (directory, member) in [(&directories.networks, &net), (&directories.pools, &user)] {
        directory.meet(&member.uid);
        directory.enter(member.clone());
    }
    Networks::tell_others(&directories, Some(&net), Some(&net));
    assert!(woken_pools.try_recv().is_err(), "nothing changed");
    let ready = Member {
        ready: true,
        id: Some("net-1".into()),
        ..net.clone()
    };
    Networks::tell_others(&directories, Some(&net), Some(&ready));
    assert_eq!(woken_pools.try_recv().unwrap().name, "user");
    Networks::tell_others(&directories, Some(&ready), None);
    assert_eq!(woken_pools.try_recv().unwrap().name, "user");
    Pools::tell_others(&directories, Some(&user), Some(&user));
    assert!(woken_networks.try_recv().is_err());
    Pools::tell_others(&directories, Some(&user), None);
    assert_eq!(woken_networks.try_recv().unwrap().name, "net");
    assert_eq!(directories.pools.keep(&BTreeSet::new()).len(), 1);
}
