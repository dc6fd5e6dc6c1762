//! The operator: makes it so, decides nothing.

pub mod flags;
pub mod governor;
pub mod http;
pub mod kubernetes;
pub mod lease;
pub mod logging;
pub mod metrics;
pub mod shutdown;
