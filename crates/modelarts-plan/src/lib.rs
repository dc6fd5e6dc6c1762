//! The pure core: what is wanted, what was seen, and the one next step.
