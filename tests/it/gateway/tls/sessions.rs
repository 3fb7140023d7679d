//! A WebSocket session inside TLS is the same session.

use std::io::Read as _;

use serde_json::json;

use super::Served;
use crate::support::{
    Frame, assert_field,
    certificates::{connect, websocket},
    done, frame, upgrade_request,
};

#[test]
fn whole_session_runs_inside_tls() {
    let Some(served) = Served::new() else { return };
    let client = served.authority.client();
    let mut listener = websocket(&served.daemon, &client);
    listener.subscribe(&["app.test"]);
    let mut raw = websocket(&served.daemon, &client);
    raw.assert_alive();
    // Longer than a record of TLS, than our buffer, and than what a socket takes at once.
    let long = "ã".repeat(300_000);
    let published = raw.call("publish", &json!({"topic": "app.test", "data": long}));
    assert_field(&published, "delivered", 1);
    let event = listener.json();
    assert_field(&event, "action", "app.test");
    assert!(
        event["payload"].to_string().contains(&long),
        "the whole text"
    );
    raw.send(&frame(0x88, &1000_u16.to_be_bytes()));
    assert_eq!(raw.frame(), Some(Frame::Close(1000, String::new())));
    let ended = raw.stream.read(&mut [0; 1]);
    assert_eq!(ended.expect("an end that TLS announced"), 0);
    listener.assert_alive();
}

#[test]
fn many_frames_in_flight_come_back_in_order() {
    let Some(served) = Served::new() else { return };
    let mut raw = websocket(&served.daemon, &served.authority.client());
    for _ in 0..20 {
        let pings = (0..100).flat_map(|n| {
            let text = format!(r#"{{"type":"command","action":"ping","id":{n},"payload":{{}}}}"#);
            frame(0x81, text.as_bytes())
        });
        raw.send(&pings.collect::<Vec<_>>());
        for n in 0..100 {
            assert_field(&raw.json(), "id", n);
        }
    }
}

#[test]
fn client_that_reads_late_gets_all() {
    let Some(served) = Served::new() else { return };
    let mut raw = websocket(&served.daemon, &served.authority.client());
    raw.subscribe(&["app.test"]);
    let data = "x".repeat(60_000);
    let event = json!({"topic": "app.test", "data": data});
    // More than the socket and TLS hold, less than a mailbox does.
    let mut publisher = served.daemon.raw_websocket(true);
    for _ in 0..50 {
        assert_field(&publisher.call("publish", &event), "delivered", 1);
    }
    for _ in 0..50 {
        assert_field(&raw.json(), "action", "app.test");
    }
    raw.assert_alive();
}

#[test]
fn frames_behind_the_upgrade_are_heard_and_the_token_is_checked() {
    let Some(served) = Served::new() else { return };
    let client = served.authority.client();
    let host = served.daemon.address.to_string();
    let mut raw = connect(&served.daemon, &client);
    let mut bytes = upgrade_request(&host, &served.daemon.authorization()).into_bytes();
    bytes.extend(frame(0x81, b"ping"));
    raw.send(&bytes);
    assert_eq!(raw.head().0, 101);
    assert_eq!(raw.frame(), Some(Frame::Text("pong".to_owned())));

    let mut raw = connect(&served.daemon, &client);
    raw.send(upgrade_request(&host, "Authorization: Bearer wrong\r\n").as_bytes());
    assert_eq!(raw.head().0, 401);
}

#[test]
fn page_without_tls_opens_no_socket_inside_it() {
    let Some(served) = Served::new() else { return };
    let client = served.authority.client();
    let host = served.daemon.address.to_string();
    for (scheme, status) in [("https", 101), ("http", 403)] {
        let mut raw = connect(&served.daemon, &client);
        raw.send(upgrade_request(&host, &format!("Origin: {scheme}://{host}\r\n")).as_bytes());
        assert_eq!(raw.head().0, status, "{scheme}");
    }
}

#[test]
fn programs_on_this_machine_need_no_tls() {
    let Some(served) = Served::new() else { return };
    served.daemon.raw_websocket(true).assert_alive();
    assert_eq!(served.daemon.get("GET", "/healthz", "").0, 200);
    let port = served.daemon.address.port().to_string();
    let status = done(&served.home.0, &["status", "--port", &port]);
    assert!(
        status.contains("tls") && status.contains("until"),
        "{status}"
    );
    done(&served.home.0, &["ping", "-c", "1"]);
}
