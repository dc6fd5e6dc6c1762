//! A scaler and a GitOps tool on one pool.

use crate::STAGE;
use crate::by_hand::{read_scale, scale};
use crate::owners::{GIT, KUBECTL, apply, author, of_flavors, of_size, scaler};

#[test]
fn once_a_scaler_owns_the_size_git_leaves_it_out_and_both_live_together() {
    STAGE.play(async |scene| {
        let made = apply(scene, Some(2)).await.unwrap();
        assert_eq!(of_size(&made), author(GIT));
        scene.until_ready("train").await;
        assert!(scale(scene, "train", 3).await.ok);
        // As long as Git names a size too, they fight, and the API server says with whom.
        let conflict = apply(scene, Some(2)).await.unwrap_err();
        let told = conflict.to_string();
        assert!(
            matches!(&conflict, kube::Error::Api(status) if status.code == 409),
            "{told}"
        );
        assert!(
            told.contains(KUBECTL) && told.contains("scale") && told.contains(".spec.nodes"),
            "{told}"
        );

        let scaled = scene.pools().get("train").await.unwrap();
        let dropped = apply(scene, None).await.unwrap();
        assert_eq!(dropped.spec.nodes, Some(3));
        assert_eq!(dropped.metadata.generation, scaled.metadata.generation);
        assert_eq!(of_size(&dropped), scaler(KUBECTL));
        assert_eq!(of_flavors(&dropped), author(GIT));
        for nodes in [4, 2] {
            assert!(scale(scene, "train", nodes).await.ok);
            let scaled = scene.pools().get("train").await.unwrap();
            let applied = apply(scene, None).await.unwrap();
            assert_eq!(applied.spec.nodes, Some(nodes));
            assert_eq!(applied.metadata.generation, scaled.metadata.generation);
            assert_eq!(of_size(&applied), scaler(KUBECTL));
        }
    });
}

#[test]
fn a_size_that_git_drops_before_anybody_else_owns_it_is_gone_and_the_pool_keeps_its_nodes() {
    STAGE.play(async |scene| {
        apply(scene, Some(2)).await.unwrap();
        scene.until_ready("train").await;
        let dropped = apply(scene, None).await.unwrap();
        assert_eq!(dropped.spec.nodes, None);
        let ready = scene.until_ready("train").await;
        assert_eq!(ready.status.unwrap().nodes.unwrap().desired, Some(2));
        scene.until_listed(3).await;
        assert_eq!(scene.tally("PatchPool").await.count, 0);
        assert_eq!(scene.deeds().await, ["CreatePool"]);
        assert!(!read_scale(scene, "train").await.ok);
        // Too late is not for ever. A scaler that sets a size where there was none is not recorded as
        // its owner, so Git takes nothing away, but could take it over without a conflict.
        let said = scale(scene, "train", 2).await;
        assert!(said.ok, "{said:?}");
        let applied = apply(scene, None).await.unwrap();
        assert_eq!((applied.spec.nodes, of_size(&applied)), (Some(2), Vec::new()));
        assert!(read_scale(scene, "train").await.ok);
        scene.until_ready("train").await;
        assert_eq!(scene.deeds().await, ["CreatePool"]);
        let taken = apply(scene, Some(2)).await.unwrap();
        assert_eq!(of_size(&taken), author(GIT));
    });
}
