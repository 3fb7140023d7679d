//! Which TLS is spoken, by rustls and by openssl, which still can the old ones.

use std::sync::Arc;

use tokio_rustls::rustls::{
    HandshakeKind,
    version::{TLS12, TLS13},
};

use super::Served;
use crate::support::certificates::{connect, dial, openssl, websocket};

#[test]
fn both_current_versions_are_spoken_with_http_inside() {
    let Some(served) = Served::new() else { return };
    for version in [&TLS12, &TLS13] {
        let mut config = served.authority.client_of(&[version]);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let mut raw = websocket(&served.daemon, &Arc::new(config));
        assert_eq!(raw.stream.conn.protocol_version(), Some(version.version));
        assert_eq!(raw.stream.conn.alpn_protocol(), Some(&b"http/1.1"[..]));
        raw.assert_alive();
    }
}

#[test]
fn client_of_another_protocol_is_told_so_in_the_handshake() {
    let Some(served) = Served::new() else { return };
    let mut config = served.authority.client_of(&[&TLS13]);
    config.alpn_protocols = vec![b"h2".to_vec()];
    let mut stream = dial(&served.daemon, &Arc::new(config));
    let refused = stream
        .conn
        .complete_io(&mut stream.sock)
        .expect_err("refused");
    assert!(
        refused.to_string().contains("NoApplicationProtocol"),
        "{refused}"
    );
}

#[test]
fn sessions_of_tls_are_resumed() {
    let Some(served) = Served::new() else { return };
    for version in [&TLS12, &TLS13] {
        let client = Arc::new(served.authority.client_of(&[version]));
        let kinds = [(); 2].map(|()| {
            let mut raw = websocket(&served.daemon, &client);
            raw.assert_alive();
            raw.stream.conn.handshake_kind()
        });
        let expected = [HandshakeKind::Full, HandshakeKind::Resumed].map(Some);
        assert_eq!(kinds, expected, "{version:?}");
    }
}

#[test]
fn versions_that_were_withdrawn_are_refused() {
    let Some(served) = Served::new() else { return };
    let address = served.daemon.address.to_string();
    for (version, accepted) in [
        ("-tls1", false),
        ("-tls1_1", false),
        ("-tls1_2", true),
        ("-tls1_3", true),
    ] {
        // Without security levels, which would refuse the old ones before they are offered.
        let arguments = [
            "s_client",
            "-connect",
            &address,
            version,
            "-CAfile",
            "ca.pem",
            "-cipher",
            "DEFAULT:@SECLEVEL=0",
            "-verify_return_error",
        ];
        let (done, said) = openssl(&served.authority.0, &arguments);
        assert_eq!(done, accepted, "{version}: {said}");
        let is_ours =
            said.contains("alert protocol version") || said.contains("alert handshake failure");
        assert!(accepted || is_ours, "{version}: {said}");
    }
}

#[test]
fn handshakes_are_counted() {
    let Some(served) = Served::new() else { return };
    drop(connect(&served.daemon, &served.authority.client()));
    let (_, _, metrics) = served
        .daemon
        .get("GET", "/metrics", &served.daemon.authorization());
    assert!(
        metrics.contains("cleudocodebot_tls_handshakes_total 1\n"),
        "{metrics}"
    );
    assert!(
        metrics.contains("cleudocodebot_tls_failures_total 0\n"),
        "{metrics}"
    );
}
