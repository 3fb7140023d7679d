//! Revoking under load, keys that expire, and who is let in meanwhile.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{asked, bearer, done, refusal};
use crate::support::{Daemon, Frame, Raw, Scratch};

/// How soon the connections of a revoked key must be closed.
const SOON: Duration = Duration::from_secs(1);

/// The code of the close frame, behind whatever came before it.
fn closed_with(raw: &mut Raw) -> Option<u16> {
    loop {
        if let Frame::Close(code, _) = raw.frame()? {
            return Some(code);
        }
    }
}

#[test]
fn a_revoked_key_is_out_within_a_second_and_others_stay() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let gone = bearer(&daemon, "gone", &json!({"role": "operator"}));
    let stays = bearer(&daemon, "stays", &json!({"role": "operator"}));
    let mut of_gone: Vec<_> = (0..20).map(|_| gone.raw_websocket(true)).collect();
    let mut of_stays: Vec<_> = (0..20).map(|_| stays.raw_websocket(true)).collect();
    for socket in of_gone.iter_mut().chain(&mut of_stays) {
        socket.subscribe(&["app.*"]);
    }
    // Nobody reads these: the mailboxes fill while the key is revoked.
    let load = json!({"topic": "app.load", "data": "x".repeat(1000)});
    for _ in 0..200 {
        done(&daemon, "publish", &load);
    }
    let begun = Instant::now();
    let answer = done(&daemon, "key.revoke", &json!({"key_id": "gone"}));
    assert_eq!(answer["closed"], 20);
    for socket in &mut of_gone {
        assert_eq!(closed_with(socket), Some(4403));
    }
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    for socket in &mut of_stays {
        socket.command("ping", &json!({}));
        while !matches!(socket.frame(), Some(Frame::Text(text)) if text.contains("pong")) {}
    }
    let (code, words) = refusal(&gone, "status", &json!({}));
    assert_eq!(code, "", "refused before any command: {words}");
    let (status, _, body) = gone.get("GET", "/metrics", &gone.authorization());
    assert_eq!(status, 401);
    assert!(body.contains("revoked"), "{body}");
}

#[test]
fn a_client_of_a_revoked_key_that_does_not_read_is_gone_as_well() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let gone = bearer(&daemon, "gone", &json!({"role": "operator"}));
    let mut stuck = gone.raw_websocket(true);
    stuck.subscribe(&["app.*"]);
    // More than the kernel holds for one socket, so that the close frame cannot go out.
    let load = json!({"topic": "app.load", "data": "x".repeat(100_000)});
    for _ in 0..200 {
        done(&daemon, "publish", &load);
    }
    let begun = Instant::now();
    done(&daemon, "key.revoke", &json!({"key_id": "gone"}));
    loop {
        let clients = done(&daemon, "clients", &json!({}));
        if !clients.to_string().contains("\"gone\"") {
            break;
        }
        assert!(begun.elapsed() < SOON, "{clients}");
        std::thread::yield_now();
    }
}

#[test]
fn an_expired_key_is_out_by_itself() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let short = bearer(
        &daemon,
        "short",
        &json!({"role": "read", "expires_in_s": 1}),
    );
    let mut socket = short.raw_websocket(true);
    assert_eq!(closed_with(&mut socket), Some(4403));
    assert_eq!(short.get("GET", "/metrics", &short.authorization()).0, 401);
    assert!(
        done(&daemon, "keys", &json!({}))["keys"]
            .as_array()
            .expect("a list")
            .is_empty()
    );
}

#[test]
fn a_stale_client_locks_nobody_out_and_a_guesser_only_itself() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let stale = bearer(&daemon, "stale", &json!({}));
    done(&daemon, "key.revoke", &json!({"key_id": "stale"}));
    for _ in 0..200 {
        assert_eq!(stale.get("GET", "/metrics", &stale.authorization()).0, 401);
    }
    assert_eq!(
        daemon.get("GET", "/metrics", &daemon.authorization()).0,
        200
    );
    let mut held_back = 0;
    for guess in 0..40 {
        let header = format!("Authorization: Bearer guess-{guess}\r\n");
        let mut raw = daemon.raw();
        raw.send(
            format!(
                "GET /metrics HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{header}\r\n",
                daemon.address
            )
            .as_bytes(),
        );
        if guess >= 20 {
            // Not waited for: it comes late, or not at all.
            held_back += 1;
            continue;
        }
        raw.head();
    }
    assert_eq!(held_back, 20);
    let begun = Instant::now();
    assert_eq!(
        daemon.get("GET", "/metrics", &daemon.authorization()).0,
        200
    );
    assert!(begun.elapsed() < SOON);
}

