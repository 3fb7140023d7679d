//! The opening handshake of RFC 6455 §4.2, by hand: what a request must carry and what 101 answers.
//!
//! Pure: headers in, a decision out. Host, origin and token are checked elsewhere.

use hyper::{
    HeaderMap, Version,
    header::{
        CONNECTION, CONTENT_LENGTH, HeaderName, HeaderValue, SEC_WEBSOCKET_KEY,
        SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, TRANSFER_ENCODING, UPGRADE,
    },
};

use crate::protocol::{SUBPROTOCOL_JSONRPC, SUBPROTOCOL_TRIPLE, dialect::Dialect};

/// Why a request is no opening handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HandshakeRefusal {
    /// It asks for no upgrade: 426 with `Upgrade: websocket` (RFC 9110 §15.5.22).
    NotAsked,
    /// A version other than 13: 426 with `Sec-WebSocket-Version: 13` (§4.4).
    Version,
    /// Not one key of 16 bytes in base64: 400 (§4.2.1).
    Key,
    /// It announces a body, whose bytes could pass for frames: 400.
    Body,
}

/// What the 101 must say.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Handshake {
    /// `Sec-WebSocket-Accept`.
    pub accept: String,
    /// The subprotocol that was chosen, where one we know was offered.
    pub subprotocol: Option<&'static str>,
    /// How events are written on this connection.
    pub dialect: Dialect,
}

/// Whether the request asks for WebSocket at all.
pub(super) fn is_asked(headers: &HeaderMap) -> bool {
    has_token(headers, &UPGRADE, "websocket")
}

/// Checks a GET request as §4.2.1 says.
pub(super) fn check(version: Version, headers: &HeaderMap) -> Result<Handshake, HandshakeRefusal> {
    let asked = is_asked(headers) && has_token(headers, &CONNECTION, "upgrade");
    if !asked || version < Version::HTTP_11 {
        return Err(HandshakeRefusal::NotAsked);
    }
    if has_body(headers) {
        return Err(HandshakeRefusal::Body);
    }
    if only(headers, &SEC_WEBSOCKET_VERSION).is_none_or(|version| version.as_bytes() != b"13") {
        return Err(HandshakeRefusal::Version);
    }
    let key = only(headers, &SEC_WEBSOCKET_KEY)
        .filter(|key| is_key(key.as_bytes()))
        .ok_or(HandshakeRefusal::Key)?;
    let subprotocol = choose(headers);
    let dialect = if subprotocol == Some(SUBPROTOCOL_JSONRPC) {
        Dialect::JsonRpc
    } else {
        Dialect::Triple
    };
    Ok(Handshake {
        accept: tungstenite::handshake::derive_accept_key(key.as_bytes()),
        subprotocol,
        dialect,
    })
}

/// Whether the request announces a body, be it one of no bytes in chunks.
fn has_body(headers: &HeaderMap) -> bool {
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
    headers.contains_key(TRANSFER_ENCODING) || lengths.any(|length| length.as_bytes() != b"0")
}

/// The header's value where there is exactly one.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
    let mut all = headers.get_all(name).iter();
    all.next().filter(|_| all.next().is_none())
}

/// Looks for a token in a comma-separated list that may span several header lines.
fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    let is_token = |one: &[u8]| one.eq_ignore_ascii_case(token.as_bytes());
    // Mostly the token is all there is.
    headers
        .get(name)
        .is_some_and(|first| is_token(first.as_bytes()))
        || tokens(headers, name).any(|one| is_token(one.as_bytes()))
}

fn tokens<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let lines = headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim)
}

/// 16 bytes in base64: 22 digits, the last with four zero bits, and two equal signs.
fn is_key(key: &[u8]) -> bool {
    let is_digit = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/');
    matches!(key, [digits @ .., last @ (b'A' | b'Q' | b'g' | b'w'), b'=', b'=']
        if digits.len() == 21 && digits.iter().all(is_digit) && is_digit(last))
}

/// The first subprotocol of the client's list that we know (§4.2.2: the client lists them by preference).
fn choose(headers: &HeaderMap) -> Option<&'static str> {
    tokens(headers, &SEC_WEBSOCKET_PROTOCOL).find_map(|offered| {
        [SUBPROTOCOL_TRIPLE, SUBPROTOCOL_JSONRPC]
            .into_iter()
            .find(|known| *known == offered)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    fn with(
        extra: &[(&'static str, &'static str)],
        without: &str,
    ) -> Result<Handshake, HandshakeRefusal> {
        let sample = [
            ("connection", "keep-alive, Upgrade"),
            ("upgrade", "WebSocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        let mut lines: Vec<_> = sample
            .into_iter()
            .filter(|(name, _)| *name != without)
            .collect();
        lines.extend_from_slice(extra);
        check(Version::HTTP_11, &headers(&lines))
    }

    #[test]
    fn the_example_of_the_rfc_is_accepted() {
        let accepted = with(&[], "").expect("§1.3's example");
        assert_eq!(accepted.accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert_eq!(
            (accepted.subprotocol, accepted.dialect),
            (None, Dialect::Triple)
        );
    }

    #[test]
    fn each_missing_or_wrong_header_has_its_refusal() {
        assert_eq!(with(&[], "upgrade"), Err(HandshakeRefusal::NotAsked));
        assert_eq!(
            with(&[("connection", "close")], "connection"),
            Err(HandshakeRefusal::NotAsked)
        );
        assert_eq!(
            with(&[("sec-websocket-version", "8")], "sec-websocket-version"),
            Err(HandshakeRefusal::Version)
        );
        assert_eq!(
            with(&[], "sec-websocket-version"),
            Err(HandshakeRefusal::Version)
        );
        assert_eq!(
            with(&[("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")], ""),
            Err(HandshakeRefusal::Key)
        );
        for wrong in [
            "",
            "short",
            "dGhlIHNhbXBsZSBub25jZQ=",
            "dGhlIHNhbXBsZSBub25jZR==",
            "dGhlIHNhbXBsZSBub25j!Q==",
        ] {
            assert_eq!(
                with(&[("sec-websocket-key", wrong)], "sec-websocket-key"),
                Err(HandshakeRefusal::Key),
                "{wrong}"
            );
        }
        assert_eq!(
            check(Version::HTTP_10, &HeaderMap::new()),
            Err(HandshakeRefusal::NotAsked)
        );
    }

    #[test]
    fn a_handshake_with_a_body_is_refused() {
        assert!(with(&[("content-length", "0")], "").is_ok());
        for body in [("content-length", "5"), ("transfer-encoding", "chunked")] {
            assert_eq!(with(&[body], ""), Err(HandshakeRefusal::Body), "{body:?}");
        }
    }

    #[test]
    fn the_clients_first_known_subprotocol_is_chosen() {
        let chosen = |offer| {
            with(&[("sec-websocket-protocol", offer)], "")
                .expect("fine")
                .subprotocol
        };
        assert_eq!(chosen("x, jsonrpc, cleudocodebot.v1"), Some("jsonrpc"));
        assert_eq!(chosen("cleudocodebot.v1"), Some("cleudocodebot.v1"));
        assert_eq!(chosen("graphql-ws"), None);
    }
}
