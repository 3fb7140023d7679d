//! Certificates of an authority of the test's own, and connections that trust it. Made by openssl, since no crate of ours
//! makes them; without it tests say that they are skipped.

use std::{fs, net::TcpStream, path::PathBuf, process::Command, sync::Arc};

use tokio_rustls::rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
    version::{TLS12, TLS13},
};

use super::{Gateway, PATIENCE, Raw, Scratch, upgrade_request};

/// An authority, its files in a folder of their own.
pub(crate) struct Authority(pub Scratch);

/// A blocking connection inside TLS.
pub(crate) type Tls = StreamOwned<ClientConnection, TcpStream>;

/// Runs openssl in a folder; whether it succeeded, and what it printed.
pub(crate) fn openssl(folder: &Scratch, arguments: &[&str]) -> (bool, String) {
    let mut command = Command::new("openssl");
    command.args(arguments).current_dir(&folder.0);
    let output = command.stdin(std::process::Stdio::null()).output();
    let output = output.expect("openssl");
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&text).into_owned(),
    )
}

impl Authority {
    /// `None`, with a message, where openssl is not installed.
    pub(crate) fn new() -> Option<Self> {
        if Command::new("openssl").arg("version").output().is_err() {
            eprintln!("SKIPPED: TLS was not tested, because openssl is missing");
            return None;
        }
        let authority = Self(Scratch::new());
        authority.run("req -x509 {key} -keyout ca.key -out ca.pem -days 2 -subj /CN=test");
        Some(authority)
    }

    fn run(&self, arguments: &str) {
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
        let arguments = arguments.replace("{key}", key);
        let words: Vec<&str> = arguments.split(' ').collect();
        let (done, said) = openssl(&self.0, &words);
        assert!(done, "openssl {arguments}: {said}");
    }

    /// A certificate for these names that ends after so many days, and its key, as `NAME.pem` and `NAME.key`.
    pub(crate) fn certify(&self, name: &str, names: &str, days: u32) {
        fs::write(self.file("names"), format!("subjectAltName={names}\n")).expect("written");
        self.run(&format!(
            "req {{key}} -keyout {name}.key -out {name}.csr -subj /CN={name}"
        ));
        self.run(&format!(
            "x509 -req -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out {name}.pem \
             -days {days} -extfile names"
        ));
    }

    /// One of its files.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.0.join(name)
    }

    /// Puts a certificate and its key where a daemon looks for them, one after the other.
    pub(crate) fn install(&self, name: &str, home: &Scratch) {
        for (kind, to) in [("pem", "cert.pem"), ("key", "cert.key")] {
            let fresh = home.0.join(format!("{to}.fresh"));
            fs::copy(self.file(&format!("{name}.{kind}")), &fresh).expect("copied");
            fs::rename(fresh, home.0.join(to)).expect("renamed");
        }
    }

    /// The certificate in a file, as it comes in a handshake.
    pub(crate) fn der(&self, name: &str) -> CertificateDer<'static> {
        let path = self.file(&format!("{name}.pem"));
        CertificateDer::from_pem_file(path).expect("a certificate")
    }

    /// What a client needs that trusts this authority and speaks these versions.
    pub(crate) fn client_of(&self, versions: &[&'static SupportedProtocolVersion]) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(self.der("ca")).expect("a root");
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_protocol_versions(versions).expect("versions");
        builder.with_root_certificates(roots).with_no_client_auth()
    }

    /// The same in both versions.
    pub(crate) fn client(&self) -> Arc<ClientConfig> {
        Arc::new(self.client_of(&[&TLS12, &TLS13]))
    }
}

/// A connection to the daemon whose handshake has not begun.
pub(crate) fn dial(gateway: &Gateway, config: &Arc<ClientConfig>) -> Tls {
    let tcp = TcpStream::connect(gateway.address).expect("a connection");
    tcp.set_read_timeout(Some(PATIENCE)).expect("set");
    tcp.set_nodelay(true).expect("set");
    let name = ServerName::try_from("localhost").expect("a name");
    let client = ClientConnection::new(Arc::clone(config), name).expect("a client");
    StreamOwned::new(client, tcp)
}

/// A connection after its handshake.
pub(crate) fn connect(gateway: &Gateway, config: &Arc<ClientConfig>) -> Raw<Tls> {
    let mut stream = dial(gateway, config);
    stream
        .conn
        .complete_io(&mut stream.sock)
        .expect("a handshake");
    Raw {
        stream,
        rest: Vec::new(),
    }
}

/// An authenticated WebSocket inside TLS.
pub(crate) fn websocket(gateway: &Gateway, config: &Arc<ClientConfig>) -> Raw<Tls> {
    let mut raw = connect(gateway, config);
    let host = gateway.address.to_string();
    raw.send(upgrade_request(&host, &gateway.authorization()).as_bytes());
    let (status, head) = raw.head();
    assert_eq!(status, 101, "{head}");
    raw
}
