//! The deletion policy that a namespace gives to pools that have none of their own.

use k8s_openapi::api::core::v1::Namespace;
use kube::Api;
use kube::api::{Patch, PatchParams};
use serde_json::json;

use crate::STAGE;
use crate::end::{case, play};
use crate::pools::{Fate, Reached};

#[test]
fn the_annotation_of_the_namespace_decides_for_pools_that_say_nothing() {
    use Fate::{Deleted, Kept, NeverThere};
    STAGE.play(async |scene| {
        let annotation = json!({ "modelarts.huaweicloud.com/deletion-policy": "Detach" });
        let patch = json!({ "metadata": { "annotations": annotation } });
        let namespaces: Api<Namespace> = Api::all(scene.client());
        let parameters = PatchParams::default();
        namespaces
            .patch(&scene.name, &parameters, &Patch::Merge(&patch))
            .await
            .unwrap();
        let cases = [
            case("kept", Reached::Ready, None, Kept),
            case("kept-coming", Reached::Creating, None, Kept),
            case("kept-not", Reached::Refused, None, NeverThere),
            case("gone", Reached::Ready, Some("Delete"), Deleted),
        ];
        play(scene, &cases).await;
    });
}
