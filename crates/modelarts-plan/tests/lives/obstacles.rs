//! Whether an object stands as it should once all is quiet: it is as its spec says, or it names what is in
//! the way, and that is really there. The reason alone is not believed.

use modelarts_crd::policy::ManagementPolicy;
use modelarts_crd::status::Outcome;
use modelarts_plan::kind::{Resource, Status};
use modelarts_plan::{Marker, Networks, Pools};
use serde_json::Value;

use super::condition;
use crate::world::World;
use crate::world::kinds::Lives;
use crate::world::watched::Things;

/// What is known of one object and of everything around it.
pub struct Facts<'a, K: Lives> {
    pub world: &'a World,
    pub object: &'a K::Object,
    /// Everything in the cloud, failed records included.
    pub things: &'a Things<K>,
    pub pools: &'a Things<Pools>,
    /// Tells how what is there differs from the spec.
    pub differs: fn(&Value, &Value) -> Option<String>,
}

impl<K: Lives> Facts<'_, K> {
    /// The word that the object ends with.
    pub fn stands(&self) -> Result<String, String> {
        let (ready, synced) = (
            condition::<K>(self.object, "Ready"),
            condition::<K>(self.object, "Synced"),
        );
        let (status, reason) = (ready.0.as_str(), ready.1.as_str());
        let told = || format!("{ready:?} {synced:?}");
        let real = |is_so: bool| match is_so {
            true => Ok(reason.to_owned()),
            false => Err(format!("it is not so: {}", told())),
        };
        let terms = K::terms(self.object);
        if terms.management == ManagementPolicy::Pause {
            return real(reason == "Suspended");
        }
        if K::metadata(self.object).deletion_timestamp.is_some() {
            return match reason {
                "NetworkInUse" => real(self.is_used()),
                "DeletionRefused" => real(self.is_used_in_the_cloud()),
                // Whether an order that failed was given back is for a person to see.
                "SubscriptionActive" => real(terms.subscription && self.ours_or_failed()),
                _ => Err(format!("still there: {}", told())),
            };
        }
        let stalled = condition::<K>(self.object, "Stalled").0 == "True";
        let observes = terms.management == ManagementPolicy::Observe;
        match (status, reason) {
            ("True", _) if observes => real(self.named().is_some() && matches!(&*synced.1, "Synced" | "Observed")),
            (_, "NotFound") if stalled => real(self.named().is_none_or(|thing| self.is_replaced(thing))),
            ("True", _) => self.matches(&synced),
            ("False", "PaymentPending") => real(self.mine().is_some_and(|thing| thing.told().contains("Waiting"))),
            // The record of what could not be made is shown as long as the service keeps it; where it is
            // not shown, the creation is tried again.
            ("False", "CreationFailed") if stalled && (observes || self.has_id()) => real(self.named_as_failed()),
            ("False", "Adopting") => real(self.named_as_failed()),
            // Nodes that are paid in advance are not given back.
            ("False", "SubscriptionActive") if stalled => real(terms.subscription && self.is_larger()),
            ("False", "WaitingForNetwork") => real(self.lacks_network()),
            ("False", "AttemptsExhausted") if stalled => real(self.spent() >= 5),
            ("False", "NameConflict") if stalled => real(self.name_is_taken()),
            ("False", "OrphanFound") if stalled => real(self.finds_orphan()),
            ("False", "SubscriptionEnded") if stalled => real(terms.subscription && self.ours().is_none()),
            ("False", "AdoptionRefused") if stalled => real(self.is_anothers()),
            _ => Err(told()),
        }
    }

    /// It says Ready: then the cloud is as the spec says, or the drift is told and to be left alone.
    fn matches(&self, synced: &(String, String, String)) -> Result<String, String> {
        let thing = self.ours().ok_or("it says Ready, and there is nothing")?;
        let object = K::value(self.object);
        let found = (self.differs)(&object, &K::body(thing));
        let report = object["spec"]["drift"]["policy"] == "Report";
        match (synced.0.as_str(), found) {
            ("True", None) => Ok("Ready".to_owned()),
            ("True", Some(found)) => Err(found),
            (_, Some(_)) if report && synced.1 == "Drifted" => Ok("Drifted".to_owned()),
            _ => Err(format!("Ready, but {synced:?}")),
        }
    }

    fn uid(&self) -> &str {
        K::metadata(self.object).uid.as_deref().unwrap_or_default()
    }

    fn has_id(&self) -> bool {
        K::status(self.object).is_some_and(|status| status.id().is_some())
    }

    fn marked(&self, thing: &K::Resource) -> bool {
        Marker::find(thing.description()) == Some(Marker::of(self.uid(), &self.world.cluster))
    }

    /// What carries the object's marker.
    fn ours(&self) -> Option<&K::Resource> {
        let mut things = self.things.iter().filter(|thing| !K::has_failed(thing));
        things.find(|thing| self.marked(thing)).map(|thing| &**thing)
    }

    fn ours_or_failed(&self) -> bool {
        self.things.iter().any(|thing| self.marked(thing))
    }

    /// What the object observes or has.
    fn mine(&self) -> Option<&K::Resource> {
        self.ours().or_else(|| self.named())
    }

    /// What the spec names, by ID or by name.
    fn named(&self) -> Option<&K::Resource> {
        let terms = K::terms(self.object);
        let mut things = self.things.iter().filter(|thing| !K::has_failed(thing));
        let recorded = K::status(self.object).and_then(|status| status.id());
        let found = match (terms.adoption.filter(|_| !self.is_recorded()), terms.name) {
            (Some(adoption), _) => things.find(|thing| thing.id() == Some(adoption.id)),
            // What the object has made or found once is known by its ID.
            (None, Some(name)) => match recorded {
                Some(id) => things.find(|thing| thing.id() == Some(id)),
                None => things.find(|thing| thing.display_name() == Some(name)),
            },
            (None, None) => {
                let taken_over = recorded.filter(|_| terms.adoption.is_some())?;
                things.find(|thing| thing.id() == Some(taken_over))
            }
        };
        found.map(|thing| &**thing)
    }

    /// The object has bought something, or taken it over.
    fn is_recorded(&self) -> bool {
        let creation = K::status(self.object).and_then(Status::creation);
        creation.is_some_and(|creation| matches!(creation.outcome, Some(Outcome::Created | Outcome::Adopted)))
    }

    /// What has the recorded ID was made by somebody later.
    fn is_replaced(&self, thing: &K::Resource) -> bool {
        let recorded = K::status(self.object).and_then(Status::created_at);
        self.is_recorded() && thing.created_at() != recorded && !self.marked(thing)
    }

    fn named_as_failed(&self) -> bool {
        let terms = K::terms(self.object);
        let recorded = K::status(self.object).and_then(|status| status.id());
        let meant = |thing: &K::Resource| match terms.adoption {
            Some(adoption) => thing.id() == Some(adoption.id),
            None if recorded.is_some() => thing.id() == recorded,
            None => self.marked(thing) || (terms.name.is_some() && thing.display_name() == terms.name),
        };
        self.things.iter().any(|thing| K::has_failed(thing) && meant(thing))
    }

    fn spent(&self) -> i64 {
        let creation = K::status(self.object).and_then(|status| status.creation());
        creation.map_or(0, |creation| creation.spent)
    }

    /// Also by what lost its marker before anybody could record that it was ours.
    fn name_is_taken(&self) -> bool {
        let made = K::external_name(self.object);
        let name = K::terms(self.object).name.or(made.as_deref());
        let mut things = self.things.iter();
        things.any(|thing| {
            name.is_some() && thing.display_name() == name && (K::has_failed(thing) || !self.marked(thing))
        })
    }

    /// Something is left of an object that went by right without it.
    fn finds_orphan(&self) -> bool {
        let left = &self.world.judge.ownership.left_alone;
        let marker = |thing: &K::Resource| Marker::find(thing.description());
        let mut things = self.things.iter().filter_map(|thing| marker(thing));
        things.any(|marker| left.contains_key(&marker.uid))
    }

    fn is_anothers(&self) -> bool {
        let marker = self.named().and_then(|thing| Marker::find(thing.description()));
        marker.is_some_and(|marker| marker.uid != self.uid())
    }

    fn lacks_network(&self) -> bool {
        let spec = &K::value(self.object)["spec"]["networkRef"]["name"];
        let networks = &self.world.networks;
        spec.as_str().is_some_and(|name| {
            let going = |network: modelarts_crd::ModelArtsNetwork| network.metadata.deletion_timestamp.is_some();
            networks.condition(name, "Ready").0 != "True" || networks.get(name).is_none_or(going)
        })
    }

    /// The spec asks for fewer nodes than there are.
    fn is_larger(&self) -> bool {
        let there = self.ours().map(K::body).unwrap_or_default();
        let wanted = K::value(self.object)["spec"]["nodes"].as_i64();
        there["spec"]["resources"][0]["count"].as_i64() > wanted
    }

    /// Pools that no object has any more are in it.
    fn is_used_in_the_cloud(&self) -> bool {
        let id = self.ours().and_then(Resource::id);
        let network = |pool: &modelarts_types::pool::Pool| Pools::body(pool)["spec"]["network"]["name"].clone();
        id.is_some_and(|id| self.pools.iter().any(|pool| network(pool) == id))
    }

    fn is_used(&self) -> bool {
        let around = K::around(self.world, self.object);
        K::KIND == <Networks as Lives>::KIND && !around.users.is_empty()
    }
}
