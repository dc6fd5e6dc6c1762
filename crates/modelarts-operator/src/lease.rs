//! Leader election on a `coordination.k8s.io/v1` Lease.
//!
//! The lease keeps two replicas from doing the same work; it is not what keeps a pool from being
//! bought twice (that is the guarded intent in each object's status), so a short overlap costs
//! conflicts, not money. Three rules all the same keep overlaps out as far as a lease can:
//!
//! * every write carries the resourceVersion that was read, so of two candidates one loses;
//! * a holder counts as gone only after this process watched its record stand still for the whole
//!   lease duration by its own monotonic clock; times written by other machines are never compared;
//! * the holder counts its own time from before it sent the last successful renewal, and gives up
//!   at the renew deadline, which is shorter than the lease duration.
//!
//! A lost lease is final: the caller ends the process, as only that ends everything in flight.

mod decide;
mod elector;
mod leadership;

use std::time::Duration;

pub use decide::{Act, Observed, Term, decide};
pub use elector::{Elector, elect};
pub use leadership::{Leadership, Loss, Standing};

/// Name of the lease of all replicas.
pub const NAME: &str = "modelarts-operator";

/// Which lease, as whom, and how patiently.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Namespace of the lease.
    pub namespace: String,
    /// This process, unlike any other: two processes of one identity would both lead.
    pub identity: String,
    /// Time without a change of the record after which another may take over.
    pub lease_duration: Duration,
    /// Time without a successful renewal after which the holder gives up; below `lease_duration`.
    pub renew_deadline: Duration,
    /// Time between two looks or renewals; below `renew_deadline`.
    pub retry_period: Duration,
}

#[cfg(test)]
mod fake;
#[cfg(test)]
mod tests;
