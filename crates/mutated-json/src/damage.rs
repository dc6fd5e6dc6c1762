//! Documents damaged anywhere and anyhow: first as a tree, then as a text, then as octets.

use std::fmt;

use bolero::{Driver, ValueGenerator};
use serde_json::{Value, json};

use crate::Corpus;
use crate::choice::{below, one_of, sometimes};
use crate::odd::{odd, odd_text};
use crate::place::{Place, at, at_mut};

/// A stray octet, an overlong zero, half of a surrogate pair, and a character cut short.
const NO_UTF_8: [&[u8]; 4] = [&[0xff], &[0xc0, 0x80], &[0xed, 0xa0, 0x80], &[0xf0, 0x9f]];

/// Makes [`Damaged`] documents.
#[derive(Clone, Debug)]
pub struct DamagedJson(pub(crate) Corpus);

/// The octets of a document that may be no document any more.
#[derive(Clone, PartialEq, Eq)]
pub struct Damaged(pub Vec<u8>);

impl fmt::Debug for Damaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b\"{}\"", self.0.escape_ascii())
    }
}

impl ValueGenerator for DamagedJson {
    type Output = Damaged;

    fn generate<D: Driver>(&self, driver: &mut D) -> Option<Damaged> {
        let mut document = one_of(driver, self.0.documents())?.clone();
        for _ in 0..below(driver, 5)? {
            damage_tree(driver, &mut document)?;
        }
        let mut octets = document.to_string().into_bytes();
        if sometimes(driver, 3)? {
            damage_text(driver, &document, &mut octets)?;
        }
        if sometimes(driver, 6)? {
            damage_octets(driver, &mut octets)?;
        }
        Some(Damaged(octets))
    }
}

/// One change that leaves a document.
fn damage_tree<D: Driver>(driver: &mut D, document: &mut Value) -> Option<()> {
    let places = Place::all(document);
    let place = one_of(driver, &places)?;
    let other = one_of(driver, &places)?;
    let elsewhere = at(document, other)?.clone();
    let kind = below(driver, 10)?;
    let value = at_mut(document, place)?;
    match (kind, value) {
        (0..3, value) => *value = odd(driver)?,
        (3, value) => *value = elsewhere,
        (4, value) => *value = json!([value.clone()]),
        (5, value) => *value = retyped(value),
        (6, Value::Object(members)) => {
            let keys: Vec<String> = members.keys().cloned().collect();
            members.remove(one_of(driver, &keys).map_or("", String::as_str));
        }
        (7, Value::Object(members)) => {
            let keys: Vec<String> = members.keys().cloned().collect();
            let key = one_of(driver, &keys).cloned().unwrap_or_default();
            let moved = members.remove(&key).unwrap_or_default();
            members.insert(key.to_uppercase(), moved);
        }
        (8, Value::Object(members)) => {
            members.insert(odd_text(driver)?, elsewhere);
        }
        (6, Value::Array(items)) => {
            items.pop();
        }
        (7, Value::Array(items)) => {
            // A list far longer than any real one.
            let filler = items.first().cloned().unwrap_or_default();
            items.resize(items.len() + below(driver, 300)?, filler);
        }
        (8, Value::Array(items)) => items.push(elsewhere),
        (_, value) => *value = Value::Null,
    }
    Some(())
}

/// The same content in another type.
fn retyped(value: &Value) -> Value {
    match value {
        Value::Null => json!([]),
        Value::Bool(is) => json!(is.to_string()),
        Value::Number(number) => json!(number.to_string()),
        Value::String(text) => text.parse::<i64>().map_or_else(|_| json!([text]), Value::from),
        Value::Array(items) => items.first().cloned().unwrap_or(json!({})),
        Value::Object(members) => members.values().cloned().collect(),
    }
}

