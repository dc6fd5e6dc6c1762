//! Whatever octets come, every body reads as a value or an error, and a bad member costs itself only.
//!
//! The documents to damage lie in `shared/examples`, beside the checkout.

// Clippy knows `#[test]` functions as tests, but not the functions they share.
#![allow(clippy::panic, clippy::unwrap_used)]

mod bodies;
mod errors;
mod examples;
mod losing;
mod understood;
