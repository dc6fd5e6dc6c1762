//! kube-controller-manager: which controllers run, and how it is started.
//!
//! It does nothing for pools. It is here because a namespace ends, a dependent goes and an autoscaler
//! acts only where it runs. It works as the administrator and alone, so it needs no lease.

use std::path::Path;

use crate::assets::Component;
use crate::error::Result;
use crate::process::{Launch, Process};

/// Which controllers a control plane has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ControllerManager {
    /// None, and no process: cheaper, and enough for most tests.
    #[default]
    Off,
    /// Namespace deletion, garbage collection, service accounts, aggregated roles.
    On,
    /// These, and horizontal pod autoscalers. They look every second instead of every 15.
    Autoscaling,
}

/// Controllers that matter without nodes.
const ALWAYS: [&str; 4] = [
    "namespace-controller",
    "garbage-collector-controller",
    "serviceaccount-controller",
    "clusterrole-aggregation-controller",
];
const AUTOSCALER: &str = "horizontal-pod-autoscaler-controller";

/// Starts it. Its controllers begin to work a moment after this returns.
pub(crate) async fn start(
    manager: ControllerManager,
    binary: &Path,
    folder: &Path,
    kubeconfig: &Path,
    account_key: &Path,
) -> Result<Process> {
    let mut arguments = arguments(manager);
    arguments.push(format!("--kubeconfig={}", kubeconfig.display()));
    arguments.push(format!("--service-account-private-key-file={}", account_key.display()));
    let name = Component::ControllerManager.file();
    let mut launch = Launch::new(name, binary, arguments, folder.join("controller-manager.log"));
    launch.scratch = Some(folder.to_path_buf());
    Process::start(launch).await
}

/// All flags but the paths.
fn arguments(manager: ControllerManager) -> Vec<String> {
    let mut controllers = ALWAYS.to_vec();
    let mut arguments = vec![
        String::from("--leader-elect=false"),
        // Nobody asks it anything, so it listens nowhere and no port can be taken.
        String::from("--bind-address=127.0.0.1"),
        String::from("--secure-port=0"),
        String::from("--kube-api-qps=200"),
        String::from("--kube-api-burst=400"),
    ];
    if manager == ControllerManager::Autoscaling {
        controllers.push(AUTOSCALER);
        arguments.push(String::from("--horizontal-pod-autoscaler-sync-period=1s"));
    }
    arguments.push(format!("--controllers={}", controllers.join(",")));
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn autoscalers_are_looked_after_only_where_they_are_asked_for() {
        let named = |manager| arguments(manager).join(" ").contains("autoscal");
        assert!(!named(ControllerManager::On));
        assert!(named(ControllerManager::Autoscaling));
    }
}
