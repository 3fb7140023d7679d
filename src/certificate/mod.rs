//! The certificate of the gateway's port: read from PEM files, checked to belong to its key, and asked until when and
//! for which names it is valid.
//!
//! Not here: when the files are read again (`gateway::transport`), and certificates of services (`http_client`).

mod validity;

use std::{
    fs,
    io::Read as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio_rustls::rustls::{
    Error as TlsError,
    client::verify_server_name,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _},
    server::ParsedCertificate,
    sign::CertifiedKey,
};

pub use self::validity::not_after_ms;
use crate::{
    clock::Utc,
    config::{
        TlsFiles,
        keys::reach::{TLS_CERT, TLS_KEY},
    },
};

/// Longest PEM file. A chain has a few KiB.
const MAX_FILE: u64 = 1 << 20;

/// A certificate that ends sooner is to be renewed now: who renews them by themselves does it 30 days before
/// (<https://letsencrypt.org/docs/faq/>).
pub const ENDS_SOON_MS: u64 = 14 * 24 * 3_600_000;

/// A certificate, and the key that belongs to it.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// As TLS uses it.
    pub key: Arc<CertifiedKey>,
    /// When it ends, ms since 1970; `None` where that cannot be read.
    pub until_ms: Option<u64>,
}

impl Certificate {
    /// Reads both files; the error names the setting, the file, and what to do.
    pub fn load(files: &TlsFiles) -> Result<Self, String> {
        let pem = content(TLS_CERT, &files.certificate)?;
        let chain = CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>();
        let chain = chain.map_err(|error| unusable(TLS_CERT, &files.certificate, &error))?;
        if chain.is_empty() {
            let why = "has no certificate in PEM (-----BEGIN CERTIFICATE-----)";
            return Err(format!("{TLS_CERT}: {} {why}", files.certificate.display()));
        }
        let pem = content(TLS_KEY, &files.key)?;
        let key = PrivateKeyDer::from_pem_slice(&pem).map_err(|_| {
            let why = "has no private key in PEM that can be used without a passphrase";
            format!("{TLS_KEY}: {} {why}", files.key.display())
        })?;
        let until_ms = not_after_ms(&chain[0]);
        let key = CertifiedKey::from_der(chain, key, &ring::default_provider());
        let key = key.map_err(|error| mismatch(files, &error))?;
        Ok(Self {
            key: Arc::new(key),
            until_ms,
        })
    }

    /// Whether clients accept it for a host of this name.
    pub fn is_for(&self, host: &str) -> bool {
        let Some(own) = self.key.cert.first() else {
            return false;
        };
        let Ok(name) = ServerName::try_from(host) else {
            return false;
        };
        let parsed = ParsedCertificate::try_from(own);
        parsed.is_ok_and(|parsed| verify_server_name(&parsed, &name).is_ok())
    }

    /// Why it should be renewed now, if it should.
    pub fn is_due(&self, now_ms: u64) -> Option<String> {
        let until = self.until_ms?;
        if until < now_ms {
            let text = "ended on";
            return Some(format!("the certificate {text} {}; renew it", Utc(until)));
        }
        let soon = until - now_ms < ENDS_SOON_MS;
        soon.then(|| format!("the certificate ends on {}; renew it", Utc(until)))
    }
}

/// A warning where everybody on this machine may read the key. Groups may be meant, such as `ssl-cert`.
#[cfg(unix)]
pub fn open_to_all(key: &Path) -> Option<String> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(key).ok()?.permissions().mode();
    (mode & 0o004 != 0).then(|| {
        let shown = key.display();
        format!("everybody on this machine may read {shown}; run: chmod o-r '{shown}'")
    })
}

/// The same where permissions are not known.
#[cfg(not(unix))]
pub fn open_to_all(_: &Path) -> Option<String> {
    None
}

/// Opened only where it is a file: a pipe would be waited for.
fn content(setting: &str, path: &PathBuf) -> Result<Vec<u8>, String> {
    let about = fs::metadata(path).map_err(|error| unusable(setting, path, &error))?;
    if !about.is_file() || about.len() > MAX_FILE {
        return Err(format!("{setting}: {} is no PEM file", path.display()));
    }
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(|error| unusable(setting, path, &error))?;
    let read = file.take(MAX_FILE).read_to_end(&mut bytes);
    read.map_err(|error| unusable(setting, path, &error))?;
    Ok(bytes)
}

fn unusable(setting: &str, path: &Path, error: &impl std::fmt::Display) -> String {
    format!(
        "{setting}: cannot read {}: {error}; name a PEM file that the daemon's user may read",
        path.display()
    )
}

fn mismatch(files: &TlsFiles, error: &TlsError) -> String {
    let (certificate, key) = (files.certificate.display(), files.key.display());
    if let TlsError::InconsistentKeys(_) = error {
        return format!(
            "{TLS_KEY}: {key} is not the key of the first certificate in {certificate}; \
             name the two that were made together"
        );
    }
    format!("{TLS_CERT}: {certificate} and {key} cannot be used: {error}")
}
