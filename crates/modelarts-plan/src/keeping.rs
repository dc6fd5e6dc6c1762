//! The life of something that exists: mirror it, bring it to the spec, notice when it is gone.
//!
//! What is missing from one list is looked at by its ID, and counts as lost only after the loss
//! span, with a canary, and never in an incident (`losing`).

use std::sync::Arc;

use modelarts_crd::conditions::{ConditionType, Reason};

use crate::adoption::mark;
use crate::cadence::{SETTLED, after_setback};
use crate::changing::{Course, course};
use crate::creation::{frozen, notice};
use crate::identity::Marker;
use crate::kind::{Kind, Resource, Status};
use crate::losing::missing;
use crate::memory::Memory;
use crate::plan::Draft;
use crate::report::{Notice, NoticeKind, Report, Sync, Verdict};
use crate::step::{Plan, Step};
use crate::timing::Tick;
use crate::view::{Closed, Shown, View};

/// How often what else should be known of a thing at rest is asked for.
const DETAIL_TRIES: u32 = 10;
/// How many intervals a settled object goes unseen before its status says so.
const UNSEEN_INTERVALS: u64 = 3;

/// The verdict on an account that cannot be used.
pub(crate) fn closed(closed: &Closed) -> Verdict {
    let text = closed.message.clone();
    if closed.stalled {
        Verdict::Stalled(closed.reason, text)
    } else {
        Verdict::Working(closed.reason, text)
    }
}

/// Plans for an object whose pool is on record.
pub(crate) fn plan<K: Kind>(
    view: &View<'_, K>,
    memory: &mut Memory<K>,
    desired: &K::Desired,
    id: &str,
    report: Report<K>,
) -> Plan<K> {
    match sighting(view, memory, id) {
        Sighting::Present(pool) => present(view, memory, desired, &pool, report),
        Sighting::Missing => missing(view, memory, desired, id, report),
        Sighting::Unseen => unseen(view, memory, report),
    }
}

enum Sighting<K: Kind> {
    Present(Arc<K::Resource>),
    Missing,
    Unseen,
}

/// What the newest look that knows of the record says about the pool.
fn sighting<K: Kind>(view: &View<'_, K>, memory: &Memory<K>, id: &str) -> Sighting<K> {
    let since = memory.evidence_since();
    let listing = view.cloud.newest(since);
    let listed = listing.and_then(|listing| listing.with_id(id).map(|pool| (listing.began, Arc::clone(pool))));
    let shown = memory.shown(id, since).and_then(|show| match &show.shown {
        Shown::Present(pool) => Some((show.began, Arc::clone(pool))),
        Shown::Gone | Shown::Unknown(_) => None,
    });
    // The GET counts until a list that began after it has an opinion of its own.
    let shown = shown.filter(|(began, _)| listed.is_some() || listing.is_none_or(|listing| listing.began <= *began));
    match listed.into_iter().chain(shown).max_by_key(|(began, _)| *began) {
        Some((_, pool)) => Sighting::Present(pool),
        None if listing.is_some() => Sighting::Missing,
        None => Sighting::Unseen,
    }
}

/// Whose a thing with the recorded ID is.
pub(crate) enum Identity {
    /// It carries our marker.
    Ours,
    /// It carries none, and is the one that was recorded in all else.
    Unmarked,
    /// It is the one that was recorded, and carries the marker of another.
    Taken(Marker),
    /// It is another of the same ID: the recorded one is gone.
    Another,
}

/// Whose a thing with the recorded ID is.
pub(crate) fn identity<K: Kind>(view: &View<'_, K>, resource: &K::Resource) -> Identity {
    let recorded = view.status();
    let same_time = recorded.and_then(Status::created_at) == resource.created_at();
    let resource_id = recorded.and_then(Status::resource_id);
    // What was only observed was never ours, however well it is known.
    let same =
        view.recorded_id().is_some() && same_time && (resource_id.is_none() || resource_id == resource.resource_id());
    match Marker::find(resource.description()) {
        Some(marker) if marker == view.marker() => Identity::Ours,
        None if same => Identity::Unmarked,
        Some(marker) if same => Identity::Taken(marker),
        _ => Identity::Another,
    }
}

