//! The pure core: what is wanted, what was seen, and the one step that comes next.
//!
//! [`plan`](plan::plan) is a function. It knows no clock, no network and no Kubernetes client: the
//! time, the object and everything that was seen of the cloud are arguments, and what it learns is
//! kept in a [`Memory`] that may be lost at any moment without a second pool being bought.
//!
//! Reading order: [`plan`], then [`creation`], [`keeping`] and [`deletion`], then the parts.

pub mod plan;

mod adoption;
mod changing;
pub mod creation;
pub mod deletion;
pub mod keeping;
mod losing;
mod naming;
mod observing;
mod verdict;

pub mod change;
pub mod desired_network;
pub mod kind;
mod mirror;
pub mod networks;
pub mod orders;
pub mod pools;
pub mod subscription;

pub mod evidence;
pub mod memory;
pub mod step;
pub mod view;

pub mod breaker;
pub mod cadence;
pub mod desired;
pub mod drift;
pub mod failure;
pub mod identity;
pub mod report;
pub mod timing;

pub use breaker::Breaker;
pub use failure::{CloudFailure, FailureKind};
pub use identity::{ClusterId, Marker};
pub use kind::Kind;
pub use memory::Memory;
pub use networks::Networks;
pub use plan::plan;
pub use pools::Pools;
pub use report::{Notice, NoticeKind};
pub use step::{Details, Effect, Outcome, Plan, Step, StepKind};
pub use timing::{Tick, Timing};
pub use view::{Account, Around, Closed, Cloud, Link, Listing, OpenAccount, Show, Shown, Trouble, View};
