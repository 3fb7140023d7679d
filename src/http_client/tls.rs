//! TLS to services, with the certificates that the operating system trusts. Without the feature `tls`,
//! every connection fails with an error that names the feature.

#[cfg(feature = "tls")]
pub(super) use self::with::Tls;
#[cfg(not(feature = "tls"))]
pub(super) use self::without::Tls;

#[cfg(feature = "tls")]
mod with {
    use std::{
        io,
        sync::{Arc, OnceLock},
    };

    use tokio::net::TcpStream;
    use tokio_rustls::{
        TlsConnector,
        client::TlsStream,
        rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::ServerName},
    };

    /// Created at the first connection, because reading the system's certificates is slow.
    #[derive(Default)]
    pub(in crate::http_client) struct Tls(OnceLock<Result<TlsConnector, String>>);

    impl Tls {
        pub(in crate::http_client) async fn wrap(
            &self,
            host: &str,
            stream: TcpStream,
        ) -> Result<TlsStream<TcpStream>, String> {
            let opened = self.open(host, stream).await?;
            opened.map_err(|error| format!("cannot be trusted or does not speak TLS: {error}"))
        }

        /// The same, with the error of the handshake as it was.
        pub(in crate::http_client) async fn open(
            &self,
            host: &str,
            stream: TcpStream,
        ) -> Result<io::Result<TlsStream<TcpStream>>, String> {
            let name = ServerName::try_from(host.to_owned())
                .map_err(|_| "has a host name that no certificate can have".to_owned())?;
            let connector = self.0.get_or_init(connector).clone()?;
            Ok(connector.connect(name, stream).await)
        }
    }

    fn connector() -> Result<TlsConnector, String> {
        let mut roots = RootCertStore::empty();
        let found = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(found.certs);
        if roots.is_empty() {
            return Err(
                "cannot be trusted: the system has no certificates (install ca-certificates)"
                    .to_owned(),
            );
        }
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| format!("cannot be reached with TLS: {error}"))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(TlsConnector::from(Arc::new(config)))
    }
}

#[cfg(not(feature = "tls"))]
mod without {
    use tokio::net::TcpStream;

    const MISSING: &str = "needs https, and this program was built without the feature tls";

    #[derive(Default)]
    pub(in crate::http_client) struct Tls(());

    impl Tls {
        #[allow(clippy::unused_async, reason = "the same shape as with the feature")]
        pub(in crate::http_client) async fn wrap(
            &self,
            _: &str,
            _: TcpStream,
        ) -> Result<TcpStream, String> {
            Err(MISSING.to_owned())
        }

        #[allow(clippy::unused_async, reason = "the same shape as with the feature")]
        pub(in crate::http_client) async fn open(
            &self,
            _: &str,
            _: TcpStream,
        ) -> Result<std::io::Result<TcpStream>, String> {
            Err(MISSING.to_owned())
        }
    }
}
