//! Who gives way to whom: wrong tokens, connections without one, and what is unfinished.

use std::time::Instant;

use data_encoding::BASE64URL_NOPAD;
use serde_json::json;

use crate::support::{
    Daemon, PATIENCE, Raw, Scratch, Shared, assert_field, daemon_command, frame, upgrade_request,
};

/// An upgrade with this token that the daemon has not answered yet.
fn asking(daemon: &Daemon, token: &str) -> Raw {
    let header = format!("Authorization: Bearer {token}\r\n");
    let mut raw = daemon.raw();
    raw.send(upgrade_request(&daemon.address.to_string(), &header).as_bytes());
    raw
}

fn auth(token: &str) -> String {
    json!({"type": "command", "action": "auth", "payload": {"token": token}}).to_string()
}

#[test]
fn right_token_passes_whatever_came_before() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    for n in 0..10 {
        let mut raw = daemon.raw_websocket(false);
        raw.text(&auth(&format!("wrong-{n}")));
        assert_eq!(raw.close_code(), 4401);
    }
    let mut raw = daemon.raw_websocket(false);
    raw.text(&auth("one-more"));
    let error = raw.json();
    assert_field(&error["payload"], "code", "rate_limited");
    let wait = error["payload"]["retry_after_ms"].as_u64();
    assert!(wait.is_some_and(|ms| ms > 0 && ms <= 60_000), "{error}");
    assert_eq!(raw.close_code(), 4429);

    let (status, head) = asking(&daemon, "another").head();
    assert_eq!(status, 429);
    assert!(head.contains("retry-after: "), "{head}");

    assert_eq!(asking(&daemon, &daemon.token).head().0, 101);
    assert_eq!(daemon.rpc("ping").0, 200);
    let metrics = daemon.get("GET", "/metrics", &daemon.authorization());
    assert_eq!(metrics.0, 200);
    let mut raw = daemon.raw_websocket(false);
    raw.text(&auth(&daemon.token));
    assert_field(&raw.json(), "type", "response");
}

#[test]
fn same_wrong_token_counts_once() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    for _ in 0..50 {
        assert_eq!(asking(&daemon, "yesterdays").head().0, 401);
    }
    assert_eq!(asking(&daemon, "a-slip").head().0, 401);
}

#[test]
fn few_wrong_tokens_wait_for_their_answer() {
    let home = Scratch::new();
    let settings = [
        ("AUTH_FAILURES_PER_MINUTE", "1"),
        ("HEADER_TIMEOUT_MS", "300"),
    ];
    let daemon = Daemon::start_with(&home.0, &settings);
    assert_eq!(asking(&daemon, "first").head().0, 401);
    let guesses: Vec<Raw> = (0..8)
        .map(|n| asking(&daemon, &format!("guess-{n}")))
        .collect();
    let answered = guesses.into_iter().map(|mut raw| {
        let mut answer = Vec::new();
        let _ = std::io::Read::read_to_end(&mut raw.stream, &mut answer);
        // The connection stays open behind an answer, until its time for the next head is over.
        answer.starts_with(b"HTTP/1.1 429")
    });
    assert_eq!(answered.filter(|is| *is).count(), 4);
}

#[test]
fn oldest_unauthenticated_socket_gives_way() {
    let home = Scratch::new();
    let daemon = Daemon::start_with(&home.0, &[("MAX_UNAUTHENTICATED", "3")]);
    let mut waiting: Vec<_> = (0..4).map(|_| daemon.raw_websocket(false)).collect();
    assert_eq!(waiting[0].close_code(), 1013);
    for raw in &mut waiting[1..] {
        raw.text(&auth(&daemon.token));
        assert_field(&raw.json(), "type", "response");
    }
}

#[test]
fn unauthenticated_socket_gives_way_to_the_owner() {
    let home = Scratch::new();
    let daemon = Daemon::start_with(&home.0, &[("MAX_CONNECTIONS", "2")]);
    let mut silent = daemon.raw_websocket(false);
    let mut owner = [daemon.raw_websocket(true), daemon.raw_websocket(true)];
    assert_eq!(silent.close_code(), 1013);
    owner.iter_mut().for_each(Raw::assert_alive);
}

#[test]
fn oldest_plain_connection_gives_way() {
    let home = Scratch::new();
    let daemon = Daemon::start_with(&home.0, &[("MAX_PLAIN_CONNECTIONS", "4")]);
    let mut first = daemon.raw();
    first.send(b"GET / HTTP/1.1\r\nHost: ");
    // Its first bytes are read once a later connection is answered.
    assert_eq!(daemon.get("GET", "/healthz", "").0, 200);
    let _crowd: Vec<_> = (0..4).map(|_| daemon.raw()).collect();
    assert_eq!(first.head().0, 503);
    daemon.raw_websocket(true).assert_alive();
}

