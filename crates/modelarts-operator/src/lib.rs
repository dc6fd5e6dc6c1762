//! The operator: makes it so, decides nothing.

pub mod flags;
pub mod governor;
mod holding;
pub mod http;
pub mod kubernetes;
pub mod lease;
pub mod logging;
pub mod metrics;
pub mod shutdown;

pub mod run;

pub mod controller;
pub mod reconcile;

pub mod around;
pub mod observe;

mod cloud;
pub mod execute;

pub mod publish;

pub mod accounts;
pub mod auditor;
pub mod census;
pub mod claims;
pub mod clock;
pub mod confine;
pub mod connection;
pub mod context;
pub mod credentials;
pub mod directory;
pub mod failures;
pub mod links;
mod news;
pub mod places;
pub mod probe;
pub mod project;
pub mod reach;
pub mod service;
pub mod shared;
pub mod snapshot;
pub mod standing;
pub mod watches;

mod round;

#[cfg(test)]
mod bench;
