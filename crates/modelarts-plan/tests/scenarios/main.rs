//! Scenarios: one for each rule of the protocol, in the virtual world.
//!
//! They are one binary, because each binary of its own would be linked anew after every change.

mod creation;
mod deletion;
mod detach;
mod holding;
mod keeping;
mod refusals;

#[path = "../world/mod.rs"]
mod world;
