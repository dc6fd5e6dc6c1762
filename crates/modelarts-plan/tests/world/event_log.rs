//! The log of everything that happens in a world: every call, step and write, hashed as it comes, and
//! the telling parts of it in words. Two plays of one seed have the same hash, or something in them
//! rests on more than the seed.

use std::collections::VecDeque;

/// Lines that are kept of the beginning and of the end.
const KEPT: usize = 400;

/// The hash has no key, so it is the same in every process.
#[derive(Default)]
pub struct EventLog {
    hash: u64,
    /// Number of events.
    pub events: u64,
    head: Vec<String>,
    tail: VecDeque<String>,
}

impl EventLog {
    /// Takes a number into the hash.
    pub fn number(&mut self, number: u64) {
        let mixed = (self.hash ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.hash = mixed ^ (mixed >> 29);
    }

    /// Takes a text into the hash.
    pub fn text(&mut self, text: &str) {
        for chunk in text.as_bytes().chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.number(u64::from_le_bytes(word));
        }
        self.number(text.len() as u64);
    }

    /// An event: when, of which sort, and what tells it from others.
    pub fn event(&mut self, at: u64, sort: &str, what: u64) {
        self.events += 1;
        self.number(at);
        self.number(what);
        self.text(sort);
    }

    /// The hash of everything so far.
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// Keeps a line for people.
    pub fn line(&mut self, line: String) {
        if self.head.len() < KEPT {
            self.head.push(line);
            return;
        }
        if self.tail.len() == KEPT {
            self.tail.pop_front();
        }
        self.tail.push_back(line);
    }

    /// The beginning and the end in words, at most so many lines of each.
    pub fn told(&self, head: usize, tail: usize) -> String {
        let lines: Vec<&str> = self.head.iter().chain(&self.tail).map(String::as_str).collect();
        let begin = head.min(lines.len());
        let end = lines.len().saturating_sub(tail).max(begin);
        let mut told = lines[..begin].to_vec();
        told.extend(&lines[end..]);
        told.join("\n")
    }
}

#[test]
fn logs_that_differ_in_one_event_differ_in_their_hash() {
    let log = |events: &[(u64, &str, u64)]| {
        let mut log = EventLog::default();
        for (at, sort, what) in events {
            log.event(*at, sort, *what);
        }
        log.hash()
    };
    let some = [(1, "call", 2), (2, "step", 3)];
    assert_eq!(log(&some), log(&some));
    for other in [
        [(1, "call", 2), (3, "step", 3)],
        [(1, "call", 2), (2, "stop", 3)],
        [(1, "call", 2), (2, "step", 4)],
        [(2, "step", 3), (1, "call", 2)],
    ] {
        assert_ne!(log(&some), log(&other), "{other:?}");
    }
}