#[test]
fn memory_of_unfinished_heads_is_bounded() {
    // Room for 64 heads of 16 KiB. Which of the others gives way depends on whose bytes are read first.
    const TOO_MANY: u64 = 80 - 64;
    let home = Scratch::new();
    let settings = [
        ("UNAUTHENTICATED_MEMORY_BYTES", "1048576"),
        ("HEADER_TIMEOUT_MS", "60000"),
    ];
    let daemon = Daemon::start_with(&home.0, &settings);
    let mut heads: Vec<_> = (0..80).map(|_| daemon.raw()).collect();
    for raw in &mut heads {
        raw.send(b"GET / HTTP/1.1\r\nHost: ");
    }
    let deadline = Instant::now() + PATIENCE;
    while evictions(&daemon) < TOO_MANY {
        assert!(Instant::now() < deadline, "nobody gives way");
    }
    daemon.raw_websocket(true).assert_alive();
    // Who gave way is told so, in its own time.
    let mut answers = Vec::new();
    while (answers.len() as u64) < TOO_MANY {
        assert!(Instant::now() < deadline, "{answers:?}");
        answers.extend(heads.iter_mut().filter_map(Raw::at_hand));
    }
    for answer in answers {
        assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    }
}

/// How many connections gave way to others, as the metrics say.
fn evictions(daemon: &Daemon) -> u64 {
    let (_, _, metrics) = daemon.get("GET", "/metrics", &daemon.authorization());
    let line = metrics
        .lines()
        .find_map(|line| line.strip_prefix("cleudocodebot_evictions_total "));
    line.and_then(|number| number.parse().ok())
        .expect("a number")
}

#[test]
fn memory_of_unfinished_messages_is_bounded() {
    let home = Scratch::new();
    let settings = [("UNFINISHED_MEMORY_BYTES", "1048576")];
    let daemon = Daemon::start_with(&home.0, &settings);
    let text = json!({"type": "ping", "payload": "x".repeat(600_000)}).to_string();
    let message = frame(0x81, text.as_bytes());
    let mut clients: Vec<_> = (0..3).map(|_| daemon.raw_websocket(true)).collect();
    let mut idle = daemon.raw_websocket(true);
    for raw in &mut clients {
        raw.send(&message[..599_000]);
        // Its first bytes are read before the next one's.
        idle.assert_alive();
    }
    let codes: Vec<_> = clients[..2].iter_mut().map(Raw::close_code).collect();
    assert_eq!(codes, [1013, 1013]);
    clients[2].send(&message[599_000..]);
    assert!(clients[2].frame().is_some(), "the youngest goes on");
    idle.assert_alive();
}

#[test]
fn webhooks_are_refused_before_their_body() {
    let daemon = Shared::daemon();
    let head = |host: &str, name: &str| {
        format!("POST /webhooks/{name} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1000000\r\n\r\n")
    };
    let mut raw = daemon.raw();
    raw.send(head(&daemon.address.to_string(), "nosuch").as_bytes());
    assert_eq!(raw.head().0, 404);

    let home = Scratch::new();
    let mut command = daemon_command(&home.0);
    command.env("WHATSAPP_API_TOKEN_INSTANCE", "a-key-of-the-instance");
    command.env("WHATSAPP_BASE_URL", "http://127.0.0.1:9");
    let daemon = Daemon::from_command(command, &home.0);
    let mut raw = daemon.raw();
    raw.send(head(&daemon.address.to_string(), "whatsapp").as_bytes());
    assert_eq!(raw.head().0, 403);
}

#[test]
fn token_among_the_subprotocols_opens_and_makes_nobody_give_way() {
    let home = Scratch::new();
    let daemon = Daemon::start_with(&home.0, &[("MAX_UNAUTHENTICATED", "2")]);
    let offering = |token: &str| {
        let token = BASE64URL_NOPAD.encode(token.as_bytes());
        let header = format!("Sec-WebSocket-Protocol: cleudocodebot.v1, token.{token}\r\n");
        let mut raw = daemon.raw();
        raw.send(upgrade_request(&daemon.address.to_string(), &header).as_bytes());
        let (status, head) = raw.head();
        (status, head, raw)
    };
    let (status, head, mut page) = offering(&daemon.token);
    assert_eq!(status, 101, "{head}");
    assert!(
        head.contains("sec-websocket-protocol: cleudocodebot.v1"),
        "{head}"
    );
    assert!(!head.contains("token."), "{head}");
    let _crowd: Vec<_> = (0..4).map(|_| daemon.raw_websocket(false)).collect();
    page.text(&json!({"type": "command", "action": "status", "payload": {}}).to_string());
    assert_field(&page.json(), "type", "response");
    assert_eq!(offering("another").0, 401);
}

#[tokio::test]
async fn one_key_takes_no_place_from_the_owner() {
    const OF_A_KEY: usize = 64;
    let home = Scratch::new();
    let daemon = Daemon::start_with(&home.0, &[("MAX_CONNECTIONS", "67")]);
    let mut client = daemon.client().await;
    let asked = json!({"name": "phone", "role": "read"});
    let token = client.call("key.add", &asked).await.expect("a key")["token"].clone();
    let token = token.as_str().expect("a token");
    let mut phone: Vec<_> = (0..OF_A_KEY + 2)
        .map(|_| {
            let mut raw = asking(&daemon, token);
            assert_eq!(raw.head().0, 101);
            raw
        })
        .collect();
    let mut owner = [daemon.raw_websocket(true), daemon.raw_websocket(true)];
    for raw in &mut phone[OF_A_KEY..] {
        assert_eq!(raw.close_code(), 1013);
    }
    phone[..OF_A_KEY].iter_mut().for_each(Raw::assert_alive);
    owner.iter_mut().for_each(Raw::assert_alive);
    // A place that is given up is there for the next one.
    drop(phone);
    let mut again = asking(&daemon, token);
    assert_eq!(again.head().0, 101);
    again.assert_alive();
}
