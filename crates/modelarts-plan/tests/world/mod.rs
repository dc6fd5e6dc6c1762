//! A whole world on a virtual clock: a tiny API server, the simulated cloud, and a process that
//! does with a plan what the operator does with it.
//!
//! Nothing here sleeps, opens a socket or starts a task. The process can be killed before and after
//! every call that it makes, and every call to the cloud can go wrong in every way that the
//! operator must survive. What must never happen is checked at every call, not at the end.

// Each test binary uses a part of the world.
#![allow(dead_code)]

pub mod census;
pub mod chance;
pub mod chronicle;
pub mod cloud;
pub mod deeds;
pub mod event_log;
pub mod executed;
pub mod faults;
pub mod flaws;
pub mod judge;
pub mod kinds;
pub mod kubernetes;
pub mod overlap;
pub mod ownership;
pub mod process;
pub mod sizes;
pub mod watched;
pub mod weather;

use modelarts_crd::ModelArtsPool;
use modelarts_crd::pool::{ModelArtsPoolSpec, Network, Scope as JobType};
use modelarts_crd::resource::ResourceEntry;
use modelarts_plan::{Closed, ClusterId, Marker, Networks, Pools, Tick, Timing};
use modelarts_sim::{Cloud, Profile};

use chronicle::Chronicle;
use event_log::EventLog;
use faults::{Fault, Faults, Op};
use flaws::Flaw;
use judge::Judge;
use kinds::Lives;
use kubernetes::Shelf;
use overlap::Others;
use process::Process;
use watched::{Parsed, Watched};
use weather::Weather;

/// The project that every pool is in.
pub const PROJECT: &str = "0123456789abcdef0123456789abcdef";
/// The flavor of the pools of the tests.
pub const FLAVOR: &str = "modelarts.vm.cpu.4ud";
/// The wall clock when a world begins, in milliseconds since 1970.
pub const EPOCH: u64 = 1_770_000_000_000;

pub const SECOND: u64 = 1_000;
pub const MINUTE: u64 = 60 * SECOND;

/// Something that somebody does.
pub type Deed = Box<dyn FnOnce(&mut World)>;

/// Everything there is.
pub struct World {
    /// Milliseconds since the world began.
    pub now: u64,
    pub timing: Timing,
    pub cluster: ClusterId,
    /// The pools of the API server.
    pub kube: Shelf<Pools>,
    /// The networks of the API server.
    pub networks: Shelf<Networks>,
    pub cloud: Watched,
    parsed_pools: Parsed<Pools>,
    parsed_networks: Parsed<Networks>,
    pub faults: Faults,
    pub weather: Weather,
    /// What is wrong with the world itself.
    pub flaw: Option<Flaw>,
    pub log: EventLog,
    pub judge: Judge,
    pub chronicle: Chronicle,
    /// An account that cannot be used, if it is so.
    pub closed: Option<Closed>,
    /// Whether the account's creations leave room for one more.
    pub may_create: bool,
    /// What people do at a time of their own, even while a call is under way.
    pub meanwhile: Vec<(u64, Deed)>,
    /// Until when, and for how long, new things stay out of lists.
    pub hides_until: u64,
    pub hides_for: u64,
    /// How long an ordinary call takes.
    pub latency: u64,
    /// How much longer a write of the status takes.
    pub slow_status: u64,
    /// Somebody sets `spec.nodes` to this right after the next write of the status, which is the intent.
    pub edit_at_status: Option<i32>,
    /// What the process hears of its next creation, which is then not sent.
    pub answer_create: Option<serde_json::Value>,
    /// No list shows any pool.
    pub hide_all: bool,
    /// A GET says of every pool that there is none.
    pub deny_shows: bool,
    /// What the namespace's annotation says of deletions.
    pub namespace_policy: Option<modelarts_crd::policy::DeletionPolicy>,
    /// What that annotation says instead, if it is no policy.
    pub misspelt: Option<String>,
    /// The definition of pools is being removed.
    pub kind_leaves: bool,
    /// A test has put a second pool with the marker into the cloud.
    pub allow_twins: bool,
    pub process: Process,
    pub others: Others,
    pub restarts: u32,
    nonces: u64,
}

impl World {
    /// A world with a cloud of its default settings.
    pub fn new() -> Self {
        Self::with(Profile::default())
    }

