//! Pages of a list: `limit` and `continue`.

use serde_json::{Value, json};

use crate::{operation::Call, refusal::Refusal};

/// The most items on one page, and the number without a limit.
const MOST: usize = 500;

/// One page of the items, which must be in the order of their names, and its list metadata.
///
/// The continuation token names the last item of the page, so that items which come or go
/// between two calls neither repeat nor hide others.
///
/// # Errors
/// 400 for a limit that is no number up to 500, or a token that was not issued here.
pub fn cut(call: &Call, items: Vec<Value>) -> Result<(Vec<Value>, Value), Refusal> {
    let limit = match call.parameter("limit") {
        None | Some("0") => MOST,
        Some(text) => text
            .parse()
            .ok()
            .filter(|limit| *limit <= MOST)
            .ok_or_else(|| Refusal::bad_request("limit must be a number from 0 to 500."))?,
    };
    let after = call.parameter("continue").map(name_in_token).transpose()?;
    let mut rest: Vec<Value> = items
        .into_iter()
        .filter(|item| after.as_deref().is_none_or(|after| name(item) > after))
        .collect();
    let tail = rest.split_off(limit.min(rest.len()));
    let metadata = match rest.last() {
        Some(last) if !tail.is_empty() => json!({
            "continue": data_encoding::BASE64URL_NOPAD.encode(name(last).as_bytes()),
            "remainingItemCount": tail.len(),
        }),
        _ => json!({}),
    };
    Ok((rest, metadata))
}

fn name(item: &Value) -> &str {
    item["metadata"]["name"].as_str().unwrap_or_default()
}

fn name_in_token(token: &str) -> Result<String, Refusal> {
    data_encoding::BASE64URL_NOPAD
        .decode(token.as_bytes())
        .ok()
        .and_then(|octets| String::from_utf8(octets).ok())
        .ok_or_else(|| Refusal::bad_request("continue is not a token of this service."))
}
