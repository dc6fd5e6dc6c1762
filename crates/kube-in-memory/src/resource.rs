//! The kinds of object that a server has, as far as the writing rules differ.

use serde_json::Value;

/// Whether objects live in namespaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// They do not.
    Cluster,
    /// They do.
    Namespaced,
}

/// Which rules writes follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rules {
    /// A custom resource with a status subresource: spec and status are written apart, and the
    /// generation counts changes of everything else than metadata and status.
    Custom {
        /// The schema's default for a status that is not there.
        status: Option<Value>,
    },
    /// A kind of Kubernetes' own without a generation.
    BuiltIn {
        /// Whether a PUT without a resourceVersion overwrites whatever is there.
        unconditional: bool,
        /// Whether a PUT makes what is not there.
        creates: bool,
    },
}

/// A kind of object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// API group, empty for the core one.
    pub group: String,
    /// Version.
    pub version: String,
    /// Kind, in CamelCase.
    pub kind: String,
    /// Name in paths.
    pub plural: String,
    /// Whether objects live in namespaces.
    pub scope: Scope,
    /// Which rules writes follow.
    pub rules: Rules,
}

impl Resource {
    /// A custom resource with a status subresource, whose absent status reads as `status`.
    #[must_use]
    pub fn custom(group: &str, version: &str, kind: &str, plural: &str, scope: Scope, status: Option<Value>) -> Self {
        Self {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: kind.to_owned(),
            plural: plural.to_owned(),
            scope,
            rules: Rules::Custom { status },
        }
    }

    /// What a `CustomResourceDefinition` with one version defines. It must have a status subresource.
    #[must_use]
    pub fn defined_by(definition: &Value) -> Option<Self> {
        let spec = &definition["spec"];
        let version = &spec["versions"][0];
        version["subresources"].get("status")?;
        let scope = match spec["scope"].as_str()? {
            "Namespaced" => Scope::Namespaced,
            _ => Scope::Cluster,
        };
        let status = version["schema"]["openAPIV3Schema"]["properties"]["status"].get("default");
        Some(Self::custom(
            spec["group"].as_str()?,
            version["name"].as_str()?,
            spec["names"]["kind"].as_str()?,
            spec["names"]["plural"].as_str()?,
            scope,
            status.cloned(),
        ))
    }

    /// `apiVersion` of its objects.
    #[must_use]
    pub fn api_version(&self) -> String {
        match self.group.as_str() {
            "" => self.version.clone(),
            group => format!("{group}/{}", self.version),
        }
    }

    /// The name that refusals use.
    pub(crate) fn qualified(&self) -> String {
        match self.group.as_str() {
            "" => self.plural.clone(),
            group => format!("{}.{group}", self.plural),
        }
    }

    pub(crate) fn is_custom(&self) -> bool {
        matches!(self.rules, Rules::Custom { .. })
    }

    pub(crate) fn allows_unconditional_update(&self) -> bool {
        matches!(
            self.rules,
            Rules::BuiltIn {
                unconditional: true,
                ..
            }
        )
    }

    pub(crate) fn is_created_by_update(&self) -> bool {
        matches!(self.rules, Rules::BuiltIn { creates: true, .. })
    }
}

/// Namespaces, Secrets, Leases, events and the definitions of custom resources.
#[must_use]
pub fn built_in() -> Vec<Resource> {
    let row = |group: &str, version: &str, kind: &str, plural: &str, scope, unconditional, creates| Resource {
        group: group.to_owned(),
        version: version.to_owned(),
        kind: kind.to_owned(),
        plural: plural.to_owned(),
        scope,
        rules: Rules::BuiltIn { unconditional, creates },
    };
    vec![
        row("", "v1", "Namespace", "namespaces", Scope::Cluster, true, false),
        row("", "v1", "Secret", "secrets", Scope::Namespaced, true, false),
        row(
            "coordination.k8s.io",
            "v1",
            "Lease",
            "leases",
            Scope::Namespaced,
            false,
            true,
        ),
        row("events.k8s.io", "v1", "Event", "events", Scope::Namespaced, true, true),
        row(
            "apiextensions.k8s.io",
            "v1",
            "CustomResourceDefinition",
            "customresourcedefinitions",
            Scope::Cluster,
            false,
            false,
        ),
    ]
}
