//! A cloud behind an authority of its own is trusted if that authority is, and not otherwise.

use modelarts_client::{Client, Config, ConfigError, ExtraRoots, Failure, PoolId, RootsError, Sent};
use modelarts_sim::{Server, ServerHandle, TlsFiles};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use crate::cloud::{POOL, config, keys};

/// An authority, as PEM and for signing.
fn authority() -> (String, Issuer<'static, KeyPair>) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let pair = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&pair).unwrap();
    (certificate.pem(), Issuer::new(params, pair))
}

/// A cloud on loopback whose certificate is signed by `issuer`.
async fn cloud(issuer: &Issuer<'static, KeyPair>) -> ServerHandle {
    let params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    let pair = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&pair, issuer).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let files = TlsFiles {
        cert: folder.path().join("cert.pem"),
        key: folder.path().join("key.pem"),
    };
    std::fs::write(&files.cert, certificate.pem()).unwrap();
    std::fs::write(&files.key, pair.serialize_pem()).unwrap();
    let server = modelarts_sim::Config {
        tls: Some(files),
        ..modelarts_sim::Config::default()
    };
    Server::start(server).await.unwrap()
}

fn trusting(cloud: &ServerHandle, roots: Option<&str>) -> Config {
    Config {
        extra_roots: roots.map(ExtraRoots::from_pem),
        ..config(&cloud.url().parse().unwrap(), keys())
    }
}

#[tokio::test]
async fn only_a_trusted_authority_is_spoken_to() {
    let (trusted, issuer) = authority();
    let (stranger, _) = authority();
    let cloud = cloud(&issuer).await;
    let id = PoolId::parse(POOL).unwrap();
    for roots in [None, Some(stranger.as_str())] {
        let client = Client::new(trusting(&cloud, roots)).unwrap();
        let error = client.show_pool(&id).await.unwrap_err();
        assert_eq!(
            (error.failure, error.sent, error.status),
            (Failure::Transient, Sent::NotSent, None)
        );
        assert!(error.message.contains("certificate"), "{error}");
    }
    let client = Client::new(trusting(&cloud, Some(&format!("{stranger}{trusted}")))).unwrap();
    let error = client.show_pool(&id).await.unwrap_err();
    assert_eq!(error.status, Some(401), "it speaks, and does not know our key: {error}");
}

#[test]
fn a_bundle_that_cannot_be_used_makes_no_client() {
    let endpoint = "https://modelarts.cn-north-4.myhuaweicloud.com".parse().unwrap();
    let mut config = config(&endpoint, keys());
    config.extra_roots = Some(ExtraRoots::from_pem("none"));
    let error = Client::new(config).unwrap_err();
    assert!(
        matches!(error, ConfigError::ExtraRoots(RootsError::NoCertificate)),
        "{error}"
    );
}
