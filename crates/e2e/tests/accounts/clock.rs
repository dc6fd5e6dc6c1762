//! A clock that is wrong looks like a wrong key, and is none.

use e2e::scene::Scene;
use http::Method;
use serde_json::json;

use crate::STAGE;

/// Sets the clock of the scene's cloud ahead.
async fn skew(scene: &Scene, seconds: i64) {
    let clock = json!({ "skewSeconds": seconds });
    scene.simulator.call(Method::POST, "clock", Some(&clock)).await.unwrap();
}

#[test]
fn a_wrong_clock_is_named_with_how_far_it_is_off_and_mended_by_the_right_time_alone() {
    STAGE.play(async |scene| {
        skew(scene, 1200).await;
        scene.create("train", &json!({})).await;
        let told = scene.until_reason("train", "CredentialsRefused").await;
        let told = serde_json::to_string(&told.status).unwrap();
        let named = (1195..=1205).any(|seconds| told.contains(&format!("clock skew of {seconds} s")));
        assert!(named, "{told}");
        scene
            .until_account(&scene.name, "tells of the clock", |account| {
                let told = serde_json::to_string(&account.status).unwrap();
                told.contains("clock skew of")
            })
            .await;
        assert!(scene.deeds().await.is_empty());
        skew(scene, 0).await;
        scene.until_ready("train").await;
        assert_eq!(scene.deeds().await, ["CreatePool"]);
    });
}
