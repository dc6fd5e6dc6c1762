//! Looking around: what else in the cluster an object's next step depends on.
//!
//! What decides between deleting and leaving alone is read live, once for each live read of the
//! object, and a failed read fails the pass: in doubt nothing is deleted. A cache could be behind an
//! annotation that was written a moment before the deletion.

use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{Api, CustomResourceExt, ResourceExt};
use modelarts_crd::ModelArtsPool;
use modelarts_crd::policy::DeletionPolicy;
use modelarts_plan::Around;

use crate::context::Context;

/// Looks around an object that was read a moment ago.
///
/// # Errors
/// Kubernetes could not be asked.
pub async fn around(ctx: &Context, object: &ModelArtsPool) -> Result<Around, kube::Error> {
    if object.metadata.deletion_timestamp.is_none() {
        return Ok(Around::default());
    }
    let namespace = object.namespace().unwrap_or_default();
    Ok(Around {
        deletion: deletion_policy(&ctx.kube, &namespace).await?,
        kind_leaves: kind_leaves(&ctx.kube, ModelArtsPool::crd_name()).await?,
        ..Around::default()
    })
}

/// The deletion policy that a namespace's annotation names.
async fn deletion_policy(kube: &kube::Client, namespace: &str) -> Result<Option<DeletionPolicy>, kube::Error> {
    let api: Api<Namespace> = Api::all(kube.clone());
    let found = api.get_metadata_opt(namespace).await?;
    let word = found.and_then(|found| found.annotations().get(modelarts_crd::DELETION_POLICY).cloned());
    Ok(word.as_deref().and_then(DeletionPolicy::from_word))
}

/// Whether the definition of a kind is being removed, or is removed: the deletion of its objects is
/// then nobody's wish.
async fn kind_leaves(kube: &kube::Client, definition: &str) -> Result<bool, kube::Error> {
    let api: Api<CustomResourceDefinition> = Api::all(kube.clone());
    let found = api.get_metadata_opt(definition).await?;
    Ok(found.is_none_or(|found| found.metadata.deletion_timestamp.is_some()))
}
