//! What the flags mean together: the combinations with which the operator refuses to start.
//!
//! Each refusal is one line that names the flag and the remedy. The safety timings are checked by
//! the plan, which rests on them; what is checked here nobody else knows.

use std::time::Duration;

use modelarts_plan::timing::TimingError;

use super::{CadenceFlags, Flags, LeaseFlags};

/// Why the operator does not start with this command line.
#[derive(Debug, thiserror::Error)]
pub enum FlagError {
    /// Not a valid command line, or `--help` or `--version` was asked for.
    #[error(transparent)]
    Usage(#[from] clap::Error),

    /// Timing under which a pool could be bought twice.
    #[error(transparent)]
    Timing(#[from] TimingError),

    /// Two times that must be ordered are not.
    #[error("{longer} {longer_value:?} must be {relation} {shorter} {shorter_value:?}; {remedy}")]
    OutOfOrder {
        /// The flag whose value must be the longer one.
        longer: &'static str,
        /// Its value.
        longer_value: Duration,
        /// "longer than" or "at least".
        relation: &'static str,
        /// The flag whose value must be the shorter one.
        shorter: &'static str,
        /// Its value.
        shorter_value: Duration,
        /// What to do.
        remedy: &'static str,
    },

    /// No pass could ever run.
    #[error("--concurrency 0 would never run a pass; give at least 1")]
    NoConcurrency,

    /// The lease would be held by nobody.
    #[error("--identity is empty; give a name that no other replica has, or leave the flag out")]
    EmptyIdentity,
}

pub(super) fn check(flags: &Flags) -> Result<(), FlagError> {
    flags.timing().check(flags.dev_timing)?;
    cadence_in_order(&flags.cadence)?;
    at_least(
        ("--audit-period", flags.cadence.audit_period),
        ("--list-lag", flags.safety.list_lag),
        "otherwise a pool that was deleted and is still listed could be reported as an orphan",
    )?;
    lease_in_order(&flags.lease)?;
    if flags.concurrency == 0 {
        return Err(FlagError::NoConcurrency);
    }
    match flags.identity.as_deref().map(str::trim) {
        Some("") => Err(FlagError::EmptyIdentity),
        _ => Ok(()),
    }
}

fn cadence_in_order(cadence: &CadenceFlags) -> Result<(), FlagError> {
    let CadenceFlags {
        census_interval,
        census_interval_busy,
        census_interval_max,
        stalled_retry,
        stalled_retry_max,
        audit_period: _,
    } = *cadence;
    at_least(
        ("--census-interval", census_interval),
        ("--census-interval-busy", census_interval_busy),
        "a changing workspace is looked at more often, not less",
    )?;
    at_least(
        ("--census-interval-max", census_interval_max),
        ("--census-interval", census_interval),
        "raise the maximum or lower the interval",
    )?;
    at_least(
        ("--stalled-retry-max", stalled_retry_max),
        ("--stalled-retry", stalled_retry),
        "raise the maximum or lower the first retry",
    )
}

/// A leader that gives up later than the others take over would be a second leader.
fn lease_in_order(lease: &LeaseFlags) -> Result<(), FlagError> {
    let LeaseFlags {
        lease_duration,
        renew_deadline,
        retry_period,
    } = *lease;
    longer_than(
        ("--lease-duration", lease_duration),
        ("--renew-deadline", renew_deadline),
        "otherwise two replicas could lead at once; raise --lease-duration",
    )?;
    longer_than(
        ("--renew-deadline", renew_deadline),
        ("--retry-period", retry_period),
        "otherwise no renewal could be repeated; lower --retry-period",
    )
}

type Named = (&'static str, Duration);

fn at_least(longer: Named, shorter: Named, remedy: &'static str) -> Result<(), FlagError> {
    if longer.1 >= shorter.1 {
        Ok(())
    } else {
        Err(out_of_order(longer, "at least", shorter, remedy))
    }
}

fn longer_than(longer: Named, shorter: Named, remedy: &'static str) -> Result<(), FlagError> {
    if longer.1 > shorter.1 {
        Ok(())
    } else {
        Err(out_of_order(longer, "longer than", shorter, remedy))
    }
}

fn out_of_order(longer: Named, relation: &'static str, shorter: Named, remedy: &'static str) -> FlagError {
    FlagError::OutOfOrder {
        longer: longer.0,
        longer_value: longer.1,
        relation,
        shorter: shorter.0,
        shorter_value: shorter.1,
        remedy,
    }
}
