//! The parts of a world fit together: definitions, account, simulator, operator.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed expectation is the point of a test, also in its helper functions"
)]

use std::time::Duration;

use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, ListParams, PostParams};
use modelarts_crd::{ModelArtsAccount, ModelArtsPool};
use sandbox::control_plane::{self, ControlPlane};
use sandbox::operator::{self, LeaderElection};
use sandbox::pools::{self, Readiness};
use sandbox::simulator::{Fault, PROJECT, SECRET_KEY, Simulator};
use sandbox::wait::{self, until};
use sandbox::{World, simulator, world};
use serde_json::json;

fn pool(name: &str) -> ModelArtsPool {
    let object = json!({
        "apiVersion": "modelarts.huaweicloud.com/v1alpha1",
        "kind": "ModelArtsPool",
        "metadata": { "name": name, "namespace": "default" },
        "spec": {
            "scope": ["Train"],
            "network": { "name": format!("net-0123-{PROJECT}") },
            "resources": [{ "flavor": "modelarts.vm.cpu.8ud", "count": 1 }],
        },
    });
    serde_json::from_value(object).unwrap()
}

#[tokio::test]
async fn objects_are_accepted_as_soon_as_the_definitions_are_applied() {
    let control_plane = ControlPlane::start(control_plane::Options::default()).await.unwrap();
    let client = control_plane.client().await.unwrap();
    world::apply_crds(&client, modelarts_crd::crds()).await.unwrap();
    let pools: Api<ModelArtsPool> = Api::namespaced(client.clone(), "default");
    pools.create(&PostParams::default(), &pool("first")).await.unwrap();
    // A fresh object has not been looked at yet, and must not pass for ready.
    let seen = pools::list(&client).await.unwrap();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].ready, Readiness::Unknown);
    // Applying them again changes nothing and is no error.
    world::apply_crds(&client, modelarts_crd::crds()).await.unwrap();
}

#[tokio::test]
async fn the_simulator_is_controlled_by_its_own_api() {
    let folder = tempfile::tempdir().unwrap();
    let simulator = Simulator::start(
        folder.path(),
        simulator::Options {
            profile: json!({ "createSeconds": 7 }),
            ..simulator::Options::default()
        },
    )
    .await
    .unwrap();
    assert!(simulator.url.starts_with("http://127.0.0.1:"), "{}", simulator.url);
    assert_eq!(simulator.ledger().await.unwrap(), []);
    assert_eq!(simulator.profile().await.unwrap()["createSeconds"], 7);

    let faults = [Fault::times("CreatePool", "lostAnswer", 3)];
    simulator.set_faults(&faults).await.unwrap();
    let kept = simulator.faults().await.unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].count, Some(3));
    simulator.clear_faults().await.unwrap();
    assert_eq!(simulator.faults().await.unwrap(), []);
    let refused = simulator.set_faults(&[Fault::always("CreatePool", "gremlins")]).await;
    assert!(refused.is_err());

    simulator.advance_clock(Duration::from_secs(3600)).await.unwrap();
    assert_eq!(simulator.requests().await.unwrap().len(), 0);
    let refused = simulator.set_phase("no-such-pool", "Abnormal").await.unwrap_err();
    assert!(refused.to_string().contains("404"), "{refused}");

    let body = json!({
        "apiVersion": "v2",
        "kind": "Pool",
        "metadata": { "labels": { "os.modelarts/name": "strange", "os.modelarts/workspace.id": "0" } },
        "spec": {
            "type": "Dedicate",
            "scope": ["Train"],
            "network": { "name": format!("net-0123-{PROJECT}") },
            "resources": [{ "flavor": "modelarts.vm.cpu.8ud", "count": 1 }],
        },
    });
    simulator.create_pool(PROJECT, &body).await.unwrap();
    let pools = simulator.pools().await.unwrap();
    let id = pools[0]["metadata"]["name"].as_str().unwrap();
    simulator.set_phase(id, "Abnormal").await.unwrap();
    assert_eq!(simulator.pools().await.unwrap()[0]["status"]["phase"], "Abnormal");
    simulator.delete_pool(id).await.unwrap();
    let ledger = simulator.ledger().await.unwrap();
    let operations: Vec<_> = ledger.iter().map(|entry| &*entry.operation).collect();
    assert_eq!(operations, ["OutOfBandCreate", "OutOfBandDelete"]);
    assert_eq!(ledger[0].display_name, "strange");

    let another = simulator::Key {
        access: String::from("AKANOTHER"),
        ..simulator::Key::default()
    };
    simulator.add_key(&another).await.unwrap();
    simulator.remove_key("AKANOTHER").await.unwrap();
    assert!(simulator.remove_key("AKANOTHER").await.is_err());

    simulator.process().kill().await.unwrap();
    assert!(simulator.ledger().await.is_err());
}

#[tokio::test]
async fn a_prepared_world_has_an_account_that_points_at_the_simulator() {
    let world = World::prepare(world::Options::default()).await.unwrap();
    let accounts: Api<ModelArtsAccount> = Api::all(world.client.clone());
    let account = accounts.get(world::ACCOUNT).await.unwrap();
    assert_eq!(account.spec.endpoint.as_ref(), Some(&world.simulator.url));
    assert_eq!(account.spec.project_id.as_deref(), Some(PROJECT));
    let secrets: Api<Secret> = Api::namespaced(world.client.clone(), operator::NAMESPACE);
    let secret = secrets
        .get(&account.spec.credentials.secret.as_ref().unwrap().name)
        .await
        .unwrap();
    assert_eq!(secret.data.unwrap()["secretKey"].0, SECRET_KEY.as_bytes());

    world.set_endpoint("http://127.0.0.1:9").await.unwrap();
    let account = accounts.get(world::ACCOUNT).await.unwrap();
    assert_eq!(account.spec.endpoint.as_deref(), Some("http://127.0.0.1:9"));
}

#[tokio::test]
async fn two_operators_start_and_a_pool_becomes_ready_once() {
    let mut world = World::start(world::Options {
        operators: 2,
        operator: operator::Options {
            leader_election: LeaderElection::On,
            ..operator::Options::default()
        },
        ..world::Options::default()
    })
    .await
    .unwrap();
    let pools: Api<ModelArtsPool> = Api::namespaced(world.client.clone(), "default");
    pools.create(&PostParams::default(), &pool("first")).await.unwrap();
    let ready = until("the pool to be ready", wait::DEADLINE, async || {
        let seen = pools::list(&world.client).await.map_err(|e| e.to_string())?;
        match seen.first() {
            Some(pool) if pool.ready == Readiness::Ready => Ok(pool.clone()),
            other => Err(format!("{other:?}\n{}", world.operator_logs(5))),
        }
    })
    .await
    .unwrap();
    let creates = world.simulator.ledger_of("CreatePool").await.unwrap();
    let names: Vec<_> = creates.iter().map(|entry| &entry.display_name).collect();
    assert_eq!(names, [&ready.pool_name]);
    assert!(world.operators[0].scrape().await.unwrap().contains("# EOF"));

    // One ends as a cluster would end it, and a third takes its place.
    let gone = world.operators.remove(0);
    assert_eq!(gone.terminate().await.unwrap(), sandbox::process::Exit::Code(0));
    drop(gone);
    let options = operator::Options {
        leader_election: LeaderElection::On,
        ..operator::Options::default()
    };
    assert_eq!(world.add_operator(&options).await.unwrap(), 1);
    assert_eq!(pools.list(&ListParams::default()).await.unwrap().items.len(), 1);
}
