//! A whole installation, as a new user makes it: the three commands of `docs/install.md`, those that Helm
//! prints, pools that become Ready in the simulated cloud, `helm test`, an upgrade, and the end of the
//! release.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use e2e::helm::{VERSIONS, Version, against, file, run};
use e2e::kubectl;
use e2e::kubelet::Kubelet;
use k8s_openapi::api::core::v1::{Pod, Secret};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, ListParams, Patch, PatchParams};
use kube::{Client, ResourceExt};
use modelarts_crd::{ModelArtsAccount, ModelArtsPool};
use sandbox::control_plane::{ControlPlane, Options};
use sandbox::process::{Exit, Process};
use sandbox::{ports, wait};
use serde_json::json;

const NAMESPACE: &str = "modelarts-system";
const RELEASE: &str = "modelarts-operator";
const PATIENCE: Duration = Duration::from_secs(120);

/// A release on an API server of its own.
struct Installed {
    control_plane: ControlPlane,
    client: Client,
    helm: Version,
    values: Vec<String>,
    health: u16,
}

impl Installed {
    /// A namespace that enforces the restricted standard, as `deploy/namespace.yaml` makes it. Then the release.
    async fn new(helm: Version) -> Self {
        let control_plane = ControlPlane::start(Options::default()).await.unwrap();
        let client = control_plane.client().await.unwrap();
        let namespace = std::fs::read_to_string(file("deploy/namespace.yaml")).unwrap();
        kubectl::output(&control_plane, &["apply", "-f", "-"], &namespace).await;
        let [metrics, health, cloud] = [(); 3].map(|()| ports::free().unwrap());
        let values = vec![
            "simulator.enabled=true".to_owned(),
            "simulator.createSeconds=2".to_owned(),
            format!("simulator.port={cloud}"),
            format!("ports.metrics={metrics}"),
            format!("ports.health={health}"),
            // Without a pod network the simulator's Service is a name of loopback.
            "operator.extraArgs={--dev-allow-http-loopback}".to_owned(),
        ];
        let installed = Self {
            control_plane,
            client,
            helm,
            values,
            health,
        };
        let [install, ..] = install_page();
        let set: Vec<_> = installed
            .values
            .iter()
            .map(|value| format!("--set '{value}'"))
            .collect();
        let install = install.replace("--set simulator.enabled=true", &set.join(" "));
        installed.shell(&install).await;
        installed
    }

    fn kubelet(&self) -> Kubelet<'_> {
        Kubelet::new(&self.control_plane, self.client.clone(), NAMESPACE)
    }

    /// Starts both pods, and waits until the operator is ready.
    async fn start(&self, kubelet: &Kubelet<'_>) -> [Process; 2] {
        let simulator = kubelet.start_deployment("modelarts-operator-simulator").await;
        let operator = kubelet.start_deployment("modelarts-operator").await;
        let ready = format!("http://127.0.0.1:{}/readyz", self.health);
        let waited = wait::until("the operator to be ready", PATIENCE, async || {
            let said = || format!("{}\n{}", operator.log_tail(20), simulator.log_tail(20));
            match get(&ready).await {
                Ok(200) => Ok(()),
                other => Err(format!("{other:?}\n{}", said())),
            }
        });
        waited.await.unwrap();
        [simulator, operator]
    }

    /// The commands that Helm prints for the next step, but for the one that waits for pods.
    async fn next_commands(&self) -> String {
        let mut helm = against(self.helm, &self.control_plane);
        helm.args(["get", "notes", RELEASE, "--namespace", NAMESPACE]);
        let notes = run(helm).await.out;
        let indented = notes.lines().filter_map(|line| line.strip_prefix("  "));
        let commands: Vec<_> = indented.filter(|line| !line.contains("rollout status")).collect();
        commands.join("\n")
    }

    /// Runs a user's commands in a shell that has kubectl and helm, in the repository. They warn of nothing.
    async fn shell(&self, commands: &str) -> String {
        let tools = self.control_plane.folder().join("tools");
        std::fs::create_dir_all(&tools).unwrap();
        let helm = tools.join("helm");
        let script = format!("#!/bin/sh\nexec {} \"$@\"\n", self.helm.path().display());
        std::fs::write(&helm, script).unwrap();
        std::fs::set_permissions(&helm, std::fs::Permissions::from_mode(0o755)).unwrap();
        let kubectl = self.control_plane.kubectl().parent().unwrap();
        let path = std::env::var("PATH").unwrap_or_default();
        let output = tokio::process::Command::new("sh")
            .args(["-eu", "-c", commands])
            .env("KUBECONFIG", &self.control_plane.kubeconfig)
            .env("PATH", format!("{}:{}:{path}", tools.display(), kubectl.display()))
            .current_dir(file("."))
            .kill_on_drop(true)
            .output()
            .await
            .unwrap();
        let (out, err) = (
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        assert!(output.status.success() && err.is_empty(), "{commands}\n{out}{err}");
        out.into_owned()
    }

    async fn certificate(&self) -> Option<Vec<u8>> {
        let secrets: Api<Secret> = Api::namespaced(self.client.clone(), NAMESPACE);
        let secret = secrets.get("modelarts-operator-simulator").await.unwrap();
        secret
            .data
            .and_then(|mut data| data.remove("tls.crt"))
            .map(|value| value.0)
    }

    async fn account(&self) -> ModelArtsAccount {
        let accounts: Api<ModelArtsAccount> = Api::all(self.client.clone());
        accounts.get("default").await.unwrap()
    }

    /// `helm test`, with its pod run as the cluster would.
    async fn test(&self, kubelet: &Kubelet<'_>) -> bool {
        let mut helm = against(self.helm, &self.control_plane);
        helm.args(["test", RELEASE, "--namespace", NAMESPACE, "--timeout", "60s"]);
        let (said, ()) = tokio::join!(run(helm), self.run_test_pod(kubelet));
        said.ok
    }

    async fn run_test_pod(&self, kubelet: &Kubelet<'_>) {
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), NAMESPACE);
        let waited = wait::until("the pod of helm test", PATIENCE, async || {
            let found = pods
                .list(&ListParams::default())
                .await
                .map_err(|error| error.to_string())?;
            let fresh = found.into_iter().find(|pod| {
                let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
                !matches!(phase, Some("Succeeded" | "Failed"))
            });
            fresh.ok_or_else(|| "there is none".to_owned())
        });
        let pod = waited.await.unwrap();
        let exit = kubelet.start_pod(&pod).await.wait(PATIENCE).await.unwrap();
        let phase = if exit == Exit::Code(0) { "Succeeded" } else { "Failed" };
        let status = json!({ "status": { "phase": phase } });
        let (name, parameters) = (pod.name_any(), PatchParams::default());
        pods.patch_status(&name, &parameters, &Patch::Merge(&status))
            .await
            .unwrap();
    }

    async fn pool(&self) -> ModelArtsPool {
        let pools: Api<ModelArtsPool> = Api::namespaced(self.client.clone(), "default");
        pools.get("first").await.unwrap()
    }
}

