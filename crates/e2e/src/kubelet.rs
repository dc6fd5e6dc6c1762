//! What a kubelet does for one pod, as far as it concerns us: the container runs as the object in the API
//! server says, and with nothing else. Arguments, environment, service account token and mounted files
//! are the pod's; the root is an empty folder, as in an image made from scratch.
//!
//! Two things are not like in a cluster. There is no pod network: Services are names of loopback, and
//! ports are the machine's. And the workspace's own debug binary runs, which needs the machine's
//! libraries: they are mounted too, read-only like all else.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::{Container, Pod, PodSpec, Secret, Service, ServiceAccount};
use kube::api::{Api, ListParams, PostParams};
use kube::{Client, ResourceExt};
use sandbox::ControlPlane;
use sandbox::binaries;
use sandbox::process::{Launch, Process};

/// Where a pod finds the token of its service account.
const TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// Makes the root read-only, with what a debug binary needs, and becomes the container.
const ENTER: &str = r#"
set -eu
root=$1 binary=$2
shift 2
mount --bind "$root" "$root"
for folder in /usr /lib /lib64 /proc; do
  [ -d "$folder" ] || continue
  mkdir -p "$root$folder"
  mount --rbind "$folder" "$root$folder"
done
touch "$root/entrypoint"
mount --bind "$binary" "$root/entrypoint"
mount -o remount,bind,ro "$root"
exec env -i "$@"
"#;

/// Runs pods of one namespace.
pub struct Kubelet<'a> {
    control_plane: &'a ControlPlane,
    client: Client,
    namespace: String,
    started: AtomicUsize,
}

impl<'a> Kubelet<'a> {
    /// A kubelet for the pods of `namespace`.
    #[must_use]
    pub fn new(control_plane: &'a ControlPlane, client: Client, namespace: &str) -> Self {
        Self {
            control_plane,
            client,
            namespace: namespace.to_owned(),
            started: AtomicUsize::new(0),
        }
    }

    /// Starts one pod of a Deployment, and waits until it runs (not until it serves).
    pub async fn start_deployment(&self, name: &str) -> Process {
        let deployments: Api<Deployment> = self.api();
        let deployment = deployments.get(name).await.unwrap();
        let template = deployment.spec.unwrap().template;
        self.start(name, &template.spec.unwrap()).await
    }

    /// Starts a pod.
    pub async fn start_pod(&self, pod: &Pod) -> Process {
        self.start(&pod.name_any(), pod.spec.as_ref().unwrap()).await
    }

    async fn start(&self, name: &str, pod: &PodSpec) -> Process {
        let number = self.started.fetch_add(1, Ordering::Relaxed) + 1;
        let folder = self.control_plane.folder().join(format!("pod-{number}"));
        let root = folder.join("root");
        assert_eq!(pod.containers.len(), 1, "this kubelet runs one container");
        let container = &pod.containers[0];
        assert_eq!(
            container.command, None,
            "an image from scratch has nothing but its entry point"
        );
        self.write_names(&root).await;
        if pod.automount_service_account_token != Some(false) {
            self.write_token(&root, pod).await;
        }
        self.write_volumes(&root, pod, container).await;
        let environment = self.environment(name, container).await;
        let arguments = container.args.iter().flatten();
        let arguments = arguments.map(|argument| expanded(argument, &environment));
        let variables = environment
            .iter()
            .map(|(variable, value)| format!("{variable}={value}"));
        let binary = binaries::named(entry_point(container)).await.unwrap();
        let unshare = [
            "--user",
            "--map-root-user",
            "--mount",
            "--propagation=private",
            "sh",
            "-c",
            ENTER,
            "enter",
        ];
        let mut line: Vec<String> = unshare.map(str::to_owned).to_vec();
        line.push(root.display().to_string());
        line.push(binary.display().to_string());
        line.extend(variables);
        line.extend([
            "/usr/sbin/chroot".to_owned(),
            root.display().to_string(),
            "/entrypoint".to_owned(),
        ]);
        line.extend(arguments);
        let launch = Launch::new(format!("{name}-{number}"), "unshare", line, folder.join("log"));
        Process::start(launch).await.unwrap()
    }

    /// Every Service is on this machine.
    async fn write_names(&self, root: &Path) {
        let services: Api<Service> = self.api();
        let mut hosts = String::from("127.0.0.1 localhost\n");
        for service in services.list(&ListParams::default()).await.unwrap() {
            hosts += &format!("127.0.0.1 {}.{}.svc\n", service.name_any(), self.namespace);
        }
        put(&root.join("etc/hosts"), hosts.as_bytes());
        put(&root.join("etc/nsswitch.conf"), b"hosts: files\n");
    }

