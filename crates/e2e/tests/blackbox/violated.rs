//! The judge finds real harm: with what the documentation assumes of the cloud violated on purpose, the
//! real operator buys twice and leaves a pool behind, and both is seen.
//!
//! The cloud lets names repeat and shows a new pool in lists only long after the in-doubt window.

use sandbox::simulator::Fault;
use serde_json::json;

use crate::alone;
use crate::checker::{Broken, check};
use crate::ground::{Ground, PATIENCE};
use crate::play::Play;
use sandbox::wait;

/// A cloud outside the assumptions. IDs are random, or the second pool would take the first one's.
async fn lax() -> Ground {
    let profile = json!({
        "createSeconds": 0, "deleteSeconds": 0, "uniqueNames": false, "opaqueIds": true, "listLagSeconds": 3600,
    });
    let ground = Ground::open(1, profile).await;
    let lost = Fault::times("CreatePool", "lostAnswer", 1);
    ground.world.simulator.set_faults(&[lost]).await.unwrap();
    ground
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::await_holding_lock, reason = "each test has a runtime of its own")]
async fn a_cloud_that_hides_pools_and_repeats_names_is_sold_a_second_one() {
    let _alone = alone();
    let mut ground = lax().await;
    let play = Play::begin(&mut ground, 0).await;
    play.create(0).await;
    play.until_entries(2).await;
    let broken = check(&play.record().await);
    assert!(
        matches!(&broken[..], [Broken::SecondPool { pools, .. }] if pools.len() == 2),
        "{broken:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::await_holding_lock, reason = "each test has a runtime of its own")]
async fn a_cloud_that_hides_pools_is_left_with_one_that_nobody_owns() {
    let _alone = alone();
    let mut ground = lax().await;
    let play = Play::begin(&mut ground, 0).await;
    play.create(0).await;
    play.until_entries(1).await;
    play.delete_gone(0).await;
    let broken = check(&play.record().await);
    assert!(matches!(&broken[..], [Broken::Leaked { .. }]), "{broken:?}");
}

impl Play<'_> {
    async fn create(&self, object: usize) {
        self.ground().create(&self.name(object)).await;
    }

    async fn until_entries(&self, count: usize) {
        let ground = self.ground();
        let waited = wait::until(format!("{count} entries"), PATIENCE, async || {
            match ground.world.simulator.ledger().await.unwrap().len() {
                seen if seen >= count => Ok(()),
                seen => Err(format!("{seen}\n{}", ground.logs(40))),
            }
        });
        waited.await.unwrap();
    }

    async fn delete_gone(&self, object: usize) {
        let (ground, name) = (self.ground(), self.name(object));
        ground.delete(&name).await;
        let waited = wait::until(format!("{name} to be gone"), PATIENCE, async || {
            match ground.object(&name).await {
                None => Ok(()),
                Some(object) => Err(format!("{:?}\n{}", object.status, ground.logs(40))),
            }
        });
        waited.await.unwrap();
    }
}