    /// A world with a certain cloud.
    pub fn with(profile: Profile) -> Self {
        Self {
            now: 0,
            timing: Timing::default(),
            cluster: ClusterId("9be1e8c4-5df2-4be9-9e63-5c2a3c9c3b0a".into()),
            kube: Shelf::default(),
            networks: Shelf::default(),
            cloud: Watched::new(Cloud::new(profile, 1)),
            parsed_pools: Parsed::default(),
            parsed_networks: Parsed::default(),
            faults: Faults::default(),
            weather: Weather::calm(),
            flaw: None,
            log: EventLog::default(),
            judge: Judge::default(),
            chronicle: Chronicle::default(),
            closed: None,
            may_create: true,
            meanwhile: Vec::new(),
            hides_until: 0,
            hides_for: 0,
            latency: 100,
            slow_status: 0,
            edit_at_status: None,
            answer_create: None,
            hide_all: false,
            deny_shows: false,
            namespace_policy: None,
            misspelt: None,
            kind_leaves: false,
            allow_twins: false,
            process: Process::started(0),
            others: Others::default(),
            restarts: 0,
            nonces: 0,
        }
    }

    /// A world with the object `train` in it, before anybody has looked at it.
    pub fn with_pool() -> Self {
        let mut world = Self::new();
        world.apply("train", spec(2));
        world
    }

    /// The same once the pool is there and ready.
    pub fn with_ready_pool() -> Self {
        let mut world = Self::with_pool();
        world.run_until_ready("train");
        world
    }

    /// kubectl apply.
    pub fn apply(&mut self, name: &str, spec: ModelArtsPoolSpec) {
        self.apply_any::<Pools>(name, spec);
    }

    /// kubectl apply, of any kind.
    pub fn apply_any<K: Lives>(&mut self, name: &str, spec: K::Spec) {
        K::shelf_mut(self).apply(name, spec);
        self.touched::<K>(name);
    }

    /// kubectl edit.
    pub fn edit(&mut self, name: &str, edit: impl FnOnce(&mut ModelArtsPoolSpec)) {
        let mut spec = self.kube.object(name).spec.clone();
        edit(&mut spec);
        self.apply(name, spec);
    }

    /// Asks for a pass by the annotation.
    pub fn request(&mut self, name: &str, value: &str) {
        self.request_any::<Pools>(name, value);
    }

    /// Asks for a pass by the annotation, of any kind.
    pub fn request_any<K: Lives>(&mut self, name: &str, value: &str) {
        K::shelf_mut(self).annotate(name, modelarts_crd::REQUESTED_AT, value);
        self.wake_any::<K>(name);
    }

    /// kubectl delete.
    pub fn delete(&mut self, name: &str) {
        self.delete_any::<Pools>(name);
    }

    /// kubectl delete, of any kind.
    pub fn delete_any<K: Lives>(&mut self, name: &str) {
        let object = K::shelf(self).object(name).clone();
        K::shelf_mut(self).delete(name);
        if K::shelf(self).get(name).is_none() {
            self.chronicle_object::<K>(name, &object);
            self.wake_neighbours::<K>(&object);
        }
        self.touched::<K>(name);
    }

    /// Somebody else has changed an object: its watch and those of its neighbours see it.
    fn touched<K: Lives>(&mut self, name: &str) {
        self.wake_any::<K>(name);
        if let Some(object) = K::shelf(self).get(name) {
            self.wake_neighbours::<K>(&object);
        }
    }

    /// Has the process look at a pool now.
    pub fn wake(&mut self, name: &str) {
        self.wake_any::<Pools>(name);
    }

    /// Has the process look at an object now.
    pub fn wake_any<K: Lives>(&mut self, name: &str) {
        self.wake_in::<K>(name);
    }

    /// Has the process look at everything now.
    pub fn wake_all(&mut self) {
        for name in self.kube.names() {
            self.wake_any::<Pools>(&name);
        }
        for name in self.networks.names() {
            self.wake_any::<Networks>(&name);
        }
    }

    /// The next `times` calls of a kind go wrong.
    pub fn break_next(&mut self, op: Op, fault: Fault, times: u32) {
        self.faults.next(op, fault, times);
    }

    /// Lets time pass.
    pub fn run_for(&mut self, millis: u64) {
        let until = self.now + millis;
        while self.happen_before(until) {}
        self.now = self.now.max(until);
        self.meanwhile();
        self.check();
    }

