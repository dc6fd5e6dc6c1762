//! The life of one row: set, change, clear, invalid, revert; and what a twin that had the value from
//! the beginning looks like.
//!
//! What the cloud has must depend on the spec alone, and not on the way that led to it.

use serde_json::{Value, json};

use crate::ground::{Subject, named};
use crate::table::{Cleared, Life, Outcome, Row};

/// Lives the life of a row. Names its path if something is wrong.
pub async fn live(subject: Subject<'_>, row: &Row) -> Outcome {
    let lived = match &row.life {
        Life::Sent { at, shows, cleared } => sent(&subject, row, at, shows, cleared).await,
        Life::Fixed { at, shows, names } => fixed(&subject, row, at, shows, names).await,
        Life::Policy(check) => policy(&subject, row, *check).await,
    };
    lived.map_err(|problem| format!("{:?} {} ({}): {problem}", subject.kind, row.path, subject.name))
}

async fn sent(subject: &Subject<'_>, row: &Row, at: &str, shows: &[Value; 2], cleared: &Cleared) -> Outcome {
    let twin = subject.twin("-twin");
    twin.create(&row.first).await?;
    match (subject.create(&row.clear).await, cleared) {
        (Ok(()), _) => {
            subject.until_handled().await?;
            subject.change(&row.first).await?;
        }
        // Where the property is required, there is no object without it.
        (refusal @ Err(_), Cleared::Refused(field)) => {
            named(refusal, field)?;
            subject.create(&row.first).await?;
        }
        (Err(error), _) => return Err(format!("without a value: {error}")),
    }
    subject.until_settled("the first value").await?;
    let before = seen(subject).await?;
    shown(&before, at, &shows[0], "the first value")?;

    let second = row.second.as_ref().ok_or("a row that is sent has two values")?;
    subject.change(second).await?;
    subject.until_settled("the second value").await?;
    shown(&seen(subject).await?, at, &shows[1], "the second value")?;

    let (invalid, field) = &row.invalid;
    subject.refused(invalid, field).await?;
    match cleared {
        Cleared::Refused(field) => subject.refused(&row.clear, field).await?,
        Cleared::Shows(value) => clear(subject, row, at, value).await?,
        Cleared::Stays => clear(subject, row, at, &shows[1]).await?,
    }
    subject.change(&row.first).await?;
    subject.until_settled("the first value again").await?;
    same(
        &before,
        &seen(subject).await?,
        "before the changes",
        "after they were reverted",
    )?;
    twin.until_settled("the first value from the beginning").await?;
    same(
        &seen(&twin).await?,
        &before,
        "with the value from the beginning",
        "with the value set later",
    )
}

async fn clear(subject: &Subject<'_>, row: &Row, at: &str, value: &Value) -> Outcome {
    subject.change(&row.clear).await?;
    subject.until_settled("no value").await?;
    shown(&seen(subject).await?, at, value, "no value")
}

async fn fixed(subject: &Subject<'_>, row: &Row, at: &str, shows: &Value, field: &str) -> Outcome {
    subject.create(&row.first).await?;
    subject.until_made().await?;
    let before = seen(subject).await?;
    shown(&before, at, &subject.fill(shows), "the first value")?;
    if let Some(second) = &row.second {
        subject.refused(second, field).await?;
    }
    subject.refused(&row.clear, field).await?;
    let (invalid, named_field) = &row.invalid;
    subject.refused(invalid, named_field).await?;
    let bare = subject.twin("-bare");
    if !is_bare_refused(&bare, row, field).await? {
        bare.refused(&row.first, field).await?;
    }
    subject.rest().await;
    subject.expect_patches(0).await?;
    same(
        &before,
        &seen(subject).await?,
        "before the refused changes",
        "after them",
    )
}

async fn policy<'a>(
    subject: &Subject<'a>,
    row: &Row,
    check: for<'b> fn(Subject<'b>) -> futures::future::LocalBoxFuture<'b, Outcome>,
) -> Outcome {
    let other = subject.twin("-invalid");
    other.create(&row.first).await?;
    let (invalid, field) = &row.invalid;
    other.refused(invalid, field).await?;
    check(subject.clone()).await
}

/// Creates the object without the property. Where that is refused, the refusal must name the field.
async fn is_bare_refused(subject: &Subject<'_>, row: &Row, field: &str) -> Result<bool, String> {
    match subject.create(&row.clear).await {
        Ok(()) => Ok(false),
        Err(error) => named(Err(error), field).map(|()| true),
    }
}

/// What there is to be seen of it: in the cloud, and in its status.
pub async fn seen(subject: &Subject<'_>) -> Result<Value, String> {
    let status = subject.get().await?["status"].take();
    Ok(json!({ "cloud": subject.cloud().await?, "status": status, "name": subject.name, "kind": subject.kind.word() }))
}

fn shown(seen: &Value, at: &str, wanted: &Value, when: &str) -> Outcome {
    let there = seen["cloud"].pointer(at).cloned().unwrap_or_default();
    match there == *wanted {
        true => Ok(()),
        false => Err(format!("with {when} the cloud has {there} at {at} instead of {wanted}")),
    }
}

/// Fails with the differences, apart from what differs between any two objects or moments.
pub fn same(one: &Value, other: &Value, when: &str, then: &str) -> Outcome {
    let (one, other) = (normal(one), normal(other));
    let mut differences = Vec::new();
    compare(&one, &other, "", &mut differences);
    match differences.is_empty() {
        true => Ok(()),
        false => Err(format!(
            "{when} and {then} it is not the same: {}",
            differences.join("; ")
        )),
    }
}

fn normal(seen: &Value) -> Value {
    let mut normal = seen.clone();
    let cloud = &mut normal["cloud"];
    for key in ["name", "creationTimestamp"] {
        cloud["metadata"][key] = Value::Null;
    }
    for key in [
        "os.modelarts/name",
        "os.modelarts/order.name",
        "os.modelarts/resource.id",
    ] {
        cloud["metadata"]["labels"][key] = Value::Null;
    }
    cloud["status"]["root"] = Value::Null;
    cloud["status"]["subnets"] = Value::Null;
    for list in ["/spec/scope", "/spec/resources", "/status/scope"] {
        if let Some(Value::Array(items)) = cloud.pointer_mut(list) {
            items.sort_by_key(Value::to_string);
        }
    }
    let status = &mut normal["status"];
    for key in [
        "observedGeneration",
        "appliedGeneration",
        "poolId",
        "poolName",
        "networkId",
        "networkName",
        "resourceId",
        "createdAt",
        "selector",
        "order",
        "creation",
    ] {
        status[key] = Value::Null;
    }
    if let Some(Value::Array(items)) = status.get_mut("scope") {
        items.sort_by_key(Value::to_string);
    }
    for condition in status["conditions"].as_array_mut().into_iter().flatten() {
        (condition["observedGeneration"], condition["lastTransitionTime"]) = (Value::Null, Value::Null);
    }
    normal["name"] = Value::Null;
    normal
}

fn compare(one: &Value, other: &Value, at: &str, found: &mut Vec<String>) {
    match (one, other) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: std::collections::BTreeSet<_> = a.keys().chain(b.keys()).collect();
            for key in keys {
                compare(&one[key], &other[key], &format!("{at}/{key}"), found);
            }
        }
        (one, other) if one != other => found.push(format!("{at}: {one} and {other}")),
        _ => {}
    }
}
