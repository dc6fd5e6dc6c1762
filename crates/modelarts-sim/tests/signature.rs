//! The verifying side against signatures that the vendor's own signer computed.

use modelarts_sim::{
    message::Request,
    signature::{self, SignatureError},
};
use serde_json::Value;

fn vectors() -> Vec<Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors/signing.json");
    let text = std::fs::read_to_string(path).expect("vectors/signing.json in the folder `shared` beside the checkout");
    let file: Value = serde_json::from_str(&text).expect("the vectors are JSON");
    let all = file["vectors"].as_array().expect("a list of vectors");
    all.iter()
        .filter(|vector| vector["algorithm"] == "SDK-HMAC-SHA256")
        .cloned()
        .collect()
}

/// The signed request as a server would receive it.
fn received(vector: &Value) -> Request {
    let expected = &vector["expected"];
    let target = expected["request_target"].as_str().expect("a target");
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let body = &vector["request"]["body"];
    let data = body["data"].as_str().unwrap_or_default();
    let body = match body["encoding"].as_str() {
        Some("base64") => data_encoding::BASE64.decode(data.as_bytes()).expect("base64"),
        _ => data.as_bytes().to_vec(),
    };
    let headers = expected["headers"].as_object().expect("headers");
    Request {
        method: vector["request"]["method"].as_str().expect("a method").to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: headers
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().expect("a text").into()))
            .collect(),
        body,
    }
}

fn check(request: &Request, secret: &str) -> Result<(), SignatureError> {
    signature::claim(request).and_then(|claim| signature::verify(request, &claim, secret))
}

fn secret(vector: &Value) -> &str {
    vector["credentials"]["sk"].as_str().expect("a secret")
}

#[test]
fn every_signature_of_the_vendor_is_accepted() {
    let vectors = vectors();
    assert_eq!(vectors.len(), 104, "no case may go missing");
    let refused: Vec<_> = vectors
        .iter()
        .filter_map(|vector| {
            let error = check(&received(vector), secret(vector)).err()?;
            Some((vector["name"].clone(), error))
        })
        .collect();
    assert!(refused.is_empty(), "{refused:?}");
}

#[test]
fn every_signature_is_refused_with_another_secret() {
    for vector in vectors() {
        let other = format!("{}x", secret(&vector));
        let result = check(&received(&vector), &other);
        assert_eq!(result, Err(SignatureError::Mismatch), "{}", vector["name"]);
    }
}

#[test]
fn whatever_is_signed_cannot_be_changed() {
    type Tamper = fn(&mut Request);
    let tampers: [(&str, Tamper); 5] = [
        ("the method", |r| r.method = "PUT".to_owned()),
        ("the path", |r| r.path.push_str("/x")),
        ("the query", |r| r.query.push_str("&zzz=1")),
        ("a signed header", |r| {
            for (name, value) in &mut r.headers {
                if name.eq_ignore_ascii_case("host") {
                    value.extend(b".example");
                }
            }
        }),
        ("the body", |r| r.body.push(b' ')),
    ];
    let vectors = vectors();
    let vector = vectors
        .iter()
        .find(|vector| vector["name"] == "client-create-pool")
        .expect("the vector of a creation");
    for (what, tamper) in tampers {
        let mut request = received(vector);
        tamper(&mut request);
        let result = check(&request, secret(vector));
        assert_eq!(result, Err(SignatureError::Mismatch), "{what} was changed");
    }
}

#[test]
fn an_unsigned_payload_may_change_and_a_hashed_one_may_not() {
    let vectors = vectors();
    for (name, changeable) in [("patch-merge-patch-sdk", true), ("patch-merge-patch-hashed", false)] {
        let vector = vectors.iter().find(|v| v["name"] == name).expect("the vector");
        let mut request = received(vector);
        request.body = b"{}".to_vec();
        assert_eq!(check(&request, secret(vector)).is_ok(), changeable, "{name}");
    }
}

#[test]
fn a_digest_header_that_is_not_signed_does_not_free_the_payload() {
    let vectors = vectors();
    let vector = vectors
        .iter()
        .find(|vector| vector["name"] == "patch-merge-patch-hashed")
        .expect("the vector");
    let mut request = received(vector);
    request.body = b"{}".to_vec();
    request
        .headers
        .push(("X-Sdk-Content-Sha256".to_owned(), b"UNSIGNED-PAYLOAD".to_vec()));
    assert_eq!(check(&request, secret(vector)), Err(SignatureError::Mismatch));
}

#[test]
fn headers_that_make_no_claim_are_refused_for_what_they_lack() {
    let date = ("X-Sdk-Date".to_owned(), b"20250102T030405Z".to_vec());
    let full = "SDK-HMAC-SHA256 Access=A, SignedHeaders=x-sdk-date, Signature=00";
    let cases = [
        (None, true, SignatureError::Malformed, "no header"),
        (Some("Bearer x"), true, SignatureError::Malformed, "another scheme"),
        (
            Some("V11-HMAC-SHA256 Credential=A, SignedHeaders=x-sdk-date, Signature=00"),
            true,
            SignatureError::Malformed,
            "the derived variant",
        ),
        (
            Some("SDK-HMAC-SHA256 Access=A, SignedHeaders=x-sdk-date"),
            true,
            SignatureError::Malformed,
            "no signature",
        ),
        (
            Some("SDK-HMAC-SHA256 Access=A, SignedHeaders=host, Signature=00"),
            true,
            SignatureError::Date,
            "the date is not signed",
        ),
        (Some(full), false, SignatureError::Date, "the date is not there"),
    ];
    for (authorization, dated, error, why) in cases {
        let mut request = Request {
            method: "GET".to_owned(),
            ..Request::default()
        };
        request
            .headers
            .extend(authorization.map(|value| ("Authorization".to_owned(), value.as_bytes().to_vec())));
        request.headers.extend(dated.then(|| date.clone()));
        assert_eq!(check(&request, "S"), Err(error), "{why}");
    }
}
