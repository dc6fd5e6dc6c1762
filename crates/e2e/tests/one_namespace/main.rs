//! An operator that looks after one namespace, with next to no rights elsewhere.
//!
//! One life after the other, since the last takes the definitions away.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed expectation is the point of a test, also in its helper functions"
)]

use std::collections::BTreeSet;

use e2e::rights::{granted, used};
use e2e::scene::{PATIENCE, Scene};
use e2e::stage::{OPERATOR, Options, Reach, Stage, namespaced_rights};
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;
use kube::api::{Api, DeleteParams, ListParams, PostParams};
use modelarts_crd::{ModelArtsNetwork, ModelArtsPool};
use sandbox::control_plane::Audit;
use sandbox::operator::LeaderElection;
use serde_json::json;

static STAGE: Stage = Stage::new(|| Options {
    audit: Audit::Metadata,
    leader_election: LeaderElection::On,
    reach: Reach::FirstScene,
    ..Options::default()
});

#[test]
fn an_operator_of_one_namespace_does_its_work_with_the_rights_it_has_and_needs_each_of_them() {
    STAGE.play(async |scene| {
        a_life(scene).await;
        who_is_elsewhere_is_left_alone(scene).await;
        what_its_definition_leaves_behind_stays(scene).await;
        rights(scene);
        install(scene).await;
    });
}

/// Made, changed, and deleted, with a network beside it.
async fn a_life(scene: &Scene) {
    let networks: Api<ModelArtsNetwork> = Api::namespaced(scene.client(), &scene.name);
    let network = json!({
        "metadata": {"name": "net", "namespace": scene.name},
        "spec": {"account": scene.name, "cidr": "192.168.0.0/24"},
    });
    let network: ModelArtsNetwork = e2e::scene::parsed(network);
    networks.create(&PostParams::default(), &network).await.unwrap();
    scene
        .create_ready("train", &json!({"network": null, "networkRef": {"name": "net"}}))
        .await;
    scene.change("train", &json!({"description": "trains models"})).await;
    scene.until_deeds(&["CreateNetwork", "CreatePool", "PatchPool"]).await;
    scene.delete("train").await;
    scene.until_gone("train").await;
    networks.delete("net", &DeleteParams::default()).await.unwrap();
    scene
        .until_deeds(&[
            "CreateNetwork",
            "CreatePool",
            "PatchPool",
            "DeletePool",
            "DeleteNetwork",
        ])
        .await;
    let account = scene.accounts().get(&scene.name).await.unwrap();
    let told = account.status.is_some_and(|status| !status.conditions.is_empty());
    assert!(
        account.metadata.finalizers.is_none() && !told,
        "it may not write accounts"
    );
}

/// A pool of another namespace is somebody else's, or nobody's.
async fn who_is_elsewhere_is_left_alone(scene: &Scene) {
    let namespaces: Api<Namespace> = Api::all(scene.client());
    let elsewhere: Namespace = e2e::scene::parsed(json!({"metadata": {"name": "elsewhere"}}));
    namespaces.create(&PostParams::default(), &elsewhere).await.unwrap();
    let mut pool: ModelArtsPool = e2e::scene::parsed(scene.manifest("train", &json!({})));
    pool.metadata.namespace = Some("elsewhere".into());
    let pools: Api<ModelArtsPool> = Api::namespaced(scene.client(), "elsewhere");
    pools.create(&PostParams::default(), &pool).await.unwrap();
    scene.create_ready("here", &json!({})).await;
    scene.until_listed(3).await;
    let left = pools.get("train").await.unwrap();
    assert!(left.status.is_none_or(|status| status.conditions.is_empty()) && left.metadata.finalizers.is_none());
    pools.delete("train", &DeleteParams::default()).await.unwrap();
}

/// The removal of the definition deletes all objects, which is no wish to delete pools.
async fn what_its_definition_leaves_behind_stays(scene: &Scene) {
    let before = scene.simulator.ledger().await.unwrap().len();
    let definitions: Api<CustomResourceDefinition> = Api::all(scene.client());
    let name = "modelartspools.modelarts.huaweicloud.com";
    definitions.delete(name, &DeleteParams::default()).await.unwrap();
    let gone = async || match definitions.get_opt(name).await.unwrap() {
        None => Ok(()),
        Some(there) => Err(format!("{:?}", there.status)),
    };
    sandbox::wait::until("the definition is gone", PATIENCE, gone)
        .await
        .unwrap();
    assert_eq!(
        scene.simulator.ledger().await.unwrap().len(),
        before,
        "nothing was asked of the cloud"
    );
}

/// The definition is there again, for the end of the scene.
async fn install(scene: &Scene) {
    let definitions: Api<CustomResourceDefinition> = Api::all(scene.client());
    definitions
        .create(&PostParams::default(), &ModelArtsPool::crd())
        .await
        .unwrap();
    let served = async || scene.pools().list(&ListParams::default()).await.map(|_| ());
    sandbox::wait::until("the kind is served", PATIENCE, served)
        .await
        .unwrap();
}

fn rights(scene: &Scene) {
    let log = std::fs::read_to_string(scene.world.control_plane.audit_log()).unwrap();
    let (used, refused) = used(&log, OPERATOR);
    assert_eq!(refused, BTreeSet::new(), "it asks for nothing that it may not do");
    let granted = granted(&namespaced_rights(), "modelarts-operator");
    let idle: Vec<_> = granted.difference(&used).collect();
    assert!(idle.is_empty(), "granted and never used: {idle:#?}");
}
