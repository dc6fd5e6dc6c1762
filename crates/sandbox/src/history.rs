//! Every version of every object, in the order in which they were committed, read from the store.
//!
//! A watch of the API server loses what was written just before a restart, and the audit log the
//! line of a request during which the server was killed. The store has both. Only what is stored as
//! JSON can be read, which is custom resources; nothing is ever written here.

use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::control_plane::ControlPlane;
use crate::error::{Error, Result};

/// From the first key to the last.
const EVERYTHING: &str = "AA==";

/// One change of one object.
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    /// The store's number of the change, which is the object's resourceVersion if it still is.
    pub revision: u64,
    /// The object as it was before; `None` if it was not there.
    pub before: Option<Value>,
    /// The object from then on; `None` if it is gone.
    pub after: Option<Value>,
}

impl ControlPlane {
    /// How many changes the store has seen so far.
    ///
    /// # Errors
    /// When the store does not answer as documented.
    pub async fn revision(&self) -> Result<u64> {
        let question = json!({ "key": EVERYTHING, "range_end": EVERYTHING, "count_only": true });
        let doing = "reading the store's revision";
        let answer = self.ask_store("kv/range", &question).await?;
        let text = answer.text().await.map_err(Error::simulator(doing))?;
        let answer: Value = serde_json::from_str(&text).map_err(Error::malformed(doing))?;
        number(&answer["header"]["revision"])
    }

    /// All changes after the revision `since` of the objects whose key in the store begins with
    /// `prefix`, oldest first, up to now. The API server makes the store forget what is older than
    /// half an hour or so.
    ///
    /// # Errors
    /// When the store does not answer as documented, or has forgotten.
    pub async fn history(&self, prefix: &str, since: u64) -> Result<Vec<Version>> {
        let doing = "reading the store's history";
        let last = self.revision().await?;
        let question = json!({ "create_request": {
            "key": EVERYTHING,
            "range_end": EVERYTHING,
            "start_revision": (since + 1).to_string(),
            "prev_kv": true,
        }});
        let (mut versions, mut seen, mut text) = (Vec::new(), since, Vec::new());
        if since >= last {
            return Ok(versions);
        }
        let mut answer = self.ask_store("watch", &question).await?;
        // The answer never ends by itself: a watch goes on with what is still to come.
        while seen < last {
            let chunk = answer.chunk().await.map_err(Error::simulator(doing))?;
            text.extend_from_slice(&chunk.ok_or_else(|| ended(doing))?);
            while let Some(end) = text.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = text.drain(..=end).collect();
                let said: Value = serde_json::from_slice(&line).map_err(Error::malformed(doing))?;
                if said["result"]["canceled"] == true || !said["error"].is_null() {
                    return Err(refused(doing, &said));
                }
                for event in said["result"]["events"].as_array().into_iter().flatten() {
                    let revision = number(&event["kv"]["mod_revision"])?;
                    seen = seen.max(revision);
                    if revision <= last && key(event)?.starts_with(prefix) {
                        versions.push(version(revision, event)?);
                    }
                }
            }
        }
        Ok(versions)
    }

    async fn ask_store(&self, path: &str, question: &Value) -> Result<reqwest::Response> {
        let doing = format!("asking the store for {path}");
        let http = crate::http_client(None)?;
        let request = http.post(format!("{}/v3/{path}", self.store())).json(question);
        let answer = request.send().await.map_err(Error::simulator(doing.clone()))?;
        answer.error_for_status().map_err(Error::simulator(doing))
    }
}

fn version(revision: u64, event: &Value) -> Result<Version> {
    let gone = event["type"] == "DELETE";
    Ok(Version {
        revision,
        before: object(&event["prev_kv"])?,
        after: if gone { None } else { object(&event["kv"])? },
    })
}

fn key(event: &Value) -> Result<String> {
    Ok(String::from_utf8_lossy(&bytes(&event["kv"]["key"])?).into_owned())
}

fn object(stored: &Value) -> Result<Option<Value>> {
    if stored["value"].is_null() {
        return Ok(None);
    }
    let doing = "reading a stored object";
    let object = serde_json::from_slice(&bytes(&stored["value"])?);
    object.map(Some).map_err(Error::malformed(doing))
}

fn bytes(text: &Value) -> Result<Vec<u8>> {
    let doing = "reading the store's base64";
    let text = text.as_str().unwrap_or_default();
    BASE64.decode(text.as_bytes()).map_err(Error::malformed(doing))
}

/// The store writes 64-bit numbers as strings.
fn number(text: &Value) -> Result<u64> {
    let doing = "reading a number of the store";
    text.as_str()
        .unwrap_or_default()
        .parse()
        .map_err(Error::malformed(doing))
}

fn ended(doing: &str) -> Error {
    Error::Malformed {
        doing: doing.to_owned(),
        problem: String::from("the answer ended before it was complete"),
    }
}

fn refused(doing: &str, said: &Value) -> Error {
    Error::Malformed {
        doing: doing.to_owned(),
        problem: said.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deletion_shows_what_was_there() {
        let stored = |text: &str| json!({ "key": "L3I=", "value": BASE64.encode(text.as_bytes()) });
        let event = json!({
            "type": "DELETE",
            "kv": { "key": "L3I=", "mod_revision": "4" },
            "prev_kv": stored(r#"{"kind": "Pool"}"#),
        });
        let expected = Version {
            revision: 4,
            before: Some(json!({ "kind": "Pool" })),
            after: None,
        };
        assert_eq!(version(4, &event).unwrap(), expected);
        assert_eq!(key(&event).unwrap(), "/r");
        assert!(version(5, &json!({ "kv": stored("no JSON") })).is_err());
    }
}
