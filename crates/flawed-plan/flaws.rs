/// A fault in the plan: what stands in the files of its sources, and what stands there instead.
#[derive(Debug)]
pub struct Flaw {
    /// Its name.
    pub name: &'static str,
    /// What such a plan does wrong.
    pub what: &'static str,
    /// Which known failure of operators it stands for.
    pub known: &'static str,
    /// Where it is planted.
    pub edits: &'static [Edit],
}

/// The file, what stands there, and what stands there instead. `FLAWED` is the switch.
#[derive(Debug)]
pub struct Edit(pub &'static str, pub &'static str, pub &'static str);

/// The answer to an attempt outlives the attempt.
const KEEPS_THE_ANSWER: Edit = Edit(
    "memory.rs",
    "            (self.opened, self.answer) = (None, None);\n",
    "            if FLAWED { self.opened = None; } else {\n            (self.opened, self.answer) = (None, None);\n            }\n",
);
/// Whatever the attempt, it is in time.
const SENDS_ANYTHING: Edit = Edit(
    "memory.rs",
    "now: Tick, self_deadline: u64) -> Sending {\n",
    "now: Tick, self_deadline: u64) -> Sending {\n        if FLAWED { return Sending::InTime; }\n",
);
/// Once its ID is written down, an answer is done with.
const FORGETS_WHAT_IS_RECORDED: Edit = Edit(
    "memory.rs",
    "        match (step, outcome) {\n",
    "        if FLAWED && matches!((step, &outcome), (Step::Record, Outcome::Done)) { self.answer = None; }\n        match (step, outcome) {\n",
);

/// All of them.
pub const FLAWS: &[Flaw] = &[
    Flaw {
        name: "no-finalizer",
        what: "buys before the finalizer is on the object",
        known: "The finalizer comes after the purchase: an object deleted in between leaves its pool.",
        edits: &[Edit(
            "plan.rs",
            "if !view.has_finalizer() {",
            "if !view.has_finalizer() && !FLAWED {",
        )],
    },
    Flaw {
        name: "creates-without-looking",
        what: "begins an attempt without a complete look",
        known: "A creation without a look: a pool that an earlier life bought is bought again.",
        edits: &[Edit(
            "creation.rs",
            "let Some(_) = view.cloud.set_since(fresh) else {",
            "let Some(()) = view.cloud.set_since(fresh).map(|_| ()).or(FLAWED.then_some(())) else {",
        )],
    },
    Flaw {
        name: "does-not-wait-in-doubt",
        what: "looks a doubtful creation up at once instead of after the window",
        known: "A list right after a lost answer: the pool is there and the list does not show it yet.",
        edits: &[Edit(
            "creation.rs",
            "    if view.now < known {\n        return Draft::new(report).publish(Step::Rest, known.since(view.now));",
            "    let known = if FLAWED { view.now } else { known };\n    if view.now < known {\n        return Draft::new(report).publish(Step::Rest, known.since(view.now));",
        )],
    },
    Flaw {
        name: "closes-without-looking",
        what: "takes a doubtful creation for not executed once the window is over",
        known: "A time-out counts as a failure once enough time has passed.",
        edits: &[Edit(
            "creation.rs",
            "        None => Draft::new(report).publish(Step::LookAtScope { since: known }, view.timing.census_interval_busy),",
            "        None if FLAWED => close(Fate::NotFound, &Verdict::Working(Reason::Creating, String::new()), report),\n        None => Draft::new(report).publish(Step::LookAtScope { since: known }, view.timing.census_interval_busy),",
        )],
    },
    Flaw {
        name: "doubt-is-refusal",
        what: "takes a creation without an answer for refused",
        known: "A time-out, or a cut connection, counts as a failure at once.",
        edits: &[Edit(
            "memory.rs",
            "(Step::Create { token, .. }, Outcome::Failed(failure)) if !failure.doubtful => {",
            "(Step::Create { token, .. }, Outcome::Failed(failure)) if !failure.doubtful || FLAWED => {",
        )],
    },
    Flaw {
        name: "sends-a-token-again",
        what: "sends the creation again when no answer came",
        known: "The plan itself retries what may have been executed.",
        edits: &[Edit(
            "memory.rs",
            "            opened.sent = true;",
            "            opened.sent = !FLAWED;",
        )],
    },
    Flaw {
        name: "sends-too-late",
        what: "sends a creation however long ago its intent was written",
        known: "A process that stood still goes on as if no time had passed.",
        edits: &[Edit(
            "memory.rs",
            "if now.since(opened.at) < self_deadline {",
            "if now.since(opened.at) < self_deadline || FLAWED {",
        )],
    },
    Flaw {
        name: "forgets-the-attempt-of-another",
        what: "takes an open attempt that it did not write down for never sent",
        known: "After a restart or a change of leaders, what the process before left open is taken for never sent.",
        edits: &[Edit(
            "memory.rs",
            "            _ => Sending::Unknown,\n",
            "            _ if FLAWED => Sending::TooLate,\n            _ => Sending::Unknown,\n",
        )],
    },
    Flaw {
        name: "old-looks-count",
        what: "takes a list from before its last write for evidence",
        known: "A cache from before the last write counts as evidence.",
        edits: &[Edit(
            "memory.rs",
            "    pub fn evidence_since(&self) -> Tick {\n",
            "    pub fn evidence_since(&self) -> Tick {\n        if FLAWED { return Tick::default(); }\n",
        )],
    },
    Flaw {
        name: "names-decide",
        what: "takes over whatever has the right name",
        known: "Whatever has the right name is imported, and deleted with the object later.",
        edits: &[Edit(
            "creation.rs",
            ".flat_map(|listing| listing.marked(&marker))",
            ".flat_map(|listing| match FLAWED {\n            true => listing.items.iter().filter(|item| item.display_name() == K::Desired::parse(view.object, view.cluster).ok().as_ref().map(|desired| desired.name())).collect(),\n            false => listing.marked(&marker),\n        })",
        )],
    },
    Flaw {
        name: "deletes-without-asking-whose",
        what: "deletes what stands under the recorded ID, whoever's it is",
        known: "An ID that anybody can write, or that another has taken over, is enough for a deletion.",
        edits: &[Edit(
            "deletion.rs",
            "    match keeping::identity(view, resource) {\n",
            "    match if FLAWED { Identity::Ours } else { keeping::identity(view, resource) } {\n",
        )],
    },
    Flaw {
        name: "deletes-without-looking",
        what: "deletes by the recorded ID without a look in the same pass",
        known: "A deletion by the recorded ID alone.",
        edits: &[Edit(
            "deletion.rs",
            "    let Some(show) = memory.shown(id, view.began) else {\n",
            "    if FLAWED && memory.deleted.is_none() {\n        return waiting(view, \"\", Step::Delete { id: id.to_owned() }, 0, report);\n    }\n    let Some(show) = memory.shown(id, view.began) else {\n",
        )],
    },
    Flaw {
        name: "releases-once-deleted",
        what: "releases the object as soon as the deletion was accepted",
        known: "The naive finalizer: it is taken off as soon as the call to delete succeeds, as helpers of finalizers do.",
        edits: &[Edit(
            "deletion.rs",
            "    let since = memory.deletion_seen.unwrap_or_default().max(memory.evidence_since());\n",
            "    if FLAWED && memory.deleted.is_some() {\n        return Draft::new(report).silent(Step::RemoveFinalizer);\n    }\n    let since = memory.deletion_seen.unwrap_or_default().max(memory.evidence_since());\n",
        )],
    },
    Flaw {
        name: "releases-with-an-attempt-open",
        what: "does not settle an open attempt before it lets the object go",
        known: "The deletion trusts the recorded ID and forgets that a creation may still be under way.",
        edits: &[Edit(
            "deletion.rs",
            "    if let Some(attempt) = attempt.as_ref().filter(|attempt| attempt.outcome.is_none())\n",
            "    if let Some(attempt) = attempt.as_ref().filter(|attempt| attempt.outcome.is_none() && !FLAWED)\n",
        )],
    },
    Flaw {
        name: "does-not-wait-before-release",
        what: "looks a doubtful creation up at once when the object is deleted",
        known: "The intent is guarded, and the deletion does not wait for it: the list is empty, the object goes, the pool comes.",
        edits: &[Edit(
            "deletion.rs",
            "    if view.now < known {\n        return Some(waiting(",
            "    let known = if FLAWED { view.now } else { known };\n    if view.now < known {\n        return Some(waiting(",
        )],
    },
    Flaw {
        name: "release-closes-without-looking",
        what: "takes a doubtful creation for not executed when the object is deleted",
        known: "A creation without an answer counts as none when its object is deleted.",
        edits: &[Edit(
            "deletion.rs",
            "        None => Some(waiting(\n            view,\n            text,\n            Step::LookAtScope { since: known },",
            "        None if FLAWED => Some(close(Fate::Rejected, &deleting(), report.clone())),\n        None => Some(waiting(\n            view,\n            text,\n            Step::LookAtScope { since: known },",
        )],
    },
    Flaw {
        name: "one-proof-is-enough",
        what: "believes in an absence that was proved once",
        known: "One empty list and one 404 are believed.",
        edits: &[Edit(
            "evidence.rs",
            "            memory.first_proof = Some(view.now);\n            Absence::Once",
            "            memory.first_proof = Some(view.now);\n            if FLAWED { return Absence::Strong; }\n            Absence::Once",
        )],
    },
    Flaw {
        name: "lists-prove-absence",
        what: "never asks for the recorded ID before it believes in an absence",
        known: "One empty list after another is believed, and the pool is never asked for.",
        edits: &[Edit(
            "evidence.rs",
            "if let Some(id) = view.recorded_id() {",
            "if let Some(id) = view.recorded_id().filter(|_| !FLAWED) {",
        )],
    },
    Flaw {
        name: "a-404-proves-absence",
        what: "never lists before it believes in an absence",
        known: "A 404 means gone.",
        edits: &[Edit(
            "evidence.rs",
            "    let Some(set) = view.cloud.set_since(floor) else {\n",
            "    let empty = crate::view::Listing { began: floor, items: Vec::new(), failed: Vec::new() };\n    let Some(set) = view.cloud.set_since(floor).or(FLAWED.then_some(&empty)) else {\n",
        )],
    },
    Flaw {
        name: "unknown-is-absent",
        what: "takes a GET that failed for a GET that found nothing",
        known: "An error is read as nothing: a value that may be absent stands for a look that failed.",
        edits: &[Edit(
            "deletion.rs",
            "        && !matches!(memory.shown(id, view.began).map(|show| &show.shown), Some(Shown::Gone))\n",
            "        && !matches!(memory.shown(id, view.began).map(|show| &show.shown), Some(Shown::Gone))\n        && !(FLAWED && matches!(memory.shown(id, view.began).map(|show| &show.shown), Some(Shown::Unknown(_))))\n",
        ), Edit(
            "evidence.rs",
            "                Shown::Gone => {}\n",
            "                Shown::Gone => {}\n                Shown::Unknown(_) if FLAWED => {}\n",
        )],
    },
    Flaw {
        name: "lost-at-once",
        what: "gives a pool up as lost as soon as it is missing twice",
        known: "A pool that is missing for a moment is bought anew.",
        edits: &[Edit(
            "losing.rs",
            "absence(view, memory, since, view.timing.loss_span, ",
            "absence(view, memory, since, if FLAWED { 0 } else { view.timing.loss_span }, ",
        )],
    },
    Flaw {
        name: "missing-is-lost",
        what: "gives a pool up as lost as soon as one list lacks it",
        known: "A list without the pool is believed, and another is bought.",
        edits: &[Edit(
            "losing.rs",
            "    let since = memory\n        .evidence_since()\n",
            "    if FLAWED { return lost(view, memory, id, report); }\n    let since = memory\n        .evidence_since()\n",
        )],
    },
    Flaw {
        name: "changes-without-looking",
        what: "sends a change on the word of a list",
        known: "A change is computed from a cache and sent to whatever is there by now.",
        edits: &[Edit(
            "changing.rs",
            "        None => Step::LookAt { id },\n",
            "        None if FLAWED => Step::Change { id, patch: change.patch, effect: Effect::Neither },\n        None => Step::LookAt { id },\n",
        )],
    },
    Flaw {
        name: "deletes-what-differs",
        what: "replaces a pool when its spec is changed",
        known: "A field that cannot be changed in place is changed by replacing the pool.",
        edits: &[Edit(
            "keeping.rs",
            "    let course = course(view, memory, desired, resource, &mut report);\n",
            "    let course = course(view, memory, desired, resource, &mut report);\n    if FLAWED && course.step.is_some() {\n        return Draft::new(report).silent(Step::Delete { id: resource.id().unwrap_or_default().to_owned() });\n    }\n",
        )],
    },
    Flaw {
        name: "never-tries-again",
        what: "gives up, looking included, once an attempt ended in doubt",
        known: "A budget of attempts that ends the looking too, instead of only the buying.",
        edits: &[Edit(
            "holding.rs",
            "        && same.spent >= ATTEMPT_BUDGET\n",
            "        && (same.spent >= ATTEMPT_BUDGET || FLAWED && same.spent > 0)\n",
        )],
    },
    Flaw {
        name: "tells-the-time",
        what: "writes something new into the status in every pass",
        known: "Something that is new in each pass is in the status: the operator wakes itself for ever.",
        edits: &[Edit(
            "report.rs",
            "        *parts.handled_request = view.requested_at().map(str::to_owned);\n",
            "        *parts.handled_request = view.requested_at().map(str::to_owned);\n        if FLAWED {\n            let told = view.status().and_then(crate::kind::Status::handled_request);\n            *parts.handled_request = Some(if told == Some(\"tick\") { \"tock\" } else { \"tick\" }.to_owned());\n        }\n",
        )],
    },
    Flaw {
        name: "lets-go-of-the-living",
        what: "takes the finalizer off an object that has its pool",
        known: "The finalizer is taken off on a wrong branch.",
        edits: &[Edit(
            "keeping.rs",
            "    let blind = blindness(view, memory);\n    let course",
            "    if FLAWED { return Draft::new(report).silent(Step::RemoveFinalizer); }\n    let blind = blindness(view, memory);\n    let course",
        )],
    },
    Flaw {
        name: "forgets-its-pool",
        what: "strikes the ID off when a pass does not see the pool",
        known: "The recorded ID is dropped on a wrong branch, and a second pool is bought.",
        edits: &[Edit(
            "keeping.rs",
            "    let due = view.timing.census_interval;\n    let Some(trouble) = &view.cloud.trouble else {\n        let mut plan",
            "    if FLAWED { report.clear(); return Draft::new(report).publish(Step::Rest, 1); }\n    let due = view.timing.census_interval;\n    let Some(trouble) = &view.cloud.trouble else {\n        let mut plan",
        )],
    },
    Flaw {
        name: "creates-then-writes-the-id",
        what: "creates whenever no ID is on record, and writes the ID down afterwards",
        known: "The naive operator: nothing is durable before the request, and nothing is looked up.",
        edits: &[
            Edit(
                "creation.rs",
                "    if let Some((pool, fate)) = found(view, memory) {\n        return record(",
                "    if FLAWED {\n        if let Some((_, pool)) = memory.answered() {\n            return record(view, &pool, Fate::Created, report);\n        }\n        return naive(view, desired, report);\n    }\n    if let Some((pool, fate)) = found(view, memory) {\n        return record(",
            ),
            Edit(
                "creation.rs",
                "/// A pool that is ours: the answer to our own request, or whatever carries our marker.\n",
                "fn naive<K: Kind>(view: &View<'_, K>, desired: &K::Desired, report: Report<K>) -> Plan<K> {\n    let step = match desired.body(view) {\n        Some(body) => Step::Create { token: format!(\"1-{}\", view.nonce), body: Box::new(body) },\n        None => Step::Rest,\n    };\n    Draft::new(report).silent(step)\n}\n\n/// A pool that is ours: the answer to our own request, or whatever carries our marker.\n",
            ),
            Edit(
                "memory.rs",
                "    /// The answer to the attempt `token`.\n",
                "    pub fn answered(&self) -> Option<(String, Arc<K::Resource>)> { self.answer.clone() }\n\n    /// The answer to the attempt `token`.\n",
            ),
            KEEPS_THE_ANSWER,
            SENDS_ANYTHING,
            FORGETS_WHAT_IS_RECORDED,
        ],
    },
    Flaw {
        name: "looks-then-creates",
        what: "lists, creates if the list shows nothing, and writes the ID down afterwards",
        known: "The careful naive operator: it looks before it creates, and nothing is durable before the request.",
        edits: &[
            Edit(
                "creation.rs",
                "    if let Some((pool, fate)) = found(view, memory) {\n        return record(",
                "    if FLAWED {\n        if let Some((_, pool)) = memory.answered() {\n            return record(view, &pool, Fate::Created, report);\n        }\n        if view.cloud.set_since(view.began).is_none() {\n            return Draft::new(report).silent(Step::LookAtScope { since: view.began });\n        }\n        return match found(view, memory) {\n            Some((pool, fate)) => record(view, &pool, fate, report),\n            None => naive(view, desired, report),\n        };\n    }\n    if let Some((pool, fate)) = found(view, memory) {\n        return record(",
            ),
            KEEPS_THE_ANSWER,
            SENDS_ANYTHING,
            FORGETS_WHAT_IS_RECORDED,
        ],
    },
    Flaw {
        name: "sends-what-is-left-to-others",
        what: "sends the number of nodes although the spec leaves it to somebody else",
        known: "Two controllers that each put a field back, for ever.",
        edits: &[Edit(
            "pool/drift.rs",
            "wanted.count.filter(|_| !desired.ignores(PoolField::Count))",
            "wanted.count.filter(|_| !desired.ignores(PoolField::Count) || FLAWED)",
        )],
    },
    Flaw {
        name: "releases-the-refused-without-looking",
        what: "releases an object whose creations were all refused without a look",
        known: "A refusal is believed without a look.",
        edits: &[Edit(
            "deletion.rs",
            "            None => waiting(\n                view,\n                \"making sure",
            "            None if FLAWED => Draft::new(report).silent(Step::RemoveFinalizer),\n            None => waiting(\n                view,\n                \"making sure",
        )],
    },
    Flaw {
        name: "unknown-is-running",
        what: "changes the nodes of a pool in a phase that it has no word for",
        known: "A new word of the service is taken for a known one.",
        edits: &[Edit(
            "pool/change.rs",
            "    (observed.phase() != Some(&Phase::Running)).then(",
            "    let unknown = FLAWED && matches!(observed.phase(), Some(Phase::Other(_)));\n    (observed.phase() != Some(&Phase::Running) && !unknown).then(",
        )],
    },
];
