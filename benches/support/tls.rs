//! The certificate of servers that are loaded inside TLS, the client that trusts it, and the peers' side. Both sides
//! are tokio-rustls with ring, as the gateway's.

use std::path::Path;

use tokio::net::TcpStream;

use super::{Result, stream::Stream};

/// The certificate's file in its folder.
pub(crate) const CERTIFICATE: &str = "bench.pem";

/// Its key's.
pub(crate) const KEY: &str = "bench.key";

/// Makes a certificate for 127.0.0.1 with openssl.
pub(crate) fn make(folder: &Path) -> Result<()> {
    const ARGUMENTS: &str = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
                             -subj /CN=bench -addext subjectAltName=IP:127.0.0.1 \
                             -addext basicConstraints=critical,CA:FALSE";
    let mut openssl = std::process::Command::new("openssl");
    openssl.args(ARGUMENTS.split_whitespace());
    openssl
        .args(["-keyout", KEY, "-out", CERTIFICATE])
        .current_dir(folder);
    let made = openssl
        .output()
        .map_err(|error| format!("--tls needs openssl: {error}"))?;
    if made.status.success() {
        return Ok(());
    }
    Err(format!("openssl: {}", String::from_utf8_lossy(&made.stderr)).into())
}

#[cfg(feature = "tls")]
#[allow(unused_imports, reason = "the bench of the store starts no peer")]
pub(crate) use with::{Acceptor, Connector};
#[cfg(not(feature = "tls"))]
#[allow(unused_imports, reason = "the bench of the store starts no peer")]
pub(crate) use without::{Acceptor, Connector};

#[cfg(feature = "tls")]
mod with {
    use std::sync::Arc;

    use tokio_rustls::{
        TlsAcceptor, TlsConnector,
        rustls::{
            ClientConfig, RootCertStore, ServerConfig,
            crypto::ring,
            pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _},
        },
    };

    use super::{CERTIFICATE, KEY, Path, Result, Stream, TcpStream};

    /// Opens connections of the load.
    #[derive(Debug, Clone)]
    pub(crate) struct Connector(Arc<ClientConfig>);

    impl Connector {
        pub(crate) fn of(folder: &Path) -> Result<Self> {
            let mut roots = RootCertStore::empty();
            roots.add(CertificateDer::from_pem_file(folder.join(CERTIFICATE))?)?;
            let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
            let builder = builder.with_safe_default_protocol_versions()?;
            let config = builder.with_root_certificates(roots).with_no_client_auth();
            Ok(Self(Arc::new(config)))
        }

        pub(crate) async fn connect(&self, stream: TcpStream) -> Result<Stream> {
            let connector = TlsConnector::from(Arc::clone(&self.0));
            let name = ServerName::try_from("127.0.0.1")?;
            let opened = connector.connect(name, stream).await?;
            Ok(Stream::Tls(Box::new(opened.into())))
        }
    }

    /// Opens connections of a peer.
    #[derive(Clone)]
    pub(crate) struct Acceptor(TlsAcceptor);

    impl Acceptor {
        pub(crate) fn of(folder: &Path) -> Result<Self> {
            let certificate = CertificateDer::from_pem_file(folder.join(CERTIFICATE))?;
            let key = PrivateKeyDer::from_pem_file(folder.join(KEY))?;
            let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
            let builder = builder.with_safe_default_protocol_versions()?;
            let config = builder
                .with_no_client_auth()
                .with_single_cert(vec![certificate], key)?;
            Ok(Self(TlsAcceptor::from(Arc::new(config))))
        }

        pub(crate) async fn accept(&self, stream: TcpStream) -> Result<Stream> {
            let accepted = self.0.accept(stream).await?;
            Ok(Stream::Tls(Box::new(accepted.into())))
        }
    }
}

#[cfg(not(feature = "tls"))]
#[allow(clippy::unused_async, reason = "the same shape as with the feature")]
mod without {
    use super::{Path, Result, Stream, TcpStream};

    const MISSING: &str = "--tls needs the feature tls";

    #[derive(Debug, Clone)]
    pub(crate) struct Connector(std::convert::Infallible);

    impl Connector {
        pub(crate) fn of(_: &Path) -> Result<Self> {
            Err(MISSING.into())
        }

        pub(crate) async fn connect(&self, _: TcpStream) -> Result<Stream> {
            match self.0 {}
        }
    }

    #[derive(Clone)]
    pub(crate) struct Acceptor(std::convert::Infallible);

    impl Acceptor {
        pub(crate) fn of(_: &Path) -> Result<Self> {
            Err(MISSING.into())
        }

        pub(crate) async fn accept(&self, _: TcpStream) -> Result<Stream> {
            match self.0 {}
        }
    }
}
