//! Who owns the size, and a GitOps tool that applies as Flux does: server-side, but without force, so
//! that a conflict is seen and not won.

use e2e::scene::Scene;
use kube::api::{Patch, PatchParams};
use modelarts_crd::ModelArtsPool;
use serde_json::{Value, json};

/// The field manager of the GitOps tool.
pub const GIT: &str = "kustomize-controller";
/// That of `kubectl scale`.
pub const KUBECTL: &str = "kubectl";
/// That of the autoscaler.
pub const AUTOSCALER: &str = "kube-controller-manager";

/// What Git says of the pool: one entry without a count, and the size if it is there.
pub fn in_git(scene: &Scene, nodes: Option<i32>) -> Value {
    let mut manifest = scene.manifest("train", &json!({ "resources": [{ "flavor": "modelarts.vm.cpu.8ud" }] }));
    if let Some(nodes) = nodes {
        manifest["spec"]["nodes"] = nodes.into();
    }
    manifest
}

/// Applies it.
///
/// # Errors
/// The conflict, or whatever the API server says.
pub async fn apply(scene: &Scene, nodes: Option<i32>) -> kube::Result<ModelArtsPool> {
    let (pools, manifest) = (scene.pools(), in_git(scene, nodes));
    pools
        .patch("train", &PatchParams::apply(GIT), &Patch::Apply(&manifest))
        .await
}

/// The managers of `spec.nodes`, each with the subresource that it wrote through.
pub fn of_size(pool: &ModelArtsPool) -> Vec<(String, String)> {
    managing(pool, |fields| fields["f:spec"].get("f:nodes").is_some())
}

/// The managers of the flavors.
pub fn of_flavors(pool: &ModelArtsPool) -> Vec<(String, String)> {
    managing(pool, |fields| fields["f:spec"].get("f:resources").is_some())
}

fn managing(pool: &ModelArtsPool, test: impl Fn(&Value) -> bool) -> Vec<(String, String)> {
    let entries = pool.metadata.managed_fields.iter().flatten();
    let chosen = entries.filter(|entry| entry.fields_v1.as_ref().is_some_and(|fields| test(&fields.0)));
    chosen
        .map(|entry| {
            let (manager, subresource) = (entry.manager.clone(), entry.subresource.clone());
            (manager.unwrap_or_default(), subresource.unwrap_or_default())
        })
        .collect()
}

/// A manager that writes through the scale subresource, as [`of_size`] gives it.
pub fn scaler(manager: &str) -> Vec<(String, String)> {
    vec![(manager.to_owned(), String::from("scale"))]
}

/// A manager that writes the object itself.
pub fn author(manager: &str) -> Vec<(String, String)> {
    vec![(manager.to_owned(), String::new())]
}
