//! The control plane is real: it serves, stores, authorises, restarts, and collects garbage.
//!
//! These tests build its binaries if they are missing and never skip.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed expectation is the point of a test, also in its helper functions"
)]

use std::collections::BTreeMap;
use std::path::PathBuf;

use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::api::{DeleteParams, PostParams};
use kube::{Api, Resource, ResourceExt};
use modelarts_crd::ModelArtsPool;
use sandbox::control_plane::{Audit, ControlPlane, ControllerManager, Options};
use sandbox::credentials::User;
use sandbox::wait::{self, until};
use sandbox::world;

fn namespace(name: &str) -> Namespace {
    let mut made = Namespace::default();
    made.metadata.name = Some(name.to_owned());
    made
}

async fn ready(control_plane: &ControlPlane) -> String {
    let client = control_plane.client().await.unwrap();
    let request = http::Request::get("/readyz").body(Vec::new()).unwrap();
    client.request_text(request).await.unwrap()
}

#[tokio::test]
async fn it_serves_and_stores_and_two_of_them_do_not_meet() {
    let (one, two) = tokio::join!(
        ControlPlane::start(Options::default()),
        ControlPlane::start(Options::default())
    );
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!(ready(&one).await, "ok");
    assert_eq!(ready(&two).await, "ok");

    let namespaces: Api<Namespace> = Api::all(one.client().await.unwrap());
    let made = namespaces
        .create(&PostParams::default(), &namespace("ml"))
        .await
        .unwrap();
    let read = namespaces.get("ml").await.unwrap();
    assert_eq!(made.uid(), read.uid());

    let elsewhere: Api<Namespace> = Api::all(two.client().await.unwrap());
    assert!(elsewhere.get_opt("ml").await.unwrap().is_none());

    let output = one
        .kubectl_command()
        .args(["get", "namespace", "ml", "-o", "name"])
        .output()
        .await
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "namespace/ml\n");

    let version = one.client().await.unwrap().apiserver_version().await.unwrap();
    assert_eq!((&*version.major, &*version.minor), ("1", "35"));
}

