//! A service on loopback that answers as its test says: also late, half, or never.

use std::{
    collections::HashMap,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc,
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use serde_json::Value;

use super::PATIENCE;

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub path: String,
    /// The whole head, as it came.
    pub head: String,
    pub body: Value,
    /// The body as it came.
    pub text: String,
}

impl Request {
    pub(crate) fn method(&self) -> &str {
        self.head.split(' ').next().unwrap_or_default()
    }

    fn is_upgrade(&self) -> bool {
        let head = self.head.to_ascii_lowercase();
        head.contains("upgrade: websocket")
    }
}

/// What the fake does with a request.
#[cfg_attr(
    not(feature = "store"),
    allow(
        dead_code,
        reason = "only the chaos test uses it, and that needs the store"
    )
)]
pub(crate) enum Reply {
    /// Status and body.
    Json(u16, Value),
    /// Status and a body that is no JSON, as of a proxy in front of the service.
    Text(u16, &'static str),
    /// Status, further header lines and a body.
    Whole(u16, String, String),
    /// 429 with a `Retry-After` of so many seconds.
    Busy(u64, Value),
    /// No answer until the fake ends.
    Hang,
    /// No answer for this long, then the end of the connection.
    Silence(Duration),
    /// Half of an answer, then the end of the connection.
    Half,
    /// The end of the connection in the place of an answer.
    End,
}

type Handler = dyn Fn(&Request) -> Reply + Send + Sync;

/// Serves a connection that asked to be upgraded, until it ends.
type Upgrade = dyn Fn(&Request, &TcpStream) + Send + Sync;

/// A running fake.
pub(crate) struct Fake {
    pub address: SocketAddr,
    shared: Arc<Shared>,
    seen: mpsc::Receiver<Request>,
}

/// What the threads of a fake share.
struct Shared {
    handler: Box<Handler>,
    upgrade: Option<Box<Upgrade>>,
    ended: AtomicBool,
    connections: Mutex<HashMap<u64, TcpStream>>,
    next: AtomicU64,
    seen: mpsc::Sender<Request>,
    acceptor: Mutex<Option<JoinHandle<()>>>,
}

impl Fake {
    pub(crate) fn start(handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        Self::serving(Box::new(handler), None)
    }

    /// One that also serves what is upgraded.
    pub(crate) fn with_upgrade(
        handler: impl Fn(&Request) -> Reply + Send + Sync + 'static,
        upgrade: impl Fn(&Request, &TcpStream) + Send + Sync + 'static,
    ) -> Self {
        Self::serving(Box::new(handler), Some(Box::new(upgrade)))
    }

    fn serving(handler: Box<Handler>, upgrade: Option<Box<Upgrade>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let (sender, seen) = mpsc::channel();
        let shared = Arc::new(Shared {
            handler,
            upgrade,
            ended: AtomicBool::new(false),
            connections: Mutex::default(),
            next: AtomicU64::new(0),
            seen: sender,
            acceptor: Mutex::default(),
        });
        Shared::listen(&shared, listener);
        Self {
            address,
            shared,
            seen,
        }
    }

    /// Stops: every connection ends and no new one is accepted.
    pub(crate) fn vanish(&self) {
        self.shared.ended.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect_timeout(&self.address, Duration::from_secs(1));
        if let Some(acceptor) = self.shared.acceptor.lock().expect("not poisoned").take() {
            let _ = acceptor.join();
        }
        for stream in self.connections().values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        self.await_quiet();
    }

    /// Waits until every connection has ended and its requests are handled.
    pub(crate) fn await_quiet(&self) {
        let deadline = Instant::now() + PATIENCE;
        while !self.connections().is_empty() {
            assert!(Instant::now() < deadline, "a connection never ended");
            thread::yield_now();
        }
    }

    fn connections(&self) -> MutexGuard<'_, HashMap<u64, TcpStream>> {
        self.shared.connections.lock().expect("not poisoned")
    }

