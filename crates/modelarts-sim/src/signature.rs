//! The verifying side of `SDK-HMAC-SHA256`.
//!
//! Written from the published rules alone and sharing nothing with the client's signer: two
//! readings of the same rules that agree are evidence, one reading used twice is not. Only the
//! mathematics is here; clock, lock-out and projects are the business of `auth`.

use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};
use sha2::{Digest, Sha256};

use crate::message::Request;

const ALGORITHM: &str = "SDK-HMAC-SHA256";
const DATE: &str = "x-sdk-date";
const DIGEST: &str = "x-sdk-content-sha256";

/// Octets that stay themselves: letters, digits, `-`, `_`, `.`, `~`.
const ENCODE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The three fields of an `Authorization` header, and the date it was signed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The access key ID.
    pub access: String,
    /// The signed header names, lower case, as listed.
    pub signed_headers: Vec<String>,
    /// The signature, hexadecimal.
    pub signature: String,
    /// The value of `X-Sdk-Date`.
    pub date: String,
}

/// Why a signature cannot be checked or does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Another algorithm, or fields missing.
    #[error("authorization header is malformed")]
    Malformed,
    /// `X-Sdk-Date` is missing, not signed or not a date.
    #[error("x-sdk-date is missing, unsigned or malformed")]
    Date,
    /// A header in the list did not arrive.
    #[error("a signed header is missing")]
    MissingHeader,
    /// The signature is not the one of this request and key.
    #[error("verify aksk signature fail")]
    Mismatch,
}

/// Reads the `Authorization` header.
///
/// # Errors
/// [`SignatureError::Malformed`] if the header is absent, names another algorithm or lacks a field;
/// [`SignatureError::Date`] if the date is absent or not among the signed headers.
pub fn claim(request: &Request) -> Result<Claim, SignatureError> {
    let header = request.header("authorization").ok_or(SignatureError::Malformed)?;
    let fields = header
        .strip_prefix(ALGORITHM)
        .and_then(|rest| rest.strip_prefix(' '))
        .ok_or(SignatureError::Malformed)?;
    let field = |name: &str| {
        fields
            .split(',')
            .filter_map(|part| part.trim().split_once('='))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value.to_owned())
            .ok_or(SignatureError::Malformed)
    };
    let signed_headers: Vec<String> = field("SignedHeaders")?
        .split(';')
        .map(str::to_ascii_lowercase)
        .collect();
    if !signed_headers.iter().any(|name| name == DATE) {
        return Err(SignatureError::Date);
    }
    Ok(Claim {
        access: field("Access")?,
        signed_headers,
        signature: field("Signature")?,
        date: request.header(DATE).ok_or(SignatureError::Date)?.to_owned(),
    })
}

/// Checks the claim against the request and the secret key.
///
/// # Errors
/// [`SignatureError::MissingHeader`] or [`SignatureError::Mismatch`].
pub fn verify(request: &Request, claim: &Claim, secret: &str) -> Result<(), SignatureError> {
    let given = data_encoding::HEXLOWER
        .decode(claim.signature.as_bytes())
        .map_err(|_| SignatureError::Mismatch)?;
    let head = canonical_head(request, &claim.signed_headers)?;
    for payload in payload_hashes(request, &claim.signed_headers) {
        let canonical = [head.as_slice(), payload.as_bytes()].concat();
        let to_sign = format!("{ALGORITHM}\n{}\n{}", claim.date, hex_sha256(&canonical));
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map_err(|_| SignatureError::Mismatch)?;
        mac.update(to_sign.as_bytes());
        // Constant time, as a real gateway compares.
        if mac.verify_slice(&given).is_ok() {
            return Ok(());
        }
    }
    Err(SignatureError::Mismatch)
}

/// The canonical request up to and including the line feed before the payload hash.
fn canonical_head(request: &Request, signed: &[String]) -> Result<Vec<u8>, SignatureError> {
    let mut names = signed.to_vec();
    names.sort();
    let mut out = Vec::new();
    out.extend_from_slice(request.method.to_ascii_uppercase().as_bytes());
    out.push(b'\n');
    out.extend_from_slice(canonical_uri(&request.path).as_bytes());
    out.push(b'\n');
    out.extend_from_slice(canonical_query(&request.query).as_bytes());
    out.push(b'\n');
    for (index, name) in names.iter().enumerate() {
        let nth = names[..index].iter().filter(|other| *other == name).count();
        let times = names.iter().filter(|other| *other == name).count();
        out.extend_from_slice(name.as_bytes());
        out.push(b':');
        out.extend_from_slice(&signed_value(request, name, nth, times)?);
        out.push(b'\n');
    }
    out.push(b'\n');
    out.extend_from_slice(names.join(";").as_bytes());
    out.push(b'\n');
    Ok(out)
}

/// The value that stands for a listed name: a name listed once takes all values that arrived,
/// joined by commas; a name listed several times takes them one by one.
fn signed_value(request: &Request, name: &str, nth: usize, times: usize) -> Result<Vec<u8>, SignatureError> {
    let values: Vec<&[u8]> = request
        .headers
        .iter()
        .filter(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim_ascii())
        .collect();
    match times {
        _ if values.is_empty() => Err(SignatureError::MissingHeader),
        1 => Ok(values.join(&b","[..])),
        _ => values
            .get(nth)
            .map(|value| value.to_vec())
            .ok_or(SignatureError::MissingHeader),
    }
}

/// Decoded once and encoded again segment by segment, with a final slash.
fn canonical_uri(path: &str) -> String {
    let decoded: Vec<u8> = percent_decode_str(path).collect();
    let mut uri = decoded
        .split(|octet| *octet == b'/')
        .map(|segment| percent_encode(segment, ENCODE).to_string())
        .collect::<Vec<_>>()
        .join("/");
    if !uri.ends_with('/') {
        uri.push('/');
    }
    uri
}

/// Decoded pairs, sorted as octets, encoded again. A `+` is a plus sign.
fn canonical_query(query: &str) -> String {
    let decode = |text: &str| percent_decode_str(text).collect::<Vec<u8>>();
    let mut pairs: Vec<(Vec<u8>, Vec<u8>)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        })
        .collect();
    pairs.sort();
    pairs
        .iter()
        .map(|(name, value)| format!("{}={}", percent_encode(name, ENCODE), percent_encode(value, ENCODE)))
        .collect::<Vec<_>>()
        .join("&")
}

/// The payload hashes that count as right. With a signed digest header its value replaces the
/// hash of the body; for an empty body the vendor's own clients disagree, so both forms pass.
fn payload_hashes(request: &Request, signed: &[String]) -> Vec<String> {
    let real = hex_sha256(&request.body);
    let declared = request
        .header(DIGEST)
        .filter(|_| signed.iter().any(|name| name == DIGEST))
        .map(str::to_owned);
    match declared {
        Some(declared) if request.body.is_empty() => vec![real, declared],
        Some(declared) => vec![declared],
        None => vec![real],
    }
}

fn hex_sha256(octets: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(octets))
}
