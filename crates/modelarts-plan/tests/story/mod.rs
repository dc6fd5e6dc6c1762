//! Stories: lives of pools and networks as YAML, read strictly, and judged by what can be seen.
//!
//! Nothing here knows a world. A driver does the steps and hands over what it sees: the one in
//! `stories.rs` on a virtual clock, others on a real API server. A story that is `real` uses only
//! steps that both can do (`Story::check`).

// Each driver uses a part of the language.
#![allow(dead_code)]

pub mod language;
pub mod manifest;
pub mod matching;

pub use language::{Story, read};
