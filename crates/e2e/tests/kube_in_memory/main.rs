//! The API server in memory against the real one: the same random sequences on both, and every
//! answer compared. A difference is a fault of the one in memory.
//!
//! Compared are codes and reasons, generation, finalizers, the marks of a deletion, spec and status,
//! whether the version moved, whether the uid is the one from before, what lists show and what
//! watches tell. Versions, uids and times themselves are each server's own.
//!
//! `SEQUENCES=200` plays more of them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed expectation is the point of a test, also in its helper functions"
)]

mod server;
mod steps;

use std::collections::BTreeMap;

use futures::{StreamExt, stream};
use kube::Client;
use kube::api::{Api, PostParams};
use kube_in_memory::{ApiServer, Resource};
use sandbox::control_plane::{ControlPlane, Options};
use sandbox::wait::{self, until};
use serde_json::{Value, json};

use server::{Guards, Server};
use steps::{Kind, Random, step};

/// Sequences of each run.
const SEQUENCES: u64 = 40;
/// Sequences that are played at the same time, each in a namespace of its own: a watch is waited for
/// a second.
const AT_ONCE: usize = 8;
/// Steps of each sequence.
const STEPS: usize = 40;
const NAMES: [&str; 2] = ["first", "second"];

/// The real server, and one in memory, that both serve our kinds.
struct Pair {
    real: Client,
    memory: Client,
    /// Held, for the real server ends with it.
    _control_plane: ControlPlane,
}

/// Plays a sequence on both. Answers how many events its watches told, or the first difference.
async fn sequence(seed: u64, pair: &Pair, guards: Guards) -> Result<usize, String> {
    let mut random = Random(seed);
    let kind = if seed.is_multiple_of(4) {
        Kind::Lease
    } else {
        Kind::Pool
    };
    let namespace = format!("sequence-{seed}");
    let mut servers = Vec::new();
    for (client, guards) in [(&pair.real, Guards::Kept), (&pair.memory, guards)] {
        let namespaces: Api<k8s_openapi::api::core::v1::Namespace> = Api::all(client.clone());
        let made = serde_json::from_value(json!({"metadata": {"name": namespace}})).unwrap();
        namespaces.create(&PostParams::default(), &made).await.unwrap();
        servers.push(Server {
            client: client.clone(),
            guards,
            namespace: namespace.clone(),
            known: BTreeMap::new(),
        });
    }
    let begun = [servers[0].list_version(kind).await, servers[1].list_version(kind).await];
    let mut history = Vec::new();
    let differ = |history: &[String], memory: &Value, real: &Value| {
        let history = history.join("\n");
        Err(format!(
            "seed {seed}:\n{history}\nin memory: {memory}\nreal:      {real}"
        ))
    };
    for _ in 0..STEPS {
        let name = random.one_of(&NAMES);
        let step = step(kind, &mut random, name);
        let (one, other) = servers.split_at_mut(1);
        let (real, memory) = (
            one[0].take(kind, name, &step).await,
            other[0].take(kind, name, &step).await,
        );
        history.push(format!("{name}: {step:?}"));
        if memory != real {
            return differ(&history, &memory, &real);
        }
    }
    let (real, memory) = tokio::join!(servers[0].watched(kind, &begun[0]), servers[1].watched(kind, &begun[1]));
    if memory != real {
        return differ(&history, &json!(memory), &json!(real));
    }
    Ok(real.len())
}

async fn pair() -> Pair {
    let control_plane = ControlPlane::start(Options::default()).await.unwrap();
    let real = control_plane.client().await.unwrap();
    let definitions = modelarts_crd::crds();
    for definition in &definitions {
        let api: Api<k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition> =
            Api::all(real.clone());
        api.create(&PostParams::default(), definition).await.unwrap();
    }
    let pools: Api<modelarts_crd::ModelArtsPool> = Api::all(real.clone());
    until("pools to be served", wait::DEADLINE, async || {
        pools.list(&Default::default()).await.map(drop)
    })
    .await
    .unwrap();
    let resources = definitions.iter().map(|definition| {
        let definition = serde_json::to_value(definition).unwrap();
        Resource::defined_by(&definition).unwrap()
    });
    let server = ApiServer::new(resources, k8s_openapi::jiff::Timestamp::now);
    Pair {
        real,
        memory: Client::new(server.connect(), "default"),
        _control_plane: control_plane,
    }
}

#[tokio::test]
async fn the_api_server_in_memory_answers_as_the_real_one() {
    let pair = pair().await;
    let sequences = std::env::var("SEQUENCES").map_or(SEQUENCES, |text| text.parse().unwrap());
    let told: Vec<_> = stream::iter(1..=sequences)
        .map(|seed| sequence(seed, &pair, Guards::Kept))
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let (mut events, mut differences) = (0, Vec::new());
    for told in told {
        match told {
            Ok(told) => events += told,
            Err(difference) => differences.push(difference),
        }
    }
    let found = differences.len();
    assert!(
        differences.is_empty(),
        "{found} of {sequences} sequences differ\n{}",
        differences.join("\n\n")
    );
    println!("{sequences} sequences of {STEPS} steps, {events} watch events: no difference");
    assert!(events > 0);
}

#[tokio::test]
async fn an_api_server_that_ignores_versions_is_found_out() {
    let pair = pair().await;
    for seed in 1..=SEQUENCES {
        if let Err(difference) = sequence(seed, &pair, Guards::Ignored).await {
            assert!(difference.contains(r#"real:      {"code":409"#), "{difference}");
            println!("caught by seed {seed}");
            return;
        }
    }
    panic!("{SEQUENCES} sequences did not tell it from the real one");
}
