//! Accounts, the namespaces that use them and the Secrets that they need: whatever goes first, nothing
//! is lost, everything ends, and what is blocked says why.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed expectation is the point of a test, also in its helper functions"
)]

mod held;
mod orders;

use e2e::scene::{PATIENCE, Scene};
use e2e::stage::{Options, Stage};
use modelarts_crd::ModelArtsAccount;
use sandbox::control_plane::ControllerManager;

static STAGE: Stage = Stage::new(|| Options {
    controller_manager: ControllerManager::On,
    ..Options::default()
});

/// Waits until the scene's account is as `test` wants it; nothing stands for one that is gone.
async fn until_account(scene: &Scene, what: &str, test: impl Fn(Option<&ModelArtsAccount>) -> bool) {
    let accounts = scene.accounts();
    let waited = sandbox::wait::until(format!("the account {what}"), PATIENCE, async || {
        let found = accounts.get_opt(&scene.name).await.map_err(|error| error.to_string())?;
        match test(found.as_ref()) {
            true => Ok(()),
            false => Err(serde_json::to_string(&found).unwrap()),
        }
    });
    scene.expect(waited.await);
}

/// Whether a condition of the account says so, with all of these words.
fn says(account: &ModelArtsAccount, type_: &str, reason: &str, words: &[&str]) -> bool {
    let mut conditions = account.status.iter().flat_map(|status| &status.conditions);
    conditions.any(|told| {
        let complete = words.iter().all(|word| told.message.contains(word));
        told.type_ == type_ && told.status == "True" && told.reason == reason && complete
    })
}