    /// A token that the API server makes for the pod's service account, with that account's rights.
    async fn write_token(&self, root: &Path, pod: &PodSpec) {
        let accounts: Api<ServiceAccount> = self.api();
        let name = pod.service_account_name.as_deref().unwrap_or("default");
        let request = TokenRequest {
            spec: TokenRequestSpec {
                expiration_seconds: Some(3607),
                ..TokenRequestSpec::default()
            },
            ..TokenRequest::default()
        };
        let made = accounts
            .create_token_request(name, &PostParams::default(), &request)
            .await;
        let token = made.unwrap().status.unwrap().token;
        let folder = root.join(TOKEN.trim_start_matches('/'));
        put(&folder.join("token"), token.as_bytes());
        put(&folder.join("ca.crt"), self.control_plane.authority_pem.as_bytes());
        put(&folder.join("namespace"), self.namespace.as_bytes());
    }

    /// The files of the Secrets that are mounted.
    async fn write_volumes(&self, root: &Path, pod: &PodSpec, container: &Container) {
        for mount in container.volume_mounts.iter().flatten() {
            let mut volumes = pod.volumes.iter().flatten();
            let volume = volumes.find(|volume| volume.name == mount.name);
            let source = volume.and_then(|volume| volume.secret.as_ref());
            let source = source.unwrap_or_else(|| panic!("this kubelet knows no volume like {}", mount.name));
            let secret = self.secret(source.secret_name.as_deref().unwrap_or_default()).await;
            let folder = root.join(mount.mount_path.trim_start_matches('/'));
            for item in source.items.as_ref().expect("the chart names the keys that a pod sees") {
                put(&folder.join(&item.path), &secret[&item.key]);
            }
        }
    }

    /// The variables of a container, and those by which each pod finds the API server.
    async fn environment(&self, name: &str, container: &Container) -> BTreeMap<String, String> {
        let server = self.control_plane.server.trim_start_matches("https://");
        let (host, port) = server.rsplit_once(':').expect("the server's address has a port");
        let mut all = BTreeMap::from([
            ("KUBERNETES_SERVICE_HOST".to_owned(), host.to_owned()),
            ("KUBERNETES_SERVICE_PORT".to_owned(), port.to_owned()),
        ]);
        for variable in container.env.iter().flatten() {
            let source = variable.value_from.as_ref();
            let field = source.and_then(|source| source.field_ref.as_ref());
            let key = source.and_then(|source| source.secret_key_ref.as_ref());
            let value = match (&variable.value, field, key) {
                (Some(value), None, None) => value.clone(),
                (None, Some(field), None) => match field.field_path.as_str() {
                    "metadata.namespace" => self.namespace.clone(),
                    "metadata.name" => name.to_owned(),
                    other => panic!("this kubelet knows no field like {other}"),
                },
                (None, None, Some(key)) => {
                    let secret = self.secret(&key.name).await;
                    String::from_utf8(secret[&key.key].clone()).unwrap()
                }
                _ => panic!("this kubelet knows no variable like {}", variable.name),
            };
            all.insert(variable.name.clone(), value);
        }
        all
    }

    async fn secret(&self, name: &str) -> BTreeMap<String, Vec<u8>> {
        let secrets: Api<Secret> = self.api();
        let data = secrets.get(name).await.unwrap().data.unwrap_or_default();
        data.into_iter().map(|(key, value)| (key, value.0)).collect()
    }

    fn api<K>(&self) -> Api<K>
    where
        K: kube::Resource<Scope = kube::core::NamespaceResourceScope, DynamicType = ()>,
    {
        Api::namespaced(self.client.clone(), &self.namespace)
    }
}

/// An image is named like the binary in it.
fn entry_point(container: &Container) -> &str {
    let image = container.image.as_deref().unwrap_or_default();
    let name = image.rsplit('/').next().unwrap_or_default();
    name.split([':', '@']).next().unwrap_or_default()
}

/// An argument with `$(VARIABLE)` replaced.
fn expanded(argument: &str, environment: &BTreeMap<String, String>) -> String {
    environment.iter().fold(argument.to_owned(), |text, (variable, value)| {
        text.replace(&format!("$({variable})"), value)
    })
}

fn put(path: &PathBuf, content: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}