/// The three commands of the page.
fn install_page() -> [String; 3] {
    let block = block("docs/install.md", "sh install");
    let lines: Vec<_> = block.lines().map(str::to_owned).collect();
    lines.try_into().expect("three commands, each on a line")
}

/// What is in the block of a page with these words behind its fence.
fn block(page: &str, fence: &str) -> String {
    let text = std::fs::read_to_string(file(page)).unwrap();
    let (_, rest) = text
        .split_once(&format!("```{fence}\n"))
        .unwrap_or_else(|| panic!("{page} has no {fence}"));
    rest.split_once("```").unwrap().0.to_owned()
}

async fn get(url: &str) -> Result<u16, String> {
    let client = reqwest::Client::builder()
        .no_proxy()
        .build()
        .map_err(|error| error.to_string())?;
    let answer = client.get(url).send().await.map_err(|error| error.to_string())?;
    Ok(answer.status().as_u16())
}

async fn a_new_user(helm: Version) {
    let installed = Installed::new(helm).await;
    let kubelet = installed.kubelet();
    assert!(
        !installed.test(&kubelet).await,
        "{helm:?}: helm test is content, though nothing runs"
    );

    let [simulator, operator] = installed.start(&kubelet).await;
    let [_, apply, until] = install_page();
    for commands in [apply + "\n" + &until, installed.next_commands().await] {
        let said = installed.shell(&commands).await;
        assert!(said.contains("condition met"), "{said}\n{}", operator.log_tail(30));
    }
    let pool = installed.pool().await;
    assert!(installed.test(&kubelet).await, "{helm:?}: {}", operator.log_tail(30));

    // An upgrade changes neither the simulated cloud's certificate nor the account, nor the pool.
    let (certificate, account) = (installed.certificate().await, installed.account().await);
    installed.shell(&block("docs/upgrade.md", "sh upgrade")).await;
    assert_eq!(installed.certificate().await, certificate);
    let upgraded = installed.account().await;
    assert_eq!(upgraded.metadata.uid, account.metadata.uid);
    assert_eq!(upgraded.metadata.generation, account.metadata.generation);

    for process in [operator, simulator] {
        assert!(!process.log().contains("forbidden"), "{}", process.log());
        assert_eq!(
            process.terminate(PATIENCE).await.unwrap(),
            Exit::Code(0),
            "{}",
            process.log_tail(20)
        );
    }
    let mut uninstall = against(helm, &installed.control_plane);
    uninstall.args(["uninstall", RELEASE, "--namespace", NAMESPACE]);
    let said = run(uninstall).await;
    assert!(said.ok, "{}", said.err);
    // The definitions stay, and with them the pool: nobody has lost what runs and costs.
    let definitions: Api<CustomResourceDefinition> = Api::all(installed.client.clone());
    definitions
        .get("modelartspools.modelarts.huaweicloud.com")
        .await
        .unwrap();
    assert_eq!(installed.pool().await.status, pool.status);
    let account = installed.account().await;
    assert!(
        account.metadata.deletion_timestamp.is_some(),
        "the account waits for its pool"
    );
}

#[tokio::test]
async fn a_new_user_reaches_a_ready_pool_with_helm_4() {
    a_new_user(VERSIONS[1]).await;
}

#[tokio::test]
async fn a_new_user_reaches_a_ready_pool_with_helm_3() {
    a_new_user(VERSIONS[0]).await;
}
