//! After the faults: all is as the objects say, and then nobody writes any more.

use e2e::proxied::is_ready;
use kube::api::ListParams;
use modelarts_crd::ModelArtsPool;
use sandbox::wait;
use serde_json::Value;

use crate::ground::{Ground, PATIENCE, id_of, marker_of};
use crate::play::prefix;

/// Further LISTs after which whatever was going to happen has happened.
const LISTS: u64 = 4;

/// Waits until every object is Ready with a pool as its spec says, and then sees that rest is rest:
/// neither a write of an object nor a change of the cloud.
pub async fn settle(ground: &mut Ground, since: u64) -> Result<(), String> {
    until(ground, "all objects to be as they should", wrong).await?;
    until_listed(ground, LISTS).await?;
    let (writes, changes) = extent(ground, since).await;
    until_listed(ground, LISTS).await?;
    let after = extent(ground, since).await;
    if after != (writes, changes) {
        return Err(format!(
            "at rest, {writes} writes and {changes} changes became {after:?}\n{}",
            ground.logs(40)
        ));
    }
    match wrong(ground).await {
        None => Ok(()),
        Some(wrong) => Err(format!("at rest, {wrong}")),
    }
}

/// Deletes all objects and waits for the end of them and their pools.
pub async fn leave(ground: &mut Ground) -> Result<(), String> {
    for pool in objects(ground).await {
        ground.delete(pool.metadata.name.as_deref().unwrap_or_default()).await;
    }
    let there = async |ground: &Ground| match objects(ground).await.len() {
        0 => None,
        left => Some(format!("{left} objects are left")),
    };
    until(ground, "all objects to be gone", there).await?;
    // What is left belonged to objects that somebody stripped. The next run must not meet it.
    for pool in ground.world.simulator.pools().await.unwrap() {
        ground.world.simulator.delete_pool(id_of(&pool)).await.unwrap();
    }
    Ok(())
}

async fn until(ground: &mut Ground, what: &str, wrong: impl AsyncFn(&Ground) -> Option<String>) -> Result<(), String> {
    // A replica that ended by itself meanwhile is replaced once, before the long look.
    ground.revive().await;
    let waited = wait::until(what, PATIENCE, async || wrong(ground).await.map_or(Ok(()), Err));
    waited.await.map_err(|error| format!("{error}\n{}", ground.logs(60)))
}

async fn until_listed(ground: &Ground, more: u64) -> Result<(), String> {
    let count = async || {
        let all = ground.world.simulator.requests().await.unwrap();
        all.get("ListPools").copied().unwrap_or_default().count
    };
    let goal = count().await + more;
    let waited = wait::until("further lists", PATIENCE, async || match count().await {
        seen if seen >= goal => Ok(()),
        seen => Err(format!("{seen} of {goal}")),
    });
    waited.await.map_err(|error| format!("{error}\n{}", ground.logs(60)))
}

/// How many writes of objects and changes of the cloud there were.
async fn extent(ground: &Ground, since: u64) -> (usize, usize) {
    let history = ground.world.control_plane.history(&prefix(), since).await.unwrap();
    (history.len(), ground.world.simulator.ledger().await.unwrap().len())
}

async fn objects(ground: &Ground) -> Vec<ModelArtsPool> {
    let listed = wait::until("the list of objects", PATIENCE, async || {
        let listed = ground.pools().list(&ListParams::default()).await;
        listed.map_err(|error| error.to_string())
    });
    listed.await.unwrap().items
}

/// The first thing that is not as it should be.
async fn wrong(ground: &Ground) -> Option<String> {
    let pools = ground.world.simulator.pools().await.unwrap();
    let objects = objects(ground).await;
    objects.iter().find_map(|object| wrong_with(object, &pools))
}

fn wrong_with(object: &ModelArtsPool, pools: &[Value]) -> Option<String> {
    let name = object.metadata.name.as_deref().unwrap_or_default();
    if object.metadata.deletion_timestamp.is_some() {
        return Some(format!("{name} is leaving: {:?}", object.status));
    }
    if !is_ready(object) {
        return Some(format!("{name} is not Ready: {:?}", object.status));
    }
    let ours: Vec<&Value> = pools
        .iter()
        .filter(|pool| marker_of(pool) == object.metadata.uid)
        .collect();
    let [pool] = ours[..] else {
        return Some(format!("{name} is Ready and has {} pools", ours.len()));
    };
    let recorded = object.status.as_ref().and_then(|status| status.pool_id.as_deref());
    if recorded != Some(id_of(pool)) {
        return Some(format!("{name} has {} and says {recorded:?}", id_of(pool)));
    }
    let spec = serde_json::to_value(&object.spec).unwrap();
    let shapes = (
        shape(&spec, &spec["description"]),
        shape(&pool["spec"], &described(pool)),
    );
    (shapes.0 != shapes.1).then(|| format!("{name} wants {:?} and has {:?}", shapes.0, shapes.1))
}

