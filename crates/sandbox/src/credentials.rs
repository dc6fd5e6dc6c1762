//! Keys, certificates and tokens of one throw-away control plane.
//!
//! All are made afresh for each start and die with its folder. The API server would make its own
//! certificate, but then nobody could trust it before it is up; ours is known beforehand, and it covers
//! 127.0.0.1 on every port, so that a proxy may stand in front of the server.

use std::fs;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};

use crate::error::{Error, Result};

/// The group that may do everything.
const ADMINISTRATORS: &str = "system:masters";
/// The administrator's user name.
pub(crate) const ADMINISTRATOR: &str = "sandbox-admin";

/// Somebody who may log in with a token. Rights come from RBAC objects, as in any cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The user name that RBAC and the audit log see.
    pub name: String,
    /// Groups besides `system:authenticated`.
    pub groups: Vec<String>,
}

impl User {
    /// A user without groups.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            groups: Vec::new(),
        }
    }

    /// The one that the sandbox itself uses.
    pub(crate) fn administrator() -> Self {
        Self {
            name: ADMINISTRATOR.to_owned(),
            groups: vec![ADMINISTRATORS.to_owned()],
        }
    }
}

/// The files that the API server is started with.
#[derive(Debug)]
pub(crate) struct Files {
    /// PEM of the authority that signed the server's certificate.
    pub authority_pem: String,
    pub certificate: PathBuf,
    pub key: PathBuf,
    /// The pair that signs and checks service account tokens.
    pub account_key: PathBuf,
    pub account_public: PathBuf,
    pub tokens: PathBuf,
    /// Each user with its token, in the given order.
    pub users: Vec<(User, String)>,
}

/// Writes all of it to `folder`.
pub(crate) fn write(folder: &Path, users: Vec<User>) -> Result<Files> {
    let made = certificates().map_err(Error::malformed("making the certificates"))?;
    let users: Vec<_> = users.into_iter().map(|user| (user, token())).collect();
    let mut lines = String::new();
    for (user, token) in &users {
        let (name, groups) = (&user.name, user.groups.join(","));
        lines.push_str(&format!("{token},{name},{name},\"{groups}\"\n"));
    }
    Ok(Files {
        certificate: put(folder, "server.crt", &made.server_pem)?,
        key: put(folder, "server.key", &made.server_key_pem)?,
        account_key: put(folder, "accounts.key", &made.account_key_pem)?,
        account_public: put(folder, "accounts.pub", &made.account_public_pem)?,
        tokens: put(folder, "tokens.csv", &lines)?,
        authority_pem: made.authority_pem,
        users,
    })
}

fn put(folder: &Path, name: &str, text: &str) -> Result<PathBuf> {
    let path = folder.join(name);
    fs::write(&path, text).map_err(Error::io(format!("writing {}", path.display())))?;
    Ok(path)
}

fn token() -> String {
    HEXLOWER.encode(&rand::random::<[u8; 16]>())
}

struct Certificates {
    authority_pem: String,
    server_pem: String,
    server_key_pem: String,
    account_key_pem: String,
    account_public_pem: String,
}

fn certificates() -> Result<Certificates, rcgen::Error> {
    let authority_key = KeyPair::generate()?;
    let mut authority = CertificateParams::new(Vec::new())?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    authority
        .distinguished_name
        .push(DnType::CommonName, "sandbox authority");
    let authority_pem = authority.self_signed(&authority_key)?.pem();
    let issuer = Issuer::new(authority, authority_key);

    let server_key = KeyPair::generate()?;
    let names = ["127.0.0.1", "10.0.0.1", "localhost", "kubernetes.default.svc"];
    let mut server = CertificateParams::new(names.map(str::to_owned).to_vec())?;
    server.distinguished_name.push(DnType::CommonName, "kube-apiserver");
    server.use_authority_key_identifier_extension = true;
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let server_pem = server.signed_by(&server_key, &issuer)?.pem();

    let accounts = KeyPair::generate()?;
    Ok(Certificates {
        authority_pem,
        server_pem,
        server_key_pem: server_key.serialize_pem(),
        account_key_pem: accounts.serialize_pem(),
        account_public_pem: accounts.public_key_pem(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_user_has_a_line_and_a_token_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let mut tenant = User::new("tenant");
        tenant.groups = vec![String::from("a"), String::from("b")];
        let files = write(folder.path(), vec![User::administrator(), tenant]).unwrap();
        let lines = fs::read_to_string(&files.tokens).unwrap();
        let tokens: Vec<_> = files.users.iter().map(|(_, token)| token).collect();
        assert_ne!(tokens[0], tokens[1]);
        assert_eq!(
            lines,
            format!(
                "{},sandbox-admin,sandbox-admin,\"system:masters\"\n{},tenant,tenant,\"a,b\"\n",
                tokens[0], tokens[1]
            )
        );
    }
}
