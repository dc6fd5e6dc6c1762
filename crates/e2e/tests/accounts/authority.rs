//! Clouds behind an authority of their own: trusted by name, by this account only, and never without
//! verification.

use std::path::Path;

use e2e::record::reason;
use e2e::scene::Scene;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use sandbox::simulator::Options;
use sandbox::simulator::Simulator;
use serde_json::{Value, json};

use crate::STAGE;

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A cloud whose certificate is for `host` and ends in `year`.
async fn cloud(folder: &Path, authority: &Authority, host: &str, year: i32) -> Simulator {
    std::fs::create_dir(folder).unwrap();
    let mut params = CertificateParams::new([host.to_owned()]).unwrap();
    params.not_after = date_time_ymd(year, 1, 1);
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, authority).unwrap();
    let (chain, pair) = (folder.join("tls.crt"), folder.join("tls.key"));
    std::fs::write(&chain, certificate.pem()).unwrap();
    std::fs::write(&pair, key.serialize_pem()).unwrap();
    let options = Options {
        arguments: vec![
            format!("--tls-cert={}", chain.display()),
            format!("--tls-key={}", pair.display()),
        ],
        ..Options::default()
    };
    Simulator::start(folder, options).await.unwrap()
}

/// An account in this cloud, which trusts the authority of `pem` besides the public ones.
async fn account(scene: &Scene, name: &str, cloud: &Simulator, pem: Option<&str>) -> String {
    let name = format!("{}-{name}", scene.name);
    let changes = json!({ "endpoint": cloud.url, "iamEndpoint": cloud.url, "caBundle": pem });
    let mut changes: Value = changes;
    if pem.is_none() {
        changes.as_object_mut().unwrap().remove("caBundle");
    }
    scene.create_account(&name, &changes).await;
    name
}

#[test]
fn a_cloud_behind_an_authority_that_the_account_names_is_used() {
    STAGE.play(async |scene| {
        let folder = scene.world.control_plane.folder().join(format!("{}-tls", scene.name));
        let ours = authority();
        let cloud = cloud(&folder, &ours, "127.0.0.1", 4000).await;
        let account = account(scene, "private", &cloud, Some(&ours.pem())).await;
        scene.create_ready("train", &json!({ "account": account })).await;
        scene.delete_gone("train").await;
    });
}

#[test]
fn fault_72_a_certificate_that_does_not_hold_is_refused_and_told() {
    STAGE.play(async |scene| {
        let folder = |name: &str| {
            scene
                .world
                .control_plane
                .folder()
                .join(format!("{}-{name}", scene.name))
        };
        let (ours, theirs) = (authority(), authority());
        let (ours_pem, theirs_pem) = (ours.pem(), theirs.pem());
        let good = cloud(&folder("good"), &ours, "127.0.0.1", 4000).await;
        let named = cloud(&folder("named"), &ours, "cloud.example", 4000).await;
        let old = cloud(&folder("old"), &ours, "127.0.0.1", 2020).await;
        for (name, cloud, pem) in [
            ("nobody-vouches", &good, None),
            ("another-authority", &good, Some(theirs_pem.as_str())),
            ("another-host", &named, Some(ours_pem.as_str())),
            ("ended", &old, Some(ours_pem.as_str())),
        ] {
            let account = account(scene, name, cloud, pem).await;
            scene.create(name, &json!({ "account": account })).await;
            let pool = scene
                .until(name, "to tell of the certificate", |pool| {
                    let told = serde_json::to_string(&pool.status).unwrap();
                    told.contains("certificate")
                })
                .await;
            assert_ne!(reason(&pool), "CredentialsRefused", "{name}");
            scene.delete_gone(name).await;
        }
        for cloud in [good, named, old] {
            let log = cloud.process().log();
            assert!(!log.contains("panicked"), "{log}");
        }
    });
}
