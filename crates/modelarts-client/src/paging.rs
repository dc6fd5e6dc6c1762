//! Follows `metadata.continue` to the last page. All pages or none: part of a list must not pass
//! for the whole, because what is missing in it would look absent.

use modelarts_types::ListMeta;
use serde::de::DeserializeOwned;

use crate::client::Client;
use crate::error::ApiError;
use crate::request::ApiRequest;

/// More pages than any project has. A service that never ends a list is not believed.
const MOST_PAGES: usize = 200;

/// What a page consists of.
pub(crate) trait Page: DeserializeOwned {
    /// One item.
    type Item;

    /// The items and the metadata; no items if the answer was no list.
    fn parts(&mut self) -> (Option<Vec<Self::Item>>, Option<ListMeta>);
}

impl Client {
    /// The first page as it came, and the items of all pages.
    pub(crate) async fn all_pages<P: Page>(&self, first: ApiRequest) -> Result<(P, Vec<P::Item>), ApiError> {
        let mut request = first.clone();
        let mut seen: Vec<String> = Vec::new();
        let mut opening: Option<P> = None;
        let mut items = Vec::new();
        loop {
            let check = |page: &mut P| {
                let (found, meta) = page.parts();
                let found = found.ok_or("the answer is no list")?;
                let next = meta.and_then(|meta| meta.next_page().map(str::to_owned));
                if seen.len() >= MOST_PAGES || next.as_ref().is_some_and(|next| seen.contains(next)) {
                    return Err("the list does not end");
                }
                Ok((found, next))
            };
            let (page, (found, next)) = self.read(&request, check).await?;
            items.extend(found);
            opening.get_or_insert(page);
            let Some(next) = next else { break };
            request = first.clone().page(&next);
            seen.push(next);
        }
        match opening {
            Some(page) => Ok((page, items)),
            None => Err(ApiError::unsent(
                first.operation.as_str(),
                crate::Failure::Malformed,
                "the list has no page",
            )),
        }
    }
}
