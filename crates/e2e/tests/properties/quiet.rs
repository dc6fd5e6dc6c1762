//! What is no change sends nothing, and what is one sends no more than itself.

use std::sync::{Arc, Mutex};

use e2e::proxy::{Call, Point, Proxy, Side};
use e2e::scene::Scene;
use http::Method;
use modelarts_crd::ModelArtsPool;
use serde_json::{Value, json};

use crate::STAGE;

fn entries() -> Value {
    json!([
        { "flavor": "modelarts.vm.cpu.8ud", "count": 1 },
        { "flavor": "modelarts.vm.cpu.8ud", "count": 2, "nodePool": "team-a", "labels": { "team": "a" } },
        { "flavor": "modelarts.vm.cpu.16u64g.d", "count": 1 },
    ])
}

/// Waits until nothing is left to be asked about a pool, its last order included.
async fn at_rest(scene: &Scene) {
    scene
        .until("train", "to be at rest in this generation", |pool| {
            let status = pool.status.clone().unwrap_or_default();
            let order = status.order.and_then(|order| order.phase);
            order.as_deref() == Some("successed") && is_synced(pool)
        })
        .await;
    scene.until_listed(2).await;
}

fn is_synced(pool: &ModelArtsPool) -> bool {
    let mut conditions = pool.status.iter().flat_map(|status| &status.conditions);
    conditions.any(|condition| {
        condition.type_ == "Synced"
            && condition.status == "True"
            && condition.observed_generation == pool.metadata.generation
    })
}

#[test]
fn another_order_of_resources_costs_no_call() {
    STAGE.play(async |scene| {
        scene
            .create_ready("train", &json!({ "resources": entries(), "scope": ["Train", "Infer"] }))
            .await;
        at_rest(scene).await;
        let before = scene.simulator.requests().await.unwrap();
        let mut turned = entries();
        turned.as_array_mut().unwrap().reverse();
        scene
            .change("train", &json!({ "resources": turned, "scope": ["Infer", "Train"] }))
            .await;
        at_rest(scene).await;
        scene.until_listed(3).await;
        let mut after = scene.simulator.requests().await.unwrap();
        after.insert(String::from("ListPools"), before["ListPools"]);
        assert_eq!(after, before, "calls other than the census'");
        assert_eq!(scene.deeds().await, ["CreatePool"]);
    });
}

#[test]
fn another_description_is_sent_once_and_alone() {
    STAGE.play(async |scene| {
        let proxy = Proxy::before(&scene.world.control_plane, &scene.simulator.url)
            .await
            .unwrap();
        let account = format!("{}-watched", scene.name);
        let through = json!({ "endpoint": proxy.cloud, "iamEndpoint": proxy.cloud });
        scene.create_account(&account, &through).await;
        let first = json!({ "account": account, "resources": entries(), "description": "trains models" });
        scene.create_ready("train", &first).await;
        at_rest(scene).await;
        let changes = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&changes);
        // It lets every call pass, and keeps those that change something.
        let _watch = proxy.hold(Point::Before, move |call: &Call| {
            if call.side == Side::Cloud && call.method != Method::GET {
                seen.lock().unwrap().push((call.method.clone(), call.json()));
            }
            false
        });
        let pool = scene.change("train", &json!({ "description": "serves models" })).await;
        at_rest(scene).await;
        scene.until_listed(3).await;
        let changes = changes.lock().unwrap().clone();
        let [(method, body)] = changes.as_slice() else {
            panic!("{changes:?}")
        };
        assert_eq!(*method, Method::PATCH);
        let description = body["metadata"]["annotations"]["os.modelarts/description"]
            .as_str()
            .unwrap();
        let uid = pool.metadata.uid.unwrap();
        assert!(
            description.starts_with(&format!("serves models [mapool:{uid}@")),
            "{description}"
        );
        let alone = json!({ "metadata": { "annotations": { "os.modelarts/description": description } } });
        assert_eq!(*body, alone, "nothing else is sent");
        assert_eq!(scene.deeds().await, ["CreatePool", "PatchPool"]);
    });
}
