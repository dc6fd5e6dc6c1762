//! Taking over what exists: only what the spec names, only by writing our marker, and never what a
//! living object has. The restored cluster is the other side of it: what an object that is gone has
//! left behind is shown, and not bought a second time.

use std::sync::Arc;

use modelarts_crd::conditions::Reason;
use modelarts_crd::policy::ManagementPolicy;
use modelarts_crd::status::Outcome as Fate;

use crate::cadence::{SETTLED, after_setback};
use crate::creation::record;
use crate::deletion::{blocked, unseen, waiting};
use crate::failure::Remedy;
use crate::identity::{Marker, derived_name, without_marker};
use crate::kind::{Adoption, Desired, Kind, Resource};
use crate::memory::{Memory, fingerprint_of_patch};
use crate::plan::Draft;
use crate::report::{Report, Sync, Verdict};
use crate::step::{Plan, Step};
use crate::view::{Account, Shown, View};

/// Longest text of a description that leaves room for the marker.
const TEXT: usize = 47;

/// Plans for an object that names what it takes over and does not have it yet.
pub(crate) fn plan<K: Kind>(
    view: &View<'_, K>,
    memory: &Memory<K>,
    adoption: Adoption<'_>,
    mut report: Report<K>,
) -> Plan<K> {
    let Some(show) = memory.shown(adoption.id, view.began) else {
        let mut plan = Draft::new(report).silent(Step::LookAt {
            id: adoption.id.to_owned(),
        });
        plan.next_look = view.timing.census_interval_busy;
        return plan;
    };
    let (verdict, next_look) = match show.shown.clone() {
        Shown::Present(resource) => match claim(view, &resource, adoption.replaces) {
            Claim::Free(over) => return mark(view, memory, &resource, over, report),
            Claim::Unclear(text) => (
                Verdict::Working(Reason::Adopting, text),
                view.timing.census_interval_busy,
            ),
            Claim::Taken(text) => (Verdict::Stalled(Reason::AdoptionRefused, text), SETTLED),
        },
        Shown::Gone => {
            let text = format!("there is no {} {}", K::NOUN, adoption.id);
            (Verdict::Stalled(Reason::NotFound, text), SETTLED)
        }
        Shown::Unknown(failure) => (Verdict::on(&failure), view.timing.census_interval_busy),
    };
    report.conclude(&verdict, &Sync::AsBefore);
    Draft::new(report).publish(Step::Rest, next_look)
}

/// Plans for an object that is deleted before it has recorded what it takes over: a marking of it may
/// have been carried out without an answer, or may still be. Nothing if there is nothing of it.
pub(crate) fn unrecorded<K: Kind>(view: &View<'_, K>, memory: &Memory<K>, report: &Report<K>) -> Option<Plan<K>> {
    let managed = view.terms().management == ManagementPolicy::Manage;
    let adoption = view.terms().adoption.filter(|_| managed)?;
    if let Account::Closed(closed) = view.account {
        let text = format!(
            "whether {} {} was taken over cannot be seen: {}; with deletionPolicy: Detach it is not looked at",
            K::NOUN,
            adoption.id,
            closed.message
        );
        return Some(blocked(closed.reason, closed.stalled, text, report.clone()));
    }
    let text = "whether what it was to take over carries its marker is being found out";
    let over = memory.late_until(view.timing.gateway_limit, None);
    if let Some(over) = over.filter(|over| view.now < *over) {
        return Some(waiting(view, text, Step::Rest, over.since(view.now), report.clone()));
    }
    let Some(show) = memory.shown(adoption.id, view.began) else {
        let look = Step::LookAt {
            id: adoption.id.to_owned(),
        };
        let mut plan = waiting(view, text, look, 0, report.clone());
        plan.publish = false;
        return Some(plan);
    };
    match show.shown.clone() {
        Shown::Present(resource) if Marker::find(resource.description()) == Some(view.marker()) => {
            Some(record(view, &resource, Fate::Adopted, report.clone()))
        }
        Shown::Present(_) | Shown::Gone => None,
        Shown::Unknown(failure) => Some(unseen(view, &failure, report.clone())),
    }
}

/// Whether something may be marked as ours.
enum Claim {
    /// Yes, over this marker if there is one.
    Free(Option<Marker>),
    /// It cannot be told yet.
    Unclear(String),
    /// No.
    Taken(String),
}

