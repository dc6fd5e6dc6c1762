//! The contract's example bodies, as corpora.

use std::path::Path;

use mutated_json::Corpus;
use serde_json::Value;

/// The examples whose file names `wanted` picks.
pub fn corpus(wanted: impl Fn(&str) -> bool) -> Corpus {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/examples"));
    let missing = |error| -> ! {
        panic!(
            "the contract's examples must lie beside the checkout: {}: {error}",
            folder.display()
        )
    };
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| missing(error));
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".json") && wanted(name))
        .collect();
    names.sort();
    let read = |name: &String| -> Value {
        let text = std::fs::read(folder.join(name)).unwrap_or_else(|error| missing(error));
        serde_json::from_slice(&text).unwrap()
    };
    Corpus::new(names.iter().map(read))
}
