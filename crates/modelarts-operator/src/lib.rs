//! The operator: makes it so, decides nothing.

pub mod logging;
