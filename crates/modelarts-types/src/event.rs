//! What the service wrote down about a pool.

use crate::metadata::ListMeta;

shape! {
    /// One note.
    pub struct Event {
        /// `v1`.
        api_version: Option<String> = "apiVersion",
        /// `Event`.
        kind: Option<String> = "kind",
        /// `Normal` or `Warning`.
        type_: Option<String> = "type",
        /// First time, as the service wrote it.
        first_timestamp: Option<String> = "firstTimestamp",
        /// Last time, as the service wrote it.
        last_timestamp: Option<String> = "lastTimestamp",
        /// How often.
        count: Option<i64> = "count",
        /// One word, for example `PoolStatusChange`.
        reason: Option<String> = "reason",
        /// A sentence.
        message: Option<String> = "message",
    }
}

shape! {
    /// One page of notes.
    pub struct EventList {
        /// `v1`.
        api_version: Option<String> = "apiVersion",
        /// `EventList`.
        kind: Option<String> = "kind",
        /// Where the next page begins.
        metadata: Option<ListMeta> = "metadata",
        /// The notes. Absent means that the answer was not a list.
        items: Option<Vec<Event>> = "items",
    }
}
