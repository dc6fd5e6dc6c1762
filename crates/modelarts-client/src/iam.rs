//! What IAM answers: a token, or the projects of a name. Parsing only; `client.rs` asks.

use jiff::{SignedDuration, Timestamp};
use modelarts_types::Lenient;
use secrecy::SecretString;
use serde::Deserialize;

use crate::ids::ProjectId;
use crate::token::Token;
use crate::transport::Answer;

/// Life of a token whose answer does not say when it ends; the real one is a day.
const UNSTATED_LIFE: SignedDuration = SignedDuration::from_hours(1);

#[derive(Deserialize, Default)]
#[serde(default)]
struct TokenBody {
    token: TokenPart,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct TokenPart {
    expires_at: Option<Lenient<String>>,
    project: Option<Lenient<ProjectPart>>,
}

#[derive(Deserialize, Default)]
struct ProjectPart {
    id: Option<String>,
    name: Option<String>,
}

/// A list of projects.
#[derive(Deserialize)]
pub(crate) struct Projects {
    projects: Vec<Lenient<ProjectPart>>,
}

impl Projects {
    /// The projects named exactly `name`: the service's filter is not trusted to be exact.
    pub(crate) fn named(&self, name: &str) -> Found {
        let ids: Vec<ProjectId> = self
            .projects
            .iter()
            .filter_map(Lenient::get)
            .filter(|project| project.name.as_deref() == Some(name))
            .filter_map(|project| ProjectId::parse(project.id.as_deref()?).ok())
            .collect();
        match <[ProjectId; 1]>::try_from(ids) {
            Ok([id]) => Found::One(id),
            Err(ids) if ids.is_empty() => Found::None,
            Err(ids) => Found::Several(ids),
        }
    }
}

/// The token of an answer to the login, or what is wrong with the answer.
pub(crate) fn read_token(answer: &Answer, now: Timestamp) -> Result<Token, &'static str> {
    let value = answer
        .headers
        .get("x-subject-token")
        .and_then(|value| value.to_str().ok())
        .filter(|value| !value.is_empty())
        .ok_or("the answer to the login has no token")?;
    let body: TokenBody = serde_json::from_slice(&answer.body).unwrap_or_default();
    let expires_at = body.token.expires_at.as_ref();
    let expires = expires_at
        .and_then(|text| text.get()?.parse::<Timestamp>().ok())
        .unwrap_or_else(|| now.saturating_add(UNSTATED_LIFE).unwrap_or(now));
    let project = body.token.project.as_ref();
    let project = project
        .and_then(|project| project.get()?.id.as_deref())
        .and_then(|id| ProjectId::parse(id).ok());
    Ok(Token::new(SecretString::from(value), now, expires, project))
}

/// How many projects have the name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    None,
    One(ProjectId),
    Several(Vec<ProjectId>),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::renewal::Ending;
    use bytes::Bytes;
    use http::HeaderMap;

    fn answer(token: Option<&'static str>, body: &'static str) -> Answer {
        let mut headers = HeaderMap::new();
        if let Some(token) = token {
            headers.insert("X-Subject-Token", token.parse().unwrap());
        }
        Answer {
            status: 201,
            headers,
            body: Bytes::from_static(body.as_bytes()),
        }
    }

    #[test]
    fn a_token_comes_from_the_header_and_its_end_from_the_body() {
        let now: Timestamp = "2024-01-01T00:00:00Z".parse().unwrap();
        let body = r#"{"token":{"expires_at":"2024-01-02T03:04:05.678000Z",
                       "project":{"id":"0123456789abcdef0123456789abcdef","name":"cn-north-4"}}}"#;
        let token = read_token(&answer(Some("t"), body), now).ok().unwrap();
        assert_eq!(token.expires().to_string(), "2024-01-02T03:04:05.678Z");
        assert_eq!(token.project().unwrap().as_str(), "0123456789abcdef0123456789abcdef");
        let bare = read_token(&answer(Some("t"), ""), now).ok().unwrap();
        assert_eq!(bare.expires().to_string(), "2024-01-01T01:00:00Z");
        assert!(read_token(&answer(None, body), now).is_err());
        assert!(read_token(&answer(Some(""), body), now).is_err());
    }

    #[test]
    fn a_project_must_have_exactly_the_name() {
        let body = br#"{"projects":[{"id":"a","name":"cn-north-4"},{"id":"b","name":"cn-north-4_x"},7]}"#;
        let id = |text: &str| ProjectId::parse(text).unwrap();
        let named = |body: &[u8], name| {
            let projects: Projects = serde_json::from_slice(body).unwrap();
            projects.named(name)
        };
        assert_eq!(named(body, "cn-north-4"), Found::One(id("a")));
        assert_eq!(named(body, "cn-north"), Found::None);
        let twice = br#"{"projects":[{"id":"a","name":"x"},{"id":"b","name":"x"}]}"#;
        assert_eq!(named(twice, "x"), Found::Several(vec![id("a"), id("b")]));
        assert!(serde_json::from_slice::<Projects>(b"{}").is_err());
    }
}
