//! A changed spec: the difference is named, sent, and then gone.

use e2e::scene::Scene;
use sandbox::simulator::Tally;
use serde_json::{Value, json};

use crate::STAGE;

fn first() -> Value {
    json!({
        "description": "trains models",
        "scope": ["Train", "Notebook"],
        "driver": { "gpuVersion": "440.31" },
        "resources": [
            { "flavor": "modelarts.vm.gpu.v100", "count": 2 },
            { "flavor": "modelarts.vm.cpu.8ud", "count": 1 },
        ],
    })
}

/// Changes a field and waits until it is so in the cloud; the status named exactly that field on the
/// way, and one change was sent.
async fn sent(scene: &Scene, changes: &Value, field: &str) {
    let (life, patches) = (
        scene.record.life("train").await.len(),
        scene.tally("PatchPool").await.count,
    );
    scene.change("train", changes).await;
    until_synced(scene).await;
    scene.until_ready("train").await;
    let told: Vec<Value> = scene.record.life("train").await[life..].iter().map(synced).collect();
    let differs: Vec<&Value> = told.iter().filter(|told| told["status"] == "False").collect();
    assert!(!differs.is_empty(), "{field} was not named: {told:?}");
    for told in differs {
        assert_eq!(told["reason"], "Updating", "{told}");
        let message = told["message"].as_str().unwrap();
        assert!(
            message.contains(&format!("differs from {field};")),
            "{field} is not all that differs: {message}"
        );
    }
    assert_eq!(scene.tally("PatchPool").await.count, patches + 1, "{field}");
}

fn synced(pool: &modelarts_crd::ModelArtsPool) -> Value {
    let conditions = pool.status.iter().flat_map(|status| &status.conditions);
    let mut synced = conditions.filter(|condition| condition.type_ == "Synced");
    serde_json::to_value(synced.next()).unwrap()
}

async fn until_synced(scene: &Scene) {
    scene
        .until("train", "to be synced in this generation", |pool| {
            let told = synced(pool);
            told["status"] == "True" && told["observedGeneration"].as_i64() == pool.metadata.generation
        })
        .await;
}

/// The cloud pool of the scene, which is its only one.
async fn cloud(scene: &Scene) -> Value {
    scene.cloud_pools().await.remove(0)
}

#[test]
fn a_changed_field_is_named_and_sent() {
    STAGE.play(async |scene| {
        scene.create_ready("train", &first()).await;
        until_synced(scene).await;
        let text = json!({ "description": "trains other models" });
        sent(scene, &text, "spec.description").await;
        let description = cloud(scene).await["metadata"]["annotations"]["os.modelarts/description"].take();
        assert!(
            description
                .as_str()
                .unwrap()
                .starts_with("trains other models [mapool:")
        );
        sent(scene, &json!({ "scope": ["Train"] }), "spec.scope").await;
        assert_eq!(cloud(scene).await["spec"]["scope"], json!(["Train"]));
        let driver = json!({ "driver": { "gpuVersion": "470.57" } });
        sent(scene, &driver, "spec.driver.gpuVersion").await;
        assert_eq!(cloud(scene).await["spec"]["driver"]["gpuVersion"], "470.57");
        let more = json!({ "resources": [
            { "flavor": "modelarts.vm.gpu.v100", "count": 3 },
            { "flavor": "modelarts.vm.cpu.8ud", "count": 1 },
        ] });
        sent(scene, &more, "spec.resources[modelarts.vm.gpu.v100].count").await;
        let fewer = json!({ "resources": [{ "flavor": "modelarts.vm.gpu.v100", "count": 3 }] });
        sent(scene, &fewer, "spec.resources[modelarts.vm.cpu.8ud]").await;
        let entries = cloud(scene).await["spec"]["resources"].take();
        assert_eq!(
            (entries.as_array().unwrap().len(), &entries[0]["count"]),
            (1, &json!(3))
        );
        scene.until_listed(2).await;
        let deeds = [
            "CreatePool",
            "PatchPool",
            "PatchPool",
            "PatchPool",
            "PatchPool",
            "PatchPool",
        ];
        assert_eq!(scene.deeds().await, deeds);
    });
}

#[test]
fn all_that_changed_at_once_is_sent_at_once_where_the_cloud_takes_it() {
    STAGE.play(async |scene| {
        scene.create_ready("train", &first()).await;
        until_synced(scene).await;
        let all = json!({
            "description": "trains other models",
            "scope": ["Train"],
            "driver": { "gpuVersion": "470.57" },
            "resources": [
                { "flavor": "modelarts.vm.gpu.v100", "count": 3 },
                { "flavor": "modelarts.vm.cpu.8ud", "count": 1 },
            ],
        });
        sent(
            scene,
            &all,
            "spec.description, spec.scope, spec.resources[modelarts.vm.gpu.v100].count, spec.driver.gpuVersion",
        )
        .await;
        assert_eq!(scene.deeds().await, ["CreatePool", "PatchPool"]);
    });
}

