//! TLS as this port speaks it: 1.2 and 1.3 (RFC 8996 forbids what is older, and rustls has no more), HTTP/1.1 by
//! ALPN, sessions resumed from the memory of rustls.
//!
//! The files of the certificate are looked at when a client begins a handshake, though not more often than
//! `LOOK_EVERY`. What is new there holds for handshakes from then on; whoever is connected stays. Files that cannot be
//! used change nothing, and are told.

use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto::ring, sign::SingleCertAndKey},
};

use super::Stream;
use crate::{
    certificate::{Certificate, open_to_all},
    clock::{self, Utc},
    config::TlsFiles,
    log::{Log, LogField},
};

/// The files are not looked at more often.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The one protocol that is spoken inside (RFC 7301).
const ALPN: &[u8] = b"http/1.1";

/// The certificate of the port, where one is set.
#[derive(Debug, Default)]
pub struct ServerTls(Mutex<Option<Served>>);

/// What is served now.
struct Served {
    files: TlsFiles,
    stamps: [Option<Stamp>; 2],
    looked: Instant,
    certificate: Certificate,
    acceptor: TlsAcceptor,
    /// Why what is in the files is not what is served.
    trouble: Option<String>,
    /// Whether it was logged that the certificate ends soon.
    end_is_told: bool,
}

/// By what a file that was replaced or written is told from what it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    length: u64,
    /// A file that took another's place may have its time, where that was set by a copy.
    inode: u64,
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let about = fs::metadata(path).ok()?;
        #[cfg(unix)]
        let inode = std::os::unix::fs::MetadataExt::ino(&about);
        #[cfg(not(unix))]
        let inode = 0;
        Some(Self {
            modified: about.modified().ok(),
            length: about.len(),
            inode,
        })
    }

    fn of_both(files: &TlsFiles) -> [Option<Self>; 2] {
        [&files.certificate, &files.key].map(|path| Self::of(path))
    }
}

impl std::fmt::Debug for Served {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Served")
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

impl Served {
    fn load(files: &TlsFiles) -> Result<Self, String> {
        // Taken before the files are read: what is written meanwhile is seen at the next look.
        let stamps = Stamp::of_both(files);
        let certificate = Certificate::load(files)?;
        Ok(Self {
            files: files.clone(),
            stamps,
            looked: Instant::now(),
            acceptor: acceptor(&certificate)?,
            certificate,
            trouble: None,
            end_is_told: false,
        })
    }

    /// Takes what is new in the files.
    fn look(&mut self, now: Instant, log: &Log) {
        if now.saturating_duration_since(self.looked) < LOOK_EVERY {
            return;
        }
        self.looked = now;
        let stamps = Stamp::of_both(&self.files);
        if stamps != self.stamps {
            match Self::load(&self.files) {
                Ok(fresh) => *self = fresh.logged(log),
                Err(why) => self.keep(stamps, why, log),
            }
        }
        self.tell_end(log);
    }

    fn logged(self, log: &Log) -> Self {
        let until = self
            .certificate
            .until_ms
            .map_or_else(String::new, |ms| Utc(ms).to_string());
        let fields: [LogField<'_>; 1] = [("until", &until)];
        log.info("gateway", "the certificate was renewed", &fields);
        self
    }

    /// Goes on with the former certificate.
    fn keep(&mut self, stamps: [Option<Stamp>; 2], why: String, log: &Log) {
        self.stamps = stamps;
        if self.trouble.as_ref() != Some(&why) {
            let fields: [LogField<'_>; 1] = [("error", &why)];
            let text = "the new certificate cannot be used, the former one is kept";
            log.error("gateway", text, &fields);
        }
        self.trouble = Some(why);
    }

    fn tell_end(&mut self, log: &Log) {
        if !self.end_is_told
            && let Some(due) = self.certificate.is_due(clock::now_ms())
        {
            self.end_is_told = true;
            log.warn("gateway", &due, &[]);
        }
    }
}

fn acceptor(certificate: &Certificate) -> Result<TlsAcceptor, String> {
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS cannot be spoken: {error}"))?;
    let resolver = SingleCertAndKey::from(Arc::clone(&certificate.key));
    let mut config = builder
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(resolver));
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

impl ServerTls {
    /// Reads these files, where they are set; the error says what is wrong with them and what to do.
    pub fn open(files: Option<&TlsFiles>) -> Result<Self, String> {
        let served = files.map(Served::load).transpose()?;
        Ok(Self(Mutex::new(served)))
    }

    fn served(&self) -> MutexGuard<'_, Option<Served>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes these files from here on, and what is new in them; whether anything is. After an error all is as it
    /// was.
    pub fn reload(&self, files: Option<&TlsFiles>) -> Result<bool, String> {
        let mut served = self.served();
        if let (Some(served), Some(files)) = (&mut *served, files)
            && served.files == *files
            && served.stamps == Stamp::of_both(files)
        {
            return match &served.trouble {
                Some(why) => Err(why.clone()),
                None => Ok(false),
            };
        }
        let changes = files.is_some() || served.is_some();
        *served = files.map(Served::load).transpose()?;
        Ok(changes)
    }

    /// Opens a connection with the certificate as it is in the files now.
    pub(super) async fn accept(&self, stream: TcpStream, log: &Log) -> Option<Stream> {
        let _ = stream.set_nodelay(true);
        let acceptor = self.acceptor(Instant::now(), log)?;
        let accepted = acceptor.accept(stream).await.ok()?;
        Some(Stream::Tls(Box::new(accepted)))
    }

    fn acceptor(&self, now: Instant, log: &Log) -> Option<TlsAcceptor> {
        let mut served = self.served();
        let served = served.as_mut()?;
        served.look(now, log);
        Some(served.acceptor.clone())
    }

    /// What of the certificate somebody should do something about.
    pub fn warnings(&self) -> Vec<String> {
        let served = self.served();
        let Some(served) = served.as_ref() else {
            return Vec::new();
        };
        let due = served.certificate.is_due(clock::now_ms());
        let open = open_to_all(&served.files.key);
        [due, open].into_iter().flatten().collect()
    }

    /// For `status`, where a certificate is set. Looks at the files, so that trouble is told before a client has it.
    pub(in crate::gateway) fn json(&self, log: &Log) -> Option<Value> {
        self.acceptor(Instant::now(), log)?;
        let (until, trouble) = {
            let served = self.served();
            let served = served.as_ref()?;
            (served.certificate.until_ms, served.trouble.clone())
        };
        let mut shown = json!({});
        if let Some(why) = trouble {
            shown["error"] = json!(format!("the former certificate is kept: {why}"));
        }
        if let Some(until) = until {
            shown["until_ms"] = json!(until);
        }
        let warnings = self.warnings();
        if !warnings.is_empty() {
            shown["warnings"] = json!(warnings);
        }
        Some(shown)
    }
}
