//! What comes of handshakes that are slow, broken, or none.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::TcpStream,
    sync::Arc,
};

use tokio_rustls::rustls::ClientConnection;

use super::Served;
use crate::support::{
    PATIENCE,
    certificates::{connect, dial, websocket},
};

/// The first bytes that a client sends.
fn client_hello(served: &Served) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut client: ClientConnection = dial(&served.daemon, &served.authority.client()).conn;
    client.write_tls(&mut bytes).expect("written");
    bytes
}

fn plain(served: &Served) -> TcpStream {
    let stream = TcpStream::connect(served.daemon.address).expect("a connection");
    stream.set_read_timeout(Some(PATIENCE)).expect("set");
    stream
}

#[test]
fn half_a_handshake_ends_with_the_time_of_a_head() {
    let Some(served) = Served::with(&[("HEADER_TIMEOUT_MS", "300")]) else {
        return;
    };
    let hello = client_hello(&served);
    for length in [1, 5, 6, hello.len() - 1, hello.len()] {
        let mut stream = plain(&served);
        stream.write_all(&hello[..length]).expect("sent");
        // Behind a whole hello comes our part of the handshake, then nothing.
        let ended = stream.read_to_end(&mut Vec::new());
        assert!(ended.is_ok() || length > 5, "{length}: {ended:?}");
    }
    // Inside TLS, a head that never comes has no more time.
    let mut raw = connect(&served.daemon, &served.authority.client());
    raw.send(b"GET / HT");
    assert!(matches!(raw.stream.read(&mut [0; 1]), Ok(0) | Err(_)));
    websocket(&served.daemon, &served.authority.client()).assert_alive();
}

#[test]
fn garbage_ends_its_own_connection_alone() {
    let Some(served) = Served::new() else { return };
    let client = served.authority.client();
    let mut session = websocket(&served.daemon, &client);
    let hello = client_hello(&served);
    let mut broken = hello.clone();
    broken[9..40].fill(0xFF);
    let endless = [&[22, 3, 1, 0x40, 0][..], &[1; 0x4000]].concat();
    for bytes in [
        vec![22; 100],
        vec![22, 3, 1, 0, 0],
        vec![22, 3, 1, 0xFF, 0xFF, 1, 1, 1],
        broken,
        endless.repeat(8),
        vec![0x80, 0x2E, 1, 0, 2],
        vec![0; 64],
    ] {
        let mut stream = plain(&served);
        let _ = stream.write_all(&bytes);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let _ = stream.read_to_end(&mut Vec::new());
    }
    // What is no record of TLS ends a session that began as one.
    let mut raw = websocket(&served.daemon, &client);
    raw.stream.sock.write_all(&[0xFF; 64]).expect("sent");
    assert_eq!(raw.frame(), None);
    session.assert_alive();
}

#[test]
fn thousand_slow_handshakes_keep_nobody_out() {
    let Some(served) = Served::with(&[("MAX_PLAIN_CONNECTIONS", "64")]) else {
        return;
    };
    let client = served.authority.client();
    let mut session = websocket(&served.daemon, &client);
    let hello = client_hello(&served);
    let mut slow = Vec::new();
    for n in 0..1000 {
        let mut stream = plain(&served);
        let length = 1 + n % (hello.len() - 1);
        stream.write_all(&hello[..length]).expect("sent");
        slow.push(stream);
        if n % 250 == 249 {
            websocket(&served.daemon, &client).assert_alive();
        }
    }
    // The oldest gave way, without waiting for the end of their time.
    for stream in &mut slow[..900] {
        match stream.read(&mut [0; 1]) {
            Ok(read) => assert_eq!(read, 0),
            Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
        }
    }
    session.assert_alive();
    drop(slow);
}

#[test]
fn client_that_does_not_trust_us_is_a_failed_handshake() {
    let Some(served) = Served::new() else { return };
    let Some(other) = Served::new() else { return };
    let stranger = other.authority.client();
    let mut stream = dial(&served.daemon, &Arc::clone(&stranger));
    stream
        .conn
        .complete_io(&mut stream.sock)
        .expect_err("not trusted");
    let _ = stream.sock.read_to_end(&mut Vec::new());
    let (_, _, metrics) = served
        .daemon
        .get("GET", "/metrics", &served.daemon.authorization());
    assert!(
        metrics.contains("cleudocodebot_tls_failures_total 1\n"),
        "{metrics}"
    );
}
