//! The audit log of the API server: who wrote which version of which object, and when.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use e2e::stage::OPERATOR;
use serde_json::Value;

use crate::path::Between;

/// A write that succeeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audited {
    pub uid: String,
    /// The resourceVersion that the answer shows, if it shows one.
    pub revision: Option<u64>,
    /// Whether it was the object's end: the answer is a Status, or an object that nothing holds.
    pub ends: bool,
    pub by_operator: bool,
    /// From its arrival to the end of its answer, in microseconds since 1970.
    pub when: Between,
}

impl Audited {
    /// Whether the answer shows this version. What changes nothing shows the version before, so the
    /// first such request counts.
    pub fn wrote(&self, uid: &str, revision: u64) -> bool {
        self.uid == uid && self.revision == Some(revision)
    }
}

/// What the log has from a byte on, in order of arrival. A line that was cut by the server's death is
/// left out, as it would be if the server had died a moment earlier.
pub fn read(log: &Path, from: u64) -> Vec<Audited> {
    let Ok(mut file) = std::fs::File::open(log) else {
        return Vec::new();
    };
    file.seek(SeekFrom::Start(from)).unwrap();
    let mut text = String::new();
    file.read_to_string(&mut text).unwrap();
    let lines = text.lines().filter_map(|line| serde_json::from_str(line).ok());
    let mut all: Vec<Audited> = lines.filter_map(|line: Value| audited(&line)).collect();
    all.sort_by_key(|request| request.when);
    all
}

fn audited(line: &Value) -> Option<Audited> {
    let succeeded = line["responseStatus"]["code"].as_u64().is_some_and(|code| code < 300);
    let answer = &line["responseObject"];
    // A deletion that removes the object at once is answered with a Status.
    let uid = [&answer["metadata"]["uid"], &answer["details"]["uid"]];
    let uid = uid.into_iter().find_map(Value::as_str)?;
    let time = |name: &str| {
        let text = line[name].as_str()?;
        let time: jiff::Timestamp = text.parse().ok()?;
        Some(time.as_microsecond())
    };
    succeeded.then_some(())?;
    let metadata = &answer["metadata"];
    let held = metadata["finalizers"].as_array().is_some_and(|all| !all.is_empty());
    let let_go = !metadata["deletionTimestamp"].is_null() && !held;
    Some(Audited {
        uid: uid.to_owned(),
        revision: metadata["resourceVersion"].as_str().and_then(|text| text.parse().ok()),
        ends: answer["kind"] == "Status" || let_go,
        by_operator: line["user"]["username"] == OPERATOR,
        when: (time("requestReceivedTimestamp")?, time("stageTimestamp")?),
    })
}

#[test]
fn a_write_is_read_with_its_author_and_its_time() {
    let line = serde_json::json!({
        "user": { "username": OPERATOR },
        "responseStatus": { "code": 200 },
        "responseObject": { "metadata": { "uid": "u", "resourceVersion": "7" } },
        "requestReceivedTimestamp": "1970-01-01T00:00:01.000002Z",
        "stageTimestamp": "1970-01-01T00:00:01.000005Z",
    });
    let read = audited(&line).unwrap();
    assert!(read.wrote("u", 7) && !read.wrote("u", 8) && !read.wrote("v", 7) && read.by_operator);
    assert_eq!(read.when, (1_000_002, 1_000_005));
    assert!(!read.ends);
    let mut last = line.clone();
    last["responseObject"]["metadata"]["deletionTimestamp"] = "1970-01-01T00:00:01Z".into();
    assert!(audited(&last).unwrap().ends);
    last["responseObject"]["metadata"]["finalizers"] = serde_json::json!(["of.somebody/else"]);
    assert!(!audited(&last).unwrap().ends);
    let status = serde_json::json!({ "kind": "Status", "details": { "uid": "u" } });
    last["responseObject"] = status;
    assert!(audited(&last).unwrap().ends);
    let mut refused = line;
    refused["responseStatus"]["code"] = 409.into();
    assert_eq!(audited(&refused), None);
}
