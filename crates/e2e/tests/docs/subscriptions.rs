//! `docs/subscriptions.md`.

use crate::STAGE;
use crate::pages::page;
use crate::reader::{NAMESPACE, READY, Reader, SYNCED};

const PAGE: &str = "docs/subscriptions.md";

#[test]
fn a_subscription_waits_for_its_payment_and_is_not_deleted() {
    STAGE.play(async |scene| {
        let reader = Reader { world: scene.world };
        reader.apply_block(PAGE, "mode: Subscription").await;
        let pool = reader
            .until("year-round", &[("Reconciling", "True", "PaymentPending")])
            .await;
        let id = pool.status.unwrap().pool_id.unwrap();
        scene.world.simulator.pay(&id).await.unwrap();
        let pool = reader.until("year-round", &[READY, SYNCED]).await;
        assert!(pool.status.unwrap().subscription.unwrap().ends_at.is_some());

        let pools = reader.pools(NAMESPACE);
        reader.delete(&pools, "year-round").await;
        let told = [("Stalled", "True", "SubscriptionActive")];
        reader.until("year-round", &told).await;
        reader.run(&page(PAGE).block("kubectl patch")).await;
        reader.until_gone(&pools, "year-round").await;
        assert_eq!(reader.deeds(&id).await, ["CreatePool"]);
        assert!(reader.cloud_pool(&id).await.is_some());
    });
}
