//! What goes wrong with a change after it was accepted, and the choice of the changes it befalls.
//!
//! A fault spoils a call; a mishap spoils what the cloud makes of a call that it answered well.
//! Which change is struck is decided when its work begins, so that a test sets a mishap before
//! the change it is meant for. What then happens is in `endings` and `settling`.

use serde::{Deserialize, Serialize};

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum MishapKind {
    /// A pool ends as the record of a failed creation when it would have been Running.
    CreationFails,
    /// Only `nodes` of the nodes that an order makes come to be. On a creation of which none
    /// comes: as `creationFails`. What is left of a resize is said by the profile's `failedScale`.
    FewerNodes,
    /// Job types that are being enabled end as EnableFailed: the one in `scope`, or all.
    ScopeFails,
    /// A network ends as Abnormal instead of Active.
    NetworkFails,
}

/// One entry of the list of mishaps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Mishap {
    /// What goes wrong.
    pub mishap: MishapKind,
    /// Display name of the pool or network it is meant for; absent: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How many nodes come, for `fewerNodes`.
    #[serde(default)]
    pub nodes: u64,
    /// The job type, for `scopeFails`; absent: all that are being enabled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// What the pool and its order say about it.
    #[serde(default = "no_capacity")]
    pub message: String,
    /// How often it may still strike; absent: without end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
}

fn no_capacity() -> String {
    "The resources are insufficient.".to_owned()
}

impl Mishap {
    /// A mishap for the next change that it fits, whatever the name.
    #[must_use]
    pub fn once(mishap: MishapKind) -> Self {
        Self {
            count: Some(1),
            ..Self::always(mishap)
        }
    }

    /// A mishap for every change that it fits.
    #[must_use]
    pub fn always(mishap: MishapKind) -> Self {
        Self {
            mishap,
            name: None,
            nodes: 0,
            scope: None,
            message: no_capacity(),
            count: None,
        }
    }
}

/// The nodes that an order is not going to get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shortfall {
    /// How many come nevertheless.
    pub arrive: u64,
    /// Why the others do not.
    pub message: String,
}

/// The mishaps that are planned.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mishaps {
    list: Vec<Mishap>,
}

impl Mishaps {
    pub fn replace(&mut self, list: Vec<Mishap>) {
        self.list = list;
    }

    pub fn add(&mut self, mishap: Mishap) {
        self.list.push(mishap);
    }

    pub fn list(&self) -> &[Mishap] {
        &self.list
    }

    /// The mishap that befalls a change to what has this name, one of its strikes used up.
    pub fn strike(&mut self, name: &str, fits: impl Fn(&Mishap) -> bool) -> Option<Mishap> {
        let mishap = self.list.iter_mut().find(|mishap| {
            let meant = mishap.name.as_deref().is_none_or(|wanted| wanted == name);
            meant && mishap.count != Some(0) && fits(mishap)
        })?;
        mishap.count = mishap.count.map(|left| left - 1);
        Some(mishap.clone())
    }

    /// The shortfall of a creation.
    pub fn creation(&mut self, name: &str) -> Option<Shortfall> {
        use MishapKind as K;
        let mishap = self.strike(name, |m| matches!(m.mishap, K::CreationFails | K::FewerNodes))?;
        Some(Shortfall {
            arrive: match mishap.mishap {
                K::FewerNodes => mishap.nodes,
                K::CreationFails | K::ScopeFails | K::NetworkFails => 0,
            },
            message: mishap.message,
        })
    }

    /// The shortfall of a scale-out.
    pub fn growth(&mut self, name: &str) -> Option<Shortfall> {
        let mishap = self.strike(name, |m| m.mishap == MishapKind::FewerNodes)?;
        Some(Shortfall {
            arrive: mishap.nodes,
            message: mishap.message,
        })
    }
}