fn claim<K: Kind>(view: &View<'_, K>, resource: &K::Resource, replaces: Option<&str>) -> Claim {
    if resource.is_leaving() || !resource.is_settled() {
        return Claim::Unclear(format!("it is taken over once it has settled: {}", resource.told()));
    }
    let Some(marker) = Marker::find(resource.description()) else {
        return Claim::Free(None);
    };
    if marker == view.marker() {
        return Claim::Free(Some(marker));
    }
    let id = resource.id().unwrap_or_default();
    if marker.cluster != view.cluster.fingerprint() {
        return match replaces == Some(marker.uid.as_str()) {
            true => Claim::Free(Some(marker)),
            false => Claim::Taken(format!(
                "{} {id} carries the marker {marker} of another cluster; if that cluster has it no more, set spec.adoption.replacesMarker: {}",
                K::NOUN,
                marker.uid
            )),
        };
    }
    match &view.cloud.orphans {
        None => Claim::Unclear("whether another object has it is being found out".into()),
        Some(orphans) if orphans.contains(&marker.uid) => Claim::Free(Some(marker)),
        Some(_) => Claim::Taken(format!(
            "{} {id} belongs to the object with uid {}; delete that object with deletionPolicy: Detach first",
            K::NOUN,
            marker.uid
        )),
    }
}

/// Writes our marker behind the text that is there.
pub(crate) fn mark<K: Kind>(
    view: &View<'_, K>,
    memory: &Memory<K>,
    resource: &K::Resource,
    over: Option<Marker>,
    mut report: Report<K>,
) -> Plan<K> {
    let id = resource.id().unwrap_or_default().to_owned();
    let text: String = without_marker(resource.description()).chars().take(TEXT).collect();
    let patch = K::describe(&view.marker().append_to(text.trim_end()));
    if let Some(refusal) = memory
        .change_refusal
        .as_ref()
        .filter(|refusal| refusal.what == fingerprint_of_patch(&patch))
    {
        let due = refusal.at.after(after_setback(view.timing, refusal.count));
        if view.now < due {
            let text = format!("marking {} {id} did not succeed: {}", K::NOUN, refusal.failure.message);
            let verdict = match refusal.failure.reason() {
                (reason, Remedy::Wait) => Verdict::Working(reason, text),
                (reason, Remedy::Person) => Verdict::Stalled(reason, text),
            };
            report.conclude(&verdict, &Sync::AsBefore);
            return Draft::new(report).publish(Step::Rest, due.since(view.now));
        }
    }
    Draft::new(report).silent(Step::Mark { id, over, patch })
}

/// What an object that is gone has left behind, if this object would make the same again.
pub(crate) fn orphan<K: Kind>(
    view: &View<'_, K>,
    memory: &Memory<K>,
    desired: &K::Desired,
    report: &Report<K>,
) -> Option<Plan<K>> {
    let left = left_behind(view, memory, desired)?;
    let marker = Marker::find(left.description())?;
    let mut report = report.clone();
    let Some(orphans) = &view.cloud.orphans else {
        // Not all objects are known yet, so it cannot be told from a living one's.
        let mut plan = Draft::new(report).silent(Step::Rest);
        plan.next_look = view.timing.census_interval_busy;
        return Some(plan);
    };
    if !orphans.contains(&marker.uid) {
        return None;
    }
    let id = left.id().unwrap_or_default();
    let text = format!(
        "{noun} {id} was made for an object of this name with uid {uid}, which is gone; set spec.{adoption}: {id} to take it over, or delete it in the console",
        noun = K::NOUN,
        uid = marker.uid,
        adoption = K::ADOPTION,
    );
    report.conclude(&Verdict::Stalled(Reason::OrphanFound, text), &Sync::AsBefore);
    Some(Draft::new(report).publish(Step::Rest, view.timing.census_interval))
}

/// Something with a marker of this cluster, not ours, under the name that this object wants, or that an
/// earlier object of its name would have derived.
fn left_behind<K: Kind>(view: &View<'_, K>, memory: &Memory<K>, desired: &K::Desired) -> Option<Arc<K::Resource>> {
    let listing = view.cloud.newest(memory.evidence_since())?;
    let object = K::metadata(view.object).name.as_deref().unwrap_or_default();
    let found = listing.items.iter().find(|item| {
        let Some(marker) = Marker::find(item.description()) else {
            return false;
        };
        let foreign = marker.cluster != view.cluster.fingerprint() || marker.uid == view.uid();
        let named = match view.terms().name {
            Some(name) => item.display_name() == Some(name),
            None => {
                let earlier = derived_name(object, &marker.uid, view.cluster);
                item.display_name() == Some(earlier.as_str()) || item.display_name() == Some(desired.name())
            }
        };
        !foreign && named && !item.is_leaving()
    });
    found.cloned()
}
