//! `cargo run --release --bin safety -- model` explores every state of a small world.

fn main() {}
