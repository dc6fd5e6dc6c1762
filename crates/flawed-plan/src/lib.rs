//! The product's plan with faults planted in it, each behind a switch that is off by default.
//!
//! For the bug zoo only: nothing else may depend on it.
#![allow(
    missing_docs,
    clippy::all,
    unused,
    reason = "the sources are those of modelarts-plan, with faults"
)]

include!(concat!(env!("OUT_DIR"), "/plan.rs"));

/// The switches.
pub mod zoo {
    use std::cell::Cell;

    thread_local! {
        static ON: Cell<&'static [&'static str]> = const { Cell::new(&[]) };
    }

    /// Whether a fault is switched on in this thread.
    pub fn on(name: &str) -> bool {
        ON.with(|on| on.get().contains(&name))
    }

    /// Switches faults on in this thread, and all others off.
    pub fn switch(names: &'static [&'static str]) {
        ON.with(|on| on.set(names));
    }
}

/// The faults.
pub mod flaws {
    include!("../flaws.rs");
}
