//! Free ports on loopback.
//!
//! A port found free may be taken before its new owner binds it, so whoever uses one notices the
//! clash and asks again. Ports come from below the range from which Linux picks the source ports of
//! outgoing connections: a server that is stopped and started again finds its own port still free.

use std::net::{Ipv4Addr, TcpListener};

use crate::error::{Error, Result};

/// First and one past the last candidate. Linux takes source ports from 32768 on.
const CANDIDATES: std::ops::Range<u16> = 20_000..32_000;
const TRIES: usize = 200;

/// What Go and Rust programs print when a port is taken, and what our operator does.
const TAKEN: [&str; 3] = [
    "address already in use",
    "Address already in use",
    "cannot be listened on",
];

/// A port that was free on 127.0.0.1 a moment ago.
///
/// # Errors
/// When none of many random candidates can be bound.
pub fn free() -> Result<u16> {
    for _ in 0..TRIES {
        let port = rand::random_range(CANDIDATES);
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    Err(Error::Malformed {
        doing: String::from("looking for a free port on 127.0.0.1"),
        problem: format!("{TRIES} candidates were taken"),
    })
}

/// Whether a log says that its process ended because somebody else has the port.
#[must_use]
pub fn taken(log: &str) -> bool {
    TAKEN.iter().any(|words| log.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_free_port_can_be_bound_and_is_no_source_port() {
        let port = free().unwrap();
        assert!(CANDIDATES.contains(&port));
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
    }

    #[test]
    fn the_words_of_a_real_clash_are_recognised() {
        let first = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let clash = TcpListener::bind(first.local_addr().unwrap()).unwrap_err();
        assert!(taken(&clash.to_string()), "{clash}");
        assert!(!taken("listening"));
    }
}
