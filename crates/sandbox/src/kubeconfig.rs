//! Kubeconfig files: how a user reaches a server.

use std::path::Path;

use data_encoding::BASE64;
use serde_json::json;

use crate::error::{Error, Result};

/// Writes a kubeconfig for `token` at `server`, atomically. JSON is YAML, and kubectl reads it.
///
/// The authority is left out for an `http` server: that is a proxy of a test, which speaks TLS on its
/// far side only.
pub(crate) fn write(path: &Path, server: &str, authority_pem: &str, token: &str) -> Result<()> {
    let mut cluster = json!({ "server": server });
    if server.starts_with("https:") {
        cluster["certificate-authority-data"] = BASE64.encode(authority_pem.as_bytes()).into();
    }
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{ "name": "sandbox", "cluster": cluster }],
        "users": [{ "name": "sandbox", "user": { "token": token } }],
        "contexts": [{ "name": "sandbox", "context": { "cluster": "sandbox", "user": "sandbox" } }],
        "current-context": "sandbox",
    });
    put(path, &format!("{config:#}\n"))
}

/// Writes `text` so that a reader finds all of it or nothing.
pub(crate) fn put(path: &Path, text: &str) -> Result<()> {
    let doing = format!("writing {}", path.display());
    let unfinished = path.with_extension("unfinished");
    std::fs::write(&unfinished, text).map_err(Error::io(doing.clone()))?;
    std::fs::rename(&unfinished, path).map_err(Error::io(doing))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kube::config::Kubeconfig;

    #[test]
    fn a_proxy_without_tls_gets_no_authority() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kubeconfig");
        for (server, authority) in [("https://127.0.0.1:1", true), ("http://127.0.0.1:1", false)] {
            write(&path, server, "PEM", "token").unwrap();
            let read = Kubeconfig::read_from(&path).unwrap();
            let cluster = read.clusters[0].cluster.clone().unwrap();
            assert_eq!(cluster.server.as_deref(), Some(server));
            assert_eq!(cluster.certificate_authority_data.is_some(), authority);
        }
    }
}
