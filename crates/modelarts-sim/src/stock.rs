//! Which flavor has capacity in which zone: the catalogue's word, and what was said since.
//!
//! A zone that a caller names must have capacity; where the service may choose, one is enough.

use std::collections::BTreeMap;

use modelarts_types::keys;
use serde_json::{Map, Value, json};

use crate::{
    catalogue::{self, Flavor},
    cloud::Cloud,
    entries::Entry,
    nodes::Node,
    refusal::Refusal,
};

/// What differs from the catalogue: flavor and zone, and whether it is sold out there.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stock {
    said: BTreeMap<(&'static str, String), bool>,
}

impl Stock {
    /// The zone that nodes go to when none is asked for.
    pub fn first_zone(&self, flavor: &'static Flavor) -> Option<&'static str> {
        let mut zones = flavor.zones.iter().map(|(zone, _)| *zone);
        zones.find(|zone| !self.sold_out_in(flavor, zone))
    }

    fn sold_out_in(&self, flavor: &'static Flavor, zone: &str) -> bool {
        let said = self.said.get(&(flavor.name, zone.to_owned()));
        said.copied()
            .unwrap_or_else(|| flavor.zones.contains(&(zone, "soldout")))
    }

    /// Refuses an entry that needs more nodes where there is no capacity, the ones that are there
    /// already being `nodes`.
    ///
    /// # Errors
    /// 400 if a zone that is to have more nodes is sold out, or if all zones of the flavor are.
    pub fn check(&self, entry: &Entry, nodes: &[Node]) -> Result<(), Refusal> {
        let zones = entry.missing_zones(nodes);
        if let Some((zone, _)) = zones.iter().find(|(zone, _)| self.sold_out_in(entry.flavor, zone)) {
            return Err(Refusal::sold_out_in(entry.flavor.name, zone));
        }
        if self.first_zone(entry.flavor).is_none() {
            return Err(Refusal::sold_out(entry.flavor.name));
        }
        Ok(())
    }

    /// The flavor as the service lists it.
    pub fn view(&self, flavor: &'static Flavor) -> Value {
        let word = |zone: &str| {
            if self.sold_out_in(flavor, zone) {
                "soldout"
            } else {
                "normal"
            }
        };
        let phase: Map<String, Value> = flavor
            .zones
            .iter()
            .map(|(zone, _)| ((*zone).to_owned(), json!(word(zone))))
            .collect();
        json!({
            "kind": "ResourceFlavor",
            "apiVersion": "v1",
            "metadata": {
                "name": flavor.name,
                "labels": {keys::SCOPE: "Train.Infer.Notebook"},
                "annotations": {},
            },
            "spec": flavor.spec_view(),
            "status": {"phase": phase},
        })
    }
}

impl Cloud {
    /// Sells a flavor out in a zone, or in all of its zones.
    ///
    /// # Errors
    /// 400 for a flavor or zone that the catalogue does not have.
    pub fn sell_out(&mut self, flavor: &str, zone: Option<&str>) -> Result<(), Refusal> {
        self.set_stock(flavor, zone, true)
    }

    /// Gives a flavor capacity in a zone, or in all of its zones.
    ///
    /// # Errors
    /// 400 for a flavor or zone that the catalogue does not have.
    pub fn restock(&mut self, flavor: &str, zone: Option<&str>) -> Result<(), Refusal> {
        self.set_stock(flavor, zone, false)
    }

    fn set_stock(&mut self, flavor: &str, zone: Option<&str>, sold_out: bool) -> Result<(), Refusal> {
        let known =
            catalogue::find(flavor).ok_or_else(|| Refusal::bad_request(format!("There is no flavor {flavor}.")))?;
        let meant = known.zones.iter().map(|(name, _)| *name);
        let meant: Vec<&str> = meant.filter(|name| zone.is_none_or(|zone| zone == *name)).collect();
        if meant.is_empty() {
            return Err(Refusal::bad_request(format!("The flavor {flavor} is in no such zone.")));
        }
        for zone in meant {
            self.stock.said.insert((known.name, zone.to_owned()), sold_out);
        }
        Ok(())
    }
}
