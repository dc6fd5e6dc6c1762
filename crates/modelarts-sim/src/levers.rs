//! The control calls that act on pools, networks, orders and flavors.
//!
//! Each is a method of [`crate::Cloud`] by another name; nothing is decided here.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    clock::Millis,
    control::{Trouble, body},
    message::Request,
    simulator::Simulator,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PhaseChange {
    phase: String,
    #[serde(default)]
    message: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Strangers {
    project: String,
    body: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Breakage {
    count: u64,
    phase: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Restriction {
    control_mode: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StockChange {
    zone: Option<String>,
    state: StockState,
}

/// The words of ListResourceFlavors.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum StockState {
    Normal,
    SoldOut,
}

impl Simulator {
    /// Pulls the lever that a control request names.
    pub(crate) fn lever(&mut self, request: &Request, path: &[&str], id: &str, now: Millis) -> Result<Value, Trouble> {
        match (request.method.as_str(), path) {
            ("GET", ["pools"]) => Ok(json!({"items": self.cloud.all_pools(now)})),
            ("POST", ["pools"]) => {
                let Strangers { project, body } = body(request)?;
                Ok(self.cloud.create_out_of_band(&project, &body, id, now)?)
            }
            (_, ["pools", pool, rest @ ..]) => self.pool_lever(request, pool, rest, id, now),
            ("GET", ["networks"]) => Ok(json!({"items": self.cloud.all_networks(now)})),
            ("POST", ["networks"]) => {
                let Strangers { project, body } = body(request)?;
                Ok(self.cloud.create_network_out_of_band(&project, &body, id, now)?)
            }
            ("PATCH", ["networks", network]) => {
                let patch = body(request)?;
                Ok(self.cloud.patch_network_out_of_band(network, &patch, id, now)?)
            }
            ("DELETE", ["networks", network]) => {
                self.cloud.delete_network_out_of_band(network, id, now)?;
                Ok(json!({}))
            }
            ("POST", ["networks", network, "phase"]) => {
                let PhaseChange { phase, .. } = body(request)?;
                Ok(self.cloud.set_network_phase(network, &phase, now)?)
            }
            ("POST", ["orders", order, "pay"]) => Ok(self.cloud.pay_order(order, now)?),
            ("POST", ["orders", order, "cancel"]) => {
                self.cloud.cancel_order(order, now)?;
                Ok(json!({}))
            }
            ("POST", ["flavors", flavor, "stock"]) => {
                let StockChange { zone, state } = body(request)?;
                match state {
                    StockState::Normal => self.cloud.restock(flavor, zone.as_deref())?,
                    StockState::SoldOut => self.cloud.sell_out(flavor, zone.as_deref())?,
                }
                Ok(json!({}))
            }
            (method, _) => Err(Trouble::unknown(method, request)),
        }
    }

    fn pool_lever(
        &mut self,
        request: &Request,
        pool: &str,
        path: &[&str],
        id: &str,
        now: Millis,
    ) -> Result<Value, Trouble> {
        let cloud = &mut self.cloud;
        let view = match (request.method.as_str(), path) {
            ("PATCH", []) => cloud.patch_out_of_band(pool, &body(request)?, id, now)?,
            ("DELETE", []) => {
                cloud.delete_out_of_band(pool, id, now)?;
                json!({})
            }
            ("PATCH", ["console"]) => cloud.console_patch(pool, &body(request)?, id, now)?,
            ("DELETE", ["console"]) => cloud.console_delete(pool, id, now)?,
            ("POST", ["phase"]) => {
                let PhaseChange { phase, message } = body(request)?;
                cloud.set_phase(pool, &phase, &message, now)?
            }
            ("POST", ["nodes", "break"]) => {
                let Breakage { count, phase } = body(request)?;
                cloud.break_nodes(pool, count, phase.as_deref(), now)?
            }
            ("POST", ["nodes", "heal"]) => cloud.heal_nodes(pool, now)?,
            ("POST", ["pay"]) => cloud.pay(pool, now)?,
            ("POST", ["subscription", "end"]) => cloud.end_subscription(pool, now)?,
            ("POST", ["subscription", "renew"]) => cloud.renew_subscription(pool, now)?,
            ("POST", ["control-mode"]) => {
                let Restriction { control_mode } = body(request)?;
                cloud.set_control_mode(pool, control_mode, now)?
            }
            (method, _) => return Err(Trouble::unknown(method, request)),
        };
        Ok(view)
    }
}
