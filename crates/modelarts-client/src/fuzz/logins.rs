//! What IAM answers: tokens and projects.

use bytes::Bytes;
use jiff::Timestamp;
use mutated_json::{Corpus, Damaged, OddText, budgeted};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::{Time, header_map};
use crate::iam::{Found, Projects, read_token};
use crate::ids::ProjectId;
use crate::renewal::{Ending, Renewal};
use crate::token::Token;
use crate::transport::Answer;

fn login() -> Corpus {
    Corpus::new([
        json!({"token": {"expires_at": "2024-01-02T03:04:05.678000Z", "issued_at": "2024-01-01T03:04:05.678000Z",
                         "project": {"id": "0123456789abcdef0123456789abcdef", "name": "cn-north-4"}}}),
        json!({"token": {"expires_at": "9999-12-31T23:59:59Z"}}),
    ])
}

#[test]
fn an_answer_to_a_login_is_a_token_exactly_if_it_has_one() {
    let runtime = || tokio::runtime::Builder::new_current_thread().build().unwrap();
    budgeted(bolero::check!())
        .with_generator((login().damaged(), OddText, Time))
        .for_each(|(Damaged(octets), token, now): &(Damaged, String, String)| {
            let now: Timestamp = now.parse().unwrap_or(Timestamp::UNIX_EPOCH);
            let answer = Answer {
                status: 201,
                headers: header_map(&[("x-subject-token", token)]),
                body: Bytes::copy_from_slice(octets),
            };
            let sent = answer
                .headers
                .get("x-subject-token")
                .and_then(|value| value.to_str().ok());
            let read = read_token(&answer, now);
            assert_eq!(
                read.is_ok(),
                sent.is_some_and(|sent| !sent.is_empty()),
                "{:?}",
                read.err()
            );
            let Ok(read) = read else { return };
            assert_eq!(Some(read.value().expose_secret()), sent);
            if let Some(project) = read.project() {
                assert!(ProjectId::parse(project.as_str()).is_ok());
            }
            // However far off its end is, the cache can tell whether it is due.
            let cache = Renewal::<Token>::default();
            let kept = runtime()
                .block_on(cache.current(|| now, async || Ok(read)))
                .ok()
                .unwrap();
            for moment in [now, Timestamp::MIN, Timestamp::MAX, kept.expires()] {
                let _ = cache.is_due(moment);
            }
        });
}

/// A project is found only under exactly its name, and only if no other has it.
#[test]
fn a_project_is_the_only_one_of_its_name_or_none() {
    let projects = json!({"projects": [
        {"id": "a1", "name": "cn-north-4", "enabled": true}, {"id": "b2", "name": "cn-north-4_x"},
        {"id": "c3", "name": "cn-north-4"}, {"id": "../v3", "name": "x"},
    ]});
    budgeted(bolero::check!())
        .with_generator(Corpus::new([projects]).damaged())
        .for_each(|Damaged(octets): &Damaged| {
            let Ok(found) = serde_json::from_slice::<Projects>(octets) else {
                return;
            };
            // What nobody reads may be nested deeper than a reader of everything follows.
            let Ok(document) = serde_json::from_slice::<Value>(octets) else {
                return;
            };
            // A list that holds the list reads as the answer, too.
            let listed = document.get("projects").or_else(|| document.get(0));
            let listed = listed.and_then(Value::as_array).cloned().unwrap_or_default();
            for name in ["cn-north-4", "x", ""] {
                // A list of an ID and a name reads as a project, too.
                let ids: Vec<String> = listed
                    .iter()
                    .filter(|project| {
                        project
                            .get("name")
                            .or_else(|| project.get(1))
                            .is_some_and(|is| is == name)
                    })
                    .filter_map(|project| {
                        project
                            .get("id")
                            .or_else(|| project.get(0))?
                            .as_str()
                            .map(str::to_owned)
                    })
                    .collect();
                match found.named(name) {
                    Found::One(id) => assert!(ids.contains(&id.to_string()), "{id} in {ids:?}"),
                    Found::Several(several) => assert!(several.len() > 1 && several.len() <= ids.len()),
                    // What cannot be read is not found, and then nothing is asked of any project.
                    Found::None => {}
                }
            }
        });
}
