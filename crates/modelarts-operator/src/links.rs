//! Pools and their networks: which pool uses which network, as far as objects say.

use kube::ResourceExt;
use modelarts_crd::ModelArtsNetwork;
use modelarts_crd::conditions::ConditionType;
use modelarts_plan::Link;

use crate::directory::{Directory, Member};

/// Most users that are named.
const NAMED: usize = 5;

/// Whether a pool uses a network, or wants to.
#[must_use]
pub fn uses(pool: &Member, network: &Member) -> bool {
    uses_named(pool, &network.namespace, &network.name, network.id.as_deref())
}

fn uses_named(pool: &Member, namespace: &str, name: &str, id: Option<&str>) -> bool {
    let by_name = pool.namespace == namespace && pool.refers.object.as_deref() == Some(name);
    by_name || pool.refers.ids.iter().any(|used| Some(used.as_str()) == id)
}

/// The pools that use a network, as `namespace/name`. Nothing while not all pools have been seen.
#[must_use]
pub fn users(pools: &Directory, network: &ModelArtsNetwork) -> Option<Vec<String>> {
    if !pools.has_seen_all() {
        return None;
    }
    let namespace = network.namespace().unwrap_or_default();
    let name = network.name_any();
    let id = network.status.as_ref().and_then(|status| status.network_id.as_deref());
    let found = pools.filter(|pool| uses_named(pool, &namespace, &name, id));
    let users = found.iter().map(|pool| format!("{}/{}", pool.namespace, pool.name));
    Some(first_of(users.collect()))
}

/// The first few names, and how many more there are.
#[must_use]
pub fn first_of(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    let more = names.len().saturating_sub(NAMED);
    names.truncate(NAMED);
    if more > 0 {
        names.push(format!("and {more} more"));
    }
    names
}

/// What a pool of `account` gets by referring to a network.
#[must_use]
pub fn link(network: &ModelArtsNetwork, account: &str) -> Link {
    let name = network.name_any();
    let waiting = |text: &str| Link::Waiting(format!("ModelArtsNetwork {name} {text}"));
    if network.metadata.deletion_timestamp.is_some() {
        return waiting("is being deleted");
    }
    if network.spec.account_name() != account {
        let of = network.spec.account_name();
        return waiting(&format!("is of account {of}, and the pool of account {account}"));
    }
    let status = network.status.clone().unwrap_or_default();
    let ready = ConditionType::Ready.as_str();
    let ready = status.conditions.iter().find(|condition| condition.type_ == ready);
    match (ready, status.network_id) {
        (Some(ready), Some(id)) if ready.status == "True" => Link::Ready(id),
        (Some(ready), _) => waiting(&format!("is not ready: {}", ready.message)),
        (None, _) => waiting("has not been looked at yet"),
    }
}

#[cfg(test)]
mod tests;
