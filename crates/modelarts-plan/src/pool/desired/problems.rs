//! What is wrong with a spec, all at once, each problem with its field.
//!
//! The same rules as in the schema of the CRD. They are repeated because an object may be older than
//! a rule of the schema.

use std::collections::BTreeSet;

use modelarts_crd::policy::{ManagementPolicy, PeriodType};
use modelarts_crd::pool::ModelArtsPoolSpec;
use modelarts_crd::resource::ResourceEntry;

use crate::spelling;

/// Most nodes in an entry.
const NODES: i32 = 2000;
/// Longest term in months, and in years.
const MONTHS: i32 = 9;
const YEARS: i32 = 3;

pub(super) fn problems(spec: &ModelArtsPoolSpec) -> Vec<String> {
    let mut problems = identity_problems(spec);
    problems.extend(billing_problems(spec));
    if spec.resources.is_empty() || spec.resources.len() > 10 {
        problems.push("spec.resources: 1 to 10 entries are needed".to_owned());
    }
    if spec.nodes.is_some() && (spec.resources.len() != 1 || spec.resources[0].count.is_some()) {
        problems.push("spec.nodes: only for exactly one entry in spec.resources, without a count".to_owned());
    }
    let mut seen = BTreeSet::new();
    for (index, entry) in spec.resources.iter().enumerate() {
        if !seen.insert((&entry.flavor, entry.node_pool.as_deref().unwrap_or_default())) {
            problems.push(format!(
                "spec.resources[{index}]: the same flavor and nodePool as an entry before it"
            ));
        }
        if entry.count.is_none() && spec.resources.len() > 1 {
            problems.push(format!(
                "spec.resources[{index}].count: needed when there is more than one entry"
            ));
        }
        problems.extend(size_problems(index, entry, spec.nodes));
    }
    problems
}

fn identity_problems(spec: &ModelArtsPoolSpec) -> Vec<String> {
    let mut problems = Vec::new();
    if spec.scope.is_empty() {
        problems.push("spec.scope: at least one of Train, Infer, Notebook is needed".to_owned());
    }
    let (name, description) = (spec.pool_name.as_deref(), spec.description.as_deref());
    problems.extend(spelling::problems("poolName", name, description));
    if spec.network.is_some() == spec.network_ref.is_some() {
        problems.push("spec.network: set network or networkRef, one of the two".to_owned());
    }
    if spec.management() == ManagementPolicy::Observe && spec.pool_name.is_none() && spec.adoption.is_none() {
        problems.push("spec.managementPolicy: Observe needs poolName or adoption.poolId".to_owned());
    }
    problems
}

fn billing_problems(spec: &ModelArtsPoolSpec) -> Vec<String> {
    let Some(billing) = &spec.billing else {
        return Vec::new();
    };
    if !billing.is_subscription() {
        let term = billing.period_type.is_some() || billing.period_num.is_some();
        let order = billing.auto_renew.is_some() || billing.auto_pay.is_some();
        return if term || order {
            vec!["spec.billing: periodType, periodNum, autoRenew and autoPay are for mode Subscription only".to_owned()]
        } else {
            Vec::new()
        };
    }
    let (Some(unit), Some(periods)) = (billing.period_type, billing.period_num) else {
        return vec!["spec.billing: a Subscription needs periodType and periodNum".to_owned()];
    };
    let most = match unit {
        PeriodType::Month => MONTHS,
        PeriodType::Year => YEARS,
    };
    if (1..=most).contains(&periods) {
        return Vec::new();
    }
    vec![format!(
        "spec.billing.periodNum: a term is 1 to {MONTHS} months or 1 to {YEARS} years"
    )]
}

fn size_problems(index: usize, entry: &ResourceEntry, nodes: Option<i32>) -> Vec<String> {
    let mut problems = Vec::new();
    let Some(count) = entry.count.or(nodes) else {
        return problems;
    };
    if !(1..=NODES).contains(&count) {
        problems.push(format!(
            "spec.resources[{index}].count: {count} is not between 1 and {NODES}"
        ));
    }
    if let Some(step) = &entry.creating_step
        && (step.step < 1 || count % step.step != 0)
    {
        problems.push(format!(
            "spec.resources[{index}].count: {count} is no multiple of creatingStep.step {}",
            step.step
        ));
    }
    if !entry.azs.is_empty() {
        let spread: i64 = entry.azs.iter().map(|az| i64::from(az.count)).sum();
        if spread != i64::from(count) {
            problems.push(format!(
                "spec.resources[{index}].azs: the zones have {spread} nodes, the entry has {count}"
            ));
        }
    }
    problems
}