#[test]
fn one_flavor_for_another_is_added_before_the_other_goes() {
    STAGE.play(async |scene| {
        scene.create_ready("train", &json!({})).await;
        let other = json!({ "resources": [{ "flavor": "modelarts.vm.cpu.16u64g.d", "count": 1 }] });
        scene.change("train", &other).await;
        until_synced(scene).await;
        scene.until_ready("train").await;
        let entries = cloud(scene).await["spec"]["resources"].take();
        assert_eq!(
            (entries.as_array().unwrap().len(), &entries[0]["flavor"]),
            (1, &json!("modelarts.vm.cpu.16u64g.d"))
        );
        // The service refuses both in one request, and a pool without nodes would be gone.
        assert_eq!(scene.deeds().await, ["CreatePool", "PatchPool", "PatchPool"]);
        assert_eq!(scene.tally("PatchPool").await.rejected, 0);
    });
}

#[test]
fn a_change_that_the_cloud_refuses_stalls_until_the_spec_is_another() {
    STAGE.play(async |scene| {
        scene.create_ready("train", &json!({})).await;
        let none = json!({ "driver": { "gpuVersion": "440.31" } });
        scene.change("train", &none).await;
        let stalled = scene.until_condition("train", "Stalled", "True", "ChangeRefused").await;
        let told = synced(&stalled);
        assert_eq!(
            (&told["status"], &told["reason"]),
            (&json!("False"), &json!("ChangeRefused"))
        );
        let message = told["message"].as_str().unwrap();
        assert!(
            message.contains("the pool has no nodes for this driver") && message.contains("(request "),
            "{message}"
        );
        scene.change("train", &json!({ "driver": null })).await;
        scene.until_ready("train").await;
        until_synced(scene).await;
        assert_eq!(scene.deeds().await, ["CreatePool"]);
    });
}

#[test]
fn another_order_is_no_difference() {
    STAGE.play(async |scene| {
        scene.create_ready("train", &first()).await;
        let turned = json!({
            "scope": ["Notebook", "Train"],
            "resources": [
                { "flavor": "modelarts.vm.cpu.8ud", "count": 1 },
                { "flavor": "modelarts.vm.gpu.v100", "count": 2 },
            ],
        });
        scene.change("train", &turned).await;
        until_synced(scene).await;
        scene.until_ready("train").await;
        for pool in scene.record.life("train").await {
            assert_ne!(synced(&pool)["status"], "False", "{:?}", pool.status);
        }
        assert_eq!(scene.deeds().await, ["CreatePool"]);
    });
}

#[test]
fn a_difference_made_in_the_cloud_is_named_and_put_back() {
    STAGE.play(async |scene| {
        scene.create_ready("train", &first()).await;
        until_synced(scene).await;
        let id = e2e::scene::pool_id(&scene.pools().get("train").await.unwrap()).to_owned();
        let less = json!({ "spec": { "scope": ["Train"] } });
        scene.simulator.patch_pool(&id, &less).await.unwrap();
        let deeds = ["CreatePool", "OutOfBandPatch", "PatchPool"];
        scene.until_deeds(&deeds).await;
        scene.until_listed(3).await;
        until_synced(scene).await;
        assert_eq!(cloud(scene).await["spec"]["scope"], json!(["Train", "Notebook"]));
        let life = scene.record.life("train").await;
        let named = life.iter().map(synced).any(|told| {
            let message = told["message"].as_str().unwrap_or_default();
            told["reason"] == "Updating" && message.contains("differs from spec.scope;")
        });
        assert!(named, "{:?}", scene.record.reasons("train").await);
        assert_eq!(scene.deeds().await, deeds);
    });
}

#[test]
fn a_pool_without_a_size_is_not_bought_until_it_has_one() {
    STAGE.play(async |scene| {
        let unsized_ = json!({ "resources": [{ "flavor": "modelarts.vm.cpu.8ud" }] });
        scene.create("train", &unsized_).await;
        scene.until_reason("train", "SizeNotSet").await;
        scene.until_listed(3).await;
        assert_eq!(scene.tally("CreatePool").await, Tally::default());
        scene.change("train", &json!({ "nodes": 2 })).await;
        let ready = scene.until_ready("train").await;
        assert_eq!(ready.status.unwrap().nodes.unwrap().available, 2);
        // Given up again, as for an autoscaler, the pool keeps its size.
        scene.change("train", &json!({ "nodes": null })).await;
        until_synced(scene).await;
        let ready = scene.until_ready("train").await;
        assert_eq!(ready.status.unwrap().nodes.unwrap().desired, Some(2));
        assert_eq!(scene.deeds().await, ["CreatePool"]);
    });
}
