//! The pure core: what is wanted, what was seen, and the one step that comes next.
//!
//! [`plan`](plan::plan) is a function. It knows no clock, no network and no Kubernetes client: the
//! time, the object and everything that was seen of the cloud are arguments, and what it learns is
//! kept in a [`Memory`] that may be lost at any moment without a second pool being bought.
//!
//! Reading order: [`plan`], then [`creation`], [`keeping`] and [`deletion`], then [`pool`] and
//! [`network`], which say in what the two kinds differ, then the parts.

pub mod plan;

mod adoption;
mod changing;
pub mod creation;
pub mod deletion;
mod detaching;
mod holding;
pub mod keeping;
mod losing;
mod naming;
mod observing;
mod spelling;

pub mod kind;
pub mod network;
pub mod pool;

pub mod evidence;
pub mod memory;
pub mod next;
pub mod step;
pub mod view;

pub mod audit;
pub mod breaker;
pub mod budget;
pub mod cadence;
pub mod failure;
pub mod identity;
pub mod report;
pub mod timing;

pub use audit::Audit;
pub use breaker::Breaker;
pub use failure::{CloudFailure, FailureKind};
pub use identity::{ClusterId, Marker};
pub use kind::Kind;
pub use memory::Memory;
pub use network::Networks;
pub use plan::plan;
pub use pool::Pools;
pub use pool::desired;
pub use pool::drift;
pub use pool::orders;
pub use report::{Notice, NoticeKind};
pub use step::{Details, Effect, Outcome, Plan, Step, StepKind};
pub use timing::{Tick, Timing};
pub use view::{Account, Around, Closed, Cloud, Link, Listing, OpenAccount, Show, Shown, Trouble, View};
