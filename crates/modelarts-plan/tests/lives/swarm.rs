//! What a seed makes of its life: which deeds of people and which faults it knows at all, how often each
//! comes, how many objects there are, how long it all lasts, and how the cloud is set up. A random subset
//! with random weights reaches combinations that an even mixture of everything never stays in.

use modelarts_sim::{FailedRecords, FailedScale, Profile};

use crate::world::chance::Chance;
use crate::world::weather::{Pace, Side, Weather};
use crate::world::{MINUTE, SECOND};

const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// What people do, and the cloud by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    Edit,
    Pause,
    Observe,
    Detach,
    Namespace,
    Delete,
    Strip,
    Request,
    Network,
    NetworkDelete,
    ConsoleSize,
    ConsoleScope,
    ConsoleText,
    ConsoleDelete,
    Vanish,
    Phase,
    Nodes,
    Pay,
    EndTerm,
    Renew,
    Conflict,
    Adopt,
    FailCreation,
    FewerNodes,
    Fault,
    Restart,
    HandOver,
}

impl Act {
    pub const ALL: [Self; 27] = [
        Self::Edit,
        Self::Pause,
        Self::Observe,
        Self::Detach,
        Self::Namespace,
        Self::Delete,
        Self::Strip,
        Self::Request,
        Self::Network,
        Self::NetworkDelete,
        Self::ConsoleSize,
        Self::ConsoleScope,
        Self::ConsoleText,
        Self::ConsoleDelete,
        Self::Vanish,
        Self::Phase,
        Self::Nodes,
        Self::Pay,
        Self::EndTerm,
        Self::Renew,
        Self::Conflict,
        Self::Adopt,
        Self::FailCreation,
        Self::FewerNodes,
        Self::Fault,
        Self::Restart,
        Self::HandOver,
    ];
}

/// Faults that may be on in a life, by name. Lists that lie are on only where names are unique.
pub const FAULTS: [&str; 22] = [
    "CrashBefore",
    "CrashAfter",
    "LostAnswer",
    "ErrorAfterCommit",
    "DelayedCommit",
    "Malformed",
    "ListLag",
    "EmptyList",
    "PartialList",
    "Gateway404",
    "Throttle",
    "ServerError",
    "Unauthenticated",
    "Denied",
    "Quota",
    "SoldOut",
    "Invalid",
    "NotConnected",
    "Conflict",
    "StaleRead",
    "Freeze",
    "Overtaken",
];

/// The plan of one life.
pub struct Swarm {
    pub profile: Profile,
    pub weather: Weather,
    /// What is done, as often as it is in here.
    pub acts: Vec<Act>,
    /// How often something is done.
    pub deeds: u64,
    pub pools: u64,
    pub networks: u64,
    /// The longest that passes between two deeds.
    pub pause: u64,
    /// Whether subscriptions are bought.
    pub subscribes: bool,
    /// Whether lists may lie: only where the cloud itself refuses a second thing of a name.
    pub lies: bool,
}

impl Swarm {
    pub fn of(seed: u64, chance: &mut Chance) -> Self {
        let unique_names = chance.one_in(2);
        let profile = Profile {
            create_seconds: 1 + chance.below(20),
            delete_seconds: 1 + chance.below(20),
            pool_quota: 100,
            network_quota: 100,
            unique_names,
            list_lag_seconds: *chance.pick(&[0, 0, 0, 1, 10, 60]),
            opaque_ids: chance.one_in(4),
            retention_seconds: *chance.pick(&[60, 3_600]),
            flaps: chance.one_in(5),
            failed_scale: *chance.pick(&[FailedScale::DropsBack, FailedScale::ScalingFailed]),
            failed_records: *chance.pick(&[FailedRecords::Shown, FailedRecords::Hidden, FailedRecords::Listed]),
            ..Profile::default()
        };
        let pools = match chance.below(100) {
            0..=1 => 10 + chance.below(21),
            2..=5 => 4 + chance.below(6),
            _ => 1 + chance.below(3),
        };
        let networks = match chance.below(6) {
            0 => 1 + chance.below(3),
            1 | 2 => 1,
            _ => 0,
        };
        let (deeds, pause) = match chance.below(200) {
            0 => (15 + chance.below(30), DAY),
            1..=10 => (8 + chance.below(16), 6 * HOUR),
            _ => (4 + chance.below(8), 2 * MINUTE),
        };
        let weather = weather(seed, chance, unique_names, deeds * pause / 2);
        Self {
            profile,
            weather,
            acts: acts(chance),
            deeds: deeds + pools / 2,
            pools,
            networks,
            pause,
            subscribes: chance.one_in(2),
            lies: unique_names,
        }
    }
}

/// About half of the deeds, each up to four times as likely as another. Edits are always among them.
fn acts(chance: &mut Chance) -> Vec<Act> {
    let mut acts = vec![Act::Edit; 3];
    for act in Act::ALL {
        if chance.one_in(2) {
            let times = usize::try_from(1 + chance.below(4)).unwrap_or(1);
            acts.extend(std::iter::repeat_n(act, times));
        }
    }
    acts
}

fn weather(seed: u64, chance: &mut Chance, lies: bool, span: u64) -> Weather {
    let mut weather = Weather::of(seed);
    weather.pace = *chance.pick(&[Pace::Even, Pace::Fast, Pace::Fast, Pace::Slow, Pace::HeavyTailed]);
    let lie = |fault: &str| matches!(fault, "EmptyList" | "PartialList");
    let may = FAULTS.into_iter().filter(|fault| lies || !lie(fault));
    weather.may = may.filter(|_| chance.one_in(2)).collect();
    weather.rate = *chance.pick(&[0, 0, 300, 100, 30, 10]);
    for side in [Side::Cloud, Side::Kubernetes] {
        while chance.one_in(3) {
            weather.add_brown_out(SECOND, span.max(MINUTE), side);
        }
    }
    weather
}