/// One change that no tree can hold.
fn damage_text<D: Driver>(driver: &mut D, document: &Value, octets: &mut Vec<u8>) -> Option<()> {
    let spots = |of: &[u8]| -> Vec<usize> { (0..octets.len()).filter(|at| of.contains(&octets[*at])).collect() };
    match below(driver, 6)? {
        0 => {
            // A member a second time: before the first, where readers differ, or after it.
            let keys = keys(document);
            let pair = format!("{}:{}", json!(one_of(driver, &keys)?), odd(driver)?);
            match (one_of(driver, &spots(b"{}")), driver.produce()?) {
                (Some(at), _) if octets[*at] == b'}' => insert(octets, *at, &format!(",{pair}")),
                (Some(at), true) => insert(octets, at + 1, &format!("{pair},")),
                _ => {}
            }
        }
        1 => {
            // Numbers that no type holds.
            let number = one_of(driver, &["1e400", "-1e400", "00", "1.", "0x1", "NaN", "-"])?;
            let digits = "9".repeat(1 + below(driver, 400)?);
            let number = if driver.produce()? { digits.as_str() } else { number };
            let colon = one_of(driver, &spots(b":")).map(|at| at + 1);
            insert(octets, colon.unwrap_or_default(), &format!("{number},\"x\":"));
        }
        2 => {
            // Deeper than any stack may follow.
            let depth = *one_of(driver, &[100, 126, 127, 128, 129, 1_000, 100_000])?;
            let (open, close) = *one_of(driver, &[("[", "]"), ("{\"a\":", "}")])?;
            let closed = if driver.produce()? {
                close.repeat(depth)
            } else {
                String::new()
            };
            let deep = format!("{}0{closed}", open.repeat(depth));
            let colon = one_of(driver, &spots(b":")).map(|at| at + 1);
            insert(octets, colon.unwrap_or_default(), &format!("{deep},\"x\":"));
        }
        3 => {
            let escape = one_of(driver, &["\\ud800", "\\udc00\\ud800", "\\u0000", "\\x", "\\u12", "\n"])?;
            let quote = one_of(driver, &spots(b"\"")).map(|at| at + 1);
            insert(octets, quote.unwrap_or_default(), escape);
        }
        4 => octets.extend_from_slice(odd(driver)?.to_string().as_bytes()),
        _ => insert(
            octets,
            0,
            one_of(driver, &["\u{feff}", "<html>", " \n", ")]}',\n", "\0"])?,
        ),
    }
    Some(())
}

/// One change that no text may hold.
fn damage_octets<D: Driver>(driver: &mut D, octets: &mut Vec<u8>) -> Option<()> {
    let at = below(driver, octets.len() + 1)?;
    match below(driver, 4)? {
        0 => octets.truncate(at),
        1 => {
            let broken: &[u8] = one_of(driver, &NO_UTF_8)?;
            octets.splice(at..at, broken.iter().copied());
        }
        2 => {
            for _ in 0..below(driver, 8)? {
                let at = below(driver, octets.len())?;
                octets[at] = driver.produce()?;
            }
        }
        _ => {
            octets.drain(at..(at + below(driver, 32)?).min(octets.len()));
        }
    }
    Some(())
}

fn insert(octets: &mut Vec<u8>, at: usize, text: &str) {
    octets.splice(at..at, text.bytes());
}

/// The names of all members, wherever they are.
fn keys(document: &Value) -> Vec<&str> {
    match document {
        Value::Object(members) => members
            .iter()
            .flat_map(|(key, value)| std::iter::once(key.as_str()).chain(keys(value)))
            .collect(),
        Value::Array(items) => items.iter().flat_map(keys).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// The generator is worth its name only if much of what it makes still gets past a parser, and
    /// much does not.
    #[test]
    fn damage_is_neither_absent_nor_total() {
        let whole = json!({"a": [1, {"b": "x"}], "c": {"d": null, "e": "2024-01-01T00:00:00Z"}});
        let (same, other, broken, too_deep, no_text) =
            <(AtomicUsize, AtomicUsize, AtomicUsize, AtomicUsize, AtomicUsize)>::default();
        crate::budgeted(bolero::check!())
            .with_generator(Corpus::new([whole.clone()]).damaged())
            .for_each(|input: &Damaged| {
                let count = match serde_json::from_slice::<Value>(&input.0) {
                    Ok(value) if value == whole => &same,
                    Ok(_) => &other,
                    Err(error) if error.to_string().contains("recursion") => &too_deep,
                    Err(_) if std::str::from_utf8(&input.0).is_err() => &no_text,
                    Err(_) => &broken,
                };
                count.fetch_add(1, Ordering::Relaxed);
            });
        let counts = [same, other, broken, too_deep, no_text].map(AtomicUsize::into_inner);
        let least = [100, 1_000, 200, 10, 50];
        for (found, least) in counts.iter().zip(least) {
            assert!(*found >= least, "{counts:?} against {least}");
        }
    }
}
