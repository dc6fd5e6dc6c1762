//! Accounts: where their credentials come from, how they change, what they may do, and whom they are
//! shown to. The operator of these scenes writes all that it can into its log, and every scene ends
//! with a search for secrets.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed expectation is the point of a test, also in its helper functions"
)]

mod authority;
mod clock;
mod leaks;
mod permissions;
mod rotation;
mod sources;
mod tenants;

use e2e::scene::{PATIENCE, Scene};
use e2e::stage::{Around, Options, Stage};
use modelarts_crd::ModelArtsAccount;

static STAGE: Stage = Stage::new(|| Options {
    arguments: vec![String::from("--log-filter=trace")],
    around: Around::Keys,
    ..Options::default()
});

/// Waits until an account is as `test` wants it.
async fn until_account(
    scene: &Scene,
    name: &str,
    what: &str,
    test: impl Fn(&ModelArtsAccount) -> bool,
) -> ModelArtsAccount {
    let accounts = scene.accounts();
    let waited = sandbox::wait::until(format!("account {name} {what}"), PATIENCE, async || {
        let account = accounts.get(name).await.map_err(|error| error.to_string())?;
        let told = serde_json::to_string(&account.status).unwrap();
        if test(&account) { Ok(account) } else { Err(told) }
    });
    scene.expect(waited.await)
}
