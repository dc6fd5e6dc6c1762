//! The stage of a test binary: one control plane and one operator, started when the first test asks.
//!
//! Tests share it and run side by side, because each plays a scene of its own: a namespace, an
//! account, a Secret and a simulated cloud that nobody else uses. A fault, a full quota or a locked
//! key in one scene is therefore never seen in another. The operator has the rights that the shipped
//! manifests give it and no others. What was started ends with the process: see `sandbox::supervise`.

use std::path::Path;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use sandbox::control_plane::{Audit, ControllerManager};
use sandbox::credentials::User;
use sandbox::operator::{self, LeaderElection, Timing};
use sandbox::simulator::Key;
use sandbox::{World, control_plane, world};
use tokio::runtime::Runtime;
use tokio::sync::OnceCell;

use crate::leaks::{FURTHER_SECRET_KEY, POD_TOKEN};
use crate::rights;
use crate::scene::Scene;

/// The operator as the API server knows it: the service account of the shipped manifests.
pub const OPERATOR: &str = "system:serviceaccount:modelarts-system:modelarts-operator";

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
});

/// What a stage has besides API server and operator.
#[derive(Debug, Clone)]
pub struct Options {
    /// The operator's timing.
    pub timing: Timing,
    /// The operator's further command line.
    pub arguments: Vec<String>,
    /// Whether the operator asks for the lease.
    pub leader_election: LeaderElection,
    /// Whether namespaces are finalized.
    pub controller_manager: ControllerManager,
    /// Whether the API server writes down who asked for what.
    pub audit: Audit,
    /// Where the operator looks.
    pub reach: Reach,
    /// Whether the operator finds keys for the stage's own cloud around it.
    pub around: Around,
}

/// What the operator of a stage finds around it, beside Kubernetes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Around {
    /// Nothing.
    Nothing,
    /// In its environment a key, and where pod identity is; and instance metadata. All of them for
    /// [`World::simulator`], which the scenes share.
    Keys,
}

/// Where the operator of a stage looks, with the rights that the manifests give it for that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// In all namespaces.
    Cluster,
    /// In the namespace of the stage's first scene.
    FirstScene,
}

/// The name of a stage's first scene.
pub const FIRST_SCENE: &str = "scene-1";

impl Default for Options {
    fn default() -> Self {
        Self {
            timing: timing(),
            arguments: Vec::new(),
            leader_election: LeaderElection::Off,
            controller_manager: ControllerManager::Off,
            audit: Audit::Of(OPERATOR),
            reach: Reach::Cluster,
            around: Around::Nothing,
        }
    }
}

/// The access key in the operator's environment, with [`Around::Keys`].
pub const AROUND: &str = "AKAROUND";

/// The times of [`timing`] that tests compare with, in seconds.
pub mod seconds {
    /// How long a creation without an answer is left alone.
    pub const IN_DOUBT: u64 = 10;
    /// How long a pool must be absent before it counts as lost.
    pub const LOSS: u64 = 6;
}

/// The shortest timing that leaves room for two busy cores. A scene must not hold a request longer
/// than 2 s nor hide a new pool longer than 2 s.
#[must_use]
pub fn timing() -> Timing {
    Timing::quick()
        .with("--request-deadline", "4s")
        .with("--self-deadline", "2s")
        .with("--gateway-limit", "2s")
        .with("--list-lag", "2s")
        .with("--in-doubt-window", &format!("{}s", seconds::IN_DOUBT))
        .with("--absence-spacing", "1s")
        .with("--loss-span", &format!("{}s", seconds::LOSS))
}

/// A stage, to be kept in a `static` of the test binary.
pub struct Stage {
    options: fn() -> Options,
    world: OnceCell<World>,
    scenes: AtomicUsize,
}

impl Stage {
    /// A stage that will be set as `options` says.
    #[must_use]
    pub const fn new(options: fn() -> Options) -> Self {
        Self {
            options,
            world: OnceCell::const_new(),
            scenes: AtomicUsize::new(0),
        }
    }

    /// Plays a scene to its end, then checks that all that was said of its pools was well formed.
    pub fn play(&'static self, act: impl AsyncFnOnce(&Scene)) {
        self.run(Box::pin(self.perform(act)));
    }

