//! Bad input: each kind has its documented error, and the connection goes on or closes as documented.

use serde_json::{Value, json};

use crate::support::{Frame, Raw, Shared, assert_field, assert_fields, frame, upgrade_request};

fn still_alive(raw: &mut Raw) {
    raw.assert_alive();
}

fn code(answer: &Value) -> &str {
    answer["payload"]["code"].as_str().unwrap_or("no code")
}

#[test]
fn wrong_text_gets_its_code() {
    let daemon = Shared::daemon();
    let mut raw = daemon.raw_websocket(true);
    let nested = |depth: usize| {
        let value = "[".repeat(depth) + &"]".repeat(depth);
        format!(
            r#"{{"type":"command","action":"publish","id":7,"payload":{{"topic":"app.nested","data":{value}}}}}"#
        )
    };
    let million = "[".repeat(1_000_000);
    for (text, expected) in [
        ("hello", "bad_json"),
        ("{\"type\":", "bad_json"),
        ("7", "bad_frame"),
        ("{}", "bad_frame"),
        (r#"{"type":"command"}"#, "bad_frame"),
        (r#"{"type":1,"action":"ping"}"#, "bad_frame"),
        (r#"{"type":"command","action":["ping"]}"#, "bad_frame"),
        (r#"{"type":"command","action":"ping","id":{}}"#, "bad_frame"),
        (
            r#"{"type":"command","action":"send","payload":"text"}"#,
            "bad_frame",
        ),
        (
            r#"{"type":"command","action":"ping","action":"status"}"#,
            "bad_frame",
        ),
        (r#"{"type":"hello","action":"ping"}"#, "unknown_type"),
        (r#"{"type":"command","action":"fly"}"#, "unknown_action"),
        (
            r#"{"type":"command","action":"send","payload":{"channel":"webchat","text":"x"}}"#,
            "bad_payload",
        ),
        (
            r#"{"type":"command","action":"send","payload":{"channel":"webchat","to":5,"text":"x"}}"#,
            "bad_payload",
        ),
        (
            r#"{"type":"command","action":"send","payload":{"channel":"webchat","to":"a"}}"#,
            "bad_payload",
        ),
        (
            r#"{"type":"command","action":"send","payload":{"channel":"fax","to":"a","text":"x"}}"#,
            "unknown_channel",
        ),
        (
            r#"{"type":"command","action":"message","payload":{"message_id":"m-999999999"}}"#,
            "not_found",
        ),
        (
            r#"{"type":"command","action":"history","payload":{"limit":0}}"#,
            "bad_payload",
        ),
        (
            r#"{"type":"command","action":"ping","payload":{"n":1e400}}"#,
            "bad_json",
        ),
        (&nested(63), "bad_json"),
        (&million, "bad_json"),
    ] {
        raw.text(text);
        let answer = raw.json();
        assert_eq!(
            code(&answer),
            expected,
            "{}: {answer}",
            &text[..text.len().min(90)]
        );
        still_alive(&mut raw);
    }
    raw.text(&nested(62));
    assert_eq!(raw.json()["type"], "response", "64 levels are allowed");
}

#[test]
fn error_event_or_echoed_id() {
    let daemon = Shared::daemon();
    let mut raw = daemon.raw_websocket(true);
    raw.text("{");
    let event = raw.json();
    assert_fields(&event, &json!({"type": "event", "action": "error"}));
    for id in [json!("a\"b"), json!(-5), json!(9_007_199_254_740_993_u64)] {
        raw.text(&json!({"type": "command", "action": "nothing", "id": id}).to_string());
        let error = raw.json();
        assert_fields(
            &error,
            &json!({"type": "error", "action": "nothing", "id": id}),
        );
    }
    raw.text(r#"{"type":"command","action":"ping"}"#);
    assert_eq!(raw.json().get("id"), None, "no id in, no id out");
}

#[test]
fn binary_message_is_refused() {
    let daemon = Shared::daemon();
    let mut raw = daemon.raw_websocket(true);
    raw.send(&frame(0x82, b"\x00\x01"));
    assert_eq!(code(&raw.json()), "binary_unsupported");
    still_alive(&mut raw);
}

#[test]
fn rfc_6455_violations_close() {
    let daemon = Shared::daemon();
    let unmasked = vec![0x81, 4, b'p', b'i', b'n', b'g'];
    for (bytes, expected) in [
        (frame(0x81, b"\xC3\x28"), 1007),
        (unmasked, 1002),
        (frame(0x80, b"orphan"), 1002),
        (frame(0xF1, b"reserved bits"), 1002),
        (frame(0x83, b"reserved opcode"), 1002),
        (frame(0x09, b"fragmented ping"), 1002),
        (frame(0x89, &[0; 126]), 1002),
    ] {
        let mut raw = daemon.raw_websocket(true);
        raw.send(&bytes);
        assert_eq!(raw.close_code(), expected, "{bytes:x?}");
    }
}

#[test]
fn oversized_message_closes_with_1009() {
    let daemon = Shared::daemon();
    let largest = |more: usize| {
        let shell = r#"{"type":"ping","payload":""}"#.len();
        format!(
            r#"{{"type":"ping","payload":"{}"}}"#,
            "x".repeat((1 << 20) - shell + more)
        )
    };
    let mut raw = daemon.raw_websocket(true);
    raw.text(&largest(0));
    assert_field(&raw.json(), "type", "pong");
    raw.text(&largest(1));
    assert_eq!(code(&raw.json()), "too_large");
    assert_eq!(raw.close_code(), 1009);

    let mut in_pieces = daemon.raw_websocket(true);
    in_pieces.send(&frame(0x01, &vec![b'x'; 600_000]));
    in_pieces.send(&frame(0x80, &vec![b'x'; 600_000]));
    assert_eq!(code(&in_pieces.json()), "too_large");
    assert_eq!(in_pieces.close_code(), 1009);
}

#[test]
fn frames_cut_at_every_byte() {
    let daemon = Shared::daemon();
    let mut raw = daemon.raw_websocket(true);
    raw.stream.set_nodelay(true).expect("set");
    let bytes = [
        frame(0x01, br#"{"type":"command","action":"ping","#),
        frame(0x89, b"in between"),
        frame(0x80, br#""id":1}"#),
        frame(0x81, br#"{"type":"command","action":"ping","id":2}"#),
    ]
    .concat();
    for cut in 1..bytes.len() {
        raw.send(&bytes[..cut]);
        raw.send(&bytes[cut..]);
        assert_eq!(raw.frame(), Some(Frame::Pong(b"in between".to_vec())));
        for id in 1..=2 {
            assert_eq!(raw.json()["id"], id, "cut at {cut}");
        }
    }
}

#[test]
fn pipelined_commands_answer_in_order() {
    let daemon = Shared::daemon();
    let mut raw = daemon.raw_websocket(true);
    let command = |id: usize| match id % 3 {
        0 => json!({"type": "command", "action": "ping", "id": id}),
        1 => json!({"type": "command", "action": "send", "id": id,
            "payload": {"channel": "webchat", "to": "nobody", "text": "x"}}),
        _ => json!({"type": "command", "action": "history", "id": id, "payload": {"limit": 1}}),
    };
    let all: Vec<u8> = (0..1000)
        .flat_map(|id| frame(0x81, command(id).to_string().as_bytes()))
        .collect();
    raw.send(&all);
    for id in 0..1000 {
        let answer = raw.json();
        assert_fields(&answer, &json!({"id": id, "type": "response"}));
    }
}

#[test]
fn bytes_behind_upgrade_are_kept() {
    let daemon = Shared::daemon();
    let mut raw = daemon.raw();
    let mut bytes =
        upgrade_request(&daemon.address.to_string(), &daemon.authorization()).into_bytes();
    bytes.extend(frame(0x81, br#"{"type":"command","action":"ping","id":1}"#));
    bytes.extend(&frame(0x81, b"ping")[..3]);
    raw.send(&bytes);
    assert_eq!(raw.head().0, 101);
    assert_field(&raw.json(), "id", 1);
    raw.send(&frame(0x81, b"ping")[3..]);
    assert_eq!(raw.frame(), Some(Frame::Text("pong".to_owned())));
}

#[test]
fn close_code_is_echoed() {
    let daemon = Shared::daemon();
    let mut raw = daemon.raw_websocket(true);
    raw.send(&frame(
        0x88,
        &[&1000_u16.to_be_bytes()[..], b"bye"].concat(),
    ));
    assert_eq!(raw.frame(), Some(Frame::Close(1000, "bye".to_owned())));
    assert_eq!(raw.frame(), None);
}
