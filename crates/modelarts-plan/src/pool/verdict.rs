//! How a pool that is there stands, in its own words and counts.

use modelarts_crd::conditions::Reason;
use modelarts_types::pool::{Counts, Phase, Pool};

use crate::kind::Resource;
use crate::report::Verdict;

/// How a pool that is there stands.
pub(crate) fn verdict_on(pool: &Pool) -> Verdict {
    let working = |reason, text: &str| Verdict::Working(reason, text.to_owned());
    match pool.phase() {
        None | Some(Phase::Creating) => working(Reason::Creating, &creating(pool)),
        Some(Phase::Waiting) => working(
            Reason::PaymentPending,
            "the order waits for a payment or an approval in the console; nothing is billed before that",
        ),
        Some(Phase::Running) => running(pool),
        Some(Phase::CreationFailed) => Verdict::Stalled(Reason::CreationFailed, pool.told()),
        Some(Phase::ScalingFailed) => Verdict::Stalled(Reason::ScalingFailed, pool.told()),
        Some(Phase::Error) => Verdict::Stalled(Reason::PoolNotRunning, pool.told()),
        Some(Phase::Deleting) => working(
            Reason::PoolNotRunning,
            "the pool is being deleted in the cloud, and not by this object",
        ),
        Some(Phase::Abnormal | Phase::Other(_)) => Verdict::Working(Reason::PoolNotRunning, pool.told()),
    }
}

fn creating(pool: &Pool) -> String {
    let resources = pool.status.as_ref().and_then(|status| status.resources.as_ref());
    let available = resources
        .and_then(|all| all.available.as_ref())
        .map_or(0, Counts::total);
    match available {
        0 => "the pool is being created".to_owned(),
        _ => format!(
            "the pool is being created, {available} of {} nodes are available",
            wanted(pool)
        ),
    }
}

/// Nodes that the pool is to have, as the cloud has it.
fn wanted(pool: &Pool) -> i64 {
    pool.spec.resources().iter().filter_map(|entry| entry.count).sum()
}

fn running(pool: &Pool) -> Verdict {
    let counts = pool
        .status
        .as_ref()
        .and_then(|status| status.resources.clone())
        .unwrap_or_default();
    let total = |counts: &Option<Counts>| counts.as_ref().map_or(0, Counts::total);
    let (creating, deleting, failed) = (
        total(&counts.creating),
        total(&counts.deleting),
        total(&counts.creation_failed),
    );
    let available = total(&counts.available);
    if creating > 0 || deleting > 0 {
        let text = format!(
            "{available} of {} nodes are available, {creating} are being made, {deleting} removed",
            wanted(pool)
        );
        return Verdict::Working(Reason::Scaling, text);
    }
    if failed > 0 {
        let text = format!("{failed} nodes could not be made, {available} are available");
        return Verdict::Stalled(Reason::ScalingFailed, text);
    }
    if let Some(verdict) = drivers(pool).or_else(|| scopes(pool)) {
        return verdict;
    }
    if available == 0 {
        return Verdict::Working(
            Reason::PoolNotRunning,
            "the pool is Running and has no available node".into(),
        );
    }
    let nodes = if available == 1 {
        "1 node is".to_owned()
    } else {
        format!("{available} nodes are")
    };
    match total(&counts.abnormal) {
        0 => Verdict::Ready(format!("the pool is Running, {nodes} available")),
        abnormal => Verdict::Ready(format!(
            "the pool is Running, {nodes} available, {abnormal} cannot be used"
        )),
    }
}

/// Drivers that are on their way.
fn drivers(pool: &Pool) -> Option<Verdict> {
    let states = pool.status.as_ref()?.driver.as_ref()?;
    let moving = [("GPU", &states.gpu), ("NPU", &states.npu)]
        .into_iter()
        .filter_map(|(kind, driver)| Some((kind, driver.as_ref()?)))
        .find(|(_, driver)| matches!(driver.state.as_deref(), Some("Creating" | "Upgrading")))?;
    let (kind, driver) = moving;
    let (state, version) = (
        driver.state.as_deref().unwrap_or_default(),
        driver.version.as_deref().unwrap_or("unknown"),
    );
    let text = format!("the {kind} driver is {state}, version {version} is in use");
    Some(Verdict::Working(Reason::UpgradingDriver, text))
}

/// Job types that are not as wanted yet.
fn scopes(pool: &Pool) -> Option<Verdict> {
    let states = pool
        .status
        .as_ref()
        .and_then(|status| status.scope.as_deref())
        .unwrap_or_default();
    let state_of = |scope: &str| {
        let state = states.iter().find(|state| state.scope_type.as_deref() == Some(scope));
        state.and_then(|state| state.state.as_deref()).unwrap_or("not known")
    };
    let pending: Vec<String> = pool
        .spec
        .scopes()
        .iter()
        .filter(|scope| state_of(scope) != "Enabled")
        .map(|scope| format!("{scope} is {}", state_of(scope)))
        .collect();
    let leaving: Vec<String> = states
        .iter()
        .filter(|state| state.state.as_deref() == Some("Disabling"))
        .filter_map(|state| Some(format!("{} is Disabling", state.scope_type.as_deref()?)))
        .collect();
    let reason = if leaving.is_empty() {
        Reason::EnablingScopes
    } else {
        Reason::SwitchingScopes
    };
    let all = [pending, leaving].concat();
    (!all.is_empty()).then(|| Verdict::Working(reason, format!("job types: {}", all.join(", "))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(status: serde_json::Value) -> Pool {
        let value =
            serde_json::json!({"metadata": {"name": "p"}, "spec": {"scope": ["Train", "Infer"]}, "status": status});
        serde_json::from_value(value).unwrap()
    }

    fn reason(status: serde_json::Value) -> Option<Reason> {
        match verdict_on(&pool(status)) {
            Verdict::Ready(_) | Verdict::Paused(_) => None,
            Verdict::Working(reason, _) | Verdict::Stalled(reason, _) | Verdict::Blind(reason, _) => Some(reason),
        }
    }

    #[test]
    fn a_running_pool_is_ready_when_its_nodes_and_every_job_type_are() {
        let status = |infer: &str, creating: i64, available: i64| {
            serde_json::json!({
                "phase": "Running",
                "resources": {"creating": [{"count": creating}], "available": [{"count": available}]},
                "scope": [{"scopeType": "Train", "state": "Enabled"}, {"scopeType": "Infer", "state": infer}],
            })
        };
        assert_eq!(reason(status("Enabled", 0, 2)), None);
        assert_eq!(reason(status("Enabling", 0, 2)), Some(Reason::EnablingScopes));
        assert_eq!(reason(status("Enabled", 1, 2)), Some(Reason::Scaling));
        assert_eq!(reason(status("Enabled", 0, 0)), Some(Reason::PoolNotRunning));
    }
}
