//! How many nodes one request may add, and how that is split over entries and zones.
//!
//! The service advises at most 30 nodes in a creation: more are throttled and may fail. The rest
//! follows in later requests. Numbers only: what is sent is made elsewhere.

use modelarts_types::pool::{AzCount, PoolResource};
use serde_json::Value;

/// Most nodes that one request adds.
pub(crate) const MOST_ADDED: i64 = 30;

/// An entry on its way to a larger count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Growth {
    /// Nodes that it has.
    pub count: i64,
    /// Nodes that it should have, a whole multiple of `unit`.
    pub goal: i64,
    /// Nodes that are made together, at least 1.
    pub unit: i64,
}

impl Growth {
    /// The largest count that adds at most `budget` nodes.
    fn reach(self, budget: i64) -> i64 {
        let most = self.count.saturating_add(budget) / self.unit * self.unit;
        most.min(self.goal).max(self.count)
    }

    /// The smallest count that is more.
    fn one_more(self) -> i64 {
        ((self.count / self.unit + 1) * self.unit).min(self.goal)
    }
}

/// Counts after one request that adds nodes to entries that are there. At least one entry grows,
/// even if the nodes it makes together are more than a request should add.
pub(crate) fn grown(entries: &[Growth]) -> Vec<i64> {
    let mut counts = fill(entries, MOST_ADDED);
    if entries.iter().zip(&counts).all(|(entry, count)| entry.count == *count)
        && let Some((first, count)) = entries
            .iter()
            .zip(&mut counts)
            .find(|(entry, _)| entry.goal > entry.count)
    {
        *count = first.one_more();
    }
    counts
}

/// Counts to create with: every entry has nodes, and all together no more than a request should add,
/// unless the least possible is more.
pub(crate) fn created(entries: &[Growth]) -> Vec<i64> {
    let least: Vec<Growth> = entries
        .iter()
        .map(|entry| Growth {
            count: entry.one_more(),
            ..*entry
        })
        .collect();
    let taken: i64 = least.iter().map(|entry| entry.count).sum();
    fill(&least, (MOST_ADDED - taken).max(0))
}

fn fill(entries: &[Growth], mut budget: i64) -> Vec<i64> {
    entries
        .iter()
        .map(|entry| {
            let count = entry.reach(budget);
            budget -= count - entry.count;
            count
        })
        .collect()
}

/// How many nodes of the entry are made together; 1 if nothing is said.
pub(crate) fn unit_of(entry: &PoolResource) -> i64 {
    let step = entry.creating_step.as_ref().and_then(|step| step.get("step"));
    step.and_then(Value::as_i64).filter(|step| *step >= 1).unwrap_or(1)
}

