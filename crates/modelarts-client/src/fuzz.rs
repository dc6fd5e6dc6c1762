//! Damaged input for what is private here: classes of answers, headers that hold times, logins, keys,
//! addresses, and the headers of a signed request. The rest is in `tests/fuzz`.

mod keys;
mod logins;
mod refusals;
mod sending;

use bolero::generator::ValueGenerator;
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use mutated_json::{below, odd_text};

/// Header values as they may come: any octets that a header can hold.
fn header_map(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let pairs = pairs.iter().filter_map(|(name, value)| {
        let value = HeaderValue::from_bytes(value.as_bytes()).ok()?;
        Some((HeaderName::from_static(name), value))
    });
    pairs.collect()
}

/// Texts that are times more often than not.
struct Time;

impl ValueGenerator for Time {
    type Output = String;

    fn generate<D: bolero::Driver>(&self, driver: &mut D) -> Option<String> {
        let second = driver.produce::<i64>()? % 400_000_000_000;
        Some(match below(driver, 6)? {
            0 => odd_text(driver)?,
            1 => driver.produce::<u64>()?.to_string(),
            2 => below(driver, 100_000)?.to_string(),
            3 => Timestamp::from_second(second).ok()?.to_string(),
            4 => Timestamp::from_second(second)
                .ok()?
                .strftime("%a, %d %b %Y %H:%M:%S GMT")
                .to_string(),
            _ => format!("{}{}", Timestamp::from_second(second).ok()?, odd_text(driver)?),
        })
    }
}
