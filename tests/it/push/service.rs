//! A push service behind TLS (RFC 8030 as far as application servers see it), which answers as its test says.

use std::{
    collections::BTreeMap,
    io::{BufReader, Write as _},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
        mpsc,
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use cleudocodebot::client::Client;
use serde_json::{Value, json};
use tokio_rustls::rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    crypto::ring,
    pki_types::{PrivateKeyDer, pem::PemObject as _},
};

use crate::support::{Daemon, PATIENCE, Scratch, certificates::Authority, daemon_command};

use super::browser::Browser;

/// A push as it came.
#[derive(Debug, Clone)]
pub(super) struct Pushed {
    pub(super) path: String,
    /// By names in lower case.
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Vec<u8>,
}

/// A status, and `Retry-After` in seconds.
pub(super) type Reply = (u16, Option<u64>);

type Handler = dyn Fn(&Pushed) -> Reply + Send + Sync;

/// A running push service.
pub(super) struct PushService {
    authority: Authority,
    pub(super) port: u16,
    seen: mpsc::Receiver<Pushed>,
    ended: Arc<AtomicBool>,
    acceptor: Option<JoinHandle<()>>,
}

impl PushService {
    /// `None`, with a message, if openssl is not installed.
    pub(super) fn start(
        handler: impl Fn(&Pushed) -> Reply + Send + Sync + 'static,
    ) -> Option<Self> {
        let authority = Authority::new()?;
        authority.certify("server", "DNS:localhost", 2);
        let config = Arc::new(config(&authority));
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (sender, seen) = mpsc::channel();
        let (ended, handler) = (Arc::<AtomicBool>::default(), Arc::new(handler));
        let has_ended = Arc::clone(&ended);
        let acceptor = thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if has_ended.load(Relaxed) {
                    return;
                }
                let (config, sender) = (Arc::clone(&config), sender.clone());
                let handler: Arc<Handler> = Arc::clone(&handler) as _;
                thread::spawn(move || serve(stream, config, &sender, &*handler));
            }
        });
        Some(Self {
            authority,
            port,
            seen,
            ended,
            acceptor: Some(acceptor),
        })
    }

    /// One that takes everything.
    pub(super) fn willing() -> Option<Self> {
        Self::start(|_| (201, None))
    }

    /// A daemon that trusts it, and may reach it on this machine.
    pub(super) fn daemon(&self, home: &Scratch, settings: &[(&str, &str)]) -> Daemon {
        let mut command = daemon_command(&home.0);
        command
            .env("SSL_CERT_FILE", self.authority.file("ca.pem"))
            .env_remove("SSL_CERT_DIR")
            .env("PUSH_PRIVATE_HOSTS", format!("localhost:{}", self.port))
            .envs(settings.iter().copied());
        Daemon::from_command(command, &home.0)
    }

    pub(super) fn endpoint(&self, device: &str) -> String {
        format!("https://localhost:{}/{device}", self.port)
    }

    /// Subscribes a browser of this name; `more` is added to what it tells.
    pub(super) async fn subscribe(
        &self,
        client: &mut Client,
        device: &str,
        more: Value,
    ) -> Browser {
        let browser = Browser::new();
        let mut payload = json!({"endpoint": self.endpoint(device), "keys": browser.keys()});
        for (field, value) in more.as_object().into_iter().flatten() {
            payload[field] = value.clone();
        }
        let answer = client.call("push.subscribe", &payload).await;
        answer.expect("subscribed");
        browser
    }

    /// The next push.
    pub(super) fn saw(&self) -> Pushed {
        self.seen.recv_timeout(PATIENCE).expect("a push")
    }

    /// All that came since the last one that was taken.
    pub(super) fn rest(&self) -> Vec<Pushed> {
        self.seen.try_iter().collect()
    }
}

impl Drop for PushService {
    fn drop(&mut self) {
        self.ended.store(true, Relaxed);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
    }
}

fn config(authority: &Authority) -> ServerConfig {
    let key = PrivateKeyDer::from_pem_file(authority.file("server.key"));
    ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![authority.der("server")], key.expect("a key"))
        .expect("a pair")
}

fn serve(
    stream: TcpStream,
    config: Arc<ServerConfig>,
    seen: &mpsc::Sender<Pushed>,
    handler: &Handler,
) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(20)));
    let connection = ServerConnection::new(config).expect("a connection");
    let mut reader = BufReader::new(StreamOwned::new(connection, stream));
    while let Some(pushed) = read(&mut reader) {
        let (status, wait) = handler(&pushed);
        let wait = wait.map_or_else(String::new, |wait| format!("Retry-After: {wait}\r\n"));
        let head = format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n{wait}\r\n");
        // Told before it is answered: whoever sees the daemon's next step has seen this.
        let _ = seen.send(pushed);
        if reader.get_mut().write_all(head.as_bytes()).is_err() {
            return;
        }
    }
}

fn read(reader: &mut impl std::io::BufRead) -> Option<Pushed> {
    let mut line = || {
        let mut line = String::new();
        let length = reader.read_line(&mut line).ok()?;
        (length > 0).then(|| line.trim_end().to_owned())
    };
    let first = line()?;
    let path = first.split(' ').nth(1)?.to_owned();
    let mut headers = BTreeMap::new();
    loop {
        let line = line()?;
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length")?.parse().ok()?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Pushed {
        path,
        headers,
        body,
    })
}
