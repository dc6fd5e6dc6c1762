//! A secret goes to the cloud and nowhere else: not into an error, not into a debug print, not
//! into a log, even where the other side repeats everything it was sent.

use std::io::Write;
use std::sync::{Arc, Mutex};

use data_encoding::{BASE64, HEXLOWER};
use modelarts_client::sign::encode;
use modelarts_client::{Client, Credentials, PoolId};
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use crate::cloud::{Cloud, POOL, Reply, Seen, pool, say};

const SECRET: &str = "canary/sk+value-1&x";
const TOKEN: &str = "canary-token-value-2";

/// The secrets in all spellings that a search would look for.
fn spellings(secrets: &[&str]) -> Vec<String> {
    secrets
        .iter()
        .flat_map(|secret| {
            let octets = secret.as_bytes();
            [
                (*secret).to_owned(),
                HEXLOWER.encode(octets),
                BASE64.encode(octets),
                encode(secret),
            ]
        })
        .collect()
}

fn assert_clean(text: &str, place: &str) {
    for spelling in spellings(&[SECRET, TOKEN]) {
        assert!(!text.contains(&spelling), "{place} shows {spelling}: {text}");
    }
}

/// Repeats the whole request, and those secrets that it knows from it in every spelling, as a
/// careless gateway would.
fn echo(seen: &Seen, known: &[&str]) -> Reply {
    let headers: Vec<String> = seen
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())))
        .collect();
    let message = format!(
        "{}\n{}\n{}",
        spellings(known).join(" "),
        headers.join("\n"),
        String::from_utf8_lossy(&seen.body)
    );
    let status = match seen.uri.path() {
        "/v3/auth/tokens" => 403,
        _ => 400,
    };
    let body = json!({"error_code": SECRET, "error_msg": message, "request_id": known.last()});
    say(status, &body)
}

fn keys() -> Credentials {
    Credentials::Keys {
        access_key: "AKEXAMPLE".into(),
        secret_key: SECRET.into(),
        security_token: Some(TOKEN.into()),
    }
}

fn password() -> Credentials {
    Credentials::Password {
        domain: "account".into(),
        username: "user".into(),
        password: SECRET.into(),
    }
}

#[tokio::test]
async fn nothing_printable_shows_a_secret() {
    let id = PoolId::parse(POOL).unwrap();
    for (credentials, known) in [(keys(), &[SECRET, TOKEN][..]), (password(), &[SECRET][..])] {
        let cloud = Cloud::start(|seen| echo(seen, known)).await;
        assert_clean(&format!("{credentials:?}"), "credentials");
        let config = cloud.config(credentials);
        assert_clean(&format!("{config:?}"), "config");
        let client = Client::new(config).unwrap();
        assert_clean(&format!("{client:?}"), "client");
        let error = client.show_pool(&id).await.unwrap_err();
        for text in [error.to_string(), format!("{error:?}"), format!("{error:#?}")] {
            assert_clean(&text, "error");
            assert!(!text.contains("Signature=") || text.contains("Signature=[redacted]"));
        }
    }
}

#[tokio::test]
async fn an_error_does_not_show_the_token_of_a_login() {
    let cloud = Cloud::start(|seen| match seen.uri.path() {
        "/v3/auth/tokens" => {
            let response = axum::http::Response::builder()
                .status(201)
                .header("X-Subject-Token", TOKEN)
                .body("{}".into())
                .unwrap();
            Reply::Say(response)
        }
        _ => echo(seen, &[SECRET, TOKEN]),
    })
    .await;
    let client = Client::new(cloud.config(password())).unwrap();
    let error = client.show_pool(&PoolId::parse(POOL).unwrap()).await;
    let error = error.unwrap_err();
    assert_eq!(error.operation, "ShowPool");
    assert_clean(&format!("{error} {error:?}"), "error");
}

/// Collects everything that is logged.
#[derive(Clone, Default)]
struct Book(Arc<Mutex<Vec<u8>>>);

impl Write for Book {
    fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Book {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn fault_91_the_most_talkative_log_does_not_show_a_secret() {
    let book = Book::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(book.clone())
        .finish();
    // For the whole process: what a log is interested in is remembered per process, too.
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let cloud = Cloud::start(|_| say(200, &pool())).await;
    let client = Client::new(cloud.config(keys())).unwrap();
    client.show_pool(&PoolId::parse(POOL).unwrap()).await.unwrap();
    let text = String::from_utf8(book.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains("TRACE"), "nothing was logged: {text}");
    assert_clean(&text, "log");
    assert!(!text.contains("Signature="), "{text}");
}
