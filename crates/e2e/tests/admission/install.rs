//! The install file, as a user applies it, into a namespace that enforces the restricted Pod Security Standard.

use crate::world::{World, file};

pub async fn check(world: &World) -> Vec<String> {
    let mut findings = Vec::new();
    let (namespace, install) = (file("deploy/namespace.yaml"), file("deploy/install.yaml"));
    let (namespace, install) = (namespace.to_str().unwrap(), install.to_str().unwrap());
    let deploy = file("deploy");
    let deploy = deploy.to_str().unwrap();
    // Nothing may be printed to standard error: that is where warnings of the server go.
    for arguments in [
        &["apply", "-f", namespace][..],
        &["apply", "--dry-run=server", "-f", install],
        &["apply", "--server-side", "-f", install],
        &["apply", "--server-side", "--dry-run=server", "-k", deploy],
        // Again, as an upgrade does.
        &["apply", "--server-side", "-f", install],
    ] {
        let run = world.kubectl(arguments, "").await;
        if !run.ok || !run.err.is_empty() {
            findings.push(format!("kubectl {}: {}", arguments.join(" "), run.err));
        }
    }
    findings.extend(a_weaker_deployment_is_warned_of(world).await);
    let account = file("deploy/account-example.yaml");
    world.wait_for_kinds().await;
    let run = world.kubectl(&["apply", "-f", account.to_str().unwrap()], "").await;
    if !run.ok || !run.err.is_empty() {
        findings.push(format!("deploy/account-example.yaml: {}", run.err));
    }
    findings
}

/// Without this, an API server that checks no pods would pass for one that is content with ours.
async fn a_weaker_deployment_is_warned_of(world: &World) -> Vec<String> {
    let operator = std::fs::read_to_string(file("deploy/operator.yaml")).unwrap();
    let mut findings = Vec::new();
    for (guard, without, word) in [
        (
            "allowPrivilegeEscalation: false",
            "allowPrivilegeEscalation: true",
            "allowPrivilegeEscalation",
        ),
        ("runAsNonRoot: true", "runAsNonRoot: false", "runAsNonRoot"),
        ("type: RuntimeDefault", "type: Unconfined", "seccompProfile"),
        ("drop: [ALL]", "drop: []", "unrestricted capabilities"),
    ] {
        assert!(operator.contains(guard), "{guard} is not in deploy/operator.yaml");
        let weaker = operator.replace(guard, without);
        let run = world
            .kubectl(&["apply", "--server-side", "--dry-run=server", "-f", "-"], &weaker)
            .await;
        if !run.err.contains("would violate PodSecurity") || !run.err.contains(word) {
            findings.push(format!("without {guard} there is no warning: {}{}", run.out, run.err));
        }
    }
    findings
}
