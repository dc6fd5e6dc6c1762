//! Asks a running replica one question, for `helm test`: an image with nothing but this binary has no
//! other program that could.

use std::time::Duration;

use url::Url;

/// A replica answers within milliseconds; a pod network may take its time for a name.
const PATIENCE: Duration = Duration::from_secs(20);

/// Why a probe failed.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// Nothing answered.
    #[error("nothing answers at {url}")]
    Unreachable {
        /// What was asked.
        url: Url,
        /// How it failed.
        #[source]
        source: reqwest::Error,
    },
    /// What answered is no replica that serves.
    #[error("{url} answers {status}")]
    Refused {
        /// What was asked.
        url: Url,
        /// The answer's status.
        status: reqwest::StatusCode,
    },
}

/// Asks `url` once. It sends nothing but the question, follows nowhere, and uses no proxy.
///
/// # Errors
/// [`ProbeError`] unless the answer's status is a success.
pub async fn probe(url: &Url) -> Result<(), ProbeError> {
    // A provider that is already installed serves as well; the error says just that.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let failed = |source| ProbeError::Unreachable {
        url: url.clone(),
        source,
    };
    // Metrics and health are plain http: no authority is trusted, so none has to be there.
    let client = reqwest::Client::builder()
        .timeout(PATIENCE)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .tls_certs_only([])
        .build()
        .map_err(failed)?;
    let status = client.get(url.clone()).send().await.map_err(failed)?.status();
    match status.is_success() {
        true => Ok(()),
        false => Err(ProbeError::Refused {
            url: url.clone(),
            status,
        }),
    }
}
