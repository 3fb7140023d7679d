//! Builds without the feature `tls`: the settings refuse a certificate before it comes here.

use serde_json::Value;
use tokio::net::TcpStream;

use super::Stream;
use crate::{config::TlsFiles, log::Log};

/// Nothing.
#[derive(Debug, Default)]
pub struct ServerTls(());

impl ServerTls {
    /// Fails where there are files.
    pub fn open(files: Option<&TlsFiles>) -> Result<Self, String> {
        let tls = Self::default();
        tls.reload(files).map(|_| tls)
    }

    /// Fails where there are files; nothing ever changes.
    pub fn reload(&self, files: Option<&TlsFiles>) -> Result<bool, String> {
        match files {
            None => Ok(false),
            Some(_) => Err("this program was built without the feature tls".to_owned()),
        }
    }

    /// Never.
    #[allow(clippy::unused_async, reason = "the same shape as with the feature")]
    pub(super) async fn accept(&self, _: TcpStream, _: &Log) -> Option<Stream> {
        None
    }

    /// None.
    pub fn warnings(&self) -> Vec<String> {
        Vec::new()
    }

    /// Nothing.
    #[allow(clippy::unused_self, reason = "the same shape as with the feature")]
    pub(in crate::gateway) fn json(&self, _: &Log) -> Option<Value> {
        None
    }
}
