//! Workspace operations.

use modelarts_types::workspace::{Workspace, WorkspaceList};

use crate::client::Client;
use crate::error::ApiError;
use crate::failure::Failure;
use crate::ids::WorkspaceId;
use crate::operation::Operation;
use crate::request;

/// More pages than any project has workspaces for.
const MOST_PAGES: usize = 100;

impl Client {
    /// All workspaces of the project. Their pages are numbered, and an empty one is the last.
    ///
    /// # Errors
    ///
    /// Also if only one page is missing or is no list.
    pub async fn list_workspaces(&self) -> Result<Vec<Workspace>, ApiError> {
        let project = self.project_id().await?;
        let mut all: Vec<Workspace> = Vec::new();
        for _ in 0..MOST_PAGES {
            let check = |page: &mut WorkspaceList| {
                let total = page.total_count;
                let items = page.workspaces.take().ok_or("the answer is no list")?;
                Ok((items, total))
            };
            let request = request::list_workspaces(&project, all.len());
            let (_, (page, total)) = self.read(&request, check).await?;
            let last = page.is_empty();
            all.extend(page);
            let complete = total.is_some_and(|total| usize::try_from(total) == Ok(all.len()));
            if last || complete {
                return Ok(all);
            }
        }
        Err(ApiError::unsent(
            Operation::ListWorkspaces.as_str(),
            Failure::Malformed,
            "the list does not end",
        ))
    }

    /// One workspace.
    ///
    /// # Errors
    ///
    /// As for every call.
    pub async fn show_workspace(&self, id: &WorkspaceId) -> Result<Workspace, ApiError> {
        let project = self.project_id().await?;
        let is_it = |workspace: &mut Workspace| match workspace.id() {
            Some(found) if found == id.as_str() => Ok(()),
            _ => Err("the answer is not the workspace that was asked for"),
        };
        let request = request::show_workspace(&project, id);
        self.read(&request, is_it).await.map(|(workspace, ())| workspace)
    }
}
