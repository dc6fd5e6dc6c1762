//! What happens to the cloud by itself, or by others: the simulator's levers.

use modelarts_sim::{Mishap, Refusal};
use serde_json::Value;

use super::{Player, stranger_body, told};
use crate::story::language::{Deed, Lever, Object, Phase, Stock, Stranger};
use crate::story::manifest::merge;
use crate::world::PROJECT;

impl Player {
    pub fn lever(&mut self, lever: &Lever) -> Result<(), String> {
        match lever {
            Lever::Pay(deed) => self.act(deed, "somebody pays for", |cloud, id, now| cloud.pay(id, now)),
            Lever::EndTerm(deed) => self.act(deed, "the term ends of", |cloud, id, now| {
                cloud.end_subscription(id, now)
            }),
            Lever::Renew(deed) => self.act(deed, "somebody renews", |cloud, id, now| {
                cloud.renew_subscription(id, now)
            }),
            Lever::Mend(deed) => self.act(deed, "the nodes are mended of", |cloud, id, now| {
                cloud.heal_nodes(id, now)
            }),
            Lever::Break(count) => {
                let object = Object::Pool(count.pool.clone());
                let (nodes, phase) = (count.nodes, count.phase.clone());
                self.act_on(&object, &format!("{nodes} nodes break of"), |cloud, id, now| {
                    cloud.break_nodes(id, nodes, phase.as_deref(), now)
                })
            }
            Lever::ControlMode(mode) => {
                let object = Object::Pool(mode.pool.clone());
                let mode = mode.mode;
                self.act_on(
                    &object,
                    &format!("billing sets control mode {mode} on"),
                    |cloud, id, now| cloud.set_control_mode(id, mode, now),
                )
            }
            Lever::Phase(phase) => self.phase(phase),
            Lever::Vanish(deed) => self.vanish(deed),
            Lever::Tamper(deed) => self.tamper(deed),
            Lever::SoldOut(stock) => self.stock(stock, true),
            Lever::Restock(stock) => self.stock(stock, false),
            Lever::Stranger(stranger) => self.stranger(stranger),
            Lever::Mishap(mishap) => {
                let mishap = self.fill(mishap)?;
                self.tell(format!("something is going to go wrong: {mishap}"));
                let mishap: Mishap = serde_json::from_value(mishap).map_err(|error| error.to_string())?;
                self.world.cloud.plan_mishap(mishap);
                Ok(())
            }
            Lever::Profile(settings) => {
                self.tell(format!("the cloud's settings become {settings}"));
                let profile = self.world.cloud.profile().merged(settings)?;
                self.world.cloud.set_profile(profile);
                Ok(())
            }
        }
    }

    fn act(
        &mut self,
        deed: &Deed,
        verb: &str,
        act: impl FnOnce(&mut modelarts_sim::Cloud, &str, u64) -> Result<Value, Refusal>,
    ) -> Result<(), String> {
        let object = deed.object().ok_or("no object")?;
        self.act_on(&object, verb, act)
    }

    fn act_on(
        &mut self,
        object: &Object,
        verb: &str,
        act: impl FnOnce(&mut modelarts_sim::Cloud, &str, u64) -> Result<Value, Refusal>,
    ) -> Result<(), String> {
        let id = self.id(object)?;
        self.tell(format!("in the cloud {verb} {}", told(object)));
        let now = self.world.cloud_now();
        let done = act(&mut self.world.cloud, &id, now);
        done.map(|_| ()).map_err(|refusal| refusal.to_string())
    }

    fn phase(&mut self, phase: &Phase) -> Result<(), String> {
        let object = phase.object().ok_or("no object")?;
        let pool = matches!(object, Object::Pool(_));
        let verb = format!("the phase {} ({}) comes over", phase.to, phase.message);
        self.act_on(&object, &verb, |cloud, id, now| match pool {
            true => cloud.set_phase(id, &phase.to, &phase.message, now),
            false => cloud.set_network_phase(id, &phase.to, now),
        })
    }

    fn vanish(&mut self, deed: &Deed) -> Result<(), String> {
        let object = deed.object().ok_or("no object")?;
        let pool = matches!(object, Object::Pool(_));
        self.act_on(&object, "somebody else deletes at once", |cloud, id, now| match pool {
            true => cloud.delete_out_of_band(id, "somebody", now).map(|()| Value::Null),
            false => cloud
                .delete_network_out_of_band(id, "somebody", now)
                .map(|()| Value::Null),
        })
    }

    fn tamper(&mut self, deed: &Deed) -> Result<(), String> {
        let object = deed.object().ok_or("no object")?;
        let pool = matches!(object, Object::Pool(_));
        let patch = self.fill(&deed.patch)?;
        self.act_on(
            &object,
            &format!("somebody writes {patch} to"),
            |cloud, id, now| match pool {
                true => cloud.patch_out_of_band(id, &patch, "somebody", now),
                false => cloud.patch_network_out_of_band(id, &patch, "somebody", now),
            },
        )
    }

    fn stock(&mut self, stock: &Stock, sold_out: bool) -> Result<(), String> {
        let word = if sold_out { "is sold out" } else { "is there again" };
        let zone = stock.zone.as_deref();
        let place = zone.map(|zone| format!(" in {zone}")).unwrap_or_default();
        self.tell(format!("{} {word}{place}", stock.flavor));
        let cloud = &mut self.world.cloud;
        let done = match sold_out {
            true => cloud.sell_out(&stock.flavor, zone),
            false => cloud.restock(&stock.flavor, zone),
        };
        done.map(|_| ()).map_err(|refusal| refusal.to_string())
    }

    /// The stranger's thing is known by its name like an object's.
    fn stranger(&mut self, stranger: &Stranger) -> Result<(), String> {
        let object = stranger.object().ok_or("no object")?;
        let (name, network) = match &object {
            Object::Pool(name) => (name.clone(), false),
            Object::Network(name) => (name.clone(), true),
        };
        let description = self.fill_text(&stranger.description)?;
        let mut body = stranger_body(&name, &description, network);
        let spec = self.fill(&stranger.spec)?;
        if !spec.is_null() {
            merge(&mut body["spec"], &spec);
        }
        let what = if network { "network" } else { "pool" };
        self.tell(format!("somebody else makes a {what} {name} ({description:?})"));
        let now = self.world.cloud_now();
        let cloud = &mut self.world.cloud;
        let made = match network {
            true => cloud.create_network_out_of_band(PROJECT, &body, "somebody", now),
            false => cloud.create_out_of_band(PROJECT, &body, "somebody", now),
        };
        let made = made.map_err(|refusal| refusal.to_string())?;
        let id = made["metadata"]["name"].as_str().map(str::to_owned);
        let known = self.known.entry(object).or_default();
        known.id = id;
        Ok(())
    }
}