#[cfg(feature = "store")]
#[test]
fn keys_outlive_a_restart_and_a_crash() {
    let home = Scratch::new();
    let mut daemon = Daemon::start(&home.0);
    let phone = bearer(
        &daemon,
        "phone",
        &json!({"role": "operator", "peers": ["webchat/ana"]}),
    );
    daemon.kill();
    let daemon = Daemon::start(&home.0);
    let phone = crate::support::Gateway {
        token: phone.token,
        ..daemon.gateway.clone()
    };
    assert_eq!(refusal(&phone, "conversations", &json!({})).0, "");
    let keys = done(&daemon, "keys", &json!({}));
    let key = &keys["keys"][0];
    assert_eq!(
        (&key["name"], &key["peers"][0]),
        (&json!("phone"), &json!("webchat/ana"))
    );
    assert_eq!(key["last_address"], "127.0.0.1");
}

#[test]
fn a_mistyped_key_is_told_from_one_that_is_no_longer_good() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let key = bearer(&daemon, "a key", &json!({}));
    let mut mistyped = key.token.clone();
    let last = if mistyped.ends_with('2') { "3" } else { "2" };
    mistyped.replace_range(mistyped.len() - 1.., last);
    let header = format!("Authorization: Bearer {mistyped}\r\n");
    let (status, _, body) = daemon.get("GET", "/metrics", &header);
    assert_eq!(status, 401);
    assert!(body.contains("mistyped"), "{body}");
}

#[test]
fn a_key_is_renamed_and_shows_its_bearer() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let key = bearer(&daemon, "phone", &json!({"role": "read"}));
    let mut socket = key.raw_websocket(true);
    let hello = socket.call("auth", &json!({}));
    assert_eq!(hello["role"], "read");
    assert_eq!(hello["key"]["name"], "phone");
    done(
        &daemon,
        "key.rename",
        &json!({"key_id": "k-1", "name": "tablet"}),
    );
    let clients = done(&daemon, "clients", &json!({}));
    assert_eq!(clients["clients"][0]["key"], "tablet", "{clients}");
    let unknown = asked(
        &daemon,
        "key.rename",
        &json!({"key_id": "phone", "name": "x"}),
    );
    assert_eq!(unknown["payload"]["code"], "not_found");
}

#[test]
fn a_request_that_waits_ends_with_its_key() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let gone = bearer(&daemon, "gone", &json!({"role": "read"}));
    let mut raw = gone.raw();
    let body = json!({"jsonrpc": "2.0", "id": 0, "method": "tools/call",
        "params": {"name": "wait_for_messages", "arguments": {"timeout_s": 60}}})
    .to_string();
    let head = format!(
        "POST /mcp HTTP/1.1\r\nHost: {}\r\n{}Accept: application/json\r\n\
         MCP-Protocol-Version: 2025-11-25\r\nContent-Length: {}\r\n\r\n",
        gone.address,
        gone.authorization(),
        body.len()
    );
    raw.send(head.as_bytes());
    raw.send(body.as_bytes());
    let used = |keys: &serde_json::Value| keys["keys"][0]["last_seen_ms"].is_u64();
    while !used(&done(&daemon, "keys", &json!({}))) {}
    let begun = Instant::now();
    done(&daemon, "key.revoke", &json!({"key_id": "gone"}));
    assert_eq!(raw.head().0, 401);
    assert!(begun.elapsed() < SOON);
}

#[test]
fn another_token_of_the_owner_leaves_keys_in() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let key = bearer(&daemon, "phone", &json!({"role": "operator"}));
    let (mut phone, mut page) = (key.raw_websocket(true), daemon.raw_websocket(true));
    let changes = json!({"changes": {"CLEUDOCODEBOT_TOKEN": "fedcba9876543210fedcba9876543210"}});
    page.text(&json!({"type": "command", "action": "config.set", "payload": changes}).to_string());
    assert_eq!(closed_with(&mut page), Some(4401));
    phone.text(r#"{"type":"command","action":"ping","payload":{}}"#);
    assert_eq!(phone.json()["type"], "response");
    let mut again = key.raw_websocket(true);
    again.text(r#"{"type":"command","action":"ping","payload":{}}"#);
    assert_eq!(again.json()["type"], "response");
}