    #[cfg_attr(
        not(feature = "store"),
        allow(
            dead_code,
            reason = "only the chaos test uses it, and that needs the store"
        )
    )]
    pub(crate) fn is_running(&self) -> bool {
        !self.shared.ended.load(Ordering::Relaxed)
    }

    /// Starts again at the same address.
    pub(crate) fn come_back(&self) {
        let deadline = Instant::now() + PATIENCE;
        let listener = loop {
            match TcpListener::bind(self.address) {
                Ok(listener) => break listener,
                Err(error) => assert!(Instant::now() < deadline, "{error}"),
            }
            thread::yield_now();
        };
        self.shared.ended.store(false, Ordering::Relaxed);
        Shared::listen(&self.shared, listener);
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Waits for the next request whose path ends with `path`; skips others.
    pub(crate) fn saw(&self, path: &str) -> Request {
        loop {
            let request = self.seen.recv_timeout(PATIENCE);
            let request = request.unwrap_or_else(|_| panic!("no request for {path} came"));
            if request.path.ends_with(path) {
                return request;
            }
        }
    }

    /// Whether no request since the last one taken has a path that ends with `path`.
    pub(crate) fn never_saw(&self, path: &str) -> bool {
        let mut all = self.seen.try_iter();
        all.all(|request| !request.path.ends_with(path))
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.vanish();
    }
}

impl Shared {
    fn listen(shared: &Arc<Self>, listener: TcpListener) {
        let accepting = Arc::clone(shared);
        let acceptor = thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if accepting.ended.load(Ordering::Relaxed) {
                    return;
                }
                let id = accepting.next.fetch_add(1, Ordering::Relaxed);
                let copy = stream.try_clone().expect("a copy");
                accepting
                    .connections
                    .lock()
                    .expect("not poisoned")
                    .insert(id, copy);
                let serving = Arc::clone(&accepting);
                thread::spawn(move || {
                    serving.serve(stream);
                    serving
                        .connections
                        .lock()
                        .expect("not poisoned")
                        .remove(&id);
                });
            }
        });
        *shared.acceptor.lock().expect("not poisoned") = Some(acceptor);
    }

    fn serve(&self, stream: TcpStream) {
        let _ = stream.set_nodelay(true);
        let mut writer = stream.try_clone().expect("a copy");
        let mut reader = BufReader::new(stream);
        while let Some(request) = read(&mut reader) {
            let _ = self.seen.send(request.clone());
            if let Some(upgrade) = self.upgrade.as_ref().filter(|_| request.is_upgrade()) {
                return upgrade(&request, reader.get_ref());
            }
            let text = match (self.handler)(&request) {
                Reply::Hang => return silent(&mut reader, None),
                Reply::Silence(time) => return silent(&mut reader, Some(time)),
                Reply::Half => {
                    let _ = writer.write_all(HALF);
                    let _ = writer.shutdown(Shutdown::Both);
                    return;
                }
                Reply::End => {
                    let _ = writer.shutdown(Shutdown::Both);
                    return;
                }
                Reply::Json(status, body) => whole(status, "", &body.to_string()),
                Reply::Text(status, body) => whole(status, "", body),
                Reply::Whole(status, more, body) => whole(status, &more, &body),
                Reply::Busy(seconds, body) => {
                    let more = format!("Retry-After: {seconds}\r\n");
                    whole(429, &more, &body.to_string())
                }
            };
            if writer.write_all(text.as_bytes()).is_err() {
                return;
            }
        }
    }
}

const HALF: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"ok\"";

/// Writes nothing until the time is over or either side closes.
fn silent(reader: &mut BufReader<TcpStream>, time: Option<Duration>) {
    let _ = reader.get_ref().set_read_timeout(time);
    let _ = reader.read(&mut [0]);
    let _ = reader.get_ref().shutdown(Shutdown::Both);
}

fn whole(status: u16, more: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n{more}Content-Length: {length}\r\n\r\n{body}"
    )
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let lower = head.to_ascii_lowercase();
    let length = lower
        .lines()
        .find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    let mut first = head.lines().next()?.split(' ');
    Some(Request {
        path: first.nth(1)?.to_owned(),
        head: head.clone(),
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
        text: String::from_utf8_lossy(&body).into_owned(),
    })
}
