//! What is asked of both servers: random steps, from small tables.

use serde_json::{Value, json};

/// A small generator (SplitMix64): the same seed gives the same sequence everywhere.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % limit as u64).unwrap()
    }

    pub fn one_of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())].clone()
    }
}

/// Which version a write carries.
#[derive(Clone, Copy, Debug)]
pub enum Version {
    None,
    Right,
    /// That of an earlier state.
    Stale,
    /// Explicitly nothing.
    Null,
}

/// What is asked, before each server's own versions and uids are put in.
#[derive(Clone, Debug)]
pub enum Step {
    Create(Value),
    Get {
        metadata: bool,
    },
    List {
        limit: Option<u8>,
    },
    Merge {
        status: bool,
        patch: Value,
        version: Version,
        uid: Option<bool>,
    },
    Json {
        status: bool,
        operations: Value,
    },
    Put {
        status: bool,
        change: Value,
        version: Version,
    },
    Delete {
        uid: Option<bool>,
        version: Version,
    },
}

/// The kinds that are compared: our own with a status, and one of Kubernetes' own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Pool,
    Lease,
}

impl Kind {
    pub fn collection(self, namespace: &str) -> String {
        match self {
            Self::Pool => format!("/apis/modelarts.huaweicloud.com/v1alpha1/namespaces/{namespace}/modelartspools"),
            Self::Lease => format!("/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"),
        }
    }

    pub fn object(self, name: &str) -> Value {
        match self {
            Self::Pool => json!({
                "apiVersion": "modelarts.huaweicloud.com/v1alpha1", "kind": "ModelArtsPool", "metadata": {"name": name},
                "spec": {
                    "type": "Dedicate", "scope": ["Train"], "network": {"name": "net-1"}, "nodes": 1,
                    "resources": [{"flavor": "modelarts.vm.cpu.8ud"}],
                },
            }),
            Self::Lease => json!({
                "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": name},
                "spec": {"holderIdentity": "somebody"},
            }),
        }
    }

    /// A change. One that is sent to the status touches no metadata: the real server notes down who
    /// tried that, and the one in memory refuses it.
    fn change(self, random: &mut Random, status: bool) -> Value {
        let meta = json!([
            {"metadata": {"annotations": {"a": "1"}}}, {"metadata": {"annotations": {"a": "2"}}},
            {"metadata": {"annotations": {"a": null}}}, {"metadata": {"labels": {"l": "1"}}},
            {"metadata": {"finalizers": ["example.com/x"]}}, {"metadata": {"finalizers": ["example.com/x", "example.com/y"]}},
            {"metadata": {"finalizers": []}}, {"metadata": {"finalizers": null}}, {}
        ]);
        let own = match self {
            Self::Pool => json!([
                {"spec": {"nodes": 1}}, {"spec": {"nodes": 2}}, {"spec": {"description": "text"}},
                {"spec": {"description": null}}, {"status": {"phase": "Running"}}, {"status": {"phase": null}},
                {"status": null}, {"spec": {"nodes": 3}, "status": {"phase": "Creating", "observedGeneration": 1}},
                {"status": {"poolId": "p", "nodes": {"desired": 2, "available": 0}}}
            ]),
            Self::Lease => json!([
                {"spec": {"holderIdentity": "first"}}, {"spec": {"holderIdentity": null}},
                {"spec": {"leaseTransitions": 1}}
            ]),
        };
        let meta = if status { json!([{}]) } else { meta };
        let choices = [meta.as_array().unwrap().clone(), own.as_array().unwrap().clone()].concat();
        random.one_of(&choices)
    }
}

pub fn step(kind: Kind, random: &mut Random, name: &str) -> Step {
    let version = |random: &mut Random| {
        random.one_of(&[
            Version::None,
            Version::Right,
            Version::Right,
            Version::Stale,
            Version::Null,
        ])
    };
    let status = kind == Kind::Pool && random.below(3) == 0;
    let uid = |random: &mut Random| random.one_of(&[None, None, None, Some(true), Some(false)]);
    match random.below(16) {
        0..=2 => {
            let mut object = kind.object(name);
            if random.below(2) == 0 {
                object["metadata"]["finalizers"] = json!(["example.com/x"]);
            }
            if kind == Kind::Pool && random.below(2) == 0 {
                object["status"] = json!({"phase": "made up"});
            }
            if random.below(8) == 0 {
                object["metadata"]["resourceVersion"] = json!("1");
            }
            Step::Create(object)
        }
        3 => Step::Get {
            metadata: random.below(2) == 0,
        },
        4 => Step::List {
            limit: random.one_of(&[None, Some(1)]),
        },
        5..=9 => Step::Merge {
            status,
            patch: kind.change(random, status),
            version: version(random),
            uid: uid(random),
        },
        10 | 11 => Step::Json {
            status,
            operations: operations(kind, status, random),
        },
        12 | 13 => Step::Put {
            status,
            change: kind.change(random, status),
            version: version(random),
        },
        _ => Step::Delete {
            uid: uid(random),
            version: random.one_of(&[Version::None, Version::None, Version::Right, Version::Stale]),
        },
    }
}

fn operations(kind: Kind, status: bool, random: &mut Random) -> Value {
    let finalizers = "/metadata/finalizers";
    // A Lease has no status, and the one in memory knows no schemas.
    if status || kind == Kind::Pool && random.below(9) == 0 {
        return random.one_of(&[
            json!([{"op": "add", "path": "/status", "value": {"phase": "Patched"}}]),
            json!([{"op": "test", "path": "/status/phase", "value": "Running"}, {"op": "replace", "path": "/status/phase", "value": "Patched"}]),
            json!([{"op": "test", "path": "/metadata/uid", "value": "another"}, {"op": "add", "path": "/status", "value": {}}]),
        ]);
    }
    random.one_of(&[
        json!([{"op": "test", "path": finalizers, "value": null}, {"op": "add", "path": finalizers, "value": ["example.com/x"]}]),
        json!([{"op": "test", "path": "/metadata/uid", "value": "another"}, {"op": "add", "path": "/metadata/labels", "value": {"l": "2"}}]),
        json!([{"op": "add", "path": "/metadata/finalizers/-", "value": "example.com/z"}]),
        json!([{"op": "remove", "path": finalizers}]),
        json!([{"op": "remove", "path": "/metadata/finalizers/0"}]),
        json!([{"op": "replace", "path": "/metadata/annotations/a", "value": "3"}]),
        json!([{"op": "add", "path": "/metadata/annotations", "value": {"a": "4"}}]),
        json!([{"op": "test", "path": "/nowhere", "value": 1}]),
    ])
}
