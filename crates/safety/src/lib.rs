//! Every state of a small world, explored with the product's own plan.
//!
//! The world is small and complete: one or two objects, one or two processes that both believe they
//! lead, an API server with versions and finalizers, the simulator's cloud, and a wire on which
//! requests overtake each other, are lost, or are executed late. Whatever can go wrong in a certain
//! [`scenario`] is tried at every point where it can, up to the number of times that the scenario
//! allows. What must never be is checked in every state and at every step ([`rules`]); that all ends
//! well once nothing more goes wrong is checked from every state ([`calm`]).
//!
//! Reading order: [`scenario`], [`state`], then [`world`] and its parts, [`rules`], [`calm`], and
//! [`explore`], which knows nothing of pools.

pub mod scenario;
pub mod state;

pub mod world;

pub mod calm;
pub mod rules;

pub mod explore;
pub mod paths;
pub mod tale;
