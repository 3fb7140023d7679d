//! Who may not come in, and what is no message.

use serde_json::json;

use super::{ACCEPT, post};
use crate::support::Shared;

const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;

#[test]
fn only_the_token_opens_and_foreign_pages_stay_out() {
    let daemon = Shared::daemon();
    let (host, length) = (daemon.address, PING.len());
    let right = daemon.authorization();
    for (headers, status) in [
        (format!("Host: {host}\r\n"), 401),
        (format!("Host: {host}\r\nAuthorization: Bearer no\r\n"), 401),
        (format!("Host: evil.example\r\n{right}"), 403),
        (
            format!("Host: {host}\r\nOrigin: https://evil.example\r\n{right}"),
            403,
        ),
        (format!("Host: {host}\r\nOrigin: null\r\n{right}"), 403),
        (
            format!("Host: {host}\r\nOrigin: http://{host}\r\n{right}"),
            200,
        ),
        (format!("Host: {host}\r\n{right}"), 200),
    ] {
        let (got, head, body) = daemon.http(&format!(
            "POST /mcp HTTP/1.1\r\n{headers}Connection: close\r\nContent-Length: {length}\r\n\r\n{PING}"
        ));
        assert_eq!(got, status, "{headers}{body}");
        let asks = head.contains("www-authenticate: bearer");
        assert_eq!(asks, status == 401, "{head}");
    }
}

#[test]
fn what_is_no_message_is_refused_with_its_code() {
    let daemon = Shared::daemon();
    let deep = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{}1{}}}"#,
        r#"{"a":"#.repeat(200),
        "}".repeat(200)
    );
    for (body, code) in [
        ("", -32700),
        ("{", -32700),
        ("\u{0}", -32700),
        ("nonsense", -32700),
        ("ping", -32600),
        ("7", -32600),
        ("[]", -32600),
        (r#"{"type":"command","action":"shutdown"}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1,"method":["ping"]}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#, -32600),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":7}"#,
            -32602,
        ),
        (&deep, -32700),
    ] {
        let answer = post(&daemon, &[ACCEPT], body);
        assert_eq!(
            (answer.status, answer.code()),
            (400, code),
            "{body}: {}",
            answer.body
        );
        assert!(
            !answer.body["error"]["message"]
                .as_str()
                .unwrap_or_default()
                .is_empty()
        );
    }
}

#[test]
fn a_megabyte_is_taken_and_more_is_refused() {
    let daemon = Shared::daemon();
    let text = "x".repeat(1_000_000);
    let payload = json!({"channel": "webchat", "to": "mcp-long", "text": text});
    let sent = super::done(&daemon, "send_message", &payload);
    assert_eq!(sent["state"], "queued");
    let params = json!({"name": "send_message", "arguments": {"text": "x".repeat(1_100_000)}});
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
    assert_eq!(post(&daemon, &[ACCEPT], &body.to_string()).status, 413);
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    use std::io::{Read as _, Write as _};

    let daemon = Shared::daemon();
    let mut raw = daemon.raw();
    let head = super::request(&daemon, &[ACCEPT], "xx");
    let head = head.strip_suffix("xx").expect("its body");
    raw.stream.write_all(head.as_bytes()).expect("sent");
    raw.stream.write_all(b"\xFF\xFE").expect("sent");
    let (status, _) = raw.head();
    let mut body = raw.rest.clone();
    raw.stream.read_to_end(&mut body).expect("read");
    assert_eq!(status, 400, "{}", String::from_utf8_lossy(&body));
}
