//! What the keys of an account may do in the cloud: the policy of the documentation is enough, and no
//! more than that.

use std::collections::BTreeSet;

use e2e::record::condition;
use e2e::scene::{Scene, parsed};
use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams};
use modelarts_crd::ModelArtsNetwork;
use sandbox::simulator::Key;
use serde_json::{Value, json};

use crate::STAGE;

/// The actions of the policy in the documentation.
fn documented() -> BTreeSet<String> {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/accounts.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (_, policy) = page.split_once("```json\n").unwrap();
    let (policy, _) = policy.split_once("```").unwrap();
    let policy: Value = serde_json::from_str(policy).unwrap();
    let statements = policy["Statement"].as_array().unwrap();
    let actions = statements.iter().flat_map(|statement| {
        assert_eq!(statement["Effect"], "Allow");
        statement["Action"].as_array().unwrap()
    });
    actions.map(|action| action.as_str().unwrap().to_owned()).collect()
}

/// A network, and a pool in it that is changed, resized, broken, mended and deleted.
async fn a_life(scene: &Scene, account: &str) {
    let networks: Api<ModelArtsNetwork> = Api::namespaced(scene.client(), &scene.name);
    let network = json!({
        "metadata": { "name": "net", "namespace": scene.name },
        "spec": { "account": account, "cidr": "192.168.0.0/24" },
    });
    let network: ModelArtsNetwork = parsed(network);
    networks.create(&PostParams::default(), &network).await.unwrap();
    scene.until_deeds(&["CreateNetwork"]).await;
    let described = Patch::Merge(json!({ "spec": { "description": "for training" } }));
    networks
        .patch("net", &PatchParams::default(), &described)
        .await
        .unwrap();
    scene.until_deeds(&["CreateNetwork", "PatchNetwork"]).await;
    let joined = json!({ "account": account, "network": null, "networkRef": { "name": "net" } });
    scene.create_ready("train", &joined).await;
    scene.change("train", &json!({ "description": "trains models" })).await;
    scene
        .until_deeds(&["CreateNetwork", "PatchNetwork", "CreatePool", "PatchPool"])
        .await;
    let two = json!({ "resources": [{ "flavor": "modelarts.vm.cpu.8ud", "count": 2 }] });
    scene.change("train", &two).await;
    scene.until_ready("train").await;
    let id = scene.cloud_pools().await[0]["metadata"]["name"]
        .as_str()
        .unwrap()
        .to_owned();
    scene.simulator.set_phase(&id, "Abnormal").await.unwrap();
    scene.until_reason("train", "PoolNotRunning").await;
    scene.simulator.set_phase(&id, "Running").await.unwrap();
    scene.until_ready("train").await;
    scene.delete_gone("train").await;
    networks.delete("net", &DeleteParams::default()).await.unwrap();
    let gone = async || match networks.get_opt("net").await.unwrap() {
        None => Ok(()),
        Some(there) => Err(format!("{:?}", there.status)),
    };
    scene.expect(sandbox::wait::until("the network is gone", e2e::scene::PATIENCE, gone).await);
}

#[test]
fn the_documented_policy_is_what_is_needed_and_nothing_more() {
    STAGE.play(async |scene| {
        let documented = documented();
        let restricted = json!({ "actions": documented });
        let key = Key::default().access;
        scene.simulator.change_key(&key, &restricted).await.unwrap();
        let account = format!("{}-by-name", scene.name);
        let by_name = json!({ "projectId": null, "projectName": "cn-north-4" });
        scene.create_account(&account, &by_name).await;
        a_life(scene, &account).await;
        let callers = scene.simulator.callers().await.unwrap();
        assert_eq!(callers[&key].denied, 0, "{callers:?}");
        assert_eq!(callers[&key].actions, documented);
    });
}

#[test]
fn fault_64_permissions_that_were_narrowed_are_no_absence() {
    STAGE.play(async |scene| {
        scene.create_ready("train", &json!({})).await;
        let key = Key::default().access;
        for left in [&[][..], &["modelarts:pool:list"], &["modelarts:pool:get"]] {
            scene
                .simulator
                .change_key(&key, &json!({ "actions": left }))
                .await
                .unwrap();
            if left.contains(&"modelarts:pool:list") {
                scene.until_ready("train").await;
                continue;
            }
            let told = scene.until_reason("train", "PermissionDenied").await;
            assert_ne!(condition(&told, "Ready"), "True");
            let status = told.status.unwrap();
            assert_eq!(status.phase.as_deref(), Some("Running"));
            let told = serde_json::to_string(&status.conditions).unwrap();
            assert!(told.contains("modelarts:pool:list"), "{told}");
        }
        scene
            .simulator
            .change_key(&key, &json!({ "actions": ["*"] }))
            .await
            .unwrap();
        scene.until_ready("train").await;
        assert_eq!(scene.deeds().await, ["CreatePool"]);
    });
}
