//! Values that nobody expects in their place.

use bolero::{Driver, ValueGenerator};
use serde_json::{Map, Value, json};

use crate::choice::{below, one_of, sometimes};

/// Texts at which parsers of numbers, dates, paths, headers and markers have failed before.
const TEXTS: [&str; 42] = [
    "",
    " ",
    "0",
    "-0",
    "-1",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551616",
    "1e999",
    "NaN",
    "0x10",
    "1.5",
    "true",
    "null",
    "..",
    "../..",
    "/",
    "a/b",
    "a%2Fb",
    "%",
    "%zz",
    "%00",
    "a?b=c",
    "a#b",
    "a\r\nX-Injected: 1",
    "a\0b",
    "\u{feff}bom",
    "\u{202e}rtl",
    "\u{1f600}",
    "é",
    "ÄÖÜ",
    "[mapool:",
    "[mapool:a@b]",
    "[mapool:@]",
    "[mapool:[mapool:a@b]@c]",
    "2024-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999999Z",
    "-9999-01-01T00:00:00Z",
    "0000-00-00T00:00:00Z",
    "2024-02-30T25:61:61+99:99",
    "Thu, 31 Dec 9999 23:59:59 GMT",
    "Running",
];

/// Longest of the texts that are meant to be long; more would test the memory of the machine.
const LONG: usize = 100_000;
/// Deepest nesting of an odd value, far below what the parser itself refuses.
const DEEP: usize = 40;

/// Any odd value, small most of the time.
#[derive(Clone, Copy, Debug)]
pub struct Odd;

impl ValueGenerator for Odd {
    type Output = Value;

    fn generate<D: Driver>(&self, driver: &mut D) -> Option<Value> {
        odd(driver)
    }
}

/// Any odd text.
#[derive(Clone, Copy, Debug)]
pub struct OddText;

impl ValueGenerator for OddText {
    type Output = String;

    fn generate<D: Driver>(&self, driver: &mut D) -> Option<String> {
        odd_text(driver)
    }
}

/// Any odd value.
pub fn odd<D: Driver>(driver: &mut D) -> Option<Value> {
    Some(match below(driver, 12)? {
        0 => Value::Null,
        1 => Value::Bool(driver.produce()?),
        2..4 => integer(driver)?,
        4 => json!(*one_of(driver, &[0.5, -0.0, 1e300, -1e300, 1e-300, 2.0])?),
        5..9 => Value::String(odd_text(driver)?),
        9 => few(driver)?.into_iter().collect(),
        10 => Value::Object(members(driver)?),
        _ => nested(driver)?,
    })
}

/// Any odd text.
pub fn odd_text<D: Driver>(driver: &mut D) -> Option<String> {
    Some(match below(driver, 8)? {
        0 if sometimes(driver, 16)? => "x".repeat(below(driver, LONG)?),
        0..5 => (*one_of(driver, &TEXTS)?).to_owned(),
        5 => format!("{}{}", one_of(driver, &TEXTS)?, one_of(driver, &TEXTS)?),
        _ => {
            let length = below(driver, 24)?;
            (0..length).map(|_| driver.produce::<char>()).collect::<Option<_>>()?
        }
    })
}

fn integer<D: Driver>(driver: &mut D) -> Option<Value> {
    const EDGES: [i64; 16] = [
        0,
        1,
        -1,
        2,
        7,
        100,
        2000,
        2001,
        i32::MAX as i64,
        i32::MAX as i64 + 1,
        i32::MIN as i64,
        i64::MAX,
        i64::MAX - 1,
        i64::MIN,
        i64::MIN + 1,
        1 << 53,
    ];
    Some(match below(driver, 8)? {
        0 => json!(driver.produce::<i64>()?),
        1 => json!(u64::MAX - driver.produce::<u64>()? % 2),
        _ => json!(*one_of(driver, &EDGES)?),
    })
}

fn few<D: Driver>(driver: &mut D) -> Option<Vec<Value>> {
    let length = below(driver, 4)?;
    (0..length).map(|_| shallow(driver)).collect()
}

fn members<D: Driver>(driver: &mut D) -> Option<Map<String, Value>> {
    let length = below(driver, 4)?;
    (0..length)
        .map(|_| Some((odd_text(driver)?, shallow(driver)?)))
        .collect()
}

/// A value without values inside.
fn shallow<D: Driver>(driver: &mut D) -> Option<Value> {
    Some(match below(driver, 4)? {
        0 => Value::Null,
        1 => integer(driver)?,
        2 => Value::Bool(driver.produce()?),
        _ => Value::String(odd_text(driver)?),
    })
}

fn nested<D: Driver>(driver: &mut D) -> Option<Value> {
    let mut value = shallow(driver)?;
    let list = driver.produce()?;
    for _ in 0..below(driver, DEEP)? {
        value = if list { json!([value]) } else { json!({"a": value}) };
    }
    Some(value)
}