#[tokio::test]
async fn a_user_without_a_role_is_refused_and_the_audit_log_says_who_it_was() {
    let control_plane = ControlPlane::start(Options {
        users: vec![User::new("tenant")],
        audit: Audit::Metadata,
        ..Options::default()
    })
    .await
    .unwrap();
    let tenant: Api<Namespace> = Api::all(control_plane.client_as("tenant").await.unwrap());
    let refused = tenant
        .create(&PostParams::default(), &namespace("mine"))
        .await
        .unwrap_err();
    assert!(matches!(&refused, kube::Error::Api(status) if status.is_forbidden()));

    let path = control_plane.audit_log();
    let entry = until("the refusal in the audit log", wait::DEADLINE, async || {
        let log = std::fs::read_to_string(&path).map_err(|e| e.to_string())?;
        let found = log.lines().find(|line| line.contains(r#""username":"tenant""#));
        found.map(str::to_owned).ok_or("no line of the tenant".to_owned())
    })
    .await
    .unwrap();
    assert!(entry.contains(r#""code":403"#), "{entry}");

    let unknown = control_plane.client_as("stranger").await.err().unwrap();
    assert!(unknown.to_string().contains("kubeconfig"), "{unknown}");
}

#[tokio::test]
async fn the_history_has_every_version_across_a_restart_and_the_audit_log_their_writes() {
    let control_plane = ControlPlane::start(Options {
        audit: Audit::WritesOf("modelartspools"),
        ..Options::default()
    })
    .await
    .unwrap();
    let client = control_plane.client().await.unwrap();
    world::apply_crds(&client, modelarts_crd::crds()).await.unwrap();
    let since = control_plane.revision().await.unwrap();
    let pools: Api<ModelArtsPool> = Api::namespaced(client.clone(), "default");
    let pool = serde_json::from_value(serde_json::json!({
        "metadata": { "name": "train-a" },
        "spec": { "scope": ["Train"], "network": { "name": "net-0123" },
            "resources": [{ "flavor": "modelarts.vm.cpu.8ud", "count": 1 }] },
    }));
    let made = pools.create(&PostParams::default(), &pool.unwrap()).await.unwrap();
    control_plane.restart_apiserver().await.unwrap();
    // The first try may meet a connection that broke with the server.
    let gone = until("the deletion", wait::DEADLINE, async || {
        let deleted = pools.delete("train-a", &DeleteParams::default()).await;
        match deleted {
            Err(kube::Error::Api(status)) if status.is_not_found() => Ok(()),
            other => other.map(drop).map_err(|e| e.to_string()),
        }
    });
    gone.await.unwrap();

    let prefix = format!("/registry/{}/modelartspools/", modelarts_crd::GROUP);
    let history = control_plane.history(&prefix, since).await.unwrap();
    let uid = |object: &Option<serde_json::Value>| object.as_ref().map(|object| object["metadata"]["uid"].clone());
    let there = Some(serde_json::json!(made.uid().unwrap()));
    let seen: Vec<_> = history.iter().map(|one| (uid(&one.before), uid(&one.after))).collect();
    assert_eq!(seen, [(None, there.clone()), (there, None)]);
    assert_eq!(Some(history[0].revision.to_string()), made.resource_version());
    let later = control_plane.history(&prefix, history[0].revision).await.unwrap();
    assert_eq!(later, history[1..]);
    let now = control_plane.revision().await.unwrap();
    assert_eq!(control_plane.history(&prefix, now).await.unwrap(), []);

    let log = std::fs::read_to_string(control_plane.audit_log()).unwrap();
    let writes = log
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let writes: Vec<_> = writes.map(|write| write["verb"].clone()).collect();
    assert_eq!(writes, ["create", "delete"], "{log}");
    assert!(log.contains(r#""flavor":"modelarts.vm.cpu.8ud""#), "{log}");
}

#[tokio::test]
async fn a_killed_api_server_comes_back_at_its_address_with_its_data() {
    let control_plane = ControlPlane::start(Options::default()).await.unwrap();
    let client = control_plane.client().await.unwrap();
    let namespaces: Api<Namespace> = Api::all(client);
    let made = namespaces
        .create(&PostParams::default(), &namespace("kept"))
        .await
        .unwrap();
    let before = control_plane.pids().await;

    control_plane.stop_apiserver().await.unwrap();
    assert!(namespaces.get("kept").await.is_err());
    assert_eq!(control_plane.pids().await.len(), 1, "etcd alone runs");

    control_plane.start_apiserver().await.unwrap();
    // The old client still has the address.
    let read = until("the kept namespace", wait::DEADLINE, async || {
        namespaces.get("kept").await
    })
    .await
    .unwrap();
    assert_eq!(made.uid(), read.uid());
    assert_ne!(before, control_plane.pids().await);
}

#[tokio::test]
async fn a_frozen_api_server_answers_again_when_it_is_let_go() {
    let control_plane = ControlPlane::start(Options::default()).await.unwrap();
    let namespaces: Api<Namespace> = Api::all(control_plane.client().await.unwrap());
    control_plane.pause_apiserver().await.unwrap();
    let answer = namespaces.get("default");
    let frozen = tokio::time::timeout(std::time::Duration::from_secs(2), answer).await;
    assert!(frozen.is_err(), "a frozen server answered");
    control_plane.resume_apiserver().await.unwrap();
    until("an answer", wait::DEADLINE, async || namespaces.get("default").await)
        .await
        .unwrap();
}

#[tokio::test]
async fn with_the_controller_manager_dependents_and_namespaces_go_away() {
    let control_plane = ControlPlane::start(Options {
        controller_manager: ControllerManager::On,
        ..Options::default()
    })
    .await
    .unwrap();
    let client = control_plane.client().await.unwrap();
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let maps: Api<ConfigMap> = Api::namespaced(client, "default");
    let post = PostParams::default();

    let mut map = ConfigMap::default();
    map.metadata.name = Some(String::from("owner"));
    map.data = Some(BTreeMap::new());
    let owner = maps.create(&post, &map).await.unwrap();
    map.metadata.name = Some(String::from("dependent"));
    map.metadata.owner_references = Some(vec![OwnerReference {
        api_version: ConfigMap::api_version(&()).into_owned(),
        kind: ConfigMap::kind(&()).into_owned(),
        name: owner.name_any(),
        uid: owner.uid().unwrap(),
        ..OwnerReference::default()
    }]);
    maps.create(&post, &map).await.unwrap();
    namespaces.create(&post, &namespace("short")).await.unwrap();

    let delete = DeleteParams::background();
    maps.delete("owner", &delete).await.unwrap();
    namespaces.delete("short", &delete).await.unwrap();
    until("both to be gone", wait::DEADLINE, async || {
        let map = maps.get_opt("dependent").await.map_err(|e| e.to_string())?;
        let namespace = namespaces.get_opt("short").await.map_err(|e| e.to_string())?;
        match (map, namespace) {
            (None, None) => Ok(()),
            (map, namespace) => Err(format!(
                "dependent there: {}, namespace there: {}",
                map.is_some(),
                namespace.is_some()
            )),
        }
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn with_autoscaling_an_autoscaler_is_looked_at() {
    let control_plane = ControlPlane::start(Options {
        controller_manager: ControllerManager::Autoscaling,
        ..Options::default()
    })
    .await
    .unwrap();
    let client = control_plane.client().await.unwrap();
    let autoscalers: Api<HorizontalPodAutoscaler> = Api::namespaced(client, "default");
    let made = serde_json::json!({
        "metadata": { "name": "of-nothing" },
        "spec": {
            "scaleTargetRef": { "apiVersion": "apps/v1", "kind": "Deployment", "name": "nothing" },
            "maxReplicas": 2,
        },
    });
    let made = serde_json::from_value(made).unwrap();
    autoscalers.create(&PostParams::default(), &made).await.unwrap();
    until("the autoscaler to miss its target", wait::DEADLINE, async || {
        control_plane.controller_manager().unwrap().running().unwrap();
        let seen = autoscalers.get("of-nothing").await.map_err(|e| e.to_string())?;
        let told = seen.status.and_then(|status| status.conditions).unwrap_or_default();
        let missed = told
            .iter()
            .any(|c| c.type_ == "AbleToScale" && c.reason.as_deref() == Some("FailedGetScale"));
        if missed { Ok(()) } else { Err(format!("{told:?}")) }
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn dropping_it_ends_its_processes_and_removes_its_folder() {
    let control_plane = ControlPlane::start(Options {
        controller_manager: ControllerManager::On,
        ..Options::default()
    })
    .await
    .unwrap();
    let pids = control_plane.pids().await;
    let folder: PathBuf = control_plane.folder().to_owned();
    assert_eq!(pids.len(), 3);
    assert!(folder.is_dir());
    drop(control_plane);
    for pid in pids {
        assert!(!PathBuf::from(format!("/proc/{pid}")).exists(), "{pid} is alive");
    }
    assert!(!folder.exists());
}