    /// Lets time pass until something is so; it must become so within `limit` milliseconds.
    pub fn run_until(&mut self, what: &str, limit: u64, is_so: impl Fn(&mut Self) -> bool) {
        let until = self.now + limit;
        while !is_so(self) {
            let went_on = self.happen_before(until);
            assert!(went_on, "not {what} within {limit} ms\n{}", self.story());
        }
    }

    pub fn run_until_ready(&mut self, name: &str) {
        self.run_until_ready_within(name, 10 * MINUTE);
    }

    pub fn run_until_ready_within(&mut self, name: &str, limit: u64) {
        self.run_until("ready", limit, |world| world.kube.condition(name, "Ready").0 == "True");
    }

    pub fn run_until_gone(&mut self, name: &str, limit: u64) {
        self.run_until("gone", limit, |world| world.kube.get(name).is_none());
    }

    /// What people do meanwhile, as far as it is due.
    pub fn meanwhile(&mut self) {
        while let Some(due) = self.meanwhile.iter().position(|(at, _)| *at <= self.now) {
            let (_, deed) = self.meanwhile.remove(due);
            deed(self);
        }
    }

    /// The process dies and another begins, which remembers nothing.
    pub fn restart(&mut self) {
        self.restarts += 1;
        self.now += SECOND;
        self.process = Process::started(self.now);
        self.wake_all();
    }

    /// The process's own monotonic clock.
    pub fn tick(&self) -> Tick {
        Tick(self.now - self.process.started)
    }

    /// The cloud's clock.
    pub fn cloud_now(&self) -> u64 {
        EPOCH + self.now
    }

    pub fn wall(&self) -> jiff::Timestamp {
        let millis = i64::try_from(self.cloud_now()).expect("a time of this century");
        jiff::Timestamp::from_millisecond(millis).expect("a time of this century")
    }

    pub fn nonce(&mut self) -> String {
        self.nonces += 1;
        format!("{:04x}", self.nonces)
    }

    pub fn marker_of(&self, name: &str) -> Marker {
        self.marker_of_any::<Pools>(name)
    }

    pub fn marker_of_any<K: Lives>(&self, name: &str) -> Marker {
        let object = K::shelf(self).object(name);
        Marker::of(K::metadata(object).uid.as_deref().expect("a uid"), &self.cluster)
    }

    pub fn object(&self, name: &str) -> &ModelArtsPool {
        self.kube.object(name)
    }

    /// Steps that were done so far, by their words.
    pub fn steps(&self) -> Vec<&'static str> {
        self.judge.steps.iter().map(|(_, kind)| kind.as_str()).collect()
    }

    /// What happened, for the text of a failed test: the beginning, the end, and how things stand.
    pub fn story(&self) -> String {
        let told = self.log.told(60, 60);
        let pools = self
            .kube
            .all()
            .map(|(name, object)| (name, serde_json::json!(object.status)));
        let networks = self.networks.all();
        let networks = networks.map(|(name, object)| (name, serde_json::json!(object.status)));
        let statuses: Vec<String> = pools
            .chain(networks)
            .map(|(name, status)| format!("{name}: {status}"))
            .collect();
        format!("{told}\n{:?}\n{}", self.faults, statuses.join("\n"))
    }
}

/// A spec with one entry of `nodes` nodes.
pub fn spec(nodes: i32) -> ModelArtsPoolSpec {
    ModelArtsPoolSpec {
        account: None,
        pool_name: None,
        workspace_id: None,
        description: Some("trains models".into()),
        node_prefix: None,
        type_: None,
        scope: vec![JobType::Train],
        network: Some(Network {
            name: format!("net-0123-{PROJECT}"),
        }),
        network_ref: None,
        billing: None,
        nodes: Some(nodes),
        resources: vec![entry(FLAVOR, None)],
        job_flavors: Vec::new(),
        driver: None,
        management_policy: None,
        deletion_policy: None,
        adoption: None,
        drift: None,
    }
}

/// An entry of `spec.resources`.
pub fn entry(flavor: &str, count: Option<i32>) -> ResourceEntry {
    let entry = serde_json::json!({"flavor": flavor, "count": count});
    serde_json::from_value(entry).expect("an entry")
}

/// The text of a panic.
pub fn told_by(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("a panic without a text").to_owned()
}
