//! The operator: makes it so, decides nothing.

pub mod flags;
pub mod kubernetes;
pub mod logging;
pub mod shutdown;
