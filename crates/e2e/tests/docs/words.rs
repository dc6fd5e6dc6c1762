//! Words of the status, and links, in the prose of the pages for users.

use std::collections::BTreeSet;

use modelarts_crd::conditions::Reason;

use crate::pages::{self, Page, file};

/// Words in code that begin with a capital and are no reasons.
const OTHERS: &[&str] = &[
    // Types of conditions and their statuses.
    "Ready",
    "Reconciling",
    "Stalled",
    "Synced",
    "SubscriptionEnding",
    "CredentialsValid",
    "True",
    "False",
    "Unknown",
    // Kinds.
    "ModelArtsPool",
    "ModelArtsAccount",
    "ModelArtsNetwork",
    "ScaledObject",
    // Policies.
    "Manage",
    "Observe",
    "Pause",
    "Delete",
    "Detach",
    "Correct",
    "Report",
    // What the cloud and Kubernetes say.
    "ImagePullBackOff",
    "Running",
    "Waiting",
    "Active",
    "Terminating",
    "AverageValue",
];

/// The pages that users read. The list of reasons is generated, and decisions and architecture speak
/// of the code.
fn for_users() -> Vec<Page> {
    let mut pages = pages::all();
    let others = [
        "docs/conditions.md",
        "docs/reference.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
    ];
    pages.retain(|page| !others.contains(&page.path.as_str()) && !page.path.starts_with("docs/decisions/"));
    pages
}

/// What stands in backticks in a line.
fn spans(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_uppercase())
        && text.len() > 2
        && text.chars().all(|c| c.is_ascii_alphabetic())
        && text.chars().any(|c| c.is_ascii_lowercase())
}

#[test]
fn every_word_that_looks_like_a_reason_is_one() {
    let reasons: BTreeSet<_> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
    let (mut findings, mut count) = (Vec::new(), 0);
    for page in for_users() {
        for line in page.prose().lines() {
            let words = spans(line).flat_map(|span| span.split('='));
            for word in words.filter(|word| is_word(word)) {
                count += usize::from(reasons.contains(word));
                if !reasons.contains(word) && !OTHERS.contains(&word) {
                    findings.push(format!("{}: {word}", page.path));
                }
            }
            // What is called a reason is held to the list of reasons alone.
            for rest in line.split("reason `").skip(1) {
                let word = rest.split('`').next().unwrap_or_default();
                if !reasons.contains(word) {
                    findings.push(format!("{}: {word:?} is called a reason", page.path));
                }
            }
        }
    }
    assert!(count > 50, "only {count} reasons are found");
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

#[test]
fn tables_of_reasons_have_reasons_in_their_first_column() {
    let reasons: BTreeSet<_> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
    let mut tables = 0;
    for page in for_users() {
        let mut inside = false;
        for line in page.prose().lines() {
            inside = line.starts_with('|') && (inside || line.starts_with("| Reason |"));
            if line.starts_with("| Reason |") {
                tables += 1;
            } else if inside && !line.starts_with("| ---") {
                let first = line.split('|').nth(1).unwrap_or_default();
                let words: Vec<_> = spans(first).collect();
                assert!(
                    !words.is_empty() && words.iter().all(|word| reasons.contains(word)),
                    "{}: {line}",
                    page.path
                );
            }
        }
    }
    assert!(tables >= 5, "only {tables} tables are found");
}

#[test]
fn every_link_within_the_repository_leads_somewhere() {
    let (mut findings, mut count) = (Vec::new(), 0);
    for page in pages::all() {
        let folder = page.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for rest in page.prose().split("](").skip(1) {
            let target = rest.split([')', '#']).next().unwrap_or_default();
            if target.is_empty() || target.contains("://") {
                continue;
            }
            count += 1;
            if !file(folder).join(target).exists() {
                findings.push(format!("{}: {target}", page.path));
            }
        }
    }
    assert!(count > 30, "only {count} links are found");
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}
