//! The simulated cloud: a state machine without input, output, tasks or a clock.
//!
//! Time is an argument, in milliseconds. What takes time is put on a timeline, and every call
//! first lets everything happen that was due; so the same calls at the same times give the same
//! cloud, and a test can jump a day ahead for nothing. Who may call is not decided here.

use std::collections::BTreeMap;

use modelarts_types::keys::DESCRIPTION;
use serde_json::Value;

use crate::{
    chance::Chance,
    clock::Millis,
    ledger::{Entry, Ledger, Subject, Trace},
    mishaps::{Mishap, Mishaps},
    network::NetworkRecord,
    operation::{Call, Operation},
    orders::OrderPhase,
    pool::{PoolRecord, phase},
    profile::{FailedRecords, Profile},
    project::Project,
    refusal::Refusal,
    settling::Turn,
    stock::Stock,
};

/// How long the record of a failed creation is kept.
const RECORD_MILLIS: Millis = 3 * 24 * 3600 * 1000;

/// A pool or network of a certain incarnation: a later one of the same ID is not meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct At {
    pub project: String,
    pub id: String,
    pub incarnation: u64,
}

/// What is going to happen by itself.
#[derive(Debug, Clone)]
pub(crate) enum Due {
    PoolReady(At, String),
    PoolGone(At),
    RecordGone(At),
    NodesReady(At, String),
    NodesGone(At, String),
    Scopes(At, Turn),
    Drivers(At, Turn),
    SubscriptionOver(At, Millis),
    NetworkReady(At, &'static str),
    NetworkGone(At),
    Late(Box<Call>, String),
}

/// The cloud of one region: all projects, the ledger, the profile.
#[derive(Debug, Clone)]
pub struct Cloud {
    pub(crate) profile: Profile,
    pub(crate) chance: Chance,
    pub(crate) projects: BTreeMap<String, Project>,
    pub(crate) ledger: Ledger,
    pub(crate) mishaps: Mishaps,
    pub(crate) stock: Stock,
    timeline: BTreeMap<(Millis, u64), Due>,
    ticks: u64,
}

impl Cloud {
    /// An empty cloud. The same seed gives the same generated names.
    #[must_use]
    pub fn new(profile: Profile, seed: u64) -> Self {
        Self {
            profile,
            chance: Chance::new(seed),
            projects: BTreeMap::new(),
            ledger: Ledger::default(),
            mishaps: Mishaps::default(),
            stock: Stock::default(),
            timeline: BTreeMap::new(),
            ticks: 0,
        }
    }

    /// The settings.
    #[must_use]
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Changes the settings for what happens from now on.
    pub fn set_profile(&mut self, profile: Profile) {
        self.profile = profile;
    }

    /// Every accepted mutation up to `now`, oldest first.
    pub fn ledger(&mut self, now: Millis) -> &[Entry] {
        self.settle(now);
        self.ledger.entries()
    }

    /// Whether something is going to happen by itself, and when the first of it is due.
    #[must_use]
    pub fn next_due(&self) -> Option<Millis> {
        self.timeline.keys().next().map(|(at, _)| *at)
    }

    /// Drops what is only told of the past: the ledger and the events. For explorers, to which two
    /// clouds that hold the same are one.
    pub fn forget_the_past(&mut self) {
        self.ledger = Ledger::default();
        for project in self.projects.values_mut() {
            project.events.clear();
        }
    }

    /// All pools of all projects up to `now`, failed records included, as ShowPool shows them.
    pub fn all_pools(&mut self, now: Millis) -> Vec<Value> {
        self.settle(now);
        let pools = self.projects.values().flat_map(|project| project.pools.values());
        pools.map(PoolRecord::view).collect()
    }

    /// Makes a project with its default network, unless it is there.
    pub fn add_project(&mut self, id: &str, now: Millis) {
        if !self.projects.contains_key(id) {
            let mut project = Project::default();
            let network = NetworkRecord::seeded(id, now, &mut self.chance);
            project.networks.insert(network.id.clone(), network);
            self.projects.insert(id.to_owned(), project);
        }
    }

