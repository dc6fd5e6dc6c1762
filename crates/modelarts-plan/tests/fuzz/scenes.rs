//! A scene: an object as somebody wrote it, and what one process then sees and hears of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use bolero::generator::ValueGenerator;
use modelarts_crd::conditions::Reason;
use modelarts_crd::policy::DeletionPolicy;
use modelarts_plan::{
    Account, Around, Closed, Cloud, CloudFailure, FailureKind, Kind, Link, Listing, Marker, OpenAccount, Tick, Trouble,
};
use mutated_json::{Damaged, DamagedJson, below, odd_text, one_of, sometimes};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::objects::{OTHER_UID, UID, Written, cluster, objects, things};

type Metadata = k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

/// A kind whose objects and things can be read from JSON.
pub trait Fuzzed: Kind<Object: DeserializeOwned + Written, Resource: DeserializeOwned + Serialize + Default> {
    /// Puts a status in its place.
    fn with_status(object: &mut Self::Object, status: Self::Status);
    /// The metadata, to be changed.
    fn metadata_mut(object: &mut Self::Object) -> &mut Metadata;
}

impl Fuzzed for modelarts_plan::Pools {
    fn with_status(object: &mut Self::Object, status: Self::Status) {
        object.status = Some(status);
    }

    fn metadata_mut(object: &mut Self::Object) -> &mut Metadata {
        &mut object.metadata
    }
}

impl Fuzzed for modelarts_plan::Networks {
    fn with_status(object: &mut Self::Object, status: Self::Status) {
        object.status = Some(status);
    }

    fn metadata_mut(object: &mut Self::Object) -> &mut Metadata {
        &mut object.metadata
    }
}

/// What one pass meets.
#[derive(Clone, Debug)]
pub struct Turn<K: Kind> {
    /// Milliseconds since the pass before.
    pub later: u64,
    /// Whether the pass begins with a live read of the object.
    pub fresh: bool,
    pub account: Account,
    pub cloud: Cloud<K>,
    pub around: Around,
    /// What the pass hears of whatever it does.
    pub thing: Option<Arc<K::Resource>>,
    pub gone: bool,
    pub failure: Option<CloudFailure>,
    /// Somebody deletes the object after this pass.
    pub deleted: bool,
}

impl<K: Kind> Turn<K> {
    /// The turn without trouble. A life that meets everything at once never gets far, so half of them do not.
    fn quieted(mut self, known: &Arc<K::Resource>) -> Self {
        (self.cloud.trouble, self.cloud.frozen, self.cloud.name_deleted) = (None, false, None);
        (self.failure, self.gone, self.deleted) = (None, false, false);
        (self.around.misspelt, self.around.kind_leaves) = (None, false);
        self.thing = Some(Arc::clone(known));
        self
    }
}

/// Everything that happens.
#[derive(Clone, Debug)]
pub struct Scene<K: Kind> {
    pub object: Damaged,
    pub turns: Vec<Turn<K>>,
}

/// Makes scenes.
pub struct Scenes<K: Fuzzed> {
    objects: Vec<Damaged>,
    damaged_objects: DamagedJson,
    things: Vec<Arc<K::Resource>>,
    /// Those of them that carry our marker.
    ours: Vec<Arc<K::Resource>>,
    damaged_things: DamagedJson,
}

impl<K: Fuzzed> Scenes<K> {
    pub fn new() -> Self {
        let (objects, things) = (objects::<K::Object>(), things::<K::Object>());
        let read = |document: &Value| Arc::new(K::Resource::deserialize(document).unwrap());
        let things_read: Vec<_> = things.documents().iter().map(read).collect();
        let ours = Marker::of(UID, &cluster());
        Self {
            objects: objects
                .documents()
                .iter()
                .map(|object| Damaged(object.to_string().into()))
                .collect(),
            damaged_objects: objects.damaged(),
            ours: things_read
                .iter()
                .filter(|thing| Marker::on(&***thing).as_ref() == Some(&ours))
                .cloned()
                .collect(),
            things: things_read,
            damaged_things: things.damaged(),
        }
    }

    /// Whole more often than not: what is damaged seldom leads far into a life.
    fn object<D: bolero::Driver>(&self, driver: &mut D) -> Option<Damaged> {
        match below(driver, 3)? {
            0 => self.damaged_objects.generate(driver),
            _ => one_of(driver, &self.objects).cloned(),
        }
    }

    fn thing<D: bolero::Driver>(&self, driver: &mut D, known: &Arc<K::Resource>) -> Option<Option<Arc<K::Resource>>> {
        Some(match below(driver, 8)? {
            0..4 => Some(Arc::clone(known)),
            4 => {
                let octets = self.damaged_things.generate(driver)?.0;
                serde_json::from_slice(&octets).ok().map(Arc::new)
            }
            _ => one_of(driver, &self.things).cloned(),
        })
    }

