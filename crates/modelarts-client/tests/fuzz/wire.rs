//! A whole client against answers of any kind, over a socket on loopback: it never says more than
//! the answer proves, asks once, and repeats no secret.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bolero::generator::ValueGenerator;
use modelarts_client::{ApiError, Client, Config, Credentials, Failure, Hooks, ListPools, PoolId, ProjectId};
use modelarts_client::{ProjectRef, Sent};
use modelarts_types::{ErrorBody, Pool, codes};
use mutated_json::{Corpus, DamagedJson, below, budgeted, odd_text, one_of};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

const POOL: &str = "pool-001-86c13962597848eeb29c5861153a391f";
const SECRET: &str = "sk-example-of-a-secret";
/// Statuses that are given before anything is done (`reliability.md` 4.1, and the gateway's own).
const BEFORE: [u16; 10] = [400, 401, 403, 404, 405, 409, 413, 415, 422, 429];

/// One answer, as it goes on the wire.
#[derive(Clone, Debug)]
struct Answer {
    status: u16,
    body: Vec<u8>,
    octets: Vec<u8>,
}

/// Answers whose bodies are damaged documents of this corpus.
struct Answers(DamagedJson);

impl ValueGenerator for Answers {
    type Output = Answer;

    fn generate<D: bolero::Driver>(&self, driver: &mut D) -> Option<Answer> {
        const STATUSES: [u16; 24] = [
            200, 200, 200, 201, 202, 204, 301, 307, 400, 401, 403, 404, 404, 404, 405, 408, 409, 410, 422, 429, 500,
            502, 503, 504,
        ];
        const NAMES: [&str; 6] = [
            "Retry-After",
            "Date",
            "X-Request-Id",
            "Content-Type",
            "Location",
            "X-Subject-Token",
        ];
        let status = match below(driver, 8)? {
            0 => 200 + u16::try_from(below(driver, 800)?).ok()?,
            _ => *one_of(driver, &STATUSES)?,
        };
        let body = self.0.generate(driver)?.0;
        let mut head = format!("HTTP/1.1 {status} Any\r\nConnection: close\r\n");
        for _ in 0..below(driver, 4)? {
            // A line break would only end the header early, and make every answer unreadable.
            let value: String = odd_text(driver)?.chars().filter(|c| *c >= ' ').collect();
            head += &format!("{}: {value}\r\n", one_of(driver, &NAMES)?);
        }
        let missing = usize::from(below(driver, 16)? == 0);
        head += &format!("Content-Length: {}\r\n\r\n", body.len() + missing);
        let octets = [head.as_bytes(), &body].concat();
        Some(Answer { status, body, octets })
    }
}

/// A server that gives the answers it was told, the last one again and again.
struct Server {
    told: Mutex<(Vec<Vec<u8>>, usize)>,
    client: Client,
    runtime: Runtime,
}

/// A panic ends the target, and nobody looks at the server afterwards.
impl std::panic::RefUnwindSafe for Server {}

impl Server {
    fn start() -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url: url::Url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let project = ProjectRef::Id(ProjectId::parse("0123456789abcdef").unwrap());
        let credentials = Credentials::Keys {
            access_key: "AKEXAMPLE".into(),
            secret_key: SECRET.into(),
            security_token: None,
        };
        let mut config = Config::new(url.clone(), url, project, credentials);
        config.allow_http_loopback = true;
        let hooks = Hooks {
            key_pause: Duration::ZERO,
            ..Hooks::default()
        };
        let server = Arc::new(Self {
            told: Mutex::default(),
            client: Client::with_hooks(config, hooks).unwrap(),
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap(),
        });
        let serving = Arc::downgrade(&server);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (Some(server), Ok(stream)) = (serving.upgrade(), stream) else {
                    return;
                };
                server.answer(stream);
            }
        });
        server
    }

    /// Reads one request and answers it.
    fn answer(&self, mut stream: TcpStream) {
        let mut request = Vec::new();
        let mut chunk = [0; 4096];
        while !is_whole(&request) {
            match stream.read(&mut chunk) {
                Ok(0) | Err(_) => return,
                Ok(length) => request.extend_from_slice(&chunk[..length]),
            }
        }
        let octets = {
            let mut told = self.told.lock().unwrap();
            let next = told.1.min(told.0.len() - 1);
            told.1 += 1;
            told.0[next].clone()
        };
        // The client may hang up before a body that it does not want; it does so with its next call, which
        // must not wait for this one.
        let _ = stream.write_all(&octets);
    }

    /// What `call` makes of `answers`, and how many requests it sent.
    fn ask<T>(&self, answers: &[&Answer], call: impl AsyncFnOnce(&Client) -> T) -> (T, usize) {
        *self.told.lock().unwrap() = (answers.iter().map(|answer| answer.octets.clone()).collect(), 0);
        let result = self.runtime.block_on(call(&self.client));
        (result, self.told.lock().unwrap().1)
    }
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse::<usize>().ok())?
    });
    body.len() >= length.unwrap_or(0)
}

