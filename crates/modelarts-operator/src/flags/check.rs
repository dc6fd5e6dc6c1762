//! What the flags mean together: the combinations with which the operator refuses to start.
//!
//! Each refusal is one line that names the flag and the remedy. The defaults are compared with
//! those declared at the flags, so that there is no second list of them here.

use std::time::Duration;

use clap::CommandFactory;

use super::{CadenceFlags, Flags, LeaseFlags, SafetyFlags, duration};

/// Why the operator does not start with this command line.
#[derive(Debug, thiserror::Error)]
pub enum FlagError {
    /// Not a valid command line, or `--help` or `--version` was asked for.
    #[error(transparent)]
    Usage(#[from] clap::Error),

    /// The window in which a create without an answer may still come true is shorter than its parts.
    #[error(
        "--in-doubt-window {window:?} is shorter than --request-deadline + --self-deadline + --gateway-limit + --list-lag \
         = {sum:?}: a second pool could be bought; raise --in-doubt-window to at least {sum:?}"
    )]
    WindowTooShort {
        /// The window given.
        window: Duration,
        /// The sum it must reach.
        sum: Duration,
    },

    /// A safety timing below its default.
    #[error(
        "{flag} {given:?} is below its default {default:?}, which is unsafe against the real cloud; raise it, or add --dev-timing for a simulator"
    )]
    BelowDefault {
        /// The flag, with dashes.
        flag: &'static str,
        /// Its value.
        given: Duration,
        /// Its default.
        default: Duration,
    },

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
    let SafetyFlags {
        request_deadline,
        self_deadline,
        gateway_limit,
        list_lag,
        in_doubt_window: window,
        ..
    } = flags.safety;
    let sum = request_deadline
        .saturating_add(self_deadline)
        .saturating_add(gateway_limit)
        .saturating_add(list_lag);
    if window < sum {
        return Err(FlagError::WindowTooShort { window, sum });
    }
    if !flags.dev_timing {
        not_below_defaults(&flags.safety)?;
    }
    cadence_in_order(&flags.cadence)?;
    lease_in_order(&flags.lease)?;
    if flags.concurrency == 0 {
        return Err(FlagError::NoConcurrency);
    }
    match flags.identity.as_deref().map(str::trim) {
        Some("") => Err(FlagError::EmptyIdentity),
        _ => Ok(()),
    }
}

fn not_below_defaults(safety: &SafetyFlags) -> Result<(), FlagError> {
    let command = Flags::command();
    for (flag, given) in named(safety) {
        let default = default_of(&command, flag);
        if given < default {
            return Err(FlagError::BelowDefault { flag, given, default });
        }
    }
    Ok(())
}

/// The default as declared at the flag; the environment has no part in it. A flag without one
/// would be a bug, and then no value is long enough.
fn default_of(command: &clap::Command, flag: &str) -> Duration {
    let declared = command
        .get_arguments()
        .find(|arg| arg.get_long() == flag.strip_prefix("--"));
    let text = declared
        .and_then(|arg| arg.get_default_values().first())
        .and_then(|text| text.to_str());
    text.and_then(|text| duration::parse(text).ok())
        .unwrap_or(Duration::MAX)
}

fn named(safety: &SafetyFlags) -> [(&'static str, Duration); 7] {
    let SafetyFlags {
        request_deadline,
        self_deadline,
        gateway_limit,
        list_lag,
        in_doubt_window,
        absence_spacing,
        loss_span,
    } = *safety;
    [
        ("--request-deadline", request_deadline),
        ("--self-deadline", self_deadline),
        ("--gateway-limit", gateway_limit),
        ("--list-lag", list_lag),
        ("--in-doubt-window", in_doubt_window),
        ("--absence-spacing", absence_spacing),
        ("--loss-span", loss_span),
    ]
}

fn cadence_in_order(cadence: &CadenceFlags) -> Result<(), FlagError> {
    let CadenceFlags {
        census_interval,
        census_interval_busy,
        census_interval_max,
        stalled_retry,
        stalled_retry_max,
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
