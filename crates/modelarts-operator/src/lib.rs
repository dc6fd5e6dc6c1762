//! The operator: makes it so, decides nothing.
