//! What clients really send: almost what the manual says. It is understood, or refused with a text that
//! helps.

use serde_json::{Value, json};

use crate::support::{Frame, Raw, Shared, assert_field, assert_fields, frame, upgrade_request};

fn answer(raw: &mut Raw, text: &str) -> Value {
    raw.text(text);
    raw.json()
}

/// Clients without arguments send nothing, an empty list, or `null`.
#[test]
fn absent_parameters_are_read_in_every_spelling() {
    let daemon = Shared::daemon();
    for mut raw in [daemon.raw_websocket(true), daemon.raw_json_rpc()] {
        for params in ["[]", "[ ]", "[\n\n]", "null", "{}"] {
            for method in ["ping", "conversations"] {
                let text =
                    format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#);
                let answer = answer(&mut raw, &text);
                assert!(answer["result"].is_object(), "{text}: {answer}");
            }
        }
    }
}

/// Parameters by position cannot be told apart: the answer says what to send.
#[test]
fn parameters_by_position_are_told_what_to_be() {
    let daemon = Shared::daemon();
    let mut raw = daemon.raw_websocket(true);
    for text in [
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[{}]}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"send","params":[{"channel":"webchat","to":"lenient","text":"hi"}]}"#,
    ] {
        let answer = answer(&mut raw, text);
        let said = answer["error"]["message"].as_str().unwrap_or_default();
        assert!(
            answer["result"].is_object() || said.contains("must be an object"),
            "{answer}"
        );
    }
}

