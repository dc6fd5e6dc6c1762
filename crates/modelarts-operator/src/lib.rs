//! The operator: makes it so, decides nothing.

pub mod flags;
pub mod logging;
pub mod shutdown;
