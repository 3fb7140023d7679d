//! kill -9 at random moments of uploads and sends: every message has its files, whole, and no stray file is
//! left.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use cleudocodebot::random;
use serde_json::{Value, json};

use crate::support::{Daemon, Gateway, PATIENCE, Scratch};

/// How often the daemon is killed.
const KILLS: usize = 50;

/// Clients that upload and send until then.
const CLIENTS: usize = 3;

/// The longest life, in milliseconds.
const LIFE_MS: u64 = 200;

/// Messages with a file that all lives together must leave, so that the test means something.
const ENOUGH: usize = 100;

/// One HTTP exchange; the body of an answer that came whole.
fn exchange(gateway: &Gateway, head: &str, body: &[u8]) -> Option<Vec<u8>> {
    let mut stream = TcpStream::connect(gateway.address).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    let head = format!(
        "{head} HTTP/1.1\r\nHost: {}\r\n{}Connection: close\r\nContent-Length: {}\r\n\r\n",
        gateway.address,
        gateway.authorization(),
        body.len()
    );
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(body).ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    let end = answer.windows(4).position(|part| part == b"\r\n\r\n")?;
    Some(answer.split_off(end + 4))
}

/// A file whose bytes say which they must be.
fn file(seed: u64) -> Vec<u8> {
    let length = 1000 + usize::try_from(seed % 100_000).expect("small");
    let mut bytes = format!("{seed} {length} ").into_bytes();
    bytes.resize(length, b'x');
    bytes
}

/// Uploads files and sends each, until the daemon is gone.
fn use_daemon(gateway: &Gateway) {
    loop {
        let Some(answer) = exchange(gateway, "POST /media", &file(random::seed())) else {
            return;
        };
        let kept: Value = serde_json::from_slice(&answer).unwrap_or_default();
        let media = json!({"media_id": kept["media_id"]});
        let params = json!({"channel": "webchat", "to": "ana", "media": media});
        let call = json!({"jsonrpc": "2.0", "id": 1, "method": "send", "params": params});
        if exchange(gateway, "POST /rpc", call.to_string().as_bytes()).is_none() {
            return;
        }
    }
}

fn rpc(gateway: &Gateway, method: &str, params: &Value) -> Value {
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    gateway.rpc(&call.to_string()).1["result"].take()
}

/// The files in the folder.
fn files_below(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths
        .map(|path| if path.is_dir() { files_below(&path) } else { 1 })
        .sum()
}

#[test]
fn fifty_kills_leave_no_message_without_its_file() {
    let home = Scratch::new();
    for _ in 0..KILLS {
        let mut daemon = Daemon::start(&home.0);
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                let gateway = daemon.gateway.clone();
                thread::spawn(move || use_daemon(&gateway))
            })
            .collect();
        let life = Duration::from_millis(random::seed() % LIFE_MS);
        let end = Instant::now() + life;
        while Instant::now() < end {
            thread::yield_now();
        }
        daemon.kill();
        for client in clients {
            client.join().expect("no panic");
        }
    }
    let daemon = Daemon::start(&home.0);
    let (mut before, mut messages) = (json!({"limit": 1000}), 0);
    loop {
        let page = rpc(&daemon, "history", &before);
        for message in page["messages"].as_array().expect("messages") {
            let id = message["media"]["media_id"].as_str().expect("a file");
            let bytes = exchange(&daemon, &format!("GET /media/{id}"), b"").expect("an answer");
            let text = String::from_utf8_lossy(&bytes);
            let seed = text.split(' ').next().and_then(|seed| seed.parse().ok());
            assert!(seed.is_some_and(|seed| bytes == file(seed)), "{message}");
            messages += 1;
        }
        match page["next"].as_str() {
            Some(next) => before["before"] = json!(next),
            None => break,
        }
    }
    assert!(messages >= ENOUGH, "only {messages} messages");
    println!("{messages} messages, each with its file");
    let known = usize::try_from(
        rpc(&daemon, "media.list", &json!({}))["files"]
            .as_u64()
            .expect("a number"),
    );
    let known = known.expect("small");
    let deadline = Instant::now() + PATIENCE;
    while files_below(&home.0.join("media")) != known {
        assert!(Instant::now() < deadline, "stray files stay");
    }
}
