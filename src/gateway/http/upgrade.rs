//! The opening handshake of RFC 6455 §4.2, by hand: what a request must carry and what 101 answers.
//!
//! Pure: headers in, a decision out, and the answer to it. Host, origin and token are checked elsewhere.

use data_encoding::BASE64URL_NOPAD;
use hyper::{
    Response, StatusCode, Version,
    header::{
        CONNECTION, CONTENT_LENGTH, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT,
        SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, TRANSFER_ENCODING,
        UPGRADE,
    },
};

use super::{
    occurrence::Occurrence,
    respond::{HttpReply, ReplyBody, refuse},
};
use crate::protocol::{
    SUBPROTOCOL_JSONRPC, SUBPROTOCOL_TOKEN, SUBPROTOCOL_TRIPLE, dialect::Dialect,
};

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

/// What the headers of a request say of an opening handshake.
#[derive(Debug, Default)]
pub(super) struct Opening<'h> {
    /// `Upgrade` names `websocket`: the request asks for WebSocket.
    is_asked: bool,
    /// `Connection` names `upgrade`.
    has_connection: bool,
    /// It announces a body, be it one of no bytes in chunks.
    has_body: bool,
    version: Occurrence<'h>,
    key: Occurrence<'h>,
    /// The first subprotocol of the client's list that we know (§4.2.2: it lists them by preference).
    subprotocol: Option<&'static str>,
    /// What was offered as the token, in base64url.
    token: Option<&'h str>,
}

impl<'h> Opening<'h> {
    /// Takes in one header, of which there may be several of a name.
    pub(super) fn note(&mut self, name: &HeaderName, value: &'h HeaderValue) {
        if name == UPGRADE {
            self.is_asked |= has_token(value, "websocket");
        } else if name == CONNECTION {
            self.has_connection |= has_token(value, "Upgrade");
        } else if name == SEC_WEBSOCKET_KEY {
            self.key.note(value);
        } else if name == SEC_WEBSOCKET_VERSION {
            self.version.note(value);
        } else if name == SEC_WEBSOCKET_PROTOCOL {
            self.subprotocol = self.subprotocol.or_else(|| known_of(value));
            self.token = self.token.or_else(|| offered_token(value));
        } else if name == CONTENT_LENGTH {
            self.has_body |= value.as_bytes() != b"0";
        } else if name == TRANSFER_ENCODING {
            self.has_body = true;
        }
    }

    /// Whether the request asks for WebSocket at all.
    pub(super) fn is_asked(&self) -> bool {
        self.is_asked
    }

    /// The token that was offered among the subprotocols; what is no base64url is a wrong one.
    pub(super) fn token(&self) -> Option<String> {
        let decoded = BASE64URL_NOPAD.decode(self.token?.as_bytes());
        let text = decoded.ok().and_then(|bytes| String::from_utf8(bytes).ok());
        Some(text.unwrap_or_default())
    }

    /// Checks a GET request as §4.2.1 says.
    pub(super) fn check(&self, version: Version) -> Result<Handshake, HandshakeRefusal> {
        if !self.is_asked || !self.has_connection || version < Version::HTTP_11 {
            return Err(HandshakeRefusal::NotAsked);
        }
        if self.has_body {
            return Err(HandshakeRefusal::Body);
        }
        if self.version.only().is_none_or(|version| version != "13") {
            return Err(HandshakeRefusal::Version);
        }
        let key = self.key.only().map(HeaderValue::as_bytes);
        let key = key.filter(|key| is_key(key)).ok_or(HandshakeRefusal::Key)?;
        let dialect = if self.subprotocol == Some(SUBPROTOCOL_JSONRPC) {
            Dialect::JsonRpc
        } else {
            Dialect::Triple
        };
        Ok(Handshake {
            accept: tungstenite::handshake::derive_accept_key(key),
            subprotocol: self.subprotocol,
            dialect,
        })
    }
}

/// 101, as it was agreed.
pub(super) fn switching(accepted: Handshake) -> HttpReply {
    let mut reply = Response::new(ReplyBody::default());
    *reply.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = reply.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::try_from(accepted.accept) {
        headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    }
    if let Some(chosen) = accepted.subprotocol {
        headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(chosen));
    }
    reply
}

/// The answer to what is no opening handshake.
pub(super) fn upgrade_refused(refusal: HandshakeRefusal) -> HttpReply {
    let (status, text) = match refusal {
        HandshakeRefusal::NotAsked => (426, "this address speaks WebSocket; ask for the upgrade"),
        HandshakeRefusal::Version => (426, "WebSocket version 13 is the one spoken here"),
        HandshakeRefusal::Key => (
            400,
            "Sec-WebSocket-Key must be there once, with 16 bytes in base64",
        ),
        HandshakeRefusal::Body => (400, "a request for the upgrade has no body"),
    };
    let mut reply = refuse(status, "bad_upgrade", text);
    if status == 426 {
        let headers = reply.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    }
    reply
}

/// Looks for a token in a comma-separated list.
fn has_token(list: &HeaderValue, token: &str) -> bool {
    // Mostly the token is all there is, written as here.
    list == token || tokens(list).any(|one| one.eq_ignore_ascii_case(token))
}

fn tokens(list: &HeaderValue) -> impl Iterator<Item = &str> {
    list.to_str().unwrap_or_default().split(',').map(str::trim)
}

/// 16 bytes in base64: 22 digits, the last with four zero bits, and two equal signs.
fn is_key(key: &[u8]) -> bool {
    let is_digit = |b: &u8| b.is_ascii_alphanumeric() | matches!(b, b'+' | b'/');
    let Ok([digits @ .., last, b'=', b'=']) = <&[u8; 24]>::try_from(key) else {
        return false;
    };
    // All are looked at, so that they can be at once.
    let are_digits = digits.iter().fold(true, |all, b| all & is_digit(b));
    are_digits && matches!(last, b'A' | b'Q' | b'g' | b'w')
}

/// The first subprotocol of a list that we know.
fn known_of(list: &HeaderValue) -> Option<&'static str> {
    tokens(list).find_map(|offered| {
        [SUBPROTOCOL_TRIPLE, SUBPROTOCOL_JSONRPC]
            .into_iter()
            .find(|known| *known == offered)
    })
}

fn offered_token(list: &HeaderValue) -> Option<&str> {
    tokens(list).find_map(|offered| offered.strip_prefix(SUBPROTOCOL_TOKEN))
}

#[cfg(test)]
mod tests {
    use hyper::HeaderMap;

    use super::*;
    use crate::gateway::http::head::Head;

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
        Head::of(&headers(&lines)).opening.check(Version::HTTP_11)
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
            Opening::default().check(Version::HTTP_10),
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