/// Whether a thing with the recorded ID is the one that was recorded, and nobody else's.
pub(crate) fn is_same<K: Kind>(view: &View<'_, K>, resource: &K::Resource) -> bool {
    matches!(identity(view, resource), Identity::Ours | Identity::Unmarked)
}

/// What is there may be ours, may have lost its marker, or may be another's.
pub(crate) fn present<K: Kind>(
    view: &View<'_, K>,
    memory: &mut Memory<K>,
    desired: &K::Desired,
    resource: &K::Resource,
    mut report: Report<K>,
) -> Plan<K> {
    match identity(view, resource) {
        Identity::Ours => {}
        Identity::Unmarked => return unmarked(view, memory, resource, report),
        Identity::Taken(marker) => return taken(view, resource, &marker, report),
        Identity::Another => return missing(view, memory, desired, resource.id().unwrap_or_default(), report),
    }
    (memory.first_proof, memory.missing_since) = (None, None);
    memory.moving_since = resource.is_moving().then(|| memory.moving_since.unwrap_or(view.now));
    report.mirror(view, resource);
    if let Some((details, _)) = &memory.details {
        report.detail(details);
    }
    let details_in = details_in(view, memory, resource);
    if details_in == Some(0) {
        return look_at_details(view, resource, report);
    }
    let blind = blindness(view, memory);
    let course = course(view, memory, desired, resource, &mut report);
    if let Some(step) = course.step.clone().filter(|_| blind.is_none() && !view.cloud.frozen) {
        return advance(resource, step, &course, report);
    }
    let own = K::verdict(resource);
    let verdict = match blind {
        Some((reason, text)) => Verdict::Blind(reason, text),
        None => course.over(&own),
    };
    report.conclude(&verdict, &stale_sync(view, course.sync));
    let ending = K::warning(view, resource);
    let told = report.while_true(
        ConditionType::SubscriptionEnding,
        ending.as_ref().map(|(reason, text)| (*reason, text.as_str())),
    );
    let draft = Draft::new(report);
    let draft = match (ending.filter(|_| told), transition(view, &verdict, &own)) {
        (_, Some(notice)) => draft.tell(notice),
        (Some((reason, text)), None) => draft.tell(notice(NoticeKind::Warning, reason.as_str(), "Observe", text)),
        (None, None) => draft,
    };
    draft.publish(
        Step::Rest,
        next_look(
            view,
            memory,
            resource,
            course.next_look.min(details_in.unwrap_or(SETTLED)),
        ),
    )
}

/// What was learned from an answer of its own is looked at again until a list that began after it has
/// been seen: no later list need differ from the one before, so none need wake the object.
fn next_look<K: Kind>(view: &View<'_, K>, memory: &Memory<K>, resource: &K::Resource, planned: u64) -> u64 {
    let shown = memory.shown(resource.id().unwrap_or_default(), Tick::default());
    let sent = memory.change.as_ref().map(|sent| sent.at);
    match shown.map(|show| show.began).max(sent) {
        Some(at) if view.cloud.newest(at).is_none() => planned.min(view.timing.census_interval_busy),
        _ => planned,
    }
}

/// A look before a change, or the change itself.
fn advance<K: Kind>(resource: &K::Resource, step: Step<K>, course: &Course<K>, mut report: Report<K>) -> Plan<K> {
    if matches!(step, Step::LookAt { .. }) {
        let mut plan = Draft::new(report).silent(step);
        plan.next_look = course.next_look;
        return plan;
    }
    let verdict = course.over(&K::verdict(resource));
    report.conclude(&verdict, &course.sync);
    let fields = match &course.sync {
        Sync::Differs(_, fields, _) => fields.join(", "),
        _ => String::new(),
    };
    let note = format!("sending {fields} to {} {}", K::NOUN, resource.id().unwrap_or_default());
    Draft::new(report)
        .tell(notice(NoticeKind::Normal, "Updating", "Update", note))
        .publish(step, course.next_look)
}

