//! The manifests in `deploy/` are the chart's. `UPDATE=1 cargo test --workspace --test chart made` writes
//! them afresh.

use std::fmt::Write as _;

use e2e::helm::{Version, file, template};

const COMMAND: &str = "UPDATE=1 cargo test --workspace --test chart made";

/// A file of `deploy/`: its first words, the templates that it is made of, and their values.
struct Made {
    path: &'static str,
    head: &'static str,
    templates: &'static [&'static str],
    values: &'static [&'static str],
}

const ALL: [Made; 4] = [
    Made {
        path: "deploy/rbac.yaml",
        head: "What the operator may do, and what people get.",
        templates: &["serviceaccount", "rbac", "people"],
        values: &[],
    },
    Made {
        path: "deploy/operator.yaml",
        head: "The image is a placeholder: no registry has it. See docs/install.md.",
        templates: &["deployment", "poddisruptionbudget", "metrics"],
        values: &[],
    },
    Made {
        path: "deploy/namespaced/rbac.yaml",
        head: "What an operator of the namespace ml may do: outside of ml and its own namespace next to nothing.",
        templates: &["serviceaccount", "rbac"],
        values: &["watchNamespace=ml", "rbac.aggregate=false"],
    },
    Made {
        path: "deploy/namespaced/operator.yaml",
        head: "An operator of the namespace ml. The image is a placeholder: see docs/install.md.",
        templates: &["deployment", "poddisruptionbudget", "metrics"],
        values: &["watchNamespace=ml"],
    },
];

#[tokio::test]
async fn what_is_in_deploy_is_the_charts() {
    for made in ALL {
        let wanted = render(&made).await;
        let path = file(made.path);
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &wanted).unwrap();
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(found == wanted, "{} is stale; run: {COMMAND}", made.path);
    }
}

async fn render(made: &Made) -> String {
    let mut text = format!("# {}\n#\n# Made from the chart, do not edit: {COMMAND}\n", made.head);
    for (index, template_name) in made.templates.iter().enumerate() {
        let name = format!("templates/{template_name}.yaml");
        let mut arguments = vec!["--show-only", name.as_str()];
        arguments.extend(made.values.iter().flat_map(|value| ["--set", *value]));
        let rendered = template(Version::Four, &arguments).await;
        if index > 0 {
            text.push_str("---\n");
        }
        text.push_str(&plain(&rendered));
    }
    text
}

/// Without what Helm alone is interested in.
fn plain(rendered: &str) -> String {
    let about_helm = ["# Source: ", "app.kubernetes.io/managed-by:", "helm.sh/chart:"];
    let lines = rendered.trim_start_matches("---\n").lines();
    let kept = lines.filter(|line| !about_helm.iter().any(|begin| line.trim_start().starts_with(begin)));
    kept.fold(String::new(), |mut text, line| {
        let _ = writeln!(text, "{}", line.trim_end());
        text
    })
}
