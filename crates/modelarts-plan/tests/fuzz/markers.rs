//! Descriptions and names, written by anybody.

use bolero::generator::{ValueGenerator, produce};
use modelarts_plan::identity::{derived_name, without_marker};
use modelarts_plan::{ClusterId, Marker};
use mutated_json::{OddText, below, budgeted, odd_text, one_of};

/// A description with the pieces of markers in it.
struct Description;

impl ValueGenerator for Description {
    type Output = String;

    fn generate<D: bolero::Driver>(&self, driver: &mut D) -> Option<String> {
        const PIECES: [&str; 9] = [" [mapool:", "[mapool:", "@", "]", "uid", "abc123", " ", "[", "é"];
        let mut text = String::new();
        for _ in 0..below(driver, 9)? {
            match below(driver, 5)? {
                0 => text.push_str(&odd_text(driver)?),
                _ => text.push_str(one_of(driver, &PIECES)?),
            }
        }
        Some(text)
    }
}

/// The last marker, found by another way: every place where one could begin is tried from behind.
fn last_marker(text: &str) -> Option<(String, String)> {
    let begin = (0..text.len())
        .rev()
        .find(|at| text.is_char_boundary(*at) && text[*at..].starts_with("[mapool:"))?;
    let inner: String = text[begin + "[mapool:".len()..]
        .chars()
        .take_while(|c| *c != ']')
        .collect();
    let closed = text[begin..].contains(']');
    let at = inner.find('@')?;
    let (uid, cluster) = (inner[..at].to_owned(), inner[at + 1..].to_owned());
    (closed && !uid.is_empty() && !cluster.is_empty()).then_some((uid, cluster))
}

#[test]
fn the_last_marker_counts_and_nothing_that_only_looks_like_one() {
    budgeted(bolero::check!())
        .with_generator(Description)
        .for_each(|text: &String| {
            let found = Marker::find(text).map(|marker| (marker.uid, marker.cluster));
            assert_eq!(found, last_marker(text));
            let kept = without_marker(text);
            assert!(text.starts_with(kept));
            assert_eq!(
                kept.len() < text.trim_end().len(),
                found.is_some(),
                "cut only if there is a marker"
            );
        });
}

/// A user's text cannot become, hide or change the marker that is appended to it.
#[test]
fn our_marker_is_found_behind_any_text() {
    let cluster = ClusterId("9be1e8c4-5df2-4be9-9e63-5c2a3c9c3b0a".into());
    budgeted(bolero::check!())
        .with_generator((Description, produce::<[u8; 16]>()))
        .for_each(|(text, octets): &(String, [u8; 16])| {
            let uid: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
            let marker = Marker::of(&uid, &cluster);
            let description = marker.append_to(text);
            assert_eq!(Marker::find(&description), Some(marker));
            assert_eq!(without_marker(&description), text.trim_end());
        });
}

#[test]
fn a_derived_name_is_a_name_whatever_it_is_derived_from() {
    budgeted(bolero::check!())
        .with_generator((OddText, OddText, OddText))
        .for_each(|(object, uid, cluster): &(String, String, String)| {
            let name = derived_name(object, uid, &ClusterId(cluster.clone()));
            assert!((4..=25).contains(&name.len()), "{name}");
            assert!(name.starts_with(|c: char| c.is_ascii_lowercase()), "{name}");
            assert!(!name.ends_with('-'), "{name}");
            assert!(
                name.bytes()
                    .all(|octet| octet.is_ascii_lowercase() || octet.is_ascii_digit() || octet == b'-')
            );
        });
}
