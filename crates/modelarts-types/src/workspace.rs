//! Workspaces: the groups that pools of a project lie in.

use serde_json::Value;

use crate::lenient::Lenient;

shape! {
    /// A workspace.
    pub struct Workspace {
        /// 32 hex digits, or `0` for the default one. Some answers have the number 0.
        id: Option<Lenient<String>> = "id",
        /// Display name.
        name: Option<String> = "name",
        /// What it is for.
        description: Option<String> = "description",
        /// Who made it.
        owner: Option<String> = "owner",
        /// `PUBLIC`, `PRIVATE` or `INTERNAL`; sometimes in lower case.
        auth_type: Option<String> = "auth_type",
        /// Enterprise project.
        enterprise_project_id: Option<String> = "enterprise_project_id",
        /// Its name.
        enterprise_project_name: Option<String> = "enterprise_project_name",
        /// Milliseconds since 1970.
        create_time: Option<i64> = "create_time",
        /// Milliseconds since 1970.
        update_time: Option<i64> = "update_time",
        /// `NORMAL`, `DELETING`, `DELETE_FAILED` or `CREATE_FAILED`. Only `NORMAL` takes pools.
        status: Option<String> = "status",
        /// Why it is in this state.
        status_info: Option<String> = "status_info",
        /// Who may use it; only in the answer about one workspace.
        grants: Option<Value> = "grants",
    }
}

shape! {
    /// One page of workspaces.
    pub struct WorkspaceList {
        /// How many there are.
        total_count: Option<i64> = "total_count",
        /// How many are in this answer.
        count: Option<i64> = "count",
        /// The workspaces. Absent means that the answer was not a list.
        workspaces: Option<Vec<Workspace>> = "workspaces",
    }
}

impl Workspace {
    /// The ID as text, also where the service wrote a number.
    #[must_use]
    pub fn id(&self) -> Option<String> {
        match self.id.as_ref()? {
            Lenient::Is(id) => Some(id.clone()),
            Lenient::Odd(Value::Number(number)) => Some(number.to_string()),
            Lenient::Odd(_) => None,
        }
    }
}
