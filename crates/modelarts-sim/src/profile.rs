//! The settings in which editions of the service differ, or that make a test quick.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The settings. Changing one acts on what happens from then on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Profile {
    /// Seconds from Creating to Running, also for more nodes, new scopes and drivers.
    pub create_seconds: u64,
    /// Seconds from Deleting to gone, also for fewer nodes.
    pub delete_seconds: u64,
    /// How many pools a project may have.
    pub pool_quota: u64,
    /// How many networks a project may have.
    pub network_quota: u64,
    /// Whether a display name can be taken only once in a project.
    pub unique_names: bool,
    /// Whether label and annotation keys that the service does not know are kept.
    pub keep_unknown_keys: bool,
    /// Seconds until a new pool appears in lists.
    pub list_lag_seconds: u64,
    /// Whether pool IDs are random instead of `<display name>-<project ID>`.
    pub opaque_ids: bool,
    /// Whether a PATCH of an immutable field is silently ignored instead of refused.
    pub ignore_immutable: bool,
    /// Seconds from the end of a subscription to its deletion by the service.
    pub retention_seconds: u64,
    /// Where the record of a failed creation can be seen.
    pub failed_records: FailedRecords,
    /// What is left of a resize of which some or all nodes never came.
    pub failed_scale: FailedScale,
    /// Whether scopes and drivers go back once before they settle.
    pub flaps: bool,
}

/// Where the record of a failed creation can be seen. No source settles it; `status=failed` always
/// lists it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FailedRecords {
    /// Under its ID, and it holds its name. Not in the list without a status.
    #[default]
    Shown,
    /// Nowhere else: its ID is 404 and its name is free.
    Hidden,
    /// Under its ID, and in the list without a status as well.
    Listed,
}

/// What is left of a resize of which some or all nodes never came. No source settles it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FailedScale {
    /// The missing nodes are in `creationFailed` and the count falls to what is there. If none
    /// came, the phase is ScalingFailed until somebody mends the pool.
    #[default]
    ScalingFailed,
    /// Nothing: the count falls to what is there and only the order tells of it.
    DropsBack,
    /// The missing nodes are in `creationFailed`, the count stays as ordered, the phase Running.
    CountStays,
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            create_seconds: 2,
            delete_seconds: 2,
            pool_quota: 15,
            network_quota: 15,
            unique_names: true,
            keep_unknown_keys: false,
            list_lag_seconds: 0,
            opaque_ids: false,
            ignore_immutable: false,
            retention_seconds: 60,
            failed_records: FailedRecords::Shown,
            failed_scale: FailedScale::ScalingFailed,
            flaps: false,
        }
    }
}

impl Profile {
    /// These settings with the given ones put over them.
    ///
    /// # Errors
    /// A text for people if a key is unknown or a value has the wrong type.
    pub fn merged(&self, changes: &Value) -> Result<Self, String> {
        let Some(changes) = changes.as_object() else {
            return Err("the profile must be a JSON object".to_owned());
        };
        let mut all = serde_json::to_value(self).map_err(|error| error.to_string())?;
        if let Some(all) = all.as_object_mut() {
            all.extend(changes.clone());
        }
        serde_json::from_value(all).map_err(|error| error.to_string())
    }

    pub(crate) fn create_millis(&self) -> u64 {
        self.create_seconds.saturating_mul(1000)
    }

    pub(crate) fn delete_millis(&self) -> u64 {
        self.delete_seconds.saturating_mul(1000)
    }
}
