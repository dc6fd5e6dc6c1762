//! What the chart renders, and what it refuses.

use e2e::helm::{CHART, VERSIONS, Version, command, run, template, try_template};
use serde_json::Value;

/// Everything that can be switched on.
const ALL: [&str; 18] = [
    "--set",
    "networkPolicy.enabled=true",
    "--set",
    "metrics.serviceMonitor.enabled=true",
    "--set",
    "metrics.podMonitor.enabled=true",
    "--set",
    "metrics.prometheusRule.enabled=true",
    "--set",
    "metrics.dashboard.enabled=true",
    "--set",
    "simulator.enabled=true",
    "--set",
    "account.create=true,account.name=mine,account.existingSecret=keys",
    "--set",
    "global.imagePullSecrets={registry}",
    "--set",
    "priorityClassName=system-cluster-critical",
];

fn documents(text: &str) -> Vec<Value> {
    let all: Vec<Value> = serde_saphyr::from_multiple(text).unwrap();
    all.into_iter().filter(|document| !document.is_null()).collect()
}

fn kinds(text: &str) -> Vec<String> {
    let mut kinds: Vec<_> = documents(text)
        .iter()
        .map(|document| document["kind"].as_str().unwrap().to_owned())
        .collect();
    kinds.sort();
    kinds.dedup();
    kinds
}

#[tokio::test]
async fn both_helms_find_nothing_to_complain_of() {
    for version in VERSIONS {
        for values in [&[][..], &ALL[..]] {
            let mut lint = command(version);
            lint.args(["lint", "--strict", CHART, "--kube-version", "1.35.4"])
                .args(values);
            let said = run(lint).await;
            assert!(said.ok, "{version:?} {values:?}: {}{}", said.out, said.err);
        }
    }
}

#[tokio::test]
async fn both_helms_render_the_same() {
    // The certificate is a new one each time: without it.
    let values: Vec<_> = ALL
        .iter()
        .map(|value| {
            if *value == "simulator.enabled=true" {
                "replicas=3"
            } else {
                *value
            }
        })
        .collect();
    let [three, four] = VERSIONS.map(|version| template(version, &values));
    assert_eq!(documents(&three.await), documents(&four.await));
}

#[tokio::test]
async fn each_part_can_be_switched_on_and_off() {
    let usual = kinds(&template(Version::Four, &[]).await);
    assert_eq!(
        usual,
        [
            "ClusterRole",
            "ClusterRoleBinding",
            "CustomResourceDefinition",
            "Deployment",
            "Pod",
            "PodDisruptionBudget",
            "Role",
            "RoleBinding",
            "Service",
            "ServiceAccount",
        ]
    );
    let all = kinds(&template(Version::Four, &ALL).await);
    for kind in [
        "ConfigMap",
        "ModelArtsAccount",
        "NetworkPolicy",
        "PodMonitor",
        "PrometheusRule",
        "Secret",
        "ServiceMonitor",
    ] {
        assert!(all.iter().any(|found| found == kind), "{kind} is not in {all:?}");
    }
    let off = "crds.enabled=false,rbac.create=false,rbac.aggregate=false,serviceAccount.create=false,serviceAccount.name=x,\
               metrics.service.enabled=false,replicas=1";
    assert_eq!(kinds(&template(Version::Four, &["--set", off]).await), ["Deployment"]);
}

#[tokio::test]
async fn definitions_stay_unless_asked_otherwise() {
    let policy = |document: &Value| document["metadata"]["annotations"]["helm.sh/resource-policy"].clone();
    for (values, wanted) in [
        (&[][..], Value::from("keep")),
        (&["--set", "crds.keep=false"], Value::Null),
    ] {
        let mut arguments = vec!["--show-only", "templates/crds.yaml"];
        arguments.extend(values);
        let all = documents(&template(Version::Four, &arguments).await);
        assert_eq!(all.len(), 3);
        assert!(all.iter().all(|document| policy(document) == wanted), "{values:?}");
    }
}

#[tokio::test]
async fn a_wrong_value_is_named() {
    for (values, named) in [
        ("replica=3", "replica"),
        ("replicas=-1", "replicas"),
        ("image.digest=latest", "digest"),
        ("operator.censusInterval=fast", "censusInterval"),
        ("operator.logFormat=xml", "logFormat"),
        ("account.credentials=password", "credentials"),
        ("simulator.port=99999", "port"),
        ("account.create=true", "account.existingSecret"),
        ("simulator.enabled=true,account.create=true", "account.name"),
        ("serviceAccount.create=false", "serviceAccount.name"),
        (
            "metrics.serviceMonitor.enabled=true,metrics.service.enabled=false",
            "metrics.service.enabled",
        ),
    ] {
        for version in VERSIONS {
            let said = try_template(version, &["--set", values]).await;
            assert!(
                !said.ok && said.err.contains(named),
                "{version:?} {values}: {}",
                said.err
            );
        }
    }
}

/// Other charts of an umbrella have global values too, and conditions that are named `enabled`.
#[tokio::test]
async fn an_umbrella_may_say_more() {
    let values = ["--set", "enabled=true", "--set", "global.domain=example.com"];
    assert!(!template(Version::Four, &values).await.is_empty());
}

/// A value that the schema does not know is refused above; one that no template reads is found here.
#[tokio::test]
async fn every_value_is_read_by_a_template() {
    let values: Value =
        serde_saphyr::from_str(&std::fs::read_to_string(e2e::helm::file(CHART).join("values.yaml")).unwrap()).unwrap();
    let mut templates = String::new();
    for folder in ["templates", "templates/tests"] {
        for entry in std::fs::read_dir(e2e::helm::file(CHART).join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                templates += &std::fs::read_to_string(path).unwrap();
            }
        }
    }
    let mut unread = Vec::new();
    for (group, value) in values.as_object().unwrap() {
        let whole = ["toYaml .Values.{} ", "with .Values.{} ", "\" .Values.{})"]
            .iter()
            .any(|form| templates.contains(&form.replace("{}", group)));
        let members = value.as_object().into_iter().flatten().map(|(key, _)| key);
        // Templates of a group that bind it to a variable read its members by their names.
        let bound = templates.contains(&format!(":= .Values.{group} "));
        let read = |key: &String| {
            whole
                || templates.contains(&format!(".Values.{group}.{key}"))
                || bound && templates.contains(&format!("${group}.{key}"))
        };
        unread.extend(members.filter(|key| !read(key)).map(|key| format!("{group}.{key}")));
        let named = value.as_object().is_some_and(|members| !members.is_empty());
        if !named && !templates.contains(&format!(".Values.{group}")) {
            unread.push(group.clone());
        }
    }
    assert_eq!(unread, Vec::<String>::new());
}