    /// Executes a call of the service that has been authenticated.
    ///
    /// # Errors
    /// A [`Refusal`]; the cloud is then unchanged.
    pub fn execute(&mut self, call: &Call, trace: Trace<'_>, now: Millis) -> Result<Value, Refusal> {
        use Operation as O;
        self.settle(now);
        self.add_project(&call.project, now);
        let hides = self.profile.failed_records == FailedRecords::Hidden && call.operation.names_pool();
        if hides && self.pool(&call.project, &call.id).is_ok_and(PoolRecord::failed) {
            return Err(Refusal::pool_not_found());
        }
        match call.operation {
            O::CreatePool => self.create_from_call(call, trace, now),
            O::PatchPool => self.patch_from_call(call, trace, now),
            O::DeletePool => self.delete_from_call(call, trace, now),
            O::RetryPoolScope => self.retry_from_call(call, trace, now),
            O::BatchDeletePoolNodes => self.delete_nodes(call, trace, now),
            O::CreateNetwork => self.create_network_from_call(call, trace, now),
            O::PatchNetwork => self.patch_network_from_call(call, trace, now),
            O::DeleteNetwork => self.delete_network_from_call(call, trace, now),
            O::CreatePoolTags | O::DeletePoolTags => self.change_tags(call, trace, now),
            O::ListPools => self.list_from_call(call, now),
            O::ShowPool => self.pool(&call.project, &call.id).map(PoolRecord::view),
            O::ListPoolNodes => self.list_nodes(call),
            O::ListNodePools => self.list_node_pools(call),
            O::ShowPoolStatistics => Ok(self.statistics(call, now)),
            O::ListNetworks => self.list_networks_from_call(call),
            O::ShowNetwork => self.network_view(&call.project, &call.id),
            O::ListResourceFlavors => crate::lookups::flavors(call, &self.stock),
            O::ListWorkspaces => crate::lookups::workspaces(call),
            O::ShowWorkspace => crate::lookups::workspace(&call.id),
            O::ListOrders => self.list_orders(call),
            O::ShowOrder => self.show_order(call),
            O::ListEvents => self.list_events(call),
            O::ShowOsQuota => Ok(self.quotas(&call.project)),
            O::ShowOsConfig => Ok(self.user_config()),
            O::ListPoolTags | O::ListProjectPoolTags => self.list_tags(call),
            O::CreateToken
            | O::ListProjects
            | O::ListAuthProjects
            | O::ListAuthDomains
            | O::CreateMetadataToken
            | O::ShowSecurityKey
            | O::CreatePodCredential
            | O::UnsubscribeResources
            | O::ListSubscriptions => Err(Refusal::no_such_api()),
        }
    }

    /// Puts a call on the timeline: it is executed at `due`, and nobody hears the answer.
    pub fn execute_later(&mut self, call: Call, request_id: &str, due: Millis) {
        self.schedule(due, Due::Late(Box::new(call), request_id.to_owned()));
    }

    /// Lets everything happen that is due.
    pub fn settle(&mut self, now: Millis) {
        while let Some(next) = self.timeline.first_entry() {
            let at = next.key().0;
            if at > now {
                break;
            }
            let due = next.remove();
            self.happen(due, at);
        }
    }

    pub(crate) fn schedule(&mut self, at: Millis, due: Due) {
        self.ticks += 1;
        self.timeline.insert((at, self.ticks), due);
    }

    /// A number that no earlier pool or network has.
    pub(crate) fn next_incarnation(&mut self) -> u64 {
        self.ticks += 1;
        self.ticks
    }

