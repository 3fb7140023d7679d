//! A service of our own on loopback: answers as its test says, also late, half or never.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use cleudocodebot::client::Client;
use serde_json::{Value, json};

use crate::support::PATIENCE;

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub path: String,
    pub body: Value,
}

/// What the fake does with it.
pub(crate) enum Reply {
    /// An answer.
    Json(u16, Value),
    /// Nothing, until the fake ends.
    Hang,
    /// Half of an answer, then the end of the connection.
    Half,
}

type Handler = dyn Fn(&Request) -> Reply + Send + Sync;

/// A running fake.
pub(crate) struct Fake {
    pub address: SocketAddr,
    over: Arc<AtomicBool>,
    connections: Arc<Mutex<Vec<TcpStream>>>,
    seen: mpsc::Receiver<Request>,
}

impl Fake {
    pub(crate) fn start(handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let over = Arc::new(AtomicBool::new(false));
        let connections = Arc::<Mutex<Vec<TcpStream>>>::default();
        let (sender, seen) = mpsc::channel();
        let handler: Arc<Handler> = Arc::new(handler);
        let (ends, open) = (Arc::clone(&over), Arc::clone(&connections));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if ends.load(Ordering::Relaxed) {
                    return;
                }
                let copy = stream.try_clone().expect("a copy");
                open.lock().expect("whole").push(copy);
                let (handler, sender) = (Arc::clone(&handler), sender.clone());
                thread::spawn(move || serve(stream, &*handler, &sender));
            }
        });
        Self {
            address,
            over,
            connections,
            seen,
        }
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

    /// True where nothing with such a path was asked up to now.
    pub(crate) fn never_saw(&self, path: &str) -> bool {
        let mut all = self.seen.try_iter();
        all.all(|request| !request.path.ends_with(path))
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect_timeout(&self.address, Duration::from_secs(1));
        for stream in self.connections.lock().expect("whole").drain(..) {
            let _ = stream.shutdown(std::net::Shutdown::Both);
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

fn serve(stream: TcpStream, handler: &Handler, seen: &mpsc::Sender<Request>) {
    let _ = stream.set_nodelay(true);
    let mut writer = stream.try_clone().expect("a copy");
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader) {
        let _ = seen.send(request.clone());
        let text = match handler(&request) {
            Reply::Hang => {
                // Until the other side or the fake closes.
                let _ = reader.read(&mut [0]);
                return;
            }
            Reply::Half => {
                let _ = writer.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"ok\"");
                let _ = writer.shutdown(std::net::Shutdown::Both);
                return;
            }
            Reply::Json(status, body) => {
                let body = body.to_string();
                format!(
                    "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                )
            }
        };
        if writer.write_all(text.as_bytes()).is_err() {
            return;
        }
    }
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
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
    })
}
