//! Authentication, and what a connection may do before it.

use std::time::Instant;

use serde_json::json;

use crate::support::{
    Daemon, Frame, Scratch, Shared, assert_field, assert_fields, frame, upgrade_request,
};

fn auth(token: &str) -> String {
    json!({"type": "command", "action": "auth", "id": 1,
        "payload": {"token": token, "client": {"name": "t", "kind": "cli"}}})
    .to_string()
}

#[test]
fn auth_command_is_answered_hello() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let mut raw = daemon.raw_websocket(false);
    raw.text("ping");
    assert_eq!(
        raw.frame(),
        Some(Frame::Text("pong".to_owned())),
        "ping needs no token"
    );
    raw.text(&auth(&daemon.token));
    let hello = raw.json();
    assert_fields(
        &hello["payload"],
        &json!({"protocol": 1, "server": "cleudocodebot"}),
    );
    assert_field(
        &hello["payload"]["limits"],
        "max_message_bytes",
        json!(1 << 20),
    );
    raw.text(r#"{"type":"command","action":"clients"}"#);
    assert_field(&raw.json()["payload"]["clients"][0], "name", "t");
}

#[test]
fn wrong_token_gets_401_or_4401() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let mut raw = daemon.raw();
    raw.send(
        upgrade_request(
            &daemon.address.to_string(),
            "Authorization: Bearer wrong\r\n",
        )
        .as_bytes(),
    );
    assert_eq!(raw.head().0, 401);
    let mut raw = daemon.raw_websocket(false);
    raw.text(&auth("wrong"));
    assert_field(&raw.json()["payload"], "code", "unauthorized");
    assert_eq!(raw.close_code(), 4401);
}

#[test]
fn limits_before_authentication() {
    let home = Scratch::new();
    let daemon = Daemon::start_with(&home.0, &[("AUTH_TIMEOUT_MS", "300")]);
    let mut raw = daemon.raw_websocket(false);
    raw.text(r#"{"type":"command","action":"status","id":5}"#);
    let error = raw.json();
    assert_fields(&error, &json!({"id": 5, "payload.code": "unauthorized"}));
    assert_eq!(raw.close_code(), 4401);

    let mut large = daemon.raw_websocket(false);
    large.text(&auth(&"x".repeat(65 * 1024)));
    assert_field(&large.json()["payload"], "code", "too_large");
    assert_eq!(large.close_code(), 1009);

    let begun = Instant::now();
    let mut silent = daemon.raw_websocket(false);
    assert_field(&silent.json()["payload"], "code", "unauthorized");
    assert_eq!(silent.close_code(), 4401);
    assert!(begun.elapsed().as_millis() >= 300);

    let mut half = daemon.raw_websocket(false);
    half.send(&frame(0x81, auth("x").as_bytes())[..20]);
    assert_eq!(
        half.json()["payload"]["code"],
        "unauthorized",
        "half a frame does not stop the clock"
    );
}

#[test]
fn log_holds_no_token() {
    let home = Scratch::new();
    let daemon = Daemon::start_with(&home.0, &[("LOG_LEVEL", "trace")]);
    let mut raw = daemon.raw_websocket(false);
    raw.text(&auth("wrong-but-secret-all-the-same"));
    assert_eq!(raw.close_code(), 4401);
    let mut raw = daemon.raw_websocket(false);
    raw.text(&auth(&daemon.token));
    raw.json();
    let log = std::fs::read_to_string(home.0.join("logs/daemon.log")).expect("a log");
    assert!(log.contains("authentication failed"), "{log}");
    assert!(
        !log.contains(&daemon.token) && !log.contains("secret"),
        "{log}"
    );
}

#[test]
fn unauthenticated_batch_is_answered_first() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let mut raw = daemon.raw_websocket(false);
    raw.text(r#"[{"jsonrpc":"2.0","method":"status","id":1}]"#);
    assert_field(&raw.json()[0]["error"]["data"], "code", "unauthorized");
    assert_eq!(raw.close_code(), 4401);
}

#[test]
fn authentication_raises_the_limit_immediately() {
    let daemon = Shared::daemon();
    let mut raw = daemon.raw_websocket(false);
    let large = json!({"type": "ping", "payload": "x".repeat(100_000)}).to_string();
    let both = [
        frame(0x81, auth(&daemon.token).as_bytes()),
        frame(0x81, large.as_bytes()),
    ]
    .concat();
    raw.send(&both);
    assert_field(&raw.json(), "action", "auth");
    assert_field(&raw.json(), "type", "pong");
}

#[test]
fn huge_length_allocates_nothing() {
    let home = Scratch::new();
    let mut daemon = Daemon::start(&home.0);
    let resident = |daemon: &Daemon| {
        daemon.rpc(r#"{"type":"command","action":"status"}"#).1["payload"]["memory"]["rss_bytes"]
            .as_u64()
    };
    let before = resident(&daemon);
    let mut raw = daemon.raw_websocket(false);
    raw.send(&[0x81, 0xFF, 0, 0, 0, 0x40, 0, 0, 0, 0, 1, 2, 3, 4]);
    assert_field(&raw.json()["payload"], "code", "too_large");
    // Until the connection ends, the daemon reads further bytes and discards them.
    let _ = std::io::Write::write_all(&mut raw.stream, &vec![0; 64 << 20]);
    if let (Some(before), Some(after)) = (before, resident(&daemon)) {
        assert!(
            after < before + (16 << 20),
            "{before} bytes grew to {after}"
        );
    }
    daemon.kill();
}
