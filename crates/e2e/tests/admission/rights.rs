//! Who may do what: the installed roles, asked of the API server's own authorizer.

use futures::future::join_all;
use k8s_openapi::api::authorization::v1::{ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec};
use k8s_openapi::api::rbac::v1::{ClusterRole, RoleBinding};
use kube::Api;
use kube::api::{ApiResource, DynamicObject, Patch, PatchParams, PostParams};
use modelarts_crd::{GROUP, ModelArtsPool};
use serde_json::json;

use crate::world::{EDITOR, World, change, create, pool};

const OPERATOR: &str = "system:serviceaccount:modelarts-system:modelarts-operator";
const OURS: &str = "modelarts-system";

const DEFINITIONS: (&str, &str) = ("apiextensions.k8s.io", "customresourcedefinitions");

/// Verbs, group, resource, namespace. An empty namespace stands for all of them.
type Right = (&'static [&'static str], &'static str, &'static str, &'static str);

/// All that the operator may do.
const OPERATOR_MAY: [Right; 10] = [
    (&["get", "list", "watch", "patch"], GROUP, "modelartspools", ""),
    (&["patch"], GROUP, "modelartspools/status", ""),
    (&["get", "list", "watch", "patch"], GROUP, "modelartsnetworks", ""),
    (&["patch"], GROUP, "modelartsnetworks/status", ""),
    (&["list", "watch", "patch"], GROUP, "modelartsaccounts", ""),
    (&["patch"], GROUP, "modelartsaccounts/status", ""),
    (&["get", "list", "watch"], "", "namespaces", ""),
    (&["create", "patch"], "events.k8s.io", "events", ""),
    (&["list", "watch"], "", "secrets", OURS),
    (&["get", "create", "update"], "coordination.k8s.io", "leases", OURS),
];

/// Everything about these that is not in a list of rights is denied.
const RESOURCES: [(&str, &str); 14] = [
    (GROUP, "modelartspools"),
    (GROUP, "modelartspools/status"),
    (GROUP, "modelartspools/scale"),
    (GROUP, "modelartsnetworks"),
    (GROUP, "modelartsnetworks/status"),
    (GROUP, "modelartsaccounts"),
    (GROUP, "modelartsaccounts/status"),
    // Two of them by name only, see below.
    (DEFINITIONS.0, DEFINITIONS.1),
    ("", "namespaces"),
    ("", "secrets"),
    ("", "configmaps"),
    ("", "pods"),
    ("events.k8s.io", "events"),
    ("coordination.k8s.io", "leases"),
];
const VERBS: [&str; 8] = [
    "get",
    "list",
    "watch",
    "create",
    "update",
    "patch",
    "delete",
    "deletecollection",
];

/// All that somebody with the view and edit roles in `default` may do with our kinds.
const EDITOR_MAY: [Right; 3] = [
    (
        &["get", "list", "watch", "create", "update", "patch", "delete"],
        GROUP,
        "modelartsnetworks",
        "default",
    ),
    (
        &["get", "list", "watch", "create", "update", "patch", "delete"],
        GROUP,
        "modelartspools",
        "default",
    ),
    (&["get", "update", "patch"], GROUP, "modelartspools/scale", "default"),
];

pub async fn check(world: &World) -> Vec<String> {
    let mut findings = Vec::new();
    bind(world, "modelarts-operator-view").await;
    bind(world, "modelarts-operator-edit").await;
    for namespace in ["", OURS, "default"] {
        findings.extend(compare(world, OPERATOR, &OPERATOR_MAY, namespace).await);
        findings.extend(compare(world, EDITOR, &EDITOR_MAY, namespace).await);
    }
    findings.extend(the_operator_sees_its_own_definitions_only(world).await);
    findings.extend(roles_join_those_of_the_cluster(world).await);
    findings.extend(an_editor_cannot_write_a_status(world).await);
    findings
}

/// Gives the editor a role in the namespace `default`.
async fn bind(world: &World, role: &str) {
    let binding: RoleBinding = serde_json::from_value(json!({
        "metadata": {"name": role},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": EDITOR}],
    }))
    .unwrap();
    let bindings: Api<RoleBinding> = Api::namespaced(world.client(), "default");
    bindings.create(&PostParams::default(), &binding).await.unwrap();
}

/// Asks for every verb on every resource and compares with the rights.
async fn compare(world: &World, user: &str, may: &[Right], namespace: &str) -> Vec<String> {
    let questions = RESOURCES
        .iter()
        .flat_map(|&(group, resource)| VERBS.map(|verb| (verb, group, resource)));
    let answers = questions.map(async |(verb, group, resource)| {
        let wanted = may.iter().any(|(verbs, g, r, n)| {
            verbs.contains(&verb) && (*g, *r) == (group, resource) && (n.is_empty() || *n == namespace)
        });
        let allowed = allowed(world, user, (verb, group, resource), namespace, None).await;
        (allowed != wanted)
            .then(|| format!("{user}: {verb} {resource} of {group:?} in {namespace:?}: allowed is {allowed}"))
    });
    join_all(answers).await.into_iter().flatten().collect()
}

