//! The chart: what it renders, what is made from it, and a whole installation on a real API server, with
//! the real Helm.
//!
//! There is no kubelet here. What it would do for the chart's pods does `e2e::kubelet`: the binaries run
//! with the arguments, environment, token and files that the rendered objects give them, so a missing
//! right or a wrong flag fails.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed expectation is the point of a test, also in its helper functions"
)]

mod installed;
mod made;
mod rendered;