    fn few<D: bolero::Driver>(&self, driver: &mut D, known: &Arc<K::Resource>) -> Option<Vec<Arc<K::Resource>>> {
        let count = below(driver, 3)?;
        let drawn: Option<Vec<_>> = (0..count).map(|_| self.thing(driver, known)).collect();
        Some(drawn?.into_iter().flatten().collect())
    }

    fn listing<D: bolero::Driver>(
        &self,
        driver: &mut D,
        now: u64,
        known: &Arc<K::Resource>,
    ) -> Option<Option<Listing<K>>> {
        if sometimes(driver, 3)? {
            return Some(None);
        }
        let age = *one_of(driver, &[0, 0, 0, 1, 5_000, 60_000, 600_000])?;
        let listing = Listing {
            began: Tick(now.saturating_sub(age)),
            items: self.few(driver, known)?,
            failed: self.few(driver, known)?,
        };
        Some(Some(listing))
    }

    fn cloud<D: bolero::Driver>(&self, driver: &mut D, now: u64, known: &Arc<K::Resource>) -> Option<Cloud<K>> {
        let orphans = match below(driver, 3)? {
            0 => None,
            1 => Some(BTreeSet::new()),
            _ => Some(BTreeSet::from([OTHER_UID.to_owned()])),
        };
        Some(Cloud {
            list: self.listing(driver, now, known)?,
            set: self.listing(driver, now, known)?,
            trouble: match sometimes(driver, 6)? {
                true => Some(Trouble {
                    since: Tick(now),
                    failure: failure(driver)?,
                }),
                false => None,
            },
            frozen: sometimes(driver, 10)?,
            name_deleted: sometimes(driver, 10)?.then_some(Tick(now)),
            orphans,
        })
    }

    fn turn<D: bolero::Driver>(&self, driver: &mut D, now: &mut u64, known: &Arc<K::Resource>) -> Option<Turn<K>> {
        let later = *one_of(driver, &[1, 10, 10, 1_000, 25_000, 61_000, 301_000, 3_600_000])?;
        *now += later;
        Some(Turn {
            later,
            fresh: driver.produce()?,
            account: account(driver)?,
            cloud: self.cloud(driver, *now, known)?,
            around: around(driver)?,
            thing: self.thing(driver, known)?,
            gone: sometimes(driver, 4)?,
            failure: match sometimes(driver, 4)? {
                true => Some(failure(driver)?),
                false => None,
            },
            deleted: sometimes(driver, 12)?,
        })
    }
}

impl<K: Fuzzed> ValueGenerator for Scenes<K> {
    type Output = Scene<K>;

    fn generate<D: bolero::Driver>(&self, driver: &mut D) -> Option<Scene<K>> {
        let object = self.object(driver)?;
        // One thing comes up again and again, so that a scene tells one story and not nine.
        let quiet: bool = driver.produce()?;
        let known = one_of(driver, if quiet { &self.ours } else { &self.things })?;
        let mut now = 0;
        let count = 1 + below(driver, 9)?;
        let turns = (0..count)
            .map(|_| {
                let turn = self.turn(driver, &mut now, known)?;
                Some(if quiet { turn.quieted(known) } else { turn })
            })
            .collect::<Option<_>>()?;
        Some(Scene { object, turns })
    }
}

fn failure<D: bolero::Driver>(driver: &mut D) -> Option<CloudFailure> {
    const KINDS: [FailureKind; 11] = [
        FailureKind::Transient,
        FailureKind::Throttled,
        FailureKind::Unauthenticated,
        FailureKind::Denied,
        FailureKind::Invalid,
        FailureKind::Conflict,
        FailureKind::Quota,
        FailureKind::SoldOut,
        FailureKind::Gone,
        FailureKind::Misrouted,
        FailureKind::Malformed,
    ];
    Some(CloudFailure {
        kind: *one_of(driver, &KINDS)?,
        message: odd_text(driver)?,
        doubtful: driver.produce()?,
    })
}

fn account<D: bolero::Driver>(driver: &mut D) -> Option<Account> {
    Some(match below(driver, 8)? {
        0 => Account::Closed(Closed {
            reason: Reason::CredentialsRefused,
            stalled: driver.produce()?,
            message: odd_text(driver)?,
        }),
        other => Account::Open(OpenAccount {
            project: "project".into(),
            may_create: other != 1,
        }),
    })
}

fn around<D: bolero::Driver>(driver: &mut D) -> Option<Around> {
    let policies = [None, None, Some(DeletionPolicy::Delete), Some(DeletionPolicy::Detach)];
    let links = [
        Link::None,
        Link::Ready("net-0123-project".into()),
        Link::Waiting("w".into()),
    ];
    Some(Around {
        deletion: *one_of(driver, &policies)?,
        misspelt: match sometimes(driver, 8)? {
            true => Some(odd_text(driver)?),
            false => None,
        },
        link: one_of(driver, &links)?.clone(),
        users: match sometimes(driver, 8)? {
            true => vec![UID.to_owned()],
            false => Vec::new(),
        },
        kind_leaves: sometimes(driver, 10)?,
    })
}
