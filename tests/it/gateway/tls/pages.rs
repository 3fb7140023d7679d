//! HTTP inside TLS, and HTTP that should have been.

use std::{
    io::Read as _,
    net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket},
};

use tokio::net::TcpSocket;

use super::Served;
use crate::support::{PATIENCE, Raw, certificates::connect};

fn get(host: &str, path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
}

#[test]
fn https_alone_is_asked_for_where_the_settings_say_so() {
    let Some(served) = Served::with(&[("HSTS", "1")]) else {
        return;
    };
    let host = served.daemon.address.to_string();
    let mut raw = connect(&served.daemon, &served.authority.client());
    raw.send(get(&host, "/healthz").as_bytes());
    let (status, head) = raw.head();
    assert_eq!(status, 200);
    assert!(
        head.contains("strict-transport-security: max-age=31536000\r\n"),
        "{head}"
    );
    let (_, head, _) = served.daemon.get("GET", "/healthz", "");
    assert!(
        !head.contains("strict-transport"),
        "only TLS can promise it: {head}"
    );

    let Some(silent) = Served::new() else { return };
    let mut raw = connect(&silent.daemon, &silent.authority.client());
    raw.send(get(&silent.daemon.address.to_string(), "/").as_bytes());
    let (_, head) = raw.head();
    assert!(!head.contains("strict-transport"), "{head}");
}

#[test]
fn answer_ends_with_the_end_of_tls() {
    let Some(served) = Served::new() else { return };
    let mut raw = connect(&served.daemon, &served.authority.client());
    raw.send(get(&served.daemon.address.to_string(), "/").as_bytes());
    assert_eq!(raw.head().0, 200);
    let mut page = std::mem::take(&mut raw.rest);
    raw.stream
        .read_to_end(&mut page)
        .expect("an end that TLS announced");
    assert!(page.len() > 1000, "the whole page");
}

/// An address of this machine that is not loopback, found without sending anything.
fn other_address() -> Option<Ipv4Addr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    match socket.local_addr().ok()?.ip() {
        IpAddr::V4(address) if !address.is_loopback() => Some(address),
        _ => None,
    }
}

/// A connection to the daemon that comes from another address than the one it leads to.
async fn from_elsewhere(to: SocketAddr) -> Option<Raw> {
    let Some(address) = other_address() else {
        eprintln!(
            "SKIPPED: the redirect was not tested, because this machine has one address only"
        );
        return None;
    };
    let socket = TcpSocket::new_v4().expect("a socket");
    socket
        .bind(SocketAddr::new(address.into(), 0))
        .expect("bound");
    let stream = socket.connect(to).await.expect("a connection");
    let stream = stream.into_std().expect("a socket");
    stream.set_nonblocking(false).expect("set");
    stream.set_read_timeout(Some(PATIENCE)).expect("set");
    Some(Raw {
        stream,
        rest: Vec::new(),
    })
}

#[tokio::test]
async fn plain_http_from_elsewhere_is_sent_to_https() {
    let Some(served) = Served::with(&[("ALLOWED_HOSTS", "box.lan"), ("HSTS", "1")]) else {
        return;
    };
    for (request, status, told) in [
        (
            get("box.lan:18789", "/a?b=c"),
            308,
            "location: https://box.lan:18789/a?b=c\r\n",
        ),
        (get("evil.example", "/"), 403, "forbidden_host"),
        ("GET / HTTP/1.1\r\n\r\n".to_owned(), 400, "exactly one host"),
    ] {
        let Some(mut raw) = from_elsewhere(served.daemon.address).await else {
            return;
        };
        raw.send(request.as_bytes());
        let (answered, head) = raw.head();
        let mut rest = std::mem::take(&mut raw.rest);
        if status == 308 {
            raw.stream
                .read_to_end(&mut rest)
                .expect("the connection ends");
        } else {
            raw.rest = rest;
            rest = raw.body().into_bytes();
        }
        let all = head + &String::from_utf8_lossy(&rest).to_ascii_lowercase();
        assert_eq!(answered, status, "{all}");
        assert!(
            all.contains(told) && !all.contains("strict-transport"),
            "{all}"
        );
    }
}

#[tokio::test]
async fn token_opens_nothing_without_tls_from_elsewhere() {
    let Some(served) = Served::with(&[("ALLOWED_HOSTS", "box.lan")]) else {
        return;
    };
    let Some(mut raw) = from_elsewhere(served.daemon.address).await else {
        return;
    };
    let request = crate::support::upgrade_request("box.lan", &served.daemon.authorization());
    raw.send(request.as_bytes());
    assert_eq!(raw.head().0, 308);
}