/// How long until what else should be known of a thing is asked for; nothing if it is not asked again.
///
/// On a long way it is asked for now and then: a short way costs one call, at its end. What nobody can
/// tell after some tries, an order that the service has forgotten, is left alone.
fn details_in<K: Kind>(view: &View<'_, K>, memory: &mut Memory<K>, resource: &K::Resource) -> Option<u64> {
    let what = K::wants_details(view, resource)?;
    if memory.moving_since.is_some() || memory.asked.0.as_ref() != Some(&what) {
        memory.asked = (Some(what), 0);
    }
    let asked = memory.details.as_ref().map(|(_, at)| *at);
    let due = match (memory.moving_since, memory.asked.1) {
        (Some(since), _) => asked.unwrap_or_default().max(since).after(view.timing.list_lag),
        (None, 0) => asked.unwrap_or_default().after(view.timing.census_interval_busy),
        (None, tries) if tries < DETAIL_TRIES => asked?.after(after_setback(view.timing, tries)),
        (None, _) => return None,
    };
    Some(due.since(view.now))
}

fn look_at_details<K: Kind>(view: &View<'_, K>, resource: &K::Resource, report: Report<K>) -> Plan<K> {
    let mut plan = Draft::new(report).silent(Step::LookAtDetails {
        id: resource.id().unwrap_or_default().to_owned(),
        nodes: K::has_trouble(resource),
    });
    plan.next_look = view.timing.census_interval_busy;
    plan
}

/// The marker is gone, and all else says that it is ours: it is written again.
fn unmarked<K: Kind>(view: &View<'_, K>, memory: &Memory<K>, resource: &K::Resource, mut report: Report<K>) -> Plan<K> {
    let id = resource.id().unwrap_or_default();
    let looked = match memory.shown(id, view.began).map(|show| &show.shown) {
        None => {
            let mut plan = Draft::new(report).silent(Step::LookAt { id: id.to_owned() });
            plan.next_look = view.timing.census_interval_busy;
            return plan;
        }
        // Nothing is marked on the word of a list, not even of a newer one: lists lag.
        Some(Shown::Present(shown)) => matches!(identity(view, shown), Identity::Unmarked),
        Some(Shown::Gone | Shown::Unknown(_)) => false,
    };
    if !looked || resource.is_leaving() || !resource.is_settled() {
        report.mirror(view, resource);
        report.conclude(
            &K::verdict(resource),
            &Sync::Unknown(Reason::MarkerLost, marker_lost(view)),
        );
        return Draft::new(report).publish(Step::Rest, view.timing.census_interval);
    }
    mark(view, memory, resource, None, report)
}

fn marker_lost<K: Kind>(view: &View<'_, K>) -> String {
    format!(
        "the description in the cloud lost its marker \"{}\", which is written again when that is possible",
        view.marker()
    )
}

/// Somebody else has taken it over. It is not touched any more, and nothing is bought in its place.
fn taken<K: Kind>(view: &View<'_, K>, resource: &K::Resource, marker: &Marker, mut report: Report<K>) -> Plan<K> {
    let text = format!(
        "{noun} {id} carries the marker {marker} of another object, so it is not touched; delete this object, which then leaves the {noun} alone, or put \"{own}\" back at the end of its description",
        noun = K::NOUN,
        id = resource.id().unwrap_or_default(),
        own = view.marker(),
    );
    report.conclude(
        &Verdict::Stalled(Reason::MarkerLost, text.clone()),
        &Sync::Unknown(Reason::MarkerLost, text),
    );
    Draft::new(report).publish(Step::Rest, view.timing.census_interval)
}