    fn happen(&mut self, due: Due, now: Millis) {
        match due {
            Due::PoolReady(at, order) => self.pool_ready(&at, &order, now),
            Due::PoolGone(at) | Due::RecordGone(at) => {
                if self.pool_at(&at).is_some() {
                    self.remove_pool(&at.project, &at.id, now);
                }
            }
            Due::NodesReady(at, order) => self.nodes_ready(&at, &order, now),
            Due::NodesGone(at, order) => self.nodes_gone(&at, &order, now),
            Due::Scopes(at, turn) => self.scopes_due(&at, &turn, now),
            Due::Drivers(at, turn) => self.drivers_due(&at, &turn, now),
            Due::SubscriptionOver(at, frozen) => self.subscription_over(&at, frozen, now),
            Due::NetworkReady(at, then) => self.network_ready(&at, then),
            Due::NetworkGone(at) => self.network_gone(&at),
            Due::Late(call, request_id) => {
                let trace = Trace {
                    operation: call.operation.name(),
                    request_id: &request_id,
                    outcome: "delayedCommit",
                };
                // Nobody is left to hear a refusal; the ledger shows what was accepted.
                let _ = self.execute(&call, trace, now);
            }
        }
    }

    /// Replaces the list of mishaps.
    pub fn set_mishaps(&mut self, list: Vec<Mishap>) {
        self.mishaps.replace(list);
    }

    /// Adds a mishap behind those that are planned already.
    pub fn plan_mishap(&mut self, mishap: Mishap) {
        self.mishaps.add(mishap);
    }

    /// The mishaps, with the strikes that are left.
    #[must_use]
    pub fn mishaps(&self) -> &[Mishap] {
        self.mishaps.list()
    }

    pub(crate) fn running_at(&mut self, at: &At) -> Option<&mut PoolRecord> {
        self.pool_at(at)
            .filter(|pool| pool.phase != phase::DELETING && !pool.failed())
    }

    pub(crate) fn pool_at(&mut self, at: &At) -> Option<&mut PoolRecord> {
        self.projects
            .get_mut(&at.project)?
            .pools
            .get_mut(&at.id)
            .filter(|pool| pool.incarnation == at.incarnation)
    }

    /// A pool that is there, failed records included.
    pub(crate) fn pool(&self, project: &str, id: &str) -> Result<&PoolRecord, Refusal> {
        self.projects
            .get(project)
            .and_then(|project| project.pools.get(id))
            .ok_or_else(Refusal::pool_not_found)
    }

    pub(crate) fn pool_mut(&mut self, project: &str, id: &str) -> Result<&mut PoolRecord, Refusal> {
        self.projects
            .get_mut(project)
            .and_then(|project| project.pools.get_mut(id))
            .ok_or_else(Refusal::pool_not_found)
    }

    /// The project that holds the pool.
    pub(crate) fn project_of(&self, id: &str) -> Result<String, Refusal> {
        self.projects
            .iter()
            .find(|(_, project)| project.pools.contains_key(id))
            .map(|(project, _)| project.clone())
            .ok_or_else(Refusal::pool_not_found)
    }

    pub(crate) fn remove_pool(&mut self, project: &str, id: &str, now: Millis) {
        if let Some(project) = self.projects.get_mut(project) {
            project.pools.remove(id);
            project.end_orders_of(id, OrderPhase::Failed, "The pool was deleted.", now);
        }
    }

    /// Makes the record of a failed creation go after its three days.
    pub(crate) fn expire_record(&mut self, at: At, now: Millis) {
        self.schedule(now.saturating_add(RECORD_MILLIS), Due::RecordGone(at));
    }

    pub(crate) fn record(&mut self, project: &str, pool: &str, name: &str, trace: Trace<'_>, now: Millis) {
        let record = self.pool(project, pool).ok();
        let description = record.and_then(|pool| pool.annotations.get(DESCRIPTION)?.as_str());
        let subject = Subject {
            pool: Some(pool.to_owned()),
            network: None,
            name: name.to_owned(),
            description: description.map(str::to_owned),
        };
        self.ledger.append(now, project, subject, trace);
    }
}
