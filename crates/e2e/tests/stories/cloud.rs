//! What happens to the cloud by itself, or by others: the simulator's levers, over HTTP.

use reqwest::Method;
use sandbox::simulator::PROJECT;
use serde_json::{Value, json};

use crate::player::{Player, object_of};
use crate::story::language::{Deed, Lever, Object, Stock, Stranger};
use crate::story::manifest::merge;

impl Player<'_> {
    /// Pulls a lever.
    pub async fn lever(&mut self, lever: &Lever) -> Result<(), String> {
        let none = &json!({});
        match lever {
            Lever::Pay(deed) => self.act(&object_of(deed)?, Method::POST, "/pay", none).await,
            Lever::EndTerm(deed) => {
                self.act(&object_of(deed)?, Method::POST, "/subscription/end", none)
                    .await
            }
            Lever::Renew(deed) => {
                self.act(&object_of(deed)?, Method::POST, "/subscription/renew", none)
                    .await
            }
            Lever::Mend(deed) => self.act(&object_of(deed)?, Method::POST, "/nodes/heal", none).await,
            Lever::Break(count) => {
                let mut body = json!({ "count": count.nodes });
                if let Some(phase) = &count.phase {
                    body["phase"] = json!(phase);
                }
                let object = Object::Pool(count.pool.clone());
                self.act(&object, Method::POST, "/nodes/break", &body).await
            }
            Lever::ControlMode(mode) => {
                let (object, body) = (Object::Pool(mode.pool.clone()), json!({ "controlMode": mode.mode }));
                self.act(&object, Method::POST, "/control-mode", &body).await
            }
            Lever::Phase(phase) => {
                let body = json!({ "phase": phase.to, "message": phase.message });
                let object = phase.object().ok_or("no object")?;
                self.act(&object, Method::POST, "/phase", &body).await
            }
            Lever::Vanish(deed) => self.act(&object_of(deed)?, Method::DELETE, "", none).await,
            Lever::Tamper(deed) => {
                let patch = self.fill(&deed.patch)?;
                self.act(&object_of(deed)?, Method::PATCH, "", &patch).await
            }
            Lever::SoldOut(stock) => self.stock(stock, "soldout").await,
            Lever::Restock(stock) => self.stock(stock, "normal").await,
            Lever::Stranger(stranger) => self.stranger(stranger).await,
            Lever::Mishap(mishap) => {
                let (known, mishap) = (self.call(Method::GET, "mishaps", None).await?, self.fill(mishap)?);
                let mut all = known.as_array().cloned().unwrap_or_default();
                all.push(mishap);
                self.call(Method::PUT, "mishaps", Some(&json!(all))).await.map(drop)
            }
            Lever::Profile(settings) => {
                let set = self.house.simulator().set_profile(settings).await;
                set.map_err(|error| error.to_string())
            }
        }
    }

    /// By the rules of the service, as a person in the console would.
    pub async fn console_patch(&mut self, deed: &Deed) -> Result<(), String> {
        let (object, patch) = (object_of(deed)?, self.fill(&deed.patch)?);
        let path = match object {
            Object::Pool(_) => "/console",
            Object::Network(_) => "",
        };
        self.act(&object, Method::PATCH, path, &patch).await
    }

    /// The same for a deletion.
    pub async fn console_delete(&mut self, deed: &Deed) -> Result<(), String> {
        self.act(&object_of(deed)?, Method::DELETE, "/console", &json!({}))
            .await
    }

    async fn act(&mut self, object: &Object, method: Method, path: &str, body: &Value) -> Result<(), String> {
        if self.known.contains_key(object) {
            self.look(object).await?;
        }
        let id = self.known.get(object).and_then(|known| known.id.clone());
        let id = id.ok_or_else(|| format!("{object:?} is not in the cloud"))?;
        let what = match object {
            Object::Pool(_) => "pools",
            Object::Network(_) => "networks",
        };
        self.call(method, &format!("{what}/{id}{path}"), Some(body))
            .await
            .map(drop)
    }

    async fn stock(&self, stock: &Stock, state: &str) -> Result<(), String> {
        let body = json!({ "zone": stock.zone, "state": state });
        self.call(Method::POST, &format!("flavors/{}/stock", stock.flavor), Some(&body))
            .await
            .map(drop)
    }

    /// The stranger's thing is known by its name like an object's.
    async fn stranger(&mut self, stranger: &Stranger) -> Result<(), String> {
        let object = stranger.object().ok_or("no object")?;
        let description = self.fill(&json!(stranger.description))?;
        let (what, name, mut body) = match &object {
            Object::Pool(name) => ("pools", name, pool()),
            Object::Network(name) => ("networks", name, network()),
        };
        body["metadata"] = json!({
            "labels": { "os.modelarts/name": name, "os.modelarts/workspace.id": "0" },
            "annotations": { "os.modelarts/description": description },
        });
        let spec = self.fill(&stranger.spec)?;
        if spec.is_object() {
            merge(&mut body["spec"], &spec);
        }
        let request = json!({ "project": PROJECT, "body": body });
        let made = self.call(Method::POST, what, Some(&request)).await?;
        let id = made["metadata"]["name"].as_str().map(str::to_owned);
        let known = self.known.entry(object).or_default();
        known.id = id;
        Ok(())
    }

    async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, String> {
        let text = self.house.simulator().call(method, path, body).await;
        Ok(serde_json::from_str(&text.map_err(|error| error.to_string())?).unwrap_or_default())
    }
}

/// What strangers ask for.
fn pool() -> Value {
    json!({
        "apiVersion": "v2",
        "kind": "Pool",
        "spec": {
            "type": "Dedicate",
            "scope": ["Train"],
            "network": { "name": format!("net-0123-{PROJECT}") },
            "resources": [{ "flavor": "modelarts.vm.cpu.8ud", "count": 2 }],
        },
    })
}

fn network() -> Value {
    json!({ "apiVersion": "v1", "kind": "Network", "spec": { "cidr": "192.168.64.0/18" } })
}
