//! Where a story is played: a scene on the shared stage, or a world of its own whose operator may be
//! started again. Either way the cloud is reached through a proxy that keeps what is sent to it.

use std::sync::{Arc, Mutex};

use e2e::proxied::{NAMESPACE, Proxied};
use e2e::proxy::{Call, Hold, Point, Proxy, Side};
use e2e::scene::Scene;
use e2e::stage::timing;
use http::Method;
use kube::Client;
use sandbox::operator;
use sandbox::simulator::Simulator;
use serde_json::{Value, json};

/// A place to play in.
pub struct House<'a> {
    place: Place<'a>,
    patches: Arc<Mutex<Vec<Value>>>,
    _watch: Hold,
}

enum Place<'a> {
    Scene(&'a Scene, Proxy),
    Own(Box<Proxied>),
}

impl<'a> House<'a> {
    /// A scene, with an account that goes through the proxy.
    pub async fn on(scene: &'a Scene) -> Self {
        let proxy = Proxy::before(&scene.world.control_plane, &scene.simulator.url)
            .await
            .unwrap();
        let through = json!({ "endpoint": proxy.cloud, "iamEndpoint": proxy.cloud });
        scene.create_account(&account(scene), &through).await;
        Self::watched(Place::Scene(scene, proxy))
    }

    /// A world of its own.
    pub async fn own() -> Self {
        let options = operator::Options {
            timing: timing(),
            ..operator::Options::default()
        };
        let mut world = Proxied::start(json!({}), options).await;
        world.start_operator().await;
        Self::watched(Place::Own(Box::new(world)))
    }

    fn watched(place: Place<'a>) -> Self {
        let patches = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&patches);
        let proxy = match &place {
            Place::Scene(_, proxy) => proxy,
            Place::Own(world) => &world.proxy,
        };
        // It lets every call pass, and keeps the bodies of those that patch the cloud.
        let watch = proxy.hold(Point::Before, move |call: &Call| {
            if call.side == Side::Cloud && call.method == Method::PATCH {
                seen.lock().unwrap().push(call.json());
            }
            false
        });
        Self {
            place,
            patches,
            _watch: watch,
        }
    }

    /// A client of the administrator.
    pub fn client(&self) -> Client {
        match &self.place {
            Place::Scene(scene, _) => scene.client(),
            Place::Own(world) => world.world.client.clone(),
        }
    }

    /// Where the objects are.
    pub fn namespace(&self) -> &str {
        match &self.place {
            Place::Scene(scene, _) => &scene.name,
            Place::Own(_) => NAMESPACE,
        }
    }

    /// The account that all of them name.
    pub fn account(&self) -> String {
        match &self.place {
            Place::Scene(scene, _) => account(scene),
            Place::Own(_) => String::from("default"),
        }
    }

    /// The cloud.
    pub fn simulator(&self) -> &Simulator {
        match &self.place {
            Place::Scene(scene, _) => &scene.simulator,
            Place::Own(world) => &world.world.simulator,
        }
    }

    /// The bodies of all patches that the cloud was sent.
    pub fn patches(&self) -> Vec<Value> {
        self.patches.lock().unwrap().clone()
    }

    /// Kills the operator and starts another.
    pub async fn restart(&mut self) -> Result<(), String> {
        let Place::Own(world) = &mut self.place else {
            return Err("the operator of the stage is everybody's".into());
        };
        let operator = world.take_operator(0);
        operator.process().kill().await.map_err(|error| error.to_string())?;
        world.start_operator().await;
        Ok(())
    }

    /// What happened last, for the message of a story that fails.
    pub fn told(&self) -> String {
        match &self.place {
            Place::Scene(scene, proxy) => format!("{}\n{}", scene.world.operator_logs(5), proxy.last_calls()),
            Place::Own(world) => world.story(),
        }
    }
}

fn account(scene: &Scene) -> String {
    format!("{}-watched", scene.name)
}
