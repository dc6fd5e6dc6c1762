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
        static ON: Cell<&'static str> = const { Cell::new("") };
    }

    /// Whether a fault is switched on in this thread.
    pub fn on(name: &str) -> bool {
        ON.with(|on| on.get() == name)
    }

    /// Switches one fault on in this thread, and all others off.
    pub fn switch(name: &'static str) {
        ON.with(|on| on.set(name));
    }
}

/// The faults.
pub mod flaws {
    include!("../flaws.rs");
}
