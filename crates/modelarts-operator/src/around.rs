//! Looking around: what else in the cluster an object's next step depends on.
//!
//! What decides between deleting and leaving alone is read live, once for each live read of the
//! object, and a failed read fails the pass: in doubt nothing is deleted. A cache could be behind an
//! annotation that was written a moment before the deletion.

use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{Api, CustomResourceExt, Resource, ResourceExt};
use modelarts_crd::policy::DeletionPolicy;
use modelarts_plan::{Around, Link};

use crate::reach::Reach;
use crate::service::Service;
use crate::shared::Shared;

/// How far discovery may be behind: the server writes it down beside the removal of a definition, not
/// before it.
const DISCOVERY: jiff::SignedDuration = jiff::SignedDuration::from_secs(10);

/// Other objects that matter to an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Neighbours {
    /// What it refers to.
    pub link: Link,
    /// Who refers to it.
    pub users: Vec<String>,
}

/// Looks around an object that was read a moment ago. Nothing while not all neighbours are known.
///
/// # Errors
/// Kubernetes could not be asked.
pub async fn around<K: Service>(shared: &Shared, object: &K::Object) -> Result<Option<Around>, kube::Error> {
    let mut around = Around::default();
    if K::metadata(object).deletion_timestamp.is_some() {
        let namespace = object.namespace().unwrap_or_default();
        let word = deletion_policy(&shared.kube, &namespace).await?;
        around.deletion = word.as_deref().and_then(DeletionPolicy::from_word);
        around.misspelt = word.filter(|_| around.deletion.is_none());
        around.kind_leaves = match &shared.reach {
            Reach::Cluster => kind_leaves(&shared.kube, K::Object::crd_name()).await?,
            Reach::Namespace(_) if !has_settled(object) => {
                tracing::info!("whether its kind is being removed shows in a moment");
                return Ok(None);
            }
            Reach::Namespace(_) => !can_be_made::<K>(&shared.kube).await?,
        };
        if around.kind_leaves {
            // It is left alone whoever uses it; with the definitions gone, the others are never known.
            return Ok(Some(around));
        }
    }
    let Some(Neighbours { link, users }) = K::neighbours(shared, object).await? else {
        tracing::info!("not all objects that may refer to this one are known yet");
        return Ok(None);
    };
    (around.link, around.users) = (link, users);
    Ok(Some(around))
}

/// The word in a namespace's annotation for the deletion policy.
async fn deletion_policy(kube: &kube::Client, namespace: &str) -> Result<Option<String>, kube::Error> {
    let api: Api<Namespace> = Api::all(kube.clone());
    let found = api.get_metadata_opt(namespace).await?;
    Ok(found.and_then(|found| found.annotations().get(modelarts_crd::DELETION_POLICY).cloned()))
}

/// Whether the definition of a kind is being removed, or is removed: the deletion of its objects is
/// then nobody's wish.
async fn kind_leaves(kube: &kube::Client, definition: &str) -> Result<bool, kube::Error> {
    let api: Api<CustomResourceDefinition> = Api::all(kube.clone());
    let found = api.get_metadata_opt(definition).await?;
    Ok(found.is_none_or(|found| found.metadata.deletion_timestamp.is_some()))
}

/// Whether discovery has had the time to tell what happened when the object was deleted.
fn has_settled<T: ResourceExt>(object: &T) -> bool {
    let deleted = object.meta().deletion_timestamp.as_ref();
    deleted.is_some_and(|deleted| jiff::Timestamp::now().duration_since(deleted.0) >= DISCOVERY)
}

/// Whether objects of a kind can be made, as the discovery documents say. That ends when the removal of
/// its definition begins.
async fn can_be_made<K: Service>(kube: &kube::Client) -> Result<bool, kube::Error> {
    let kind = match kube.list_api_group_resources(&K::Object::api_version(&())).await {
        Ok(found) => found
            .resources
            .into_iter()
            .find(|kind| kind.name == K::Object::plural(&())),
        Err(kube::Error::Api(refusal)) if refusal.is_not_found() => None,
        Err(error) => return Err(error),
    };
    Ok(kind.is_some_and(|kind| kind.verbs.iter().any(|verb| verb == "create")))
}

#[cfg(test)]
mod tests;
