//! Times on the command line: a number with a unit, as in `500ms`, `30s`, `5m`, `1h` or `1h30m`.
//!
//! A bare number is refused: seconds and milliseconds would look the same. So are zero and
//! negative times, which no flag has a use for, and times of more than a year, so that sums of
//! them never overflow.

use std::time::Duration;

use jiff::SignedDuration;

const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

pub(super) fn parse(text: &str) -> Result<Duration, String> {
    let refusal = || format!("`{text}` is not a time; write a number and a unit, such as 500ms, 30s, 5m or 1h");
    let signed: SignedDuration = text.parse().map_err(|_| refusal())?;
    let duration = Duration::try_from(signed).map_err(|_| refusal())?;
    if duration < Duration::from_millis(1) {
        return Err(format!("`{text}` is too short; the shortest time is 1ms"));
    }
    if duration > LONGEST {
        return Err(format!("`{text}` is too long; the longest time is a year"));
    }
    Ok(duration)
}
