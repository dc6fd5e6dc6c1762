//! Says what the demo is doing while it starts: a spinner on a terminal, else plain lines.

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::time::Duration;

use indicatif::ProgressBar;
use sandbox::assets::Progress;

/// What the demo is doing, on standard error: standard output is for results.
pub enum Steps {
    /// On a terminal.
    Spinner(ProgressBar),
    /// In a log.
    Lines,
}

impl Steps {
    /// As fits standard error.
    pub fn new() -> Self {
        if !io::stderr().is_terminal() {
            return Self::Lines;
        }
        let bar = ProgressBar::new_spinner();
        bar.enable_steady_tick(Duration::from_millis(120));
        Self::Spinner(bar)
    }

    /// For the library to tell its steps to.
    pub fn progress(&self) -> Progress {
        match self {
            Self::Spinner(bar) => {
                let bar = bar.clone();
                Arc::new(move |line| bar.set_message(line.to_owned()))
            }
            Self::Lines => Arc::new(|line| eprintln!("{line}")),
        }
    }

    /// The start is over.
    pub fn finish(self) {
        if let Self::Spinner(bar) = self {
            bar.finish_and_clear();
        }
    }
}
