//! How many writes a life takes.

use e2e::scene::{Scene, pool_id};
use serde_json::json;

use crate::audit::{Write, lines, writes_since};
use crate::{STAGE, alone};

/// Writes to the pool object and events about it since then.
fn split(scene: &Scene, since: usize) -> (Vec<String>, usize) {
    let mine = |write: &Write| write.namespace == scene.name;
    let (events, objects): (Vec<Write>, Vec<Write>) = writes_since(scene, since)
        .into_iter()
        .filter(mine)
        .partition(|write| write.resource == "events");
    assert!(
        objects
            .iter()
            .all(|write| write.name == "train" && write.verb == "patch"),
        "{objects:?}"
    );
    (objects.into_iter().map(|write| write.resource).collect(), events.len())
}

/// Finalizer, intent, ID, Ready.
const FOUR: [&str; 4] = [
    "modelartspools",
    "modelartspools/status",
    "modelartspools/status",
    "modelartspools/status",
];

#[test]
fn a_creation_takes_four_writes_and_two_events() {
    let _alone = alone();
    STAGE.play(async |scene| {
        let since = lines(scene);
        scene.create_ready("train", &json!({})).await;
        scene.until_listed(3).await;
        let (writes, events) = split(scene, since);
        assert_eq!(writes, FOUR);
        assert!(events <= 2, "{events} events");
    });
}

#[test]
fn a_change_takes_at_most_three_writes_and_two_events() {
    let _alone = alone();
    STAGE.play(async |scene| {
        scene.create_ready("train", &json!({})).await;
        scene.until_listed(3).await;
        let since = lines(scene);
        scene.change("train", &json!({ "description": "trains models" })).await;
        scene.until_deeds(&["CreatePool", "PatchPool"]).await;
        scene.until_ready("train").await;
        scene.until_listed(3).await;
        let (writes, events) = split(scene, since);
        // That it is being sent, and that it is there; what the answer shows may be a third.
        assert!((2..=3).contains(&writes.len()), "{writes:?}");
        assert!(
            writes.iter().all(|write| write == "modelartspools/status"),
            "{writes:?}"
        );
        assert!(events <= 2, "{events} events");
    });
}

#[test]
fn each_phase_that_the_cloud_reports_takes_one_more_write() {
    let _alone = alone();
    STAGE.play(async |scene| {
        scene
            .simulator
            .set_profile(&json!({ "createSeconds": 2 }))
            .await
            .unwrap();
        let since = lines(scene);
        let size = json!({ "nodes": 3, "resources": [{ "flavor": "modelarts.vm.cpu.8ud" }] });
        scene.create("train", &size).await;
        let pool = scene.until_ready("train").await;
        scene.until_listed(2).await;
        let (writes, events) = split(scene, since);
        // Creating with its counts may be seen by a LIST of its own before Running is.
        assert!(writes.len() <= FOUR.len() + 1, "{writes:?}");
        assert!(events <= 2, "{events} events");

        let since = lines(scene);
        for phase in ["Hibernating", "Running", "Hibernating", "Running"] {
            scene.simulator.set_phase(pool_id(&pool), phase).await.unwrap();
            scene
                .until("train", phase, |pool| {
                    let status = pool.status.as_ref();
                    status.and_then(|status| status.phase.as_deref()) == Some(phase)
                })
                .await;
        }
        scene.until_listed(2).await;
        let (writes, events) = split(scene, since);
        assert_eq!(writes, ["modelartspools/status"; 4]);
        assert!(events <= 2, "{events} events");

        // Broken nodes are named from a call of their own, which may come a moment after the phase.
        let since = lines(scene);
        scene.simulator.set_phase(pool_id(&pool), "Abnormal").await.unwrap();
        scene
            .until("train", "to name its broken node", |pool| {
                let status = pool.status.clone().unwrap_or_default();
                status.phase.as_deref() == Some("Abnormal") && status.abnormal_nodes.len() == 1
            })
            .await;
        scene.until_listed(3).await;
        let (writes, events) = split(scene, since);
        assert!((1..=2).contains(&writes.len()), "{writes:?}");
        assert!(
            writes.iter().all(|write| write == "modelartspools/status"),
            "{writes:?}"
        );
        assert!(events <= 1, "{events} events");
    });
}

#[test]
fn an_outage_takes_one_write_and_its_end_another() {
    let _alone = alone();
    STAGE.play(async |scene| {
        scene.create_ready("train", &json!({})).await;
        scene.until_listed(2).await;
        let since = lines(scene);
        let down = sandbox::simulator::Fault::always("ListPools", "serverError");
        scene.faults(&[down]).await;
        scene
            .until_condition("train", "Synced", "Unknown", "CloudUnavailable")
            .await;
        scene.until_listed(3).await;
        scene.faults(&[]).await;
        scene.until_condition("train", "Synced", "True", "Synced").await;
        scene.until_listed(2).await;
        let (writes, events) = split(scene, since);
        assert_eq!(writes, ["modelartspools/status"; 2]);
        assert_eq!(events, 0);
    });
}
