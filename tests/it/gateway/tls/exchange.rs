//! The certificate exchanged while the daemon runs.

use std::{
    fs,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    thread,
    time::Instant,
};

use serde_json::{Value, json};

use super::Served;
use crate::support::{
    PATIENCE, Raw, assert_field, assert_mentions,
    certificates::{connect, websocket},
    program, run,
};

impl Served {
    /// The certificate that a new client is shown, by its file.
    fn shown(&self) -> &'static str {
        let raw = connect(&self.daemon, &self.authority.client());
        let shown = raw.stream.conn.peer_certificates().expect("a certificate");
        let is = |name| shown[0] == self.authority.der(name);
        match () {
            () if is("first") => "first",
            () if is("second") => "second",
            () => "another",
        }
    }

    fn status(&self) -> Value {
        let mut raw = self.daemon.raw_websocket(true);
        raw.call("status", &json!({}))["tls"].take()
    }
}

#[test]
fn renewed_files_are_seen_without_being_told() {
    let Some(served) = Served::new() else { return };
    let client = served.authority.client();
    let mut session = websocket(&served.daemon, &client);
    assert_eq!(served.shown(), "first");
    served.authority.certify("second", "DNS:localhost", 90);
    served.authority.install("second", &served.home);
    let deadline = Instant::now() + PATIENCE;
    while served.shown() != "second" {
        assert!(Instant::now() < deadline, "never seen");
        session.assert_alive();
    }
    served.daemon.logs("the certificate was renewed");
    session.assert_alive();
}

#[test]
fn exchange_under_load_loses_no_session_and_no_handshake() {
    let Some(served) = Served::new() else { return };
    served.authority.certify("second", "DNS:localhost", 90);
    let client = served.authority.client();
    let mut sessions: Vec<_> = (0..4).map(|_| websocket(&served.daemon, &client)).collect();
    let (gateway, client_of) = (&served.daemon.gateway, &served.authority);
    let (done, opened) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Relaxed) {
                    websocket(gateway, &client_of.client()).assert_alive();
                    opened.fetch_add(1, Relaxed);
                }
            });
        }
        let mut control = served.daemon.raw_websocket(true);
        for name in ["second", "first", "second"] {
            served.authority.install(name, &served.home);
            let answer = control.call("reload", &json!({}));
            // Unless a handshake looked first.
            let changed = answer["changed"].as_array().expect("a list");
            assert!(
                changed.iter().all(|key| key == "CLEUDOCODEBOT_TLS_CERT"),
                "{answer}"
            );
            assert_eq!(served.shown(), name);
            let before = opened.load(Relaxed);
            while opened.load(Relaxed) < before + 5 {
                sessions.iter_mut().for_each(Raw::assert_alive);
            }
        }
        done.store(true, Relaxed);
    });
}

#[test]
fn broken_file_keeps_the_former_certificate_and_is_told() {
    let Some(served) = Served::new() else { return };
    served.authority.certify("second", "DNS:localhost", 90);
    assert_eq!(served.status()["error"], Value::Null);
    // A certificate without its key: half of an exchange that never ended.
    fs::copy(
        served.authority.file("second.pem"),
        served.home.0.join("cert.pem"),
    )
    .expect("copied");
    let mut control = served.daemon.raw_websocket(true);
    let refused = control.call("reload", &json!({}));
    assert_field(&refused, "code", "conflict");
    assert_mentions(
        &refused,
        "message",
        "is not the key of the first certificate",
    );
    assert_eq!(served.shown(), "first");
    let deadline = Instant::now() + PATIENCE;
    let warned = loop {
        let error = served.status()["error"].take();
        if error.is_string() {
            break error.to_string();
        }
        assert!(Instant::now() < deadline, "never told");
    };
    assert!(
        warned.contains("the former certificate is kept"),
        "{warned}"
    );
    served.daemon.logs("the new certificate cannot be used");
    let (_, told, _) = run(program(&served.home.0, &["status"]));
    assert!(told.contains("the former certificate is kept"), "{told}");
    let (_, told, _) = run(program(&served.home.0, &["doctor"]));
    assert!(told.contains("the former certificate is kept"), "{told}");

    served.authority.install("second", &served.home);
    control.call("reload", &json!({}));
    assert_eq!(served.shown(), "second");
    assert_eq!(served.status()["error"], Value::Null);
}

#[test]
fn tls_begins_and_ends_with_a_reload() {
    let Some(served) = Served::new() else { return };
    let home = &served.home.0;
    let mut session = websocket(&served.daemon, &served.authority.client());
    // A second daemon, whose settings are in its file.
    let other = crate::support::Scratch::new();
    let daemon = crate::support::Daemon::start(&other.0);
    let env = other.0.join(".env");
    let plain = fs::read_to_string(&env).expect("settings");
    let secured = format!(
        "{plain}CLEUDOCODEBOT_TLS_CERT={0}/cert.pem\nCLEUDOCODEBOT_TLS_KEY={0}/cert.key\n",
        home.display()
    );
    let mut control = daemon.raw_websocket(true);
    cleudocodebot::fs::write_atomic(&env, secured.as_bytes()).expect("written");
    let answer = control.call("reload", &json!({}));
    let expected = json!(["CLEUDOCODEBOT_TLS_CERT", "CLEUDOCODEBOT_TLS_KEY"]);
    assert_field(&answer, "changed", expected);
    let mut inside = websocket(&daemon, &served.authority.client());
    inside.assert_alive();
    cleudocodebot::fs::write_atomic(&env, plain.as_bytes()).expect("written");
    control.call("reload", &json!({}));
    assert_eq!(control.call("status", &json!({}))["tls"], Value::Null);
    inside.assert_alive();
    session.assert_alive();
}
