//! Root certificates beside the built-in ones, for clouds behind an authority of their own. There
//! is no way to go on without verification.

use std::fmt;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use thiserror::Error;

/// A bundle of root certificates in PEM form. It is checked when a client is made of it.
#[derive(Clone, PartialEq, Eq)]
pub struct ExtraRoots(Arc<[u8]>);

/// What is wrong with a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RootsError {
    /// Nothing in it is a certificate.
    #[error("there is no certificate in it")]
    NoCertificate,
    /// A block does not end, or what is in it is not Base64.
    #[error("it cannot be read as PEM")]
    NotPem,
    /// A block is there, but what it holds cannot serve as a root.
    #[error("its certificate number {0} is none that can be trusted as a root")]
    NotARoot(usize),
}

impl ExtraRoots {
    /// The bundle as it was read from a file, a Secret or a ConfigMap.
    pub fn from_pem(pem: impl AsRef<[u8]>) -> Self {
        Self(pem.as_ref().into())
    }

    /// The certificates. Other blocks are passed over.
    pub(crate) fn certificates(&self) -> Result<Vec<reqwest::Certificate>, RootsError> {
        let mut store = RootCertStore::empty();
        let mut certificates = Vec::new();
        for (index, der) in CertificateDer::pem_slice_iter(&self.0).enumerate() {
            let der = der.map_err(|_| RootsError::NotPem)?;
            let not_a_root = RootsError::NotARoot(index + 1);
            certificates.push(reqwest::Certificate::from_der(&der).map_err(|_| not_a_root)?);
            store.add(der).map_err(|_| not_a_root)?;
        }
        if certificates.is_empty() {
            return Err(RootsError::NoCertificate);
        }
        Ok(certificates)
    }
}

impl fmt::Debug for ExtraRoots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExtraRoots")
            .field("octets", &self.0.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate() -> String {
        let made = rcgen::generate_simple_self_signed(["cloud.example".to_owned()]).unwrap();
        made.cert.pem()
    }

    fn checked(pem: &str) -> Result<usize, RootsError> {
        ExtraRoots::from_pem(pem).certificates().map(|found| found.len())
    }

    #[test]
    fn a_bundle_may_hold_several_certificates_and_comments() {
        let bundle = format!("# ours\n{}\n# theirs\r\n{}", certificate(), certificate());
        assert_eq!(checked(&bundle), Ok(2));
    }

    #[test]
    fn a_bundle_that_cannot_be_trusted_is_refused_with_the_reason() {
        let good = certificate();
        let cut = good.replace("-----END CERTIFICATE-----", "");
        let key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        let hollow = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let odd = "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n";
        for (pem, why) in [
            ("", RootsError::NoCertificate),
            ("none", RootsError::NoCertificate),
            (key, RootsError::NoCertificate),
            (&cut, RootsError::NotPem),
            (odd, RootsError::NotPem),
            (hollow, RootsError::NotARoot(1)),
            (&format!("{good}{hollow}"), RootsError::NotARoot(2)),
        ] {
            assert_eq!(checked(pem), Err(why), "{pem}");
        }
    }
}