    /// Waits for something on the runtime that all scenes live on.
    pub fn run<T>(&'static self, what: impl Future<Output = T>) -> T {
        RUNTIME.block_on(what)
    }

    /// The same as [`Self::play`], for several scenes in one test. Gives what the act gives.
    pub async fn perform<T>(&'static self, act: impl AsyncFnOnce(&Scene) -> T) -> T {
        let world = self.world.get_or_init(|| set((self.options)())).await;
        let number = self.scenes.fetch_add(1, Ordering::Relaxed) + 1;
        let begun = Instant::now();
        let scene = Scene::open(world, &format!("scene-{number}")).await;
        let result = Box::pin(act(&scene)).await;
        scene.close().await;
        if (self.options)().reach == Reach::Cluster {
            rights::note(&world.control_plane.audit_log(), OPERATOR);
        }
        // Shown with --nocapture: where the time of a binary goes.
        eprintln!("scene {number} took {:.1} s", begun.elapsed().as_secs_f64());
        result
    }
}

async fn set(options: Options) -> World {
    let mut arguments = options.arguments;
    if options.reach == Reach::FirstScene {
        arguments.push(format!("--watch-namespace={FIRST_SCENE}"));
    }
    let mut operator = operator::Options {
        user: Some(OPERATOR.to_owned()),
        timing: options.timing,
        arguments,
        leader_election: options.leader_election,
        ..operator::Options::default()
    };
    let mut world = World::prepare(world::Options {
        control_plane: control_plane::Options {
            users: vec![operator_user()],
            audit: options.audit,
            controller_manager: options.controller_manager,
            ..control_plane::Options::default()
        },
        ..world::Options::default()
    })
    .await
    .unwrap();
    match options.reach {
        Reach::Cluster => grant(&world).await,
        Reach::FirstScene => {
            let namespace = format!("{{apiVersion: v1, kind: Namespace, metadata: {{name: {FIRST_SCENE}}}}}\n---\n");
            apply(&world, &(namespace + &namespaced_rights())).await;
        }
    }
    if options.around == Around::Keys {
        surround(&world, &mut operator).await;
    }
    world.add_operator(&operator).await.unwrap();
    world
}

async fn surround(world: &World, operator: &mut operator::Options) {
    let url = &world.simulator.url;
    let key = Key {
        access: AROUND.to_owned(),
        secret: FURTHER_SECRET_KEY.to_owned(),
        ..Key::default()
    };
    world.simulator.add_key(&key).await.unwrap();
    let token = world.control_plane.folder().join("pod-identity-token");
    std::fs::write(&token, POD_TOKEN).unwrap();
    operator.arguments.push(format!("--dev-instance-metadata={url}"));
    let variables = [
        ("HUAWEICLOUD_SDK_AK", key.access),
        ("HUAWEICLOUD_SDK_SK", key.secret),
        ("HC_CONTAINER_CREDENTIALS_FULL_URI", format!("{url}/v1/credentials")),
        ("HC_CONTAINER_AUTHORIZATION_TOKEN_FILE", token.display().to_string()),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value));
    operator.environment.extend(variables);
}

/// [`OPERATOR`] as a user of a control plane. It has no rights before [`grant`].
#[must_use]
pub fn operator_user() -> User {
    let mut user = User::new(OPERATOR);
    // What the API server itself adds for a service account's own token.
    user.groups = vec![
        String::from("system:serviceaccounts"),
        String::from("system:serviceaccounts:modelarts-system"),
    ];
    user
}

/// Gives the operator the rights that the chart and the manifests give it.
pub async fn grant(world: &World) {
    apply(world, &manifest("rbac.yaml")).await;
}

/// The manifests of an operator that looks after the namespace of the first scene.
#[must_use]
pub fn namespaced_rights() -> String {
    let of_ml = manifest("namespaced/rbac.yaml");
    of_ml.replace("namespace: ml\n", &format!("namespace: {FIRST_SCENE}\n"))
}

fn manifest(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

async fn apply(world: &World, manifests: &str) {
    let file = world.control_plane.folder().join("rights.yaml");
    std::fs::write(&file, manifests).unwrap();
    let mut kubectl = world.control_plane.kubectl_command();
    let applied = kubectl.args(["apply", "-f"]).arg(file).output().await.unwrap();
    assert!(applied.status.success(), "{}", String::from_utf8_lossy(&applied.stderr));
}
