//! The upgrade to WebSocket: what is checked, in which order, and the status of each refusal.

use crate::support::{Daemon, Gateway, Scratch, Shared, upgrade_request};

/// Status and head of the answer to these bytes.
fn ask(gateway: &Gateway, request: &str) -> (u16, String) {
    let mut raw = gateway.raw();
    raw.send(request.as_bytes());
    raw.head()
}

#[test]
fn upgrade_answer_follows_rfc() {
    let daemon = Shared::daemon();
    let more =
        "Sec-WebSocket-Protocol: chat, jsonrpc\r\nSec-WebSocket-Extensions: permessage-deflate\r\n";
    let (status, head) = ask(&daemon, &upgrade_request(&daemon.address.to_string(), more));
    assert_eq!(status, 101);
    assert!(
        head.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="),
        "{head}"
    );
    assert!(
        head.contains("sec-websocket-protocol: jsonrpc") && !head.contains("extensions"),
        "{head}"
    );
    assert_eq!(head.matches("connection:").count(), 1, "{head}");
}

#[test]
fn each_bad_upgrade_status() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let host = daemon.address.to_string();
    let good = upgrade_request(&host, "");
    let swap = |from: &str, to: &str| good.replace(from, to);
    for (request, expected) in [
        (swap("GET /", "POST /"), 405),
        (swap(&host, "evil.example"), 403),
        (
            swap(
                &format!("Host: {host}\r\n"),
                &format!("Host: {host}\r\nHost: {host}\r\n"),
            ),
            400,
        ),
        (swap("Version: 13", "Version: 8"), 426),
        (swap("Sec-WebSocket-Version: 13\r\n", ""), 426),
        (swap("dGhlIHNhbXBsZSBub25jZQ==", "c2hvcnQ="), 400),
        (swap("Connection: Upgrade", "Connection: keep-alive"), 426),
        (upgrade_request(&host, "Content-Length: 5\r\n"), 400),
        (
            upgrade_request(&host, "Transfer-Encoding: chunked\r\n"),
            400,
        ),
        (upgrade_request(&host, "Content-Length: 0\r\n"), 101),
        (swap("GET / ", "GET /?token=x "), 401),
        (swap("GET / ", "GET /elsewhere "), 404),
        (
            upgrade_request(&host, "Origin: http://evil.example\r\n"),
            403,
        ),
        (upgrade_request(&host, "Origin: null\r\n"), 403),
        (
            upgrade_request(&host, "Authorization: Bearer wrong\r\n"),
            401,
        ),
        (
            upgrade_request(&host, "Authorization: Basic d3Jvbmc=\r\n"),
            401,
        ),
        (
            upgrade_request(&host, &format!("Origin: http://{host}\r\n")),
            101,
        ),
        (swap("GET / ", "GET /ws "), 101),
    ] {
        let (status, head) = ask(&daemon, &request);
        assert_eq!(status, expected, "{request}\n{head}");
        assert_eq!(
            status == 426,
            head.contains("sec-websocket-version: 13"),
            "{head}"
        );
    }
}

#[test]
fn host_and_origin_before_token() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let all_wrong = "Origin: http://evil.example\r\nAuthorization: Bearer wrong\r\n";
    for host in ["evil.example", &daemon.address.to_string()] {
        for _ in 0..11 {
            assert_eq!(
                ask(&daemon, &upgrade_request(host, all_wrong)).0,
                403,
                "a page of another origin cannot try tokens"
            );
        }
    }
}

#[test]
fn allowed_hosts_and_origins_connect() {
    let home = Scratch::new();
    let settings = [
        ("ALLOWED_HOSTS", "gateway.lan"),
        ("ALLOWED_ORIGINS", "https://chat.example"),
    ];
    let daemon = Daemon::start_with(&home.0, &settings);
    assert_eq!(
        ask(
            &daemon,
            &upgrade_request("gateway.lan:1", "Origin: https://chat.example\r\n")
        )
        .0,
        101
    );
}

#[test]
fn excess_connections_get_503() {
    let home = Scratch::new();
    let daemon = Daemon::start_with(&home.0, &[("MAX_CONNECTIONS", "2")]);
    let _held = [daemon.raw_websocket(true), daemon.raw_websocket(true)];
    let (status, head) = ask(
        &daemon,
        &upgrade_request(&daemon.address.to_string(), &daemon.authorization()),
    );
    assert_eq!(status, 503);
    assert!(head.contains("retry-after: "), "{head}");
}
