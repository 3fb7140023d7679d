//! A service of our own on loopback: answers as its test says, also late, half or never.

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

use cleudocodebot::client::Client;
use serde_json::{Value, json};

use crate::support::PATIENCE;

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub path: String,
    /// The whole head, as it came.
    pub head: String,
    pub body: Value,
}

/// What the fake does with it.
#[cfg_attr(
    not(feature = "store"),
    allow(dead_code, reason = "only chaos asks for it, and that needs the store")
)]
pub(crate) enum Reply {
    /// An answer.
    Json(u16, Value),
    /// A refusal that says in how many seconds to come back.
    Busy(u64, Value),
    /// Nothing, until the fake ends.
    Hang,
    /// Nothing for this long, then the end of the connection.
    Silence(Duration),
    /// Half of an answer, then the end of the connection.
    Half,
}

type Handler = dyn Fn(&Request) -> Reply + Send + Sync;

/// A running fake.
pub(crate) struct Fake {
    pub address: SocketAddr,
    house: Arc<House>,
    seen: mpsc::Receiver<Request>,
}

/// What the threads of a fake share.
struct House {
    handler: Box<Handler>,
    over: AtomicBool,
    connections: Mutex<HashMap<u64, TcpStream>>,
    next: AtomicU64,
    seen: mpsc::Sender<Request>,
    door: Mutex<Option<JoinHandle<()>>>,
}

impl Fake {
    pub(crate) fn start(handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let (sender, seen) = mpsc::channel();
        let house = Arc::new(House {
            handler: Box::new(handler),
            over: AtomicBool::new(false),
            connections: Mutex::default(),
            next: AtomicU64::new(0),
            seen: sender,
            door: Mutex::default(),
        });
        House::open(&house, listener);
        Self {
            address,
            house,
            seen,
        }
    }

    /// Goes away: every connection ends and no new one is taken.
    pub(crate) fn vanish(&self) {
        self.house.over.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect_timeout(&self.address, Duration::from_secs(1));
        if let Some(door) = self.house.door.lock().expect("whole").take() {
            let _ = door.join();
        }
        for stream in self.connections().values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        self.await_quiet();
    }

    /// Waits until every connection has ended and all that came on it was done.
    pub(crate) fn await_quiet(&self) {
        let deadline = Instant::now() + PATIENCE;
        while !self.connections().is_empty() {
            assert!(Instant::now() < deadline, "a connection never ended");
            thread::yield_now();
        }
    }

    fn connections(&self) -> MutexGuard<'_, HashMap<u64, TcpStream>> {
        self.house.connections.lock().expect("whole")
    }

    #[cfg_attr(
        not(feature = "store"),
        allow(dead_code, reason = "only chaos asks for it, and that needs the store")
    )]
    pub(crate) fn is_there(&self) -> bool {
        !self.house.over.load(Ordering::Relaxed)
    }

    /// Is there again, at the same address.
    pub(crate) fn come_back(&self) {
        let deadline = Instant::now() + PATIENCE;
        let listener = loop {
            match TcpListener::bind(self.address) {
                Ok(listener) => break listener,
                Err(error) => assert!(Instant::now() < deadline, "{error}"),
            }
            thread::yield_now();
        };
        self.house.over.store(false, Ordering::Relaxed);
        House::open(&self.house, listener);
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The next request whose path ends so.
    pub(crate) fn saw(&self, path: &str) -> Request {
        loop {
            let request = self.seen.recv_timeout(PATIENCE);
            let request = request.unwrap_or_else(|_| panic!("{path} was never asked"));
            if request.path.ends_with(path) {
                return request;
            }
        }
    }

    /// Whether nothing with such a path was asked up to now.
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

impl House {
    fn open(house: &Arc<Self>, listener: TcpListener) {
        let inside = Arc::clone(house);
        let door = thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if inside.over.load(Ordering::Relaxed) {
                    return;
                }
                let id = inside.next.fetch_add(1, Ordering::Relaxed);
                let copy = stream.try_clone().expect("a copy");
                inside.connections.lock().expect("whole").insert(id, copy);
                let room = Arc::clone(&inside);
                thread::spawn(move || {
                    room.serve(stream);
                    room.connections.lock().expect("whole").remove(&id);
                });
            }
        });
        *house.door.lock().expect("whole") = Some(door);
    }

    fn serve(&self, stream: TcpStream) {
        let _ = stream.set_nodelay(true);
        let mut writer = stream.try_clone().expect("a copy");
        let mut reader = BufReader::new(stream);
        while let Some(request) = read(&mut reader) {
            let _ = self.seen.send(request.clone());
            let text = match (self.handler)(&request) {
                Reply::Hang => return silent(&mut reader, None),
                Reply::Silence(time) => return silent(&mut reader, Some(time)),
                Reply::Half => {
                    let _ = writer.write_all(HALF);
                    let _ = writer.shutdown(Shutdown::Both);
                    return;
                }
                Reply::Json(status, body) => whole(status, "", &body),
                Reply::Busy(seconds, body) => {
                    whole(429, &format!("Retry-After: {seconds}\r\n"), &body)
                }
            };
            if writer.write_all(text.as_bytes()).is_err() {
                return;
            }
        }
    }
}

/// Waits until an integration says that it works.
pub(crate) async fn until_running(client: &mut Client, name: &str) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let all = client.call("integrations", &json!({})).await;
        let all = all.expect("listed")["integrations"].take();
        let mut all = all.as_array().expect("a list").iter();
        if all.any(|one| one["name"] == name && one["state"] == "running") {
            return;
        }
        assert!(Instant::now() < deadline, "{name} never ran");
        tokio::task::yield_now().await;
    }
}

const HALF: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"ok\"";

/// Says nothing until this time is over, or the other side or the fake closes.
fn silent(reader: &mut BufReader<TcpStream>, time: Option<Duration>) {
    let _ = reader.get_ref().set_read_timeout(time);
    let _ = reader.read(&mut [0]);
    let _ = reader.get_ref().shutdown(Shutdown::Both);
}

fn whole(status: u16, more: &str, body: &Value) -> String {
    let body = body.to_string();
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
    })
}
