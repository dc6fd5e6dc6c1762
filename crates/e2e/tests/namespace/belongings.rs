//! What a namespace usually holds beside pools. All of it is deleted with the namespace, some of it
//! before the pools and some after them.

use e2e::kubectl;
use e2e::scene::Scene;
use serde_json::{Value, json};

/// Creates one of each in the scene's namespace. `pool` is a pool that exists: some refer to it.
pub async fn create(scene: &Scene, pool: &str) {
    let owner = scene.pools().get(pool).await.unwrap().metadata.uid.unwrap();
    for mut object in objects(pool, &owner) {
        object["metadata"]["namespace"] = scene.name.as_str().into();
        let (arguments, input) = (["create", "-f", "-", "-o", "name"], object.to_string());
        let created = kubectl::output(&scene.world.control_plane, &arguments, &input).await;
        assert_eq!(created.lines().count(), 1, "{object}");
    }
}

fn objects(pool: &str, owner: &str) -> Vec<Value> {
    let target = json!({ "apiVersion": "modelarts.huaweicloud.com/v1alpha1", "kind": "ModelArtsPool", "name": pool });
    let mut owning = target.clone();
    owning["uid"] = owner.into();
    owning["blockOwnerDeletion"] = true.into();
    let pod = json!({ "containers": [{ "name": "app", "image": "registry.invalid/app" }] });
    let labels = json!({ "app": "train" });
    let template = json!({ "metadata": { "labels": labels }, "spec": pod });
    let selector = json!({ "matchLabels": labels });
    let role = json!({ "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "trainer" });
    vec![
        json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "settings" }, "data": { "a": "b" } }),
        json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "of-pool", "ownerReferences": [owning] } }),
        json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "token" }, "stringData": { "a": "b" } }),
        json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": "trainer" } }),
        json!({ "apiVersion": "v1", "kind": "Service", "metadata": { "name": "train" },
            "spec": { "selector": labels, "ports": [{ "port": 80 }] } }),
        json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "train" }, "spec": pod }),
        json!({ "apiVersion": "v1", "kind": "ResourceQuota", "metadata": { "name": "quota" }, "spec": { "hard": { "pods": "10" } } }),
        json!({ "apiVersion": "v1", "kind": "LimitRange", "metadata": { "name": "limits" },
            "spec": { "limits": [{ "type": "Container", "default": { "cpu": "1" } }] } }),
        json!({ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": { "name": "trainer" },
            "rules": [{ "apiGroups": [""], "resources": ["pods"], "verbs": ["get"] }] }),
        json!({ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": { "name": "trainer" },
            "roleRef": role, "subjects": [{ "kind": "ServiceAccount", "name": "trainer" }] }),
        json!({ "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": { "name": "closed" },
            "spec": { "podSelector": {} } }),
        json!({ "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": { "name": "budget" },
            "spec": { "selector": selector, "minAvailable": 1 } }),
        json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "train" },
            "spec": { "selector": selector, "template": template } }),
        json!({ "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": { "name": "train" },
            "spec": { "scaleTargetRef": target, "maxReplicas": 3 } }),
        json!({ "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": { "name": "train" } }),
    ]
}
