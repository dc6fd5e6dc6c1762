//! What surrounds a life: how long calls take, and when they go wrong. All of it comes from a stream of
//! chance of its own, so the same seed brings the same weather.
//!
//! It keeps within the timing assumption that the protocol rests on: an answer comes before the
//! deadline, what is executed late is so within the gateway's limit, and a process that stands still
//! right before it sends does so for less than the windows leave over.

use super::chance::Chance;
use super::faults::{Fault, Op};
use super::{MINUTE, SECOND};

/// How long calls take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pace {
    /// Each as long as the world says.
    #[default]
    Even,
    /// A few to some hundred milliseconds.
    Fast,
    /// Up to some seconds.
    Slow,
    /// Mostly fast; one in a hundred takes seconds, the slowest all but the deadline.
    HeavyTailed,
}

/// Which API is in trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Cloud,
    Kubernetes,
}

/// A brown-out: calls to one side fail often for a while.
#[derive(Clone, Debug)]
pub struct BrownOut {
    pub side: Side,
    pub from: u64,
    pub until: u64,
    /// How many calls in a hundred fail.
    pub percent: u64,
    /// How they fail: any that fits the call.
    pub how: Vec<Fault>,
}

/// Calm unless somebody says otherwise.
#[derive(Debug)]
pub struct Weather {
    chance: Chance,
    pub pace: Pace,
    pub brown_outs: Vec<BrownOut>,
    /// One call in so many goes wrong, ten times as many of those that change the cloud; never if 0.
    pub rate: u64,
    /// What may befall a call now and then, by the fault's name.
    pub may: Vec<&'static str>,
}

impl Weather {
    pub fn calm() -> Self {
        Self::of(0)
    }

    pub fn of(seed: u64) -> Self {
        Self {
            chance: Chance::of(seed ^ 0x5eed_ca11),
            pace: Pace::Even,
            brown_outs: Vec::new(),
            rate: 0,
            may: Vec::new(),
        }
    }

    /// Nothing goes wrong any more; calls take as long as before.
    pub fn clear(&mut self) {
        self.brown_outs.clear();
        self.rate = 0;
    }

    /// What goes wrong with a call that begins now.
    pub fn strike(&mut self, now: u64, op: Op) -> Option<Fault> {
        if self.rate == 0 && self.brown_outs.is_empty() {
            return None;
        }
        let hits = |out: &&BrownOut| out.from <= now && now < out.until && out.side.serves(op);
        if let Some(out) = self.brown_outs.iter().find(hits)
            && self.chance.below(100) < out.percent
        {
            let fits = Fault::anywhere(op);
            let how: Vec<Fault> = out.how.iter().copied().filter(|fault| fits.contains(fault)).collect();
            return (!how.is_empty()).then(|| *self.chance.pick(&how));
        }
        let rate = match op.is_mutation() {
            true => self.rate.div_ceil(10),
            false => self.rate,
        };
        if self.rate == 0 || !self.chance.one_in(rate) {
            return None;
        }
        let mut faults = Fault::anywhere(op);
        faults.retain(|fault| self.may.contains(&fault.name()));
        if faults.is_empty() {
            return None;
        }
        let fault = *self.chance.pick(&faults);
        Some(self.sized(op, fault))
    }

    /// The fault with a length that the windows allow.
    fn sized(&mut self, op: Op, fault: Fault) -> Fault {
        let second = |chance: &mut Chance, most: u64| SECOND + chance.below(most * SECOND);
        match fault {
            Fault::Freeze(_) => Fault::Freeze(match op {
                // Together with self-deadline, request deadline and LIST lag well within the window.
                Op::Create | Op::NetworkCreate => second(&mut self.chance, 58),
                // With the slowest answer less than the gateway's limit, which the spacing outlasts.
                Op::Patch | Op::Delete | Op::NetworkPatch | Op::NetworkDelete => second(&mut self.chance, 24),
                _ => second(&mut self.chance, 600),
            }),
            Fault::Overtaken(_) => Fault::Overtaken(second(&mut self.chance, 28)),
            Fault::DelayedCommit(_) => Fault::DelayedCommit(second(&mut self.chance, 59)),
            Fault::ListLag(_) => Fault::ListLag(second(&mut self.chance, 59)),
            other => other,
        }
    }

    /// How long a call takes that takes `usual` in even weather.
    pub fn latency(&mut self, usual: u64) -> u64 {
        let chance = &mut self.chance;
        match self.pace {
            Pace::Even => usual,
            Pace::Fast => 5 + chance.below(2 * usual + 1),
            Pace::Slow => 50 + chance.below(30 * usual + 1),
            Pace::HeavyTailed => match chance.below(1_000) {
                0 => 29 * SECOND + chance.below(999),
                1..=9 => 3 * SECOND + chance.below(20 * SECOND),
                _ => 5 + chance.below(3 * usual + 1),
            },
        }
    }

    /// A brown-out somewhere within the next `span`.
    pub fn add_brown_out(&mut self, now: u64, span: u64, side: Side) {
        let chance = &mut self.chance;
        let from = now + chance.below(span);
        let longest = *chance.pick(&[MINUTE, 5 * MINUTE, 40 * MINUTE]);
        let how = match side {
            Side::Cloud => vec![
                Fault::ServerError,
                Fault::Throttle,
                Fault::NotConnected,
                Fault::LostAnswer,
                Fault::ErrorAfterCommit,
                Fault::Gateway404,
            ],
            Side::Kubernetes => vec![Fault::NotConnected, Fault::Throttle, Fault::LostAnswer],
        };
        let kept = 1 + chance.below(how.len() as u64);
        let how = (0..kept).map(|_| *chance.pick(&how)).collect();
        self.brown_outs.push(BrownOut {
            side,
            from,
            until: from + 10 * SECOND + chance.below(longest),
            percent: *chance.pick(&[30, 70, 100]),
            how,
        });
    }
}

impl Side {
    fn serves(self, op: Op) -> bool {
        (self == Self::Cloud) == op.is_cloud()
    }
}
