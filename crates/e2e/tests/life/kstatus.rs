//! A whole life, version by version, through the eyes of tools that go by kstatus.

use e2e::record::{Kstatus, kstatus};
use sandbox::simulator::Fault;
use serde_json::json;

use crate::STAGE;

#[test]
fn a_tool_that_waits_is_told_neither_success_too_early_nor_failure_by_a_fault() {
    STAGE.play(async |scene| {
        scene
            .simulator
            .set_profile(&json!({ "createSeconds": 1, "deleteSeconds": 1 }))
            .await
            .unwrap();
        scene
            .faults(&[
                Fault::times("CreatePool", "lostAnswer", 1),
                Fault::times("ListPools", "html503", 2),
            ])
            .await;
        scene.create("train", &json!({})).await;
        scene.until_ready("train").await;
        scene.until_struck().await;

        scene.faults(&[Fault::always("ListPools", "serverError")]).await;
        scene
            .until_condition("train", "Synced", "Unknown", "CloudUnavailable")
            .await;
        scene.faults(&[]).await;
        scene.until_condition("train", "Synced", "True", "Synced").await;

        scene
            .change("train", &json!({ "description": "trains other models" }))
            .await;
        scene.until_deeds(&["CreatePool", "PatchPool"]).await;
        scene.until_ready("train").await;
        scene.delete_gone("train").await;
        assert_eq!(scene.deeds().await, ["CreatePool", "PatchPool", "DeletePool"]);

        let life = scene.record.life("train").await;
        let mut made_of = life.iter().map(kstatus).collect::<Vec<_>>();
        for (pool, made) in life.iter().zip(&made_of) {
            let status = pool.status.clone().unwrap_or_default();
            if *made == Kstatus::Current {
                // Current is said of the generation that is there, and only while the pool runs.
                assert_eq!(status.observed_generation, pool.metadata.generation, "{status:?}");
                assert_eq!(status.phase.as_deref(), Some("Running"), "{status:?}");
                assert_eq!(e2e::record::condition(pool, "Ready"), "True", "{status:?}");
            }
        }
        made_of.dedup();
        let (last, before) = made_of.split_last().unwrap();
        assert_eq!(*last, Kstatus::Terminating, "{made_of:?}");
        assert_eq!(before[0], Kstatus::InProgress, "{made_of:?}");
        // Being made, then there, then being changed, then there again.
        let there = before.iter().filter(|made| **made == Kstatus::Current).count();
        assert!(there >= 2, "{made_of:?}");
        assert!(!before.contains(&Kstatus::Failed), "{made_of:?}");
        assert!(!before.contains(&Kstatus::Terminating), "{made_of:?}");
    });
}

#[test]
fn a_tool_that_waits_is_told_a_failure_that_only_the_user_can_mend_and_its_end() {
    STAGE.play(async |scene| {
        let wrong = json!({ "resources": [{ "flavor": "modelarts.vm.cpu.none", "count": 1 }] });
        scene.create("train", &wrong).await;
        scene.until_reason("train", "RequestRejected").await;
        let right = json!({ "resources": [{ "flavor": "modelarts.vm.cpu.8ud", "count": 1 }] });
        scene.change("train", &right).await;
        scene.until_ready("train").await;
        scene.delete_gone("train").await;
        let mut made_of: Vec<Kstatus> = scene.record.life("train").await.iter().map(kstatus).collect();
        made_of.dedup();
        use Kstatus::{Current, Failed, InProgress, Terminating};
        assert_eq!(made_of, [InProgress, Failed, InProgress, Current, Terminating]);
    });
}