/// Error bodies and pools, with a secret in some, as a gateway that echoes has it.
fn corpus() -> Corpus {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/examples"));
    let read = |name: &str| -> Value {
        let path = folder.join(name);
        let text = std::fs::read(&path).unwrap_or_else(|error| {
            panic!(
                "the contract's examples must lie beside the checkout: {}: {error}",
                path.display()
            )
        });
        serde_json::from_slice(&text).unwrap()
    };
    let mut documents: Vec<Value> = [
        "error-400-bad-request.json",
        "error-404-pool-not-found.json",
        "error-404-network-not-found.json",
        "error-409-pool-exists.json",
        "error-gateway-404-api.json",
        "error-gateway-429.json",
        "error-nested-form.json",
        "show-pool-running.json",
        "show-pool-deleting.json",
        "create-pool-response.json",
    ]
    .map(read)
    .into();
    documents.push(json!({"error_code": "APIGW.0301", "error_msg": format!("bad key {SECRET}, not {SECRET}")}));
    documents.push(json!({"error_code": SECRET, "error_msg": "m", "request_id": SECRET}));
    Corpus::new(documents)
}

/// Whether the service itself, or its gateway, wrote this: a code beside a message. What reads it so is
/// fuzzed in `modelarts-types`.
fn is_signed(answer: &Answer) -> bool {
    ErrorBody::parse(answer.status, &answer.body).recognised
}

/// What no error may claim.
fn is_honest(error: &ApiError, answer: &Answer) {
    let signed = is_signed(answer);
    assert_ne!(error.sent, Sent::NotSent, "it was sent: {error:?}");
    if error.sent == Sent::Rejected {
        assert!(BEFORE.contains(&answer.status) && signed, "{error:?}");
    }
    if error.failure == Failure::Gone {
        let says = String::from_utf8_lossy(&answer.body).contains(codes::POOL_NOT_FOUND);
        assert!(answer.status == 404 && signed && says, "{error:?}");
    }
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains(SECRET), "{shown}");
    let line = error.to_string();
    assert!(!line.chars().any(char::is_control), "{line:?}");
    assert!(line.chars().count() < 1_000, "{line}");
}

#[test]
fn no_answer_makes_a_creation_surely_undone_but_a_signed_refusal() {
    let server = Server::start();
    let wanted: Pool = serde_json::from_value(json!({"metadata": {"labels": {"os.modelarts/name": "p"}}})).unwrap();
    budgeted(bolero::check!())
        .with_generator(Answers(corpus().damaged()))
        .for_each(|answer: &Answer| {
            let (result, sent) = server.ask(&[answer], async |client: &Client| client.create_pool(&wanted).await);
            assert_eq!(sent, 1, "a creation is sent once, whatever comes back");
            match result {
                Err(error) => {
                    is_honest(&error, answer);
                    assert_ne!(error.failure, Failure::Gone, "a creation names no pool");
                }
                Ok(pool) => {
                    assert!((200..300).contains(&answer.status));
                    assert!(PoolId::parse(pool.id().unwrap()).is_ok(), "{:?}", pool.id());
                }
            }
        });
}