async fn allowed(
    world: &World,
    user: &str,
    (verb, group, resource): (&str, &str, &str),
    namespace: &str,
    name: Option<&str>,
) -> bool {
    let (resource, subresource) = match resource.split_once('/') {
        Some((resource, subresource)) => (resource, Some(subresource.to_owned())),
        None => (resource, None),
    };
    let review = SubjectAccessReview {
        spec: SubjectAccessReviewSpec {
            user: Some(user.to_owned()),
            resource_attributes: Some(ResourceAttributes {
                verb: Some(verb.to_owned()),
                group: Some(group.to_owned()),
                resource: Some(resource.to_owned()),
                subresource,
                namespace: Some(namespace.to_owned()),
                name: name.map(str::to_owned),
                ..ResourceAttributes::default()
            }),
            ..SubjectAccessReviewSpec::default()
        },
        ..SubjectAccessReview::default()
    };
    let reviews: Api<SubjectAccessReview> = Api::all(world.client());
    let answer = reviews.create(&PostParams::default(), &review).await.unwrap();
    answer.status.is_some_and(|status| status.allowed)
}

/// Whether a kind is being removed decides what its objects mean in the cloud; nobody else's kinds matter.
async fn the_operator_sees_its_own_definitions_only(world: &World) -> Vec<String> {
    let (group, resource) = DEFINITIONS;
    let mut findings = Vec::new();
    for (name, verb, wanted) in [
        ("modelartspools.modelarts.huaweicloud.com", "get", true),
        ("modelartsnetworks.modelarts.huaweicloud.com", "get", true),
        ("modelartspools.modelarts.huaweicloud.com", "patch", false),
        ("modelartspools.modelarts.huaweicloud.com", "delete", false),
        ("modelartsaccounts.modelarts.huaweicloud.com", "get", false),
        ("certificates.cert-manager.io", "get", false),
    ] {
        let allowed = allowed(world, OPERATOR, (verb, group, resource), "", Some(name)).await;
        if allowed != wanted {
            findings.push(format!(
                "the operator's {verb} of the definition {name}: allowed is {allowed}"
            ));
        }
    }
    findings
}

/// The controller manager joins roles by these labels; it does not run here.
async fn roles_join_those_of_the_cluster(world: &World) -> Vec<String> {
    let roles: Api<ClusterRole> = Api::all(world.client());
    let mut findings = Vec::new();
    for (role, joins) in [
        ("modelarts-operator-view", &["view", "edit", "admin"][..]),
        ("modelarts-operator-edit", &["edit", "admin"]),
    ] {
        let labels = roles.get(role).await.unwrap().metadata.labels.unwrap_or_default();
        let mut found: Vec<_> = labels
            .iter()
            .filter_map(|(label, value)| {
                label
                    .strip_prefix("rbac.authorization.k8s.io/aggregate-to-")
                    .filter(|_| value == "true")
            })
            .collect();
        let mut joins = joins.to_vec();
        found.sort_unstable();
        joins.sort_unstable();
        if found != joins {
            findings.push(format!("{role} joins {found:?} instead of {joins:?}"));
        }
    }
    findings
}

/// The status says which cloud pool is whose. A tenant who could write it could have another's pool deleted.
async fn an_editor_cannot_write_a_status(world: &World) -> Vec<String> {
    let mut findings = Vec::new();
    let client = world.control_plane.client_as(EDITOR).await.unwrap();
    let pools: Api<DynamicObject> = Api::namespaced_with(client, "default", &ApiResource::erase::<ModelArtsPool>(&()));
    let made = create(&pools, &pool("tenants", &json!({}))).await.unwrap();
    let forged = json!({"status": {"poolId": "somebody-elses"}});
    match pools
        .patch_status("tenants", &PatchParams::default(), &Patch::Merge(&forged))
        .await
    {
        Err(kube::Error::Api(status)) if status.is_forbidden() => {}
        other => findings.push(format!("an editor's write of the status: {other:?}")),
    }
    // Through the object itself the status is ignored, not refused.
    let unchanged = pools
        .patch("tenants", &PatchParams::default(), &Patch::Merge(&forged))
        .await
        .unwrap();
    if unchanged.data["status"] != made.data["status"] {
        findings.push(format!("an editor wrote the status {}", unchanged.data["status"]));
    }
    let changed = change(&pools, "tenants", &json!({"description": "mine"})).await;
    findings.extend(
        changed
            .err()
            .map(|error| format!("an editor's change of a spec: {error}")),
    );
    findings
}
