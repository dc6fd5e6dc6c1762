//! The metadata that all objects and all lists of the API share.

use crate::lenient::Texts;

shape! {
    /// Metadata of one object.
    pub struct Metadata {
        /// The ID the service generated, the only name accepted in a path. Absent in a creation.
        name: Option<String> = "name",
        /// When the object was accepted, as the service wrote it; usually RFC 3339 in UTC.
        creation_timestamp: Option<String> = "creationTimestamp",
        /// When its deletion was accepted. Not every answer about a leaving object has it.
        deletion_timestamp: Option<String> = "deletionTimestamp",
        /// Labels; the keys are in [`crate::keys`].
        labels: Texts = "labels",
        /// Annotations; the keys are in [`crate::keys`].
        annotations: Texts = "annotations",
    }
}

shape! {
    /// Metadata of a list.
    pub struct ListMeta {
        /// Token that asks for the next page. Absent or empty on the last one.
        continue_: Option<String> = "continue",
        /// How many items the later pages hold.
        remaining_item_count: Option<i64> = "remainingItemCount",
    }
}

impl ListMeta {
    /// The token of the next page; nothing on the last page.
    #[must_use]
    pub fn next_page(&self) -> Option<&str> {
        self.continue_.as_deref().filter(|token| !token.is_empty())
    }
}