/// What a user wrote of a pool's description.
fn described(pool: &Value) -> Value {
    let text = pool["metadata"]["annotations"]["os.modelarts/description"]
        .as_str()
        .unwrap_or_default();
    let text = text.split("[mapool:").next().unwrap_or_default().trim();
    if text.is_empty() { Value::Null } else { text.into() }
}

/// Nodes, job types and description.
fn shape(spec: &Value, description: &Value) -> (Value, Vec<String>, Value) {
    let scopes = spec["scope"].as_array().into_iter().flatten();
    let mut scopes: Vec<String> = scopes.filter_map(|scope| scope.as_str().map(str::to_owned)).collect();
    scopes.sort();
    (spec["resources"][0]["count"].clone(), scopes, description.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use e2e::scene::merge;
    use serde_json::json;

    fn object(changes: &Value) -> ModelArtsPool {
        let mut object = json!({
            "apiVersion": "modelarts.huaweicloud.com/v1alpha1",
            "kind": "ModelArtsPool",
            "metadata": { "name": "train-a", "uid": "u-1", "generation": 2 },
            "spec": {
                "scope": ["Train", "Notebook"], "network": { "name": "net-0123" }, "description": "trains",
                "resources": [{ "flavor": "modelarts.vm.cpu.8ud", "count": 2 }],
            },
            "status": { "observedGeneration": 2, "poolId": "p-1", "conditions": [{
                "type": "Ready", "status": "True", "reason": "Ready", "message": "it is",
                "observedGeneration": 2, "lastTransitionTime": "2026-01-01T00:00:00Z",
            }] },
        });
        merge(&mut object, changes);
        serde_json::from_value(object).unwrap()
    }

    fn pool(changes: &Value) -> Value {
        let mut pool = json!({
            "metadata": { "name": "p-1", "annotations": { "os.modelarts/description": "trains [mapool:u-1@abcdef]" } },
            "spec": { "scope": ["Notebook", "Train"], "resources": [{ "flavor": "modelarts.vm.cpu.8ud", "count": 2 }] },
        });
        merge(&mut pool, changes);
        pool
    }

    #[test]
    fn an_object_that_has_what_it_wants_is_right() {
        assert_eq!(wrong_with(&object(&json!({})), &[pool(&json!({}))]), None);
    }

    #[test]
    fn whatever_is_not_as_the_object_says_is_found() {
        let same = json!({});
        let fewer = json!({ "spec": { "resources": [{ "count": 1 }] } });
        let other_text =
            json!({ "metadata": { "annotations": { "os.modelarts/description": "x [mapool:u-1@abcdef]" } } });
        let foreign =
            json!({ "metadata": { "annotations": { "os.modelarts/description": "trains [mapool:u-2@abcdef]" } } });
        let rows: [(&str, Value, Vec<Value>); 9] = [
            (
                "is leaving",
                json!({ "metadata": { "deletionTimestamp": "2026-01-01T00:00:00Z" } }),
                vec![pool(&same)],
            ),
            (
                "is not Ready",
                json!({ "metadata": { "generation": 3 } }),
                vec![pool(&same)],
            ),
            (
                "is not Ready",
                json!({ "status": { "conditions": [] } }),
                vec![pool(&same)],
            ),
            ("has 0 pools", same.clone(), vec![]),
            ("has 0 pools", same.clone(), vec![pool(&foreign)]),
            ("has 2 pools", same.clone(), vec![pool(&same), pool(&same)]),
            ("and says", json!({ "status": { "poolId": "p-2" } }), vec![pool(&same)]),
            ("wants", same.clone(), vec![pool(&fewer)]),
            ("wants", same.clone(), vec![pool(&other_text)]),
        ];
        for (part, change, pools) in rows {
            let said = wrong_with(&object(&change), &pools).unwrap_or_default();
            assert!(said.contains(part), "{part}: {said:?}");
        }
        let narrow = json!({ "spec": { "scope": ["Train"] } });
        assert!(wrong_with(&object(&same), &[pool(&narrow)]).is_some());
    }
}
