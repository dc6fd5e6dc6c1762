//! How a pool that is there stands, in its own words and counts.

use modelarts_crd::conditions::Reason;
use modelarts_types::pool::{Counts, Phase, Pool};

use crate::creation::told;
use crate::report::Verdict;

/// How a pool that is there stands.
pub(crate) fn verdict_on(pool: &Pool) -> Verdict {
    let working = |reason, text: &str| Verdict::Working(reason, text.to_owned());
    match pool.phase() {
        None | Some(Phase::Creating) => working(Reason::Creating, "the pool is being created"),
        Some(Phase::Waiting) => working(Reason::PaymentPending, "the cloud waits for a payment or an approval"),
        Some(Phase::Running) => running(pool),
        Some(Phase::CreationFailed) => Verdict::Stalled(Reason::CreationFailed, told(pool)),
        Some(Phase::Error) => Verdict::Stalled(Reason::PoolNotRunning, told(pool)),
        Some(Phase::Deleting) => working(
            Reason::PoolNotRunning,
            "the pool is being deleted in the cloud, and not by this object",
        ),
        Some(Phase::Abnormal | Phase::ScalingFailed | Phase::Other(_)) => {
            Verdict::Working(Reason::PoolNotRunning, told(pool))
        }
    }
}

fn running(pool: &Pool) -> Verdict {
    let status = pool.status.clone().unwrap_or_default();
    let counts = status.resources.unwrap_or_default();
    let total = |counts: &Option<Counts>| counts.as_ref().map_or(0, Counts::total);
    let (creating, deleting, failed) = (
        total(&counts.creating),
        total(&counts.deleting),
        total(&counts.creation_failed),
    );
    let available = total(&counts.available);
    if failed > 0 {
        return Verdict::Working(
            Reason::Scaling,
            format!("{failed} nodes could not be made, {available} are available"),
        );
    }
    if creating > 0 || deleting > 0 {
        return Verdict::Working(
            Reason::Scaling,
            format!("{creating} nodes are being made, {deleting} removed, {available} are available"),
        );
    }
    let states = status.scope.unwrap_or_default();
    let pending: Vec<&str> = pool
        .spec
        .scopes()
        .iter()
        .filter(|scope| {
            let state = states
                .iter()
                .find(|state| state.scope_type.as_ref() == Some(*scope))
                .and_then(|state| state.state.as_deref());
            state != Some("Enabled")
        })
        .map(String::as_str)
        .collect();
    if !pending.is_empty() {
        return Verdict::Working(
            Reason::EnablingScopes,
            format!("job types not enabled yet: {}", pending.join(", ")),
        );
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
    Verdict::Ready(format!("the pool is Running, {nodes} available"))
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
            Verdict::Ready(_) => None,
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