#[test]
fn only_the_services_own_word_says_that_a_pool_is_gone() {
    let server = Server::start();
    let id = PoolId::parse(POOL).unwrap();
    budgeted(bolero::check!())
        .with_generator(Answers(corpus().damaged()))
        .for_each(|answer: &Answer| {
            let (shown, _) = server.ask(&[answer], async |client: &Client| client.show_pool(&id).await);
            match shown {
                Err(error) => is_honest(&error, answer),
                Ok(pool) => assert_eq!((pool.id(), answer.status / 100), (Some(POOL), 2)),
            }
            let (deleted, sent) = server.ask(&[answer], async |client: &Client| client.delete_pool(&id).await);
            assert_eq!(sent, 1);
            match deleted {
                Err(error) => is_honest(&error, answer),
                Ok(_) => assert_eq!(answer.status / 100, 2),
            }
        });
}

/// What a patient reader makes of the pages, and how many of them he needs: all items, or nothing.
fn pages_say(pages: &[Answer]) -> (Option<Vec<Value>>, usize) {
    let (mut items, mut seen) = (Vec::new(), Vec::<String>::new());
    for turn in 0.. {
        let page = &pages[turn.min(pages.len() - 1)];
        let asked = turn + 1;
        let whole = page.octets.len() >= page.body.len() && (200..300).contains(&page.status);
        let Ok(Value::Object(list)) = serde_json::from_slice(&page.body) else {
            return (None, asked);
        };
        let Some(Value::Array(found)) = list.get("items") else {
            return (None, asked);
        };
        if !whole || !found.iter().all(Value::is_object) {
            return (None, asked);
        }
        items.extend(found.clone());
        let next = list.get("metadata").and_then(|meta| meta.get("continue")?.as_str());
        match next.filter(|token| !token.is_empty()) {
            None => return (Some(items), asked),
            Some(next) if seen.iter().any(|known| known == next) || turn >= 200 => return (None, asked),
            Some(next) => seen.push(next.to_owned()),
        }
    }
    (None, 0)
}

/// Pages of a list, most of them whole.
struct Pages(Answers);

impl ValueGenerator for Pages {
    type Output = Vec<Answer>;

    fn generate<D: bolero::Driver>(&self, driver: &mut D) -> Option<Vec<Answer>> {
        let count = 1 + below(driver, 4)?;
        (0..count)
            .map(|turn| {
                if below(driver, 6)? == 0 {
                    return self.0.generate(driver);
                }
                let items: Vec<Value> = (0..below(driver, 3)?)
                    .map(|at| json!({"metadata": {"name": format!("pool-{turn}-{at}")}}))
                    .collect();
                let metadata = match turn + 1 < count {
                    true => json!({"continue": format!("page-{turn}")}),
                    false => json!({"continue": ""}),
                };
                let body = json!({"kind": "PoolList", "items": items, "metadata": metadata}).to_string();
                let head = format!(
                    "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
                    body.len()
                );
                let (octets, body) = ((head + &body).into_bytes(), body.into_bytes());
                Some(Answer {
                    status: 200,
                    body,
                    octets,
                })
            })
            .collect()
    }
}

#[test]
fn a_list_is_all_of_its_pages_or_an_error() {
    let server = Server::start();
    let list = json!({"items": [{"metadata": {"name": "pool-x"}}], "metadata": {"continue": "page-x"}});
    budgeted(bolero::check!())
        .with_generator(Pages(Answers(Corpus::new([list]).damaged())))
        .for_each(|pages: &Vec<Answer>| {
            let answers: Vec<&Answer> = pages.iter().collect();
            let everything = ListPools::default();
            let (result, sent) = server.ask(&answers, async |client: &Client| client.list_pools(&everything).await);
            let (expected, asked) = pages_say(pages);
            assert!(sent <= asked, "{sent} requests for {asked} pages");
            let Ok(list) = result else { return };
            let names =
                |items: &[Value]| -> Vec<Value> { items.iter().map(|item| item["metadata"]["name"].clone()).collect() };
            let read: Vec<Value> = list.items.unwrap().iter().map(|pool| json!(pool)).collect();
            let expected = expected.expect("a list only from whole pages");
            assert_eq!(read.len(), expected.len());
            assert_eq!(names(&read), names(&expected));
            assert_eq!(sent, asked);
        });
}
