//! The signature of a request: `SDK-HMAC-SHA256`, and its derived variant `V11-HMAC-SHA256`.
//!
//! Pure: the date is a header like any other, and exactly the headers that are handed in are
//! signed. What to hand in is decided in `headers.rs`. The format looks like the one of other
//! clouds and differs in the details (no derived key, a slash after the path), so nothing here is
//! taken from a library but the two primitives.

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// Everything except the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Name of the header that carries the date.
pub const DATE_HEADER: &str = "x-sdk-date";
/// Name of the header that stands in for the hash of a body.
pub const DIGEST_HEADER: &str = "x-sdk-content-sha256";

/// A name and a value.
pub type Pair = (String, String);

/// What is signed. The path is percent-encoded, the query is not.
#[derive(Clone, Copy)]
pub struct Unsigned<'a> {
    /// Method in any case.
    pub method: &'a str,
    /// Path as it goes on the wire, beginning with `/`.
    pub path: &'a str,
    /// Raw pairs in any order.
    pub query: &'a [Pair],
    /// Exactly the headers to sign; names with `_` are left out, as the gateway expects.
    pub headers: &'a [Pair],
    /// The octets that will be sent; empty without a body.
    pub body: &'a [u8],
}

/// Which signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm<'a> {
    /// The secret key signs.
    Sdk,
    /// A key derived for the day, the region and the service signs.
    V11 {
        /// Region, `globe` for a global service.
        region: &'a str,
        /// Service, for example `modelarts`.
        service: &'a str,
    },
}

/// A signature and the texts it was made from. No `Debug`: the texts hold the security token.
pub struct Signed {
    /// Decoded and encoded again, with a final slash.
    pub canonical_uri: String,
    /// Sorted and encoded. Send exactly this as the query.
    pub canonical_query: String,
    /// Names of the signed headers, joined by semicolons.
    pub signed_headers: String,
    /// Hash of the body, or what stands in for it.
    pub payload_hash: String,
    /// All of the above in the canonical form.
    pub canonical_request: String,
    /// What the key signs.
    pub string_to_sign: String,
    /// Hex.
    pub signature: String,
    /// Value for the `Authorization` header.
    pub authorization: String,
}

/// Why a request cannot be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SignError {
    /// The gateway demands a signed date.
    #[error("the request has no X-Sdk-Date header to sign")]
    NoDate,
    /// The date is not `YYYYMMDDTHHMMSSZ`.
    #[error("the X-Sdk-Date header is no date")]
    BadDate,
    /// The key has a length the primitive refuses.
    #[error("the key cannot be used for signing")]
    BadKey,
}

/// Signs `request` with the key pair.
///
/// # Errors
///
/// If the date is missing or, for [`Algorithm::V11`], no date.
pub fn sign(
    request: Unsigned<'_>,
    access_key: &str,
    secret_key: &SecretString,
    algorithm: Algorithm<'_>,
) -> Result<Signed, SignError> {
    let headers = canonical_headers(request.headers);
    let date = value_of(&headers, DATE_HEADER).ok_or(SignError::NoDate)?;
    let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
    let signed_headers = names.join(";");
    let lines: String = headers
        .iter()
        .map(|(name, value)| format!("{name}:{value}\n"))
        .collect();

    let canonical_uri = canonical_uri(request.path);
    let canonical_query = canonical_query(request.query);
    let payload_hash = match value_of(&headers, DIGEST_HEADER) {
        Some(digest) if !request.body.is_empty() => digest.to_owned(),
        _ => hex_sha256(request.body),
    };
    let canonical_request = [
        request.method.to_uppercase().as_str(),
        &canonical_uri,
        &canonical_query,
        &lines,
        &signed_headers,
        &payload_hash,
    ]
    .join("\n");

    let hash = hex_sha256(canonical_request.as_bytes());
    let secret = secret_key.expose_secret();
    let (string_to_sign, signature, opening) = match algorithm {
        Algorithm::Sdk => {
            let text = format!("SDK-HMAC-SHA256\n{date}\n{hash}");
            let signature = HEXLOWER.encode(&hmac(secret.as_bytes(), &[text.as_bytes()])?);
            (text, signature, format!("SDK-HMAC-SHA256 Access={access_key}"))
        }
        Algorithm::V11 { region, service } => {
            let day = date.get(..8).ok_or(SignError::BadDate)?;
            let info = format!("{day}/{region}/{service}");
            let text = format!("V11-HMAC-SHA256\n{date}\n{info}\n{hash}");
            let key = derived_key(access_key, secret, &info)?;
            let signature = HEXLOWER.encode(&hmac(key.as_bytes(), &[text.as_bytes()])?);
            let opening = format!("V11-HMAC-SHA256 Credential={access_key}/{info}");
            (text, signature, opening)
        }
    };
    Ok(Signed {
        authorization: format!("{opening}, SignedHeaders={signed_headers}, Signature={signature}"),
        canonical_uri,
        canonical_query,
        signed_headers,
        payload_hash,
        canonical_request,
        string_to_sign,
        signature,
    })
}

/// Percent-encodes everything but unreserved characters, as the signature demands everywhere.
#[must_use]
pub fn encode(text: &str) -> String {
    percent_encode(text.as_bytes(), RESERVED).to_string()
}

/// What the request line asks for: the path as it is, and the query as it is signed.
#[must_use]
pub fn request_target(path: &str, query: &[Pair]) -> String {
    match canonical_query(query) {
        query if query.is_empty() => path.to_owned(),
        query => format!("{path}?{query}"),
    }
}

/// The path decoded once, split, encoded again, and closed with a slash.
fn canonical_uri(path: &str) -> String {
    let decoded: Vec<u8> = percent_decode_str(path).collect();
    let segments: Vec<String> = decoded
        .split(|octet| *octet == b'/')
        .map(|segment| percent_encode(segment, RESERVED).to_string())
        .collect();
    let mut uri = segments.join("/");
    if !uri.ends_with('/') {
        uri.push('/');
    }
    uri
}

/// The pairs sorted as raw text, then encoded. The order matters: sorting after encoding gives
/// another text for characters below the percent sign.
fn canonical_query(query: &[Pair]) -> String {
    let mut pairs: Vec<&Pair> = query.iter().collect();
    pairs.sort();
    let encoded: Vec<String> = pairs
        .into_iter()
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    encoded.join("&")
}

/// The headers with names in small letters and values without outer white space, sorted by name.
fn canonical_headers(headers: &[Pair]) -> Vec<Pair> {
    let mut canonical: Vec<Pair> = headers
        .iter()
        .filter(|(name, _)| !name.contains('_'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    canonical.sort_by(|one, two| one.0.cmp(&two.0));
    canonical
}

fn value_of<'a>(headers: &'a [Pair], name: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|(candidate, _)| candidate == name)
        .map(|(_, value)| value.as_str())
}

/// HKDF with one block, written out: the service wants the result as hex digits, not as octets.
fn derived_key(access_key: &str, secret: &str, info: &str) -> Result<String, SignError> {
    let extracted = hmac(access_key.as_bytes(), &[secret.as_bytes()])?;
    let expanded = hmac(&extracted, &[info.as_bytes(), &[1]])?;
    Ok(HEXLOWER.encode(&expanded))
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> Result<Vec<u8>, SignError> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(|_| SignError::BadKey)?;
    for part in parts {
        mac.update(part);
    }
    Ok(mac.finalize().into_bytes().to_vec())
}

fn hex_sha256(octets: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(octets))
}
