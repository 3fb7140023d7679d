//! The shape of the cryptography in a build without it.

use std::{
    convert::Infallible,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::push::subscription::Receiver;

/// What is missing.
const MISSING: &str =
    "web push needs cryptography, and this program was built without the feature tls";

/// A key pair that cannot be.
#[derive(Debug)]
pub struct VapidKey(Infallible);

impl VapidKey {
    /// The public half.
    pub fn public(&self) -> &str {
        match self.0 {}
    }

    /// The value of the header `Authorization`.
    pub fn authorization(&self, _: &str, _: &str, _: u64) -> Result<String, String> {
        match self.0 {}
    }
}

/// Where the key pair would be.
#[derive(Debug)]
pub struct VapidKeys(#[expect(dead_code, reason = "the same shape as with the feature")] PathBuf);

impl VapidKeys {
    /// Keys in this folder.
    pub fn new(home: &Path) -> Self {
        Self(home.to_owned())
    }

    /// Always an error.
    #[allow(clippy::unused_async, reason = "the same shape as with the feature")]
    pub async fn get(&self) -> Result<Arc<VapidKey>, String> {
        Err(MISSING.to_owned())
    }
}

/// Always an error.
pub fn check_receiver(_: &Receiver) -> Result<(), String> {
    Err(MISSING.to_owned())
}

/// Always an error.
pub fn seal(_: &[u8], _: &Receiver) -> Result<Vec<u8>, String> {
    Err(MISSING.to_owned())
}
