//! Flavor operations.

use modelarts_types::ListMeta;
use modelarts_types::flavor::{Flavor, FlavorList};

use crate::client::Client;
use crate::error::ApiError;
use crate::paging::Page;
use crate::request;

impl Page for FlavorList {
    type Item = Flavor;

    fn parts(&mut self) -> (Option<Vec<Flavor>>, Option<ListMeta>) {
        (self.items.take(), self.metadata.take())
    }
}

impl Client {
    /// All machine types of the region, on however many pages.
    ///
    /// # Errors
    ///
    /// Also if only one page is missing or is no list.
    pub async fn list_flavors(&self, label_selector: Option<&str>) -> Result<FlavorList, ApiError> {
        let project = self.project_id().await?;
        let (mut flavors, items) = self
            .all_pages::<FlavorList>(request::list_flavors(&project, label_selector))
            .await?;
        flavors.items = Some(items);
        Ok(flavors)
    }
}
