//! The file that tells a waiting program that a world is up.

use std::path::Path;

use serde_json::Value;

use crate::error::Result;
use crate::kubeconfig;

/// Writes it atomically: whoever finds it can read all of it.
///
/// # Errors
/// When the folder does not exist or cannot be written.
pub fn write(path: &Path, ready: &Value) -> Result<()> {
    kubeconfig::put(path, &format!("{ready}\n"))
}
