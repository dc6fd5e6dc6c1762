//! The rules that the API server checks by CEL. Every rule names the field it is about.
//!
//! `has()` is used throughout: optional selection (`?.`) is refused by the server as too costly.
//! Lists, strings and maps that a rule touches are bounded in the schema, for the same reason.

use kube_core::cel::{Reason, Rule, validate};
use schemars::Schema;

/// An entry's identity: two entries may share a flavor if they are in different node pools.
const SAME_ENTRY: &str = "o.flavor==r.flavor && (has(o.nodePool)?o.nodePool:'')==(has(r.nodePool)?r.nodePool:'')";

/// Adds the rules of a pool's spec.
pub(crate) fn pool_spec(schema: &mut Schema) {
    for field in ["poolName", "nodePrefix", "billing", "type", "network", "networkRef"] {
        add(schema, immutable(field, "ModelArtsPool"));
    }
    add(schema, immutable_with_default("account", "default", "ModelArtsPool"));
    add(schema, immutable_with_default("workspaceId", "0", "ModelArtsPool"));
    entries(schema);
    terms(schema);
}

/// How `resources` and `nodes` go together, and what an entry keeps for ever.
fn entries(schema: &mut Schema) {
    add(
        schema,
        Rule::new("!has(self.nodes) || self.resources.size()==1 && !has(self.resources[0].count)")
            .message("nodes is for a pool with exactly one entry in resources that has no count; use either nodes or resources[].count")
            .field_path(".nodes"),
    );
    add(
        schema,
        Rule::new("self.resources.size()==1 || self.resources.all(r,has(r.count))")
            .message("count is required in every entry when resources has more than one")
            .field_path(".resources"),
    );
    add(
        schema,
        Rule::new(format!(
            "self.resources.all(r, self.resources.exists_one(o, {SAME_ENTRY}))"
        ))
        .message(
            "resources has two entries with the same flavor and nodePool; merge them, or give each its own nodePool",
        )
        // Invalid and not FieldValueDuplicate: with that reason the server leaves the message out.
        .field_path(".resources"),
    );
    add(
        schema,
        Rule::new(format!(
            "oldSelf.resources.all(o, self.resources.all(r, !({SAME_ENTRY}) || has(r.creatingStep)==has(o.creatingStep) \
             && (!has(r.creatingStep) || r.creatingStep==o.creatingStep)))"
        ))
        .message("creatingStep of an entry cannot be changed, added or removed; add another entry with its own nodePool instead")
        .field_path(".resources")
        .reason(Reason::FieldValueForbidden),
    );
}

/// What belongs together beside the nodes.
fn terms(schema: &mut Schema) {
    add(
        schema,
        Rule::new("has(self.network)!=has(self.networkRef)")
            .message("set network (an ID) or networkRef (a ModelArtsNetwork), one of the two")
            .field_path(".network"),
    );
    add(
        schema,
        Rule::new(
            "!has(self.billing) || !has(self.billing.mode) || self.billing.mode!='Subscription' \
                   || has(self.billing.periodType) && has(self.billing.periodNum)",
        )
        .message("a Subscription needs periodType and periodNum")
        .field_path(".billing"),
    );
    add(
        schema,
        Rule::new("!has(self.billing) || has(self.billing.mode) && self.billing.mode=='Subscription' \
                   || !has(self.billing.periodType) && !has(self.billing.periodNum) && !has(self.billing.autoRenew) && !has(self.billing.autoPay)")
            .message("periodType, periodNum, autoRenew and autoPay are for mode Subscription only")
            .field_path(".billing"),
    );
    add(
        schema,
        Rule::new(
            "!has(self.billing) || !has(self.billing.periodNum) || !has(self.billing.periodType) \
                   || self.billing.periodType=='Month' || self.billing.periodNum<=3",
        )
        .message("a term is 1 to 9 months or 1 to 3 years")
        .field_path(".billing.periodNum"),
    );
    add(
        schema,
        Rule::new("!has(self.managementPolicy) || self.managementPolicy!='Observe' || has(self.poolName) || has(self.adoption)")
            .message("Observe needs to know which pool: set poolName or adoption.poolId")
            .field_path(".managementPolicy"),
    );
}

/// Adds the rules of a network's spec.
pub(crate) fn network_spec(schema: &mut Schema) {
    for field in ["networkName", "cidr"] {
        add(schema, immutable(field, "ModelArtsNetwork"));
    }
    add(schema, immutable_with_default("account", "default", "ModelArtsNetwork"));
    add(schema, immutable_with_default("workspaceId", "0", "ModelArtsNetwork"));
    add(
        schema,
        Rule::new(
            "has(self.cidr) || has(self.adoption) || has(self.managementPolicy) && self.managementPolicy=='Observe'",
        )
        .message("cidr is needed to create a network; only adoption or Observe do without it")
        .field_path(".cidr"),
    );
    add(
        schema,
        Rule::new("!has(self.managementPolicy) || self.managementPolicy!='Observe' || has(self.networkName) || has(self.adoption)")
            .message("Observe needs to know which network: set networkName or adoption.networkId")
            .field_path(".managementPolicy"),
    );
}

/// Adds the rules of an account's spec.
pub(crate) fn account_spec(schema: &mut Schema) {
    for field in ["region", "projectId", "projectName"] {
        add(schema, immutable(field, "ModelArtsAccount"));
    }
    add(
        schema,
        Rule::new("!(has(self.projectId) && has(self.projectName))")
            .message("set projectId or projectName, not both")
            .field_path(".projectName"),
    );
}

/// Adds the rule of an account's credentials.
pub(crate) fn account_credentials(schema: &mut Schema) {
    let sources = ["secret", "environment", "podIdentity", "instanceMetadata"];
    let present = sources.map(|source| format!("has(self.{source})")).join(", ");
    add(
        schema,
        Rule::new(format!("[{present}].exists_one(present, present)"))
            .message("set exactly one of secret, environment, podIdentity and instanceMetadata"),
    );
}

/// A field that keeps the value, or the absence, that it was created with.
fn immutable(field: &str, kind: &str) -> Rule {
    Rule::new(format!(
        "has(self.{field})==has(oldSelf.{field}) && (!has(self.{field}) || self.{field}==oldSelf.{field})"
    ))
    .message(
        format!(
            "{field} cannot be changed, added or removed after creation; {}",
            instead(kind)
        )
        .as_str(),
    )
    .field_path(format!(".{field}"))
    .reason(Reason::FieldValueForbidden)
}

/// A field whose absence means `default`, so that writing the default down is no change.
fn immutable_with_default(field: &str, default: &str, kind: &str) -> Rule {
    let value = |object: &str| format!("(has({object}.{field})?{object}.{field}:'{default}')");
    Rule::new(format!("{}=={}", value("self"), value("oldSelf")))
        .message(
            format!(
                "{field} cannot be changed after creation (absent means \"{default}\"); {}",
                instead(kind)
            )
            .as_str(),
        )
        .field_path(format!(".{field}"))
        .reason(Reason::FieldValueForbidden)
}

/// What to do about a field that cannot be changed.
fn instead(kind: &str) -> String {
    format!("create another {kind} with the new value, and delete this one when it is not needed any more")
}

fn add(schema: &mut Schema, rule: Rule) {
    // A rule is plain strings, and those always serialise: the error type is only in the signature.
    let added = validate(schema, rule);
    debug_assert!(added.is_ok());
}
