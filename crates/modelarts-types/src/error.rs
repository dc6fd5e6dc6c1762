//! The body of an error answer, whichever of the services on the way wrote it.
//!
//! Four shapes are in use, nested or not. The parser gives up nothing: without a code it reports
//! the HTTP status, without a message the raw body. Cutting and cleaning the text for people is the
//! caller's duty, since only the caller knows where it goes.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// What an error answer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorBody {
    /// The code; the HTTP status as text if the body has none.
    pub code: String,
    /// The message; the raw body if it has none.
    pub message: String,
    /// The gateway's request ID, if it is in the body.
    pub request_id: Option<String>,
    /// Opaque text of IAM about a refusal.
    pub encoded_authorization_message: Option<String>,
    /// Whether the body had one of the known shapes.
    pub recognised: bool,
}

/// The pairs of members, in the order in which they are looked for.
const PAIRS: [(&str, &str); 3] = [
    ("error_code", "error_msg"),
    ("errorCode", "errorMsg"),
    ("code", "message"),
];

impl ErrorBody {
    /// Reads the body of an answer with this HTTP status.
    #[must_use]
    pub fn parse(status: u16, body: &[u8]) -> Self {
        let node = serde_json::from_slice::<Node>(body).unwrap_or(Node::Other);
        let found = find(&node);
        let recognised = found.is_some();
        let (code, message) = found.unwrap_or_else(|| {
            let raw = String::from_utf8_lossy(body).into_owned();
            (status.to_string(), raw)
        });
        Self {
            code,
            message,
            request_id: node.text("request_id"),
            encoded_authorization_message: node.text("encoded_authorization_message"),
            recognised,
        }
    }
}

/// Code and message of `node` itself, or else of the last object inside it that has both.
fn find(node: &Node) -> Option<(String, String)> {
    let Node::Object(members) = node else {
        return None;
    };
    let own = PAIRS
        .iter()
        .find_map(|(code, message)| Some((node.text(code)?, node.text(message)?)));
    own.or_else(|| members.iter().rev().find_map(|(_, value)| find(value)))
}

/// As much of a JSON document as the search needs. Unlike `serde_json::Value` it always keeps the
/// order of members, and here the order decides.
enum Node {
    Object(Vec<(String, Node)>),
    Text(String),
    Other,
}

impl Node {
    fn text(&self, key: &str) -> Option<String> {
        let Self::Object(members) = self else {
            return None;
        };
        let (_, value) = members.iter().rev().find(|(name, _)| name == key)?;
        match value {
            Self::Text(text) => Some(text.clone()),
            Self::Object(_) | Self::Other => None,
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut members = Vec::new();
        while let Some(entry) = map.next_entry()? {
            members.push(entry);
        }
        Ok(Node::Object(members))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Node::Other)
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.to_owned()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Node, E> {
        Ok(Node::Text(number.to_string()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Node, E> {
        Ok(Node::Text(number.to_string()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Node, E> {
        Ok(Node::Text(number.to_string()))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Status, body, code, message, encoded message; the last column says what the row is for.
    type Row = (
        u16,
        &'static str,
        &'static str,
        &'static str,
        Option<&'static str>,
        &'static str,
    );

    const TABLE: &[Row] = &[
        (
            409,
            r#"{"error_code":"ModelArts.50015000","error_msg":"pool exists"}"#,
            "ModelArts.50015000",
            "pool exists",
            None,
            "the service's own shape",
        ),
        (
            401,
            r#"{"error":{"code":401,"message":"m","title":"Unauthorized"}}"#,
            "401",
            "m",
            None,
            "IAM, the code a number",
        ),
        (
            403,
            r#"{"error":{"message":"denied","code":"403"},"encoded_authorization_message":"ENC"}"#,
            "403",
            "denied",
            Some("ENC"),
            "the encoded message stands beside",
        ),
        (
            400,
            r#"{"errorCode":"X.1","errorMsg":"camel"}"#,
            "X.1",
            "camel",
            None,
            "camel case",
        ),
        (
            400,
            r#"{"itemNotFound":{"code":404,"message":"nested"}}"#,
            "404",
            "nested",
            None,
            "one level down",
        ),
        (
            400,
            r#"{"a":{"b":{"error_code":"deep","error_msg":"deep msg"}}}"#,
            "deep",
            "deep msg",
            None,
            "two levels down",
        ),
        (
            400,
            r#"{"a":{"code":"1","message":"first"},"b":{"code":"2","message":"second"}}"#,
            "2",
            "second",
            None,
            "the last one wins",
        ),
        (
            400,
            r#"{"b":{"code":"1","message":"first"},"a":{"code":"2","message":"second"}}"#,
            "2",
            "second",
            None,
            "last in the text, not in the alphabet",
        ),
        (
            404,
            r#"{"error_code":"A"}"#,
            "404",
            r#"{"error_code":"A"}"#,
            None,
            "half a pair is none",
        ),
        (400, r#"["a"]"#, "400", r#"["a"]"#, None, "no object"),
        (
            502,
            "<html>bad gateway</html>",
            "502",
            "<html>bad gateway</html>",
            None,
            "a proxy",
        ),
        (500, "", "500", "", None, "nothing"),
        (
            403,
            r#"{"error_code":"IAM.0002","error_msg":"m","error":{"code":"x","message":"y"}}"#,
            "IAM.0002",
            "m",
            None,
            "the outermost pair wins",
        ),
    ];

    #[test]
    fn every_shape_yields_code_and_message() {
        for (status, body, code, message, encoded, why) in TABLE {
            let error = ErrorBody::parse(*status, body.as_bytes());
            assert_eq!(error.code, *code, "{why}");
            assert_eq!(error.message, *message, "{why}");
            assert_eq!(error.encoded_authorization_message.as_deref(), *encoded, "{why}");
        }
    }

    #[test]
    fn the_gateways_request_id_is_kept() {
        let body = br#"{"error_code":"APIG.0101","error_msg":"m","request_id":"acbc"}"#;
        let error = ErrorBody::parse(404, body);
        assert_eq!(error.request_id.as_deref(), Some("acbc"));
        assert!(error.recognised);
        assert!(!ErrorBody::parse(502, b"<html>").recognised);
    }

    #[test]
    fn bytes_that_are_no_text_do_not_stop_it() {
        let error = ErrorBody::parse(500, &[0xff, 0xfe, b'x']);
        assert_eq!(error.code, "500");
        assert!(error.message.ends_with('x'));
    }
}