/// The event that goes with a change of the verdict, if it is worth one.
///
/// `own` is what the thing itself says: that tells how its way ended, whatever comes next.
fn transition<K: Kind>(view: &View<'_, K>, verdict: &Verdict, own: &Verdict) -> Option<Notice> {
    let before = view.condition("Ready", "False");
    let ended = |reason: Reason| before == Some(reason.as_str());
    let normal = |reason, text: &String| Some(notice(NoticeKind::Normal, reason, "Observe", text.clone()));
    let end = |reason| normal(reason, own.text());
    match verdict {
        Verdict::Working(reason, _) | Verdict::Stalled(reason, _) if ended(*reason) => None,
        Verdict::Stalled(reason, text) => {
            let new = view.condition("Stalled", "True") != Some(reason.as_str());
            new.then(|| notice(NoticeKind::Warning, reason.as_str(), "Observe", text.clone()))
        }
        Verdict::Ready(_) | Verdict::Working(..) if ended(Reason::Scaling) => end("Scaled"),
        Verdict::Ready(_) | Verdict::Working(..) if ended(Reason::UpgradingDriver) => end("DriverUpgraded"),
        Verdict::Ready(_) | Verdict::Working(..) if ended(Reason::SwitchingScopes) => end("ScopesSwitched"),
        Verdict::Ready(text) if view.condition("Ready", "True").is_none() => normal("Ready", text),
        Verdict::Working(reason @ (Reason::Scaling | Reason::UpgradingDriver | Reason::PaymentPending), text) => {
            normal(reason.as_str(), text)
        }
        _ => None,
    }
}

/// Old news is not passed off as new: after some intervals without a look, the status says so.
fn stale_sync<K: Kind>(view: &View<'_, K>, sync: Sync) -> Sync {
    match &view.cloud.trouble {
        Some(trouble) if is_unseen(view, trouble.since) => {
            Sync::Unknown(trouble.failure.reason().0, trouble.failure.message.clone())
        }
        _ if view.cloud.frozen => {
            let Verdict::Working(reason, text) = frozen() else {
                return sync;
            };
            Sync::Unknown(reason, text)
        }
        _ => sync,
    }
}

/// Whether looking has failed for so long that it should be told.
pub(crate) fn is_unseen<K: Kind>(view: &View<'_, K>, since: Tick) -> bool {
    view.now.since(since) >= UNSEEN_INTERVALS * view.timing.census_interval
}

/// Why readiness is not known any more: looking has failed for the whole in-doubt window.
pub(crate) fn blindness<K: Kind>(view: &View<'_, K>, memory: &Memory<K>) -> Option<(Reason, String)> {
    let trouble = view.cloud.trouble.as_ref()?;
    let blind = view.now.since(trouble.since.max(memory.evidence_since())) >= view.timing.in_doubt_window;
    blind.then(|| (trouble.failure.reason().0, trouble.failure.message.clone()))
}

/// No list has an opinion yet, after a start or while the cloud cannot be read.
fn unseen<K: Kind>(view: &View<'_, K>, memory: &Memory<K>, mut report: Report<K>) -> Plan<K> {
    let due = view.timing.census_interval;
    let Some(trouble) = &view.cloud.trouble else {
        let mut plan = keep_quiet(report, due);
        if let Some(since) = memory.requested_since() {
            plan.step = Step::LookAtScope { since };
        }
        return plan;
    };
    if !is_unseen(view, trouble.since) {
        return keep_quiet(report, due);
    }
    let (reason, text) = (trouble.failure.reason().0, trouble.failure.message.clone());
    let sync = Sync::Unknown(reason, text.clone());
    if blindness(view, memory).is_some() || view.condition("Ready", "True").is_none() {
        report.conclude(&Verdict::Blind(reason, text), &sync);
    } else {
        report.conclude(
            &Verdict::Ready(format!("the {} was ready when it was last seen", K::NOUN)),
            &sync,
        );
    }
    Draft::new(report).publish(Step::Rest, due)
}

pub(crate) fn keep_quiet<K: Kind>(report: Report<K>, next_look: u64) -> Plan<K> {
    let mut plan = Draft::new(report).silent(Step::Rest);
    plan.next_look = next_look;
    plan
}
