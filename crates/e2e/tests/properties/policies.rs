//! The properties that say how far the operator goes. Each check is a life in which the cloud is as
//! the policy has it, and is changed for no other reason.

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use modelarts_crd::policy::{NetworkField, PoolField};
use sandbox::simulator::PROJECT;
use serde_json::{Value, json};

use crate::ground::{Kind, Subject, message};
use crate::table::Outcome;
use crate::trial::{same, seen};

const DESCRIPTION: &str = "/metadata/annotations/os.modelarts~1description";
/// The uid in the marker of a cluster that is not this one.
const FOREIGN: &str = "uid-of-another-cluster";

fn check(holds: bool, problem: impl FnOnce() -> String) -> Outcome {
    if holds { Ok(()) } else { Err(problem()) }
}

async fn described(subject: &Subject<'_>, wanted: &str) -> Outcome {
    let cloud = subject.cloud().await?;
    let there = cloud.pointer(DESCRIPTION).cloned().unwrap_or_default();
    check(there == wanted, || {
        format!("the description is {there} instead of {wanted:?}")
    })
}

/// `managementPolicy`: nothing is sent under Pause and Observe, and all of it afterwards.
pub fn manages(subject: Subject<'_>) -> LocalBoxFuture<'_, Outcome> {
    async move {
        subject.create(&json!({ "description": "one" })).await?;
        subject.until_settled("the first description").await?;
        subject
            .change(&json!({ "managementPolicy": "Pause", "description": "two" }))
            .await?;
        subject.until_says("Ready", "Unknown", "Suspended").await?;
        subject.rest().await;
        described(&subject, "one").await?;
        subject.change(&json!({ "managementPolicy": "Observe" })).await?;
        let observed = subject.until_says("Synced", "False", "Observed").await?;
        let told = message(&observed, "Synced");
        check(told.contains("description"), || {
            format!("the difference is not named: {told}")
        })?;
        subject.rest().await;
        described(&subject, "one").await?;
        subject.expect_patches(0).await?;
        subject.change(&json!({ "managementPolicy": null })).await?;
        subject.until_settled("no policy").await?;
        described(&subject, "two").await?;
        subject.change(&json!({ "managementPolicy": "Manage" })).await?;
        subject.until_settled("Manage").await?;
        subject.expect_patches(1).await
    }
    .boxed_local()
}

/// `deletionPolicy`: counts at the end only, as it is then.
pub fn deletes(subject: Subject<'_>) -> LocalBoxFuture<'_, Outcome> {
    async move {
        subject.create(&json!({ "deletionPolicy": "Detach" })).await?;
        subject.until_settled("Detach").await?;
        let id = subject.id().await?;
        for policy in [json!("Delete"), Value::Null, json!("Detach")] {
            subject.change(&json!({ "deletionPolicy": policy })).await?;
            subject.until_settled("another policy").await?;
        }
        subject.expect_patches(0).await?;
        subject.delete_gone().await?;
        let left = subject.in_cloud(&id).await?;
        check(left.is_some(), || {
            format!("{id} was deleted although it was to be detached")
        })?;
        for (suffix, spec) in [("-gone", json!({ "deletionPolicy": "Delete" })), ("-too", json!({}))] {
            let twin = subject.twin(suffix);
            twin.create(&spec).await?;
            twin.until_settled("Delete").await?;
            let id = twin.id().await?;
            twin.delete_gone().await?;
            let left = twin.in_cloud(&id).await?;
            check(left.is_none(), || {
                format!("{id} was left although it was to be deleted")
            })?;
        }
        Ok(())
    }
    .boxed_local()
}

fn adoption(kind: Kind, id: &str) -> Value {
    match kind {
        Kind::Pool => json!({ "adoption": { "poolId": id } }),
        Kind::Network => json!({ "adoption": { "networkId": id } }),
    }
}

/// `adoption`: one thing is marked, nothing is made, and the word means nothing afterwards.
pub fn adopts(subject: Subject<'_>) -> LocalBoxFuture<'_, Outcome> {
    async move {
        let kind = subject.kind;
        let there = format!("{}-there", subject.name);
        let id = format!("{there}-{PROJECT}");
        subject.made_by_others(&there, "").await?;
        subject.create(&adoption(kind, &id)).await?;
        let object = subject.until_settled("what it adopts").await?;
        let (adopted, description) = (subject.id().await?, subject.description().await?);
        check(adopted == id, || format!("{adopted} was adopted instead of {id}"))?;
        let uid = object["metadata"]["uid"].as_str().unwrap_or_default();
        check(description.contains(uid), || {
            format!("{id} is not marked: {description}")
        })?;

        subject
            .change(&adoption(kind, &format!("{}-other-{PROJECT}", subject.name)))
            .await?;
        subject.until_says("Stalled", "True", "ImmutableField").await?;
        for word in [json!({ "adoption": null }), adoption(kind, &id)] {
            subject.change(&word).await?;
            subject.until_settled("adoption as it was, or none").await?;
        }
        subject.expect_patches(1).await?;

        let nothing = subject.twin("-no");
        nothing
            .create(&adoption(kind, &format!("nothing-there-{PROJECT}")))
            .await?;
        nothing.until_says("Stalled", "True", "NotFound").await?;
        subject.rest().await;
        let bought = subject.bought(&subject.name).await?;
        check(bought == 0, || format!("{bought} were made by objects that adopt"))
    }
    .boxed_local()
}

/// `adoption.replacesMarker`: what another cluster has marked is left to it, unless its uid is named.
pub fn replaces_markers(subject: Subject<'_>) -> LocalBoxFuture<'_, Outcome> {
    async move {
        let there = format!("{}-there", subject.name);
        subject
            .made_by_others(&there, &format!("old [mapool:{FOREIGN}@zzzzzz]"))
            .await?;
        subject.create(&json!({ "description": "old" })).await?;
        let refused = subject.until_says("Stalled", "True", "AdoptionRefused").await?;
        let told = message(&refused, "Stalled");
        check(told.contains(FOREIGN), || {
            format!("the other's uid is not named: {told}")
        })?;
        let replaces = |uid: Value| json!({ "adoption": { "replacesMarker": uid } });
        subject.change(&replaces(json!("uid-of-a-third-cluster"))).await?;
        subject.until_says("Stalled", "True", "AdoptionRefused").await?;
        subject.change(&replaces(json!(FOREIGN))).await?;
        subject.until_settled("the uid that it replaces").await?;
        let description = subject.description().await?;
        check(!description.contains(FOREIGN), || {
            format!("the old marker is still there: {description}")
        })?;
        for uid in [Value::Null, json!(FOREIGN)] {
            subject.change(&replaces(uid)).await?;
            subject.until_settled("another uid").await?;
        }
        subject.expect_patches(1).await
    }
    .boxed_local()
}

/// What others change where the row's spec says otherwise, and where it shows.
fn tampering(kind: Kind) -> (Value, &'static str, Value) {
    match kind {
        Kind::Pool => (
            json!({ "spec": { "scope": ["Train"] } }),
            "/spec/scope",
            json!(["Train"]),
        ),
        Kind::Network => (
            json!({ "spec": { "connection": { "peerConnectionList": [] } } }),
            "/spec/connection/peerConnectionList",
            json!([]),
        ),
    }
}

/// `drift.policy`: what others did is told under Report and put back otherwise.
pub fn puts_back(subject: Subject<'_>) -> LocalBoxFuture<'_, Outcome> {
    async move {
        let (change, at, tampered) = tampering(subject.kind);
        subject.create(&json!({ "drift": { "policy": "Report" } })).await?;
        subject.until_settled("Report").await?;
        let before = seen(&subject).await?;
        subject.tamper(&change).await?;
        reported(&subject, at, &tampered, 0).await?;
        subject.change(&json!({ "drift": { "policy": "Correct" } })).await?;
        subject.until_settled("Correct").await?;
        same(&before, &seen(&subject).await?, "before", "after it was corrected")?;
        subject.expect_patches(1).await?;
        for (number, clear) in [(2, None), (3, Some(json!({ "drift": null })))] {
            if let Some(clear) = clear {
                subject.change(&clear).await?;
                subject.until_settled("no policy").await?;
            }
            subject.tamper(&change).await?;
            subject.until_patched(number).await?;
            subject.rest().await;
            subject.until_settled("its old value").await?;
            same(&before, &seen(&subject).await?, "before", "after it was put back")?;
        }
        subject.change(&json!({ "drift": { "policy": "Report" } })).await?;
        subject.until_settled("Report again").await?;
        subject.tamper(&change).await?;
        reported(&subject, at, &tampered, 3).await
    }
    .boxed_local()
}

async fn reported(subject: &Subject<'_>, at: &str, tampered: &Value, patches: usize) -> Outcome {
    subject.until_says("Synced", "False", "Drifted").await?;
    subject.rest().await;
    let cloud = subject.cloud().await?;
    check(cloud.pointer(at) == Some(tampered), || {
        format!("what is reported only was changed: {cloud}")
    })?;
    subject.expect_patches(patches).await
}

/// `drift.ignore`: every field that can be ignored is, and counts again afterwards.
pub fn ignores(subject: Subject<'_>) -> LocalBoxFuture<'_, Outcome> {
    async move {
        let fields: Vec<&'static str> = match subject.kind {
            Kind::Pool => PoolField::ALL.iter().map(|field| field.path()).collect(),
            Kind::Network => NetworkField::ALL.iter().map(|field| field.path()).collect(),
        };
        let lives = fields.into_iter().enumerate().map(|(number, field)| {
            let one = subject.twin(&format!("-{number}"));
            async move {
                ignored(one, field)
                    .await
                    .map_err(|problem| format!("{field}: {problem}"))
            }
        });
        let problems: Vec<String> = futures::future::join_all(lives)
            .await
            .into_iter()
            .filter_map(Result::err)
            .collect();
        check(problems.is_empty(), || problems.join("; "))
    }
    .boxed_local()
}

async fn ignored(subject: Subject<'_>, field: &str) -> Outcome {
    let mut spec = full_spec(subject.kind);
    spec["drift"] = json!({ "ignore": [field] });
    subject.create(&spec).await?;
    subject.until_settled("all that can be ignored").await?;
    let before = seen(&subject).await?;
    let change = outside(&subject, field).await?;
    subject.tamper(&change).await?;
    let tampered = seen(&subject).await?;
    check(same(&before, &tampered, "", "").is_err(), || {
        "the change of others changed nothing".into()
    })?;
    subject.rest().await;
    let object = subject.until_settled("what others own").await?;
    let life = subject.scene.record.life(&subject.name).await;
    let told = life
        .iter()
        .any(|version| e2e::record::condition(version, "Synced") == "False");
    check(!told || subject.kind == Kind::Network, || {
        format!("the difference was told: {}", object["status"])
    })?;
    subject.expect_patches(0).await?;
    subject.change(&json!({ "drift": null })).await?;
    subject.until_patched(1).await?;
    subject.rest().await;
    subject.until_settled("nothing ignored").await?;
    same(&before, &seen(&subject).await?, "before", "after it was put back")
}

/// A spec in which everything that can be ignored has a value.
fn full_spec(kind: Kind) -> Value {
    match kind {
        Kind::Pool => json!({
            "description": "ours",
            "scope": ["Train", "Notebook"],
            "jobFlavors": ["modelarts.pool.visual.xlarge"],
            "driver": { "gpuVersion": "440.31" },
            "resources": [{
                "flavor": "modelarts.vm.gpu.v100",
                "count": 2,
                "azs": [{ "az": "cn-north-4a", "count": 2 }],
                "extendParams": { "dockerBaseSize": "50" },
                "os": { "name": "EulerOS 2.8" },
                "driver": { "version": "440.31" },
                "rootVolume": { "volumeType": "SSD", "size": "500Gi" },
                "dataVolumes": [{ "volumeType": "SSD", "size": "500Gi" }],
                "labels": { "team": "ours" },
            }],
        }),
        Kind::Network => json!({
            "description": "ours",
            "connection": { "peerConnectionList": [{ "peerVpcId": "vpc-1", "peerSubnetId": "subnet-1" }] },
        }),
    }
}

/// What others do to a field that can be ignored.
async fn outside(subject: &Subject<'_>, path: &str) -> Result<Value, String> {
    let description = subject.description().await?.replace("ours", "theirs");
    let described = json!({ "metadata": { "annotations": { "os.modelarts/description": description } } });
    if subject.kind == Kind::Network {
        let field = NetworkField::ALL
            .iter()
            .find(|field| field.path() == path)
            .ok_or(path)?;
        return Ok(match field {
            NetworkField::Description => described,
            NetworkField::Connection => json!({ "spec": { "connection": { "peerConnectionList": [] } } }),
        });
    }
    let field = PoolField::ALL.iter().find(|field| field.path() == path).ok_or(path)?;
    let (member, value) = match field {
        PoolField::Description => return Ok(described),
        PoolField::Scope => return Ok(json!({ "spec": { "scope": ["Train"] } })),
        PoolField::JobFlavors => return Ok(json!({ "spec": { "jobFlavors": ["modelarts.pool.visual.large"] } })),
        PoolField::Driver => return Ok(json!({ "spec": { "driver": { "gpuVersion": "470.57" } } })),
        PoolField::Count => ("count", json!(3)),
        PoolField::Azs => ("azs", json!([{ "az": "cn-north-4b", "count": 2 }])),
        PoolField::ExtendParams => ("extendParams", json!({ "dockerBaseSize": "100" })),
        PoolField::Os => ("os", json!({ "name": "EulerOS 2.10" })),
        PoolField::EntryDriver => ("driver", json!({ "version": "470.57" })),
        PoolField::RootVolume => ("rootVolume", json!({ "volumeType": "SAS", "size": "500Gi" })),
        PoolField::DataVolumes => ("dataVolumes", json!([{ "volumeType": "SAS", "size": "500Gi" }])),
        PoolField::Labels => ("labels", json!({ "team": "theirs" })),
    };
    let mut resources = subject.cloud().await?["spec"]["resources"].take();
    resources[0][member] = value;
    Ok(json!({ "spec": { "resources": resources } }))
}

/// `networkRef`: waits for the network, is in it, and stays in it.
pub fn refers(subject: Subject<'_>) -> LocalBoxFuture<'_, Outcome> {
    async move {
        let reference = |name: Value| json!({ "networkRef": name });
        subject.create(&reference(json!({ "name": "$NAME" }))).await?;
        subject.until_says("Reconciling", "True", "WaitingForNetwork").await?;
        let network = Subject::new(
            subject.scene,
            Kind::Network,
            &subject.name,
            &json!({ "networkName": "$NAME-net" }),
        );
        network.create(&json!({})).await?;
        network.until_settled("the network of a pool").await?;
        subject.until_settled("its network").await?;
        let (there, wanted) = (
            subject.cloud().await?["spec"]["network"]["name"].take(),
            network.id().await?,
        );
        check(there == wanted.as_str(), || {
            format!("the pool is in {there} and not in {wanted}")
        })?;
        subject
            .refused(&reference(json!({ "name": "another" })), "spec.networkRef")
            .await?;
        subject.refused(&reference(Value::Null), "spec.networkRef").await?;
        subject
            .refused(&json!({ "network": { "name": wanted } }), "spec.network")
            .await?;
        subject.rest().await;
        subject.expect_patches(0).await
    }
    .boxed_local()
}
