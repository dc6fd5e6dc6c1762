//! Whatever object, whatever cloud: a plan comes out, and it is one that may be carried out.
//!
//! The API server keeps most damaged objects away and the client most damaged answers. Neither may
//! be what safety rests on: an object may be older than a rule, and a status may be edited by hand.

// Clippy knows `#[test]` functions as tests, but not the functions they share.
#![allow(clippy::panic, clippy::unwrap_used)]

mod judge;
mod markers;
mod objects;
mod passes;
mod scenes;
