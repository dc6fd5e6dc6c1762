//! What the protocol asks of a kind of thing. Pools and networks live one life: the same code buys
//! them once, keeps them, takes them over and lets them go; only what they look like differs.

use std::fmt::Debug;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, ObjectMeta};
use modelarts_crd::conditions::Reason;
use modelarts_crd::policy::{DeletionPolicy, DriftPolicy, ManagementPolicy};
use modelarts_crd::status::Creation;

use crate::identity::{ClusterId, Marker};
use crate::next::Next;
use crate::report::Verdict;
use crate::step::Details;
use crate::view::View;

/// A kind of object, and what it stands for in the cloud.
pub trait Kind: Clone + Copy + Debug + Default + PartialEq + Eq + Send + Sync + 'static {
    /// The custom resource.
    type Object: Clone + Debug + PartialEq + Send + Sync;
    /// Its status.
    type Status: Status<Self>;
    /// The thing in the cloud.
    type Resource: Resource;
    /// A parsed spec.
    type Desired: Desired<Self>;

    /// The word for the thing, in texts.
    const NOUN: &'static str;
    /// The finalizer that holds the object until the cloud has let go.
    const FINALIZER: &'static str;
    /// Where the spec names the thing to take over.
    const ADOPTION: &'static str;
    /// Where the spec gives the name.
    const NAME: &'static str;

    /// The object's metadata.
    fn metadata(object: &Self::Object) -> &ObjectMeta;

    /// The object's status, if it has one.
    fn status(object: &Self::Object) -> Option<&Self::Status>;

    /// The parts of the spec that the protocol itself goes by.
    fn terms(object: &Self::Object) -> Terms<'_>;

    /// How a thing that is there stands.
    fn verdict(resource: &Self::Resource) -> Verdict;

    /// The next change that brings the thing closer to the spec.
    fn next(desired: &Self::Desired, observed: &Self::Resource, marker: &Marker) -> Next;

    /// The patch that writes a description.
    fn describe(description: &str) -> serde_json::Value;

    /// What should be known besides the thing itself, its order or its nodes, and is not: a word that
    /// changes with what is asked.
    fn wants_details(_view: &View<'_, Self>, _resource: &Self::Resource) -> Option<String> {
        None
    }

    /// Whether some of its parts are in trouble, so that the parts should be looked at too.
    fn has_trouble(_resource: &Self::Resource) -> bool {
        false
    }

    /// What somebody should be warned of although all is well now.
    fn warning(_view: &View<'_, Self>, _resource: &Self::Resource) -> Option<(Reason, String)> {
        None
    }
}

/// The parts of a spec that the protocol itself goes by.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// Name of the account.
    pub account: &'a str,
    /// ID of the workspace.
    pub workspace: &'a str,
    /// The name in the cloud, if the user chose it.
    pub name: Option<&'a str>,
    /// How far the operator goes.
    pub management: ManagementPolicy,
    /// What a deleted object means, if the spec says.
    pub deletion: Option<DeletionPolicy>,
    /// What to take over.
    pub adoption: Option<Adoption<'a>>,
    /// What to do about changes by others.
    pub drift: DriftPolicy,
    /// Whether the thing is paid for by the month or year.
    pub subscription: bool,
}

/// What to take over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Adoption<'a> {
    /// Its ID.
    pub id: &'a str,
    /// uid in a marker of another cluster that may be replaced.
    pub replaces: Option<&'a str>,
}

/// A thing in the cloud.
pub trait Resource: Clone + Debug + PartialEq + Send + Sync {
    /// Its ID.
    fn id(&self) -> Option<&str>;
    /// The name that the user chose.
    fn display_name(&self) -> Option<&str>;
    /// The description, marker included.
    fn description(&self) -> &str;
    /// When it was made, in the service's own notation.
    fn created_at(&self) -> Option<&str>;
    /// What tells it from another of the same ID, besides the time.
    fn resource_id(&self) -> Option<&str>;
    /// Whether it is on its way out.
    fn is_leaving(&self) -> bool;
    /// Whether it is on its way somewhere, so that it should be looked at more often.
    fn is_moving(&self) -> bool;
    /// Whether it may be changed at all now: not while it is made or removed.
    fn is_settled(&self) -> bool;
    /// Whether it is paid for by the month or year.
    fn is_subscription(&self) -> bool;
    /// The phase and what the service says about it.
    fn told(&self) -> String;
}

/// A parsed spec.
pub trait Desired<K: Kind>: Clone + Debug + PartialEq {
    /// Parses the spec of an object.
    ///
    /// # Errors
    /// Every problem, each naming its field.
    fn parse(object: &K::Object, cluster: &ClusterId) -> Result<Self, Vec<String>>;
    /// The name in the cloud.
    fn name(&self) -> &str;
    /// Fingerprint of what is asked for.
    fn hash(&self) -> &str;
    /// What to create; nothing while something that it refers to is not there.
    fn body(&self, view: &View<'_, K>) -> Option<K::Resource>;
    /// Why it is not created for now, although nothing is wrong.
    fn obstacle(&self, view: &View<'_, K>) -> Option<(Reason, String)>;
}

/// The status of a kind of object.
pub trait Status<K: Kind>: Clone + Debug + Default + PartialEq + Send + Sync {
    /// The recorded ID.
    fn id(&self) -> Option<&str>;
    /// When the recorded thing was made.
    fn created_at(&self) -> Option<&str>;
    /// What tells the recorded thing from another of the same ID.
    fn resource_id(&self) -> Option<&str>;
    /// The record of the last attempt.
    fn creation(&self) -> Option<&Creation>;
    /// The conditions.
    fn conditions(&self) -> &[Condition];
    /// The request for a pass that was handled last.
    fn handled_request(&self) -> Option<&str>;
    /// The generation that was last sent or found.
    fn applied(&self) -> Option<i64>;
    /// The same parts, to be written.
    fn parts(&mut self) -> Parts<'_>;
    /// Begins a report: what depends on nothing but the object.
    fn begin(&mut self, _view: &View<'_, K>) {}
    /// Takes in what is wanted.
    fn want(&mut self, desired: &K::Desired);
    /// Takes in what the cloud says.
    fn mirror(&mut self, view: &View<'_, K>, resource: &K::Resource);
    /// The cloud has what is wanted: notes what will be needed to take it back one day.
    fn settle(&mut self, _desired: &K::Desired) {}
    /// Takes in what else is known.
    fn detail(&mut self, _details: &Details) {}
    /// Forgets what was seen of a thing that is no more.
    fn clear(&mut self);
}

/// The parts of a status that the protocol writes.
#[derive(Debug)]
pub struct Parts<'a> {
    /// Generation that the status speaks of.
    pub observed_generation: &'a mut Option<i64>,
    /// The request for a pass that was handled last.
    pub handled_request: &'a mut Option<String>,
    /// The recorded ID.
    pub id: &'a mut Option<String>,
    /// The record of the last attempt.
    pub creation: &'a mut Option<Creation>,
    /// The generation that was last sent or found.
    pub applied: &'a mut Option<i64>,
    /// The conditions.
    pub conditions: &'a mut Vec<Condition>,
}