#[test]
fn ids_come_back_as_they_were() {
    let daemon = Shared::daemon();
    let mut raw = daemon.raw_websocket(true);
    for id in ["1", "\"a-1\"", "12345678901234567890", "1.0", "-7"] {
        raw.text(&format!(r#"{{"jsonrpc":"2.0","method":"ping","id":{id}}}"#));
        let Some(Frame::Text(answer)) = raw.frame() else {
            panic!("no answer to {id}");
        };
        assert!(answer.contains(&format!("\"id\":{id}")), "{answer}");
    }
}

/// Version 1 has no field for the version, and some write it as a number.
#[test]
fn other_versions_are_understood_or_told() {
    let daemon = Shared::daemon();
    let mut raw = daemon.raw_websocket(true);
    for text in [
        r#"{"method":"ping","params":[],"id":1}"#,
        r#"{"jsonrpc":2.0,"method":"ping","id":1}"#,
    ] {
        let answer = answer(&mut raw, text);
        let said = answer.to_string();
        let is_told = said.contains("jsonrpc") || said.contains("type");
        assert!(answer["result"].is_object() || is_told, "{text}: {answer}");
        assert_field(&answer, "id", 1);
    }
}

/// Tools append the end of the line that was typed.
#[test]
fn white_space_around_a_message_is_none_of_it() {
    let daemon = Shared::daemon();
    let mut raw = daemon.raw_websocket(true);
    for text in ["ping\n", "ping\r\n", " ping "] {
        raw.text(text);
        assert_eq!(
            raw.frame(),
            Some(Frame::Text("pong".to_owned())),
            "{text:?}"
        );
    }
    let line = "{\"type\":\"command\",\"action\":\"ping\",\"id\":1}\n";
    assert_field(&answer(&mut raw, line), "id", 1);
    let behind_a_mark = format!("\u{feff}{line}");
    assert_field(&answer(&mut raw, &behind_a_mark), "id", 1);
}

/// Node-RED sends its whole message, with fields of its own.
#[test]
fn fields_of_others_are_left_alone() {
    let daemon = Shared::daemon();
    let mut raw = daemon.raw_websocket(true);
    let text =
        r#"{"type":"command","action":"ping","payload":{},"topic":"","_msgid":"ccf7399d.dd7dc8"}"#;
    assert_field(&answer(&mut raw, text), "type", "response");
}

/// A binary frame is told what is wrong with it, and ends nothing.
#[test]
fn a_binary_frame_is_told_what_is_wrong() {
    let daemon = Shared::daemon();
    let mut raw = daemon.raw_websocket(true);
    raw.send(&frame(
        0x82,
        br#"{"type":"command","action":"ping","id":1}"#,
    ));
    match raw.frame() {
        Some(Frame::Text(text)) => assert!(
            text.contains("binary") || text.contains("pong") || text.contains("\"id\":1"),
            "{text}"
        ),
        Some(Frame::Close(_, why)) => assert!(why.contains("text"), "{why}"),
        other => panic!("{other:?}"),
    }
}

/// The token, in each form in which clients can send it.
#[test]
fn the_token_is_taken_in_every_form() {
    let daemon = Shared::daemon();
    let token = &daemon.token;
    let basic = base64(format!("x:{token}").as_bytes());
    for header in [
        format!("Authorization: Bearer {token}"),
        format!("Authorization: bearer {token}"),
        format!("authorization:   Bearer   {token}  "),
        format!("Authorization: Basic {basic}"),
    ] {
        let body = r#"{"type":"command","action":"ping"}"#;
        let (status, answer) = daemon.post("/rpc", &header, body);
        assert_eq!(
            status,
            200,
            "{}: {answer}",
            header.replace(token.as_str(), "…")
        );
    }
    for first in [
        json!({"jsonrpc": "2.0", "id": 1, "method": "auth", "params": {"token": token}}),
        json!({"type": "command", "action": "auth", "payload": {"token": token}}),
    ] {
        let mut raw = daemon.raw_websocket(false);
        let answer = answer(&mut raw, &first.to_string());
        assert!(!answer.to_string().contains("error"), "{answer}");
    }
}

/// A query is written to logs on its way, so a token there is refused, with that reason.
#[test]
fn a_token_in_the_query_is_refused_with_the_reason() {
    let daemon = Shared::daemon();
    for name in ["token", "access_token"] {
        let path = format!("/?{name}={}", daemon.token);
        let more = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
            Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
        let mut raw = daemon.raw();
        raw.send(
            format!(
                "GET {path} HTTP/1.1\r\nHost: {}\r\n{more}\r\n",
                daemon.address
            )
            .as_bytes(),
        );
        let (status, head) = raw.head();
        assert!((400..500).contains(&status), "{head}");
    }
}

/// Pages of other origins are refused, with the setting that lets them in.
#[test]
fn a_refused_origin_is_told_the_setting() {
    let daemon = Shared::daemon();
    let port = daemon.address.port();
    for (origin, is_ours) in [
        (format!("http://127.0.0.1:{port}"), true),
        ("null".to_owned(), false),
        ("file://".to_owned(), false),
        ("app://obsidian.md".to_owned(), false),
        ("chrome-extension://abcdefgh".to_owned(), false),
        ("http://localhost:3000".to_owned(), false),
    ] {
        let more = format!("{}Origin: {origin}\r\n", daemon.authorization());
        let request = upgrade_request(&daemon.address.to_string(), &more);
        let mut raw = daemon.raw();
        raw.send(request.as_bytes());
        let (status, head) = raw.head();
        if is_ours {
            assert_eq!(status, 101, "{origin}: {head}");
        } else {
            assert_eq!(status, 403, "{origin}: {head}");
            let body = raw.body();
            assert!(
                body.contains("CLEUDOCODEBOT_ALLOWED_ORIGINS"),
                "{origin}: {body}"
            );
        }
    }
}

/// What is almost a send is sent, or the answer names the field and what it should be.
#[test]
fn what_is_almost_a_send_is_understood_or_told() {
    let daemon = Shared::daemon();
    let mut raw = daemon.raw_websocket(true);
    for (payload, words) in [
        (
            json!({"channel": "webchat", "to": 5_511_987_654_321_i64, "text": "hi"}),
            "to",
        ),
        (
            json!({"channel": "webchat", "to": "lenient", "text": 12}),
            "text",
        ),
        (
            json!({"channel": "webchat", "to": "lenient", "message": "hi"}),
            "text",
        ),
        (
            json!({"channel": "WebChat", "to": "lenient", "text": "hi"}),
            "webchat",
        ),
        (
            json!({"channel": "webcat", "to": "lenient", "text": "hi"}),
            "webchat",
        ),
    ] {
        let answer = raw.call("send", &payload);
        let is_told = answer["message"]
            .as_str()
            .is_some_and(|text| text.contains(words));
        assert!(
            answer["state"] == "queued" || is_told,
            "{payload}: {answer}"
        );
    }
    let answer = raw.call("sendMessage", &json!({}));
    assert_fields(&answer, &json!({"message~": "send"}));
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let whole = [chunk.first(), chunk.get(1), chunk.get(2)]
            .map(|byte| u32::from(byte.copied().unwrap_or(0)));
        let number = whole[0] << 16 | whole[1] << 8 | whole[2];
        for place in 0..4 {
            let letter = LETTERS[(number >> (18 - 6 * place) & 63) as usize];
            out.push(if place <= chunk.len() {
                char::from(letter)
            } else {
                '='
            });
        }
    }
    out
}
