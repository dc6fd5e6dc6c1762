//! What the cloud asked for holds for the next process too: a crash loop neither locks a key nor goes on
//! where a pause was asked for.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed expectation is the point of a test, also in its helper functions"
)]

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, Patch, PatchParams, PostParams};
use modelarts_crd::{ModelArtsAccount, ModelArtsAccountStatus, ModelArtsPool};
use sandbox::World;
use sandbox::operator::{self, NAMESPACE};
use sandbox::simulator::{Fault, PROJECT, SECRET_KEY};
use sandbox::wait::until;
use sandbox::world::{self, ACCOUNT, SECRET};
use serde_json::json;

const PATIENCE: Duration = Duration::from_secs(90);

async fn write_key(world: &World, secret_key: &str) {
    let secrets: Api<Secret> = Api::namespaced(world.client.clone(), NAMESPACE);
    let data = json!({ "stringData": { "secretKey": secret_key } });
    let patched = secrets
        .patch(SECRET, &PatchParams::default(), &Patch::Merge(&data))
        .await;
    patched.unwrap();
}

fn pools(world: &World) -> Api<ModelArtsPool> {
    Api::namespaced(world.client.clone(), "default")
}

async fn create(world: &World, name: &str) {
    let pool = json!({
        "metadata": { "name": name },
        "spec": {
            "account": ACCOUNT,
            "scope": ["Train"],
            "network": { "name": format!("net-0123-{PROJECT}") },
            "resources": [{ "flavor": "modelarts.vm.cpu.8ud", "count": 1 }],
        },
    });
    let pool: ModelArtsPool = e2e::scene::parsed(pool);
    pools(world).create(&PostParams::default(), &pool).await.unwrap();
}

/// Waits until the status of a pool has these words in it.
async fn until_told(world: &World, name: &str, words: &str) {
    let told = until(format!("{name} to say {words}"), PATIENCE, async || {
        let pool = pools(world).get(name).await.map_err(|error| error.to_string())?;
        let told = serde_json::to_string(&pool.status).unwrap();
        if told.contains(words) { Ok(()) } else { Err(told) }
    });
    told.await
        .unwrap_or_else(|error| panic!("{error}\n{}", world.operator_logs(25)));
}

async fn until_account<T>(world: &World, what: &str, get: impl Fn(ModelArtsAccountStatus) -> Option<T>) -> T {
    let accounts: Api<ModelArtsAccount> = Api::all(world.client.clone());
    let told = until(format!("the account to tell of {what}"), PATIENCE, async || {
        let account = accounts.get(ACCOUNT).await.map_err(|error| error.to_string())?;
        let told = serde_json::to_string(&account.status).unwrap();
        account.status.and_then(&get).ok_or(told)
    });
    told.await
        .unwrap_or_else(|error| panic!("{error}\n{}", world.operator_logs(25)))
}

/// All calls so far, and how many of them were refused.
async fn calls(world: &World) -> (u64, u64) {
    let all = world.simulator.requests().await.unwrap();
    let count = all.values().map(|tally| tally.count).sum();
    (count, all.values().map(|tally| tally.rejected).sum())
}

async fn replace_operator(world: &mut World) {
    let old = world.operators.remove(0);
    old.terminate().await.unwrap();
    drop(old);
    world.add_operator(&operator::Options::default()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_key_is_not_tried_again_by_the_next_process() {
    let mut world = World::start(world::Options::default()).await.unwrap();
    write_key(&world, "not-the-key").await;
    create(&world, "train").await;
    until_told(&world, "train", "CredentialsRefused").await;
    until_account(&world, "the refusal", |status| status.refused_credentials).await;
    assert_eq!(calls(&world).await.1, 1);
    for life in 1..=3 {
        replace_operator(&mut world).await;
        // It has come so far that it speaks of a pool that is new to it.
        let name = format!("train-{life}");
        create(&world, &name).await;
        until_told(&world, &name, "CredentialsRefused").await;
        assert_eq!(calls(&world).await.1, 1, "life {life}");
    }
    write_key(&world, SECRET_KEY).await;
    for name in ["train", "train-1", "train-2", "train-3"] {
        until_told(&world, name, r#""phase":"Running""#).await;
    }
    assert_eq!(calls(&world).await.1, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_that_the_cloud_asked_for_is_kept_by_the_next_process() {
    let mut world = World::start(world::Options::default()).await.unwrap();
    create(&world, "train").await;
    until_told(&world, "train", r#""phase":"Running""#).await;
    let throttle = Fault {
        seconds: Some(30),
        ..Fault::always("*", "throttle")
    };
    world.simulator.set_faults(&[throttle]).await.unwrap();
    let ends = until_account(&world, "the pause", |status| status.paused_until).await;
    replace_operator(&mut world).await;
    world.simulator.clear_faults().await.unwrap();
    let before = calls(&world).await.0;
    let called = until("another call", PATIENCE, async || {
        let (count, _) = calls(&world).await;
        if count > before {
            Ok(Timestamp::now())
        } else {
            Err(count)
        }
    });
    let called = called.await.unwrap();
    let early = called.duration_until(ends.0).as_secs();
    assert!(early <= 2, "{early} s before the end of the pause");
    create(&world, "more").await;
    until_told(&world, "more", r#""phase":"Running""#).await;
}
