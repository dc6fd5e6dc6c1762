//! What comes from users and from answers cannot lead a request elsewhere, split it, or make the
//! client say more than it knows.
//!
//! The documents to damage lie in `shared/examples`, beside the checkout.

// Clippy knows `#[test]` functions as tests, but not the functions they share.
#![allow(clippy::panic, clippy::unwrap_used)]

mod endpoints;
mod names;
mod signatures;
mod wire;
