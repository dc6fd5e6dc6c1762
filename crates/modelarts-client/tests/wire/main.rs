//! What leaves the client and what it makes of what comes back, over real sockets on loopback.

// Clippy knows `#[test]` functions as tests, but not the functions they share.
#![allow(clippy::panic, clippy::unwrap_used)]

mod cloud;
mod fetched;
mod in_memory;
mod keys;
mod operations;
mod projects;
mod roots;
mod secrets;
mod sources;
mod tokens;
mod transport;
