//! What goes wrong, and at which call.

use super::SECOND;

/// The calls that a process makes, each a place to die at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Op {
    List,
    ListCreating,
    ListFailed,
    Show,
    Canary,
    Create,
    Patch,
    Delete,
    /// Orders or nodes of a pool.
    Details,
    NetworkList,
    NetworkShow,
    NetworkCreate,
    NetworkPatch,
    NetworkDelete,
    /// Reading the object.
    Read,
    /// Writing the object's status.
    Status,
    /// Writing the object's finalizers.
    Finalizer,
}

impl Op {
    pub fn is_cloud(self) -> bool {
        !matches!(self, Self::Read | Self::Status | Self::Finalizer)
    }

    /// Whether it is so common that it is told only if it goes wrong.
    pub fn is_dull(self) -> bool {
        matches!(self, Self::List | Self::NetworkList | Self::Read)
    }

    /// Whether it may change the cloud. Such calls are few, and all depends on them.
    pub fn is_mutation(self) -> bool {
        matches!(
            self,
            Self::Create | Self::Patch | Self::Delete | Self::NetworkCreate | Self::NetworkPatch | Self::NetworkDelete
        )
    }

    pub fn is_list(self) -> bool {
        matches!(
            self,
            Self::List | Self::ListCreating | Self::ListFailed | Self::NetworkList
        )
    }
}

/// What goes wrong at a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The process dies before the call leaves.
    CrashBefore,
    /// The process dies after the call took effect and before it heard so.
    CrashAfter,
    /// Done; no answer comes.
    LostAnswer,
    /// Done; the answer is an error.
    ErrorAfterCommit,
    /// Done so many milliseconds later; no answer comes.
    DelayedCommit(u64),
    /// Done; the answer cannot be read.
    Malformed,
    /// Lists don't show what is younger than this; a new pool stays out of lists for so long.
    ListLag(u64),
    /// A list without anything.
    EmptyList,
    /// A list without its first half, rounded up.
    PartialList,
    /// 404 from the gateway.
    Gateway404,
    /// 429.
    Throttle,
    /// 500, not done.
    ServerError,
    /// 401.
    Unauthenticated,
    /// 403.
    Denied,
    /// 400 for the quota.
    Quota,
    /// 400 for the flavor.
    SoldOut,
    /// 400 for the request.
    Invalid,
    /// No connection: surely not done.
    NotConnected,
    /// Kubernetes refuses the write because somebody else wrote first.
    Conflict,
    /// A read shows the object as it was before the process's last write.
    StaleRead,
    /// The process stands still for so long before the call leaves, and another one begins to lead.
    Freeze(u64),
    /// The answer of a list is taken in so much later than it was made.
    Overtaken(u64),
}

impl Fault {
    /// What can befall any call to the cloud.
    pub const ANYWHERE: [Self; 9] = [
        Self::LostAnswer,
        Self::ErrorAfterCommit,
        Self::Malformed,
        Self::Gateway404,
        Self::Throttle,
        Self::ServerError,
        Self::Unauthenticated,
        Self::Denied,
        Self::NotConnected,
    ];

    /// What can befall a call, deaths of the process included.
    pub fn of(op: Op) -> Vec<Self> {
        let mut faults = vec![Self::CrashBefore, Self::CrashAfter];
        if op.is_cloud() {
            faults.extend(Self::ANYWHERE);
        } else {
            faults.push(Self::LostAnswer);
        }
        match op {
            Op::List | Op::ListCreating | Op::ListFailed | Op::NetworkList => {
                faults.extend([Self::ListLag(60_000), Self::EmptyList, Self::PartialList]);
            }
            Op::Create | Op::NetworkCreate => {
                let delays = [1_000, 31_000, 60_000].map(Self::DelayedCommit);
                faults.extend(delays);
                faults.extend([Self::ListLag(60_000), Self::Quota, Self::SoldOut, Self::Invalid]);
            }
            Op::Delete | Op::NetworkDelete => {
                faults.extend([Self::DelayedCommit(5_000), Self::DelayedCommit(60_000), Self::Invalid])
            }
            Op::Status | Op::Finalizer => faults.push(Self::Conflict),
            Op::Patch | Op::NetworkPatch => faults.extend([
                Self::DelayedCommit(5_000),
                Self::DelayedCommit(60_000),
                Self::Invalid,
                Self::SoldOut,
                Self::Quota,
            ]),
            Op::Show | Op::NetworkShow | Op::Canary | Op::Details | Op::Read => {}
        }
        faults
    }

    /// What else can befall a call: what does not tell of itself, and an API server out of reach.
    pub fn anywhere(op: Op) -> Vec<Self> {
        let mut faults = Self::of(op);
        faults.push(Self::Freeze(SECOND));
        match op {
            Op::List | Op::NetworkList => faults.push(Self::Overtaken(SECOND)),
            Op::Read => faults.extend([Self::StaleRead, Self::NotConnected, Self::Throttle]),
            Op::Status | Op::Finalizer => faults.extend([Self::NotConnected, Self::Throttle]),
            _ => {}
        }
        faults
    }

    /// Its name, whatever its length.
    pub fn name(self) -> &'static str {
        match self {
            Self::CrashBefore => "CrashBefore",
            Self::CrashAfter => "CrashAfter",
            Self::LostAnswer => "LostAnswer",
            Self::ErrorAfterCommit => "ErrorAfterCommit",
            Self::DelayedCommit(_) => "DelayedCommit",
            Self::Malformed => "Malformed",
            Self::ListLag(_) => "ListLag",
            Self::EmptyList => "EmptyList",
            Self::PartialList => "PartialList",
            Self::Gateway404 => "Gateway404",
            Self::Throttle => "Throttle",
            Self::ServerError => "ServerError",
            Self::Unauthenticated => "Unauthenticated",
            Self::Denied => "Denied",
            Self::Quota => "Quota",
            Self::SoldOut => "SoldOut",
            Self::Invalid => "Invalid",
            Self::NotConnected => "NotConnected",
            Self::Conflict => "Conflict",
            Self::StaleRead => "StaleRead",
            Self::Freeze(_) => "Freeze",
            Self::Overtaken(_) => "Overtaken",
        }
    }

    /// Whether the answer claims that what exists does not.
    pub fn lies(self) -> bool {
        matches!(self, Self::EmptyList | Self::PartialList)
    }
}

/// The faults to come.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    by_number: Vec<(usize, Fault)>,
    by_op: Vec<(Op, Fault, u32)>,
}

impl Faults {
    /// The call of this number goes wrong. A fault that does not fit the call is no fault.
    pub fn at(&mut self, number: usize, fault: Fault) {
        self.by_number.push((number, fault));
    }

    /// The next `times` calls of a kind go wrong.
    pub fn next(&mut self, op: Op, fault: Fault, times: u32) {
        self.by_op.push((op, fault, times));
    }

    /// Nothing is planned.
    pub fn is_empty(&self) -> bool {
        self.by_number.is_empty() && self.by_op.is_empty()
    }

    pub fn clear(&mut self) {
        *self = Self::default();
    }

    pub fn strike(&mut self, number: usize, op: Op) -> Option<Fault> {
        let planned = self.by_number.iter().find(|(at, _)| *at == number);
        if let Some((_, fault)) = planned {
            return Some(*fault).filter(|fault| Fault::of(op).contains(fault));
        }
        let (_, fault, left) = self.by_op.iter_mut().find(|(at, _, left)| *at == op && *left > 0)?;
        *left -= 1;
        Some(*fault)
    }
}
