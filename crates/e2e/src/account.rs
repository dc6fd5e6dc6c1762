//! Waiting for what becomes of a scene's accounts.

use modelarts_crd::ModelArtsAccount;
use sandbox::wait;

use crate::scene::{PATIENCE, Scene};

impl Scene {
    /// Waits until an account is as `test` wants it.
    pub async fn until_account(
        &self,
        name: &str,
        what: &str,
        test: impl Fn(&ModelArtsAccount) -> bool,
    ) -> ModelArtsAccount {
        let accounts = self.accounts();
        let waited = wait::until(format!("account {name} {what}"), PATIENCE, async || {
            let account = accounts.get(name).await.map_err(|error| error.to_string())?;
            let told = serde_json::to_string(&account.status).unwrap();
            if test(&account) { Ok(account) } else { Err(told) }
        });
        self.expect(waited.await)
    }
}
