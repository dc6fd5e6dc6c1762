//! Faults that can be switched on, and the choice of the one that strikes a call.
//!
//! Only the choice is here; what a fault does to a call is in `simulator`. The choice is
//! reproducible: the first fault of the list that fits, has strikes left and wins its throw.

use serde::{Deserialize, Serialize};

use crate::{
    chance::Chance,
    operation::{Kind, Operation},
};

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FaultKind {
    /// The call is executed, then the connection closes without an answer.
    LostAnswer,
    /// The call is executed, then answered with 500.
    ErrorAfterCommit,
    /// The connection closes at once; a change is executed `seconds` later (default 5).
    DelayedCommit,
    /// No answer for `seconds` (default an hour), then the connection closes. Not executed.
    Hang,
    /// 429, with `Retry-After` if `seconds` is given. Not executed.
    Throttle,
    /// 500. Not executed.
    ServerError,
    /// 503 with an HTML page, as from a proxy. Not executed.
    Html503,
    /// The call is executed; the body of a good answer is cut in the middle.
    Malformed,
    /// 404 of the gateway. Not executed.
    Gateway404,
    /// On a create: the pool appears in lists only `seconds` later (default 5). On a list: pools
    /// younger than that are left out.
    ListLag,
    /// A list answers with no items.
    EmptyList,
    /// A list answers without the first half of its items, rounded up.
    PartialList,
    /// 401 as for a token or key that has run out. Not executed.
    ExpiredCredentials,
    /// 400 as if the flavor had no capacity. Not executed.
    SoldOut,
    /// Every second time, pools that are Running are shown as Abnormal.
    PhaseFlap,
    /// Counts in `status.resources` are one object instead of a list.
    ObjectCounts,
    /// Pools are shown without `status`.
    MissingStatus,
    /// Pools are shown in a phase that no client knows.
    UnknownPhase,
}

impl FaultKind {
    /// Whether the fault means anything for this operation.
    #[must_use]
    pub fn fits(self, operation: Operation) -> bool {
        use Operation as O;
        match self {
            Self::EmptyList | Self::PartialList => operation.kind() == Kind::List,
            Self::ListLag => matches!(operation, O::CreatePool | O::ListPools),
            Self::SoldOut => matches!(operation, O::CreatePool | O::PatchPool),
            Self::PhaseFlap | Self::ObjectCounts | Self::MissingStatus | Self::UnknownPhase => {
                matches!(operation, O::ListPools | O::ShowPool)
            }
            // Billing names its resources in the body, not in the path, and cannot wait.
            Self::DelayedCommit => operation != O::UnsubscribeResources,
            Self::LostAnswer
            | Self::ErrorAfterCommit
            | Self::Hang
            | Self::Throttle
            | Self::ServerError
            | Self::Html503
            | Self::Malformed
            | Self::Gateway404
            | Self::ExpiredCredentials => true,
        }
    }
}

/// One entry of the list of faults.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fault {
    /// The name of an operation, or `*` for all that the fault fits.
    pub operation: String,
    /// What goes wrong.
    pub fault: FaultKind,
    /// How likely it strikes a call, 0 to 1.
    #[serde(default = "certain")]
    pub probability: f64,
    /// How often it may still strike; absent: without end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// Its duration, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u64>,
}

fn certain() -> f64 {
    1.0
}

/// A fault that strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Strike {
    /// What goes wrong.
    pub kind: FaultKind,
    /// Its duration, if one was given.
    pub seconds: Option<u64>,
}

/// Why a list of faults is refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FaultError {
    /// No operation has that name.
    #[error("there is no operation {0:?}")]
    Operation(String),
    /// A probability outside 0 to 1.
    #[error("the probability {0} is not between 0 and 1")]
    Probability(f64),
}

/// The faults that are switched on.
#[derive(Debug, Clone)]
pub struct Faults {
    list: Vec<Fault>,
    chance: Chance,
}

impl Faults {
    /// No faults, with a seed for the dice.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            list: Vec::new(),
            chance: Chance::new(seed),
        }
    }

    /// Replaces the whole list.
    ///
    /// # Errors
    /// [`FaultError`]; the old list then stays.
    pub fn replace(&mut self, list: Vec<Fault>) -> Result<(), FaultError> {
        for fault in &list {
            let known = Operation::ALL.iter().any(|o| o.name() == fault.operation);
            if fault.operation != "*" && !known {
                return Err(FaultError::Operation(fault.operation.clone()));
            }
            if !(0.0..=1.0).contains(&fault.probability) {
                return Err(FaultError::Probability(fault.probability));
            }
        }
        self.list = list;
        Ok(())
    }

    /// The list, with the strikes that are left.
    #[must_use]
    pub fn list(&self) -> &[Fault] {
        &self.list
    }

    /// Chooses the fault for one call and uses up one of its strikes.
    pub fn strike(&mut self, operation: Operation) -> Option<Strike> {
        for fault in &mut self.list {
            let named = fault.operation == "*" || fault.operation == operation.name();
            if !named || !fault.fault.fits(operation) || fault.count == Some(0) {
                continue;
            }
            if !self.chance.hits(fault.probability) {
                continue;
            }
            fault.count = fault.count.map(|left| left - 1);
            return Some(Strike {
                kind: fault.fault,
                seconds: fault.seconds,
            });
        }
        None
    }
}