/// The same spread for fewer nodes: `count` nodes in the proportions of `azs`, in whole units where
/// the zones are. A zone that gets none is left out.
pub(crate) fn spread(azs: &[AzCount], count: i64, unit: i64) -> Vec<AzCount> {
    let share = |az: &AzCount| az.count.unwrap_or_default();
    let total: i64 = azs.iter().map(share).sum();
    if total <= count {
        return azs.to_vec();
    }
    let whole = azs.iter().all(|az| share(az) % unit == 0) && count % unit == 0;
    let unit = if whole { unit } else { 1 };
    let (units, all) = (count / unit, total / unit);
    let mut parts: Vec<i64> = azs.iter().map(|az| share(az) / unit * units / all).collect();
    let mut left = units - parts.iter().sum::<i64>();
    for (part, az) in parts.iter_mut().zip(azs) {
        if left > 0 && *part < share(az) / unit {
            *part += 1;
            left -= 1;
        }
    }
    let zones = azs.iter().zip(parts).filter(|(_, part)| *part > 0);
    zones
        .map(|(az, part)| AzCount {
            count: Some(part * unit),
            ..az.clone()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn growth(count: i64, goal: i64, unit: i64) -> Growth {
        Growth { count, goal, unit }
    }

    #[test]
    fn a_request_adds_at_most_thirty_nodes_in_whole_steps() {
        let table: [(&[Growth], &[i64], &str); 9] = [
            (
                &[growth(0, 30, 1), growth(6, 8, 4)],
                &[30, 6],
                "an entry beside its steps never shrinks on the way",
            ),
            (&[growth(1, 31, 1)], &[31], "thirty fit"),
            (&[growth(1, 32, 1)], &[31], "thirty-one do not"),
            (&[growth(0, 48, 8)], &[24], "whole steps"),
            (&[growth(2, 40, 1), growth(2, 4, 1)], &[32, 2], "the later entry waits"),
            (&[growth(0, 96, 48)], &[48], "a step may be more than the budget"),
            (&[growth(3, 8, 4)], &[8], "a count beside the steps gets back to them"),
            (&[growth(48, 144, 48)], &[96], "one step more, and not all"),
            (
                &[growth(5, 5, 1), growth(0, 96, 48)],
                &[5, 48],
                "what grows is what has to",
            ),
        ];
        for (entries, counts, why) in table {
            assert_eq!(grown(entries), counts, "{why}");
        }
    }

    /// The nodes of the zones, how many there are to be, in which steps, what comes of it, and why.
    type Spread<'a> = (&'a [i64], i64, i64, &'a [(&'a str, i64)], &'a str);

    #[test]
    fn fewer_nodes_are_spread_as_many_were() {
        let zones = |counts: &[i64]| -> Vec<AzCount> {
            let zone = |(index, count): (usize, &i64)| AzCount {
                az: Some(format!("z{index}")),
                count: Some(*count),
                ..AzCount::default()
            };
            counts.iter().enumerate().map(zone).collect()
        };
        let table: [Spread<'_>; 5] = [
            (&[4, 4], 6, 4, &[("z0", 3), ("z1", 3)], "beside the steps"),
            (&[8, 8], 12, 4, &[("z0", 8), ("z1", 4)], "in whole steps"),
            (&[0, 3, 3], 5, 1, &[("z1", 3), ("z2", 2)], "none where there were none"),
            (&[1, 9], 1, 1, &[("z0", 1)], "a zone that gets none is left out"),
            (&[2, 2], 4, 1, &[("z0", 2), ("z1", 2)], "as many are as they were"),
        ];
        for (azs, count, unit, wanted, why) in table {
            let less = spread(&zones(azs), count, unit);
            let less: Vec<(&str, i64)> = less
                .iter()
                .map(|az| (az.az.as_deref().unwrap(), az.count.unwrap()))
                .collect();
            assert_eq!(less, wanted, "{why}");
        }
    }

    #[test]
    fn a_creation_has_nodes_in_every_entry() {
        let table: [(&[Growth], &[i64], &str); 4] = [
            (&[growth(0, 30, 1)], &[30], "all fit"),
            (
                &[growth(0, 100, 1), growth(0, 2, 1)],
                &[29, 1],
                "one each, then in order",
            ),
            (
                &[growth(0, 64, 16), growth(0, 32, 16)],
                &[16, 16],
                "the least is more than thirty",
            ),
            (&[growth(0, 64, 8), growth(0, 1, 1)], &[24, 1], "whole steps"),
        ];
        for (entries, counts, why) in table {
            assert_eq!(created(entries), counts, "{why}");
        }
    }

    proptest! {
        #[test]
        fn zones_add_up_and_never_grow(
            shares in proptest::collection::vec(1i64..40, 1..5), unit in prop_oneof![Just(1i64), Just(4)], part in 1i64..100,
        ) {
            let azs: Vec<AzCount> = shares.iter().enumerate().map(|(index, share)| AzCount {
                az: Some(format!("z{index}")), count: Some(share * unit), ..AzCount::default()
            }).collect();
            let total: i64 = shares.iter().sum::<i64>() * unit;
            let count = (total * part / 100 / unit * unit).max(unit);
            let less = spread(&azs, count, unit);
            prop_assert_eq!(less.iter().filter_map(|az| az.count).sum::<i64>(), count);
            for az in &less {
                let whole = azs.iter().find(|other| other.az == az.az).and_then(|az| az.count);
                prop_assert!(az.count > Some(0) && az.count <= whole && az.count.unwrap_or(1) % unit == 0);
            }
        }
    }
}
