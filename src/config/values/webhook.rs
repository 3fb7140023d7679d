//! Where a webhook posts to, and the secret it signs with.

use std::fmt;

use data_encoding::BASE64;

use super::{base_url::BaseUrl, expected::Expected};
use crate::percent;

/// Longest address.
const MAX_URL: usize = 2048;

/// What a secret begins with (Standard Webhooks, "Signature scheme").
const PREFIX: &str = "whsec_";

/// Bytes that a secret has: 192 to 512 bits (Standard Webhooks, "Symmetric").
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// A secret of so few different bytes was not drawn at random.
const LEAST_DISTINCT: usize = 8;

/// An http or https address, which may have a user, a password and a query. Those and the path may be secret.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookUrl {
    base: BaseUrl,
    target: String,
    credentials: Option<String>,
}

impl WebhookUrl {
    /// Takes an address apart; the error says what was expected.
    pub fn parse(text: &str) -> Result<Self, Expected> {
        let expected = || "an http or https address, such as https://example.com/hook".to_owned();
        let is_plain = text.len() <= MAX_URL && text.bytes().all(|byte| byte.is_ascii_graphic());
        let (scheme, rest) = text.split_once("://").ok_or_else(expected)?;
        if !is_plain || rest.contains(['#', '\\']) {
            return Err(expected());
        }
        let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        let scheme = scheme.to_ascii_lowercase();
        let base = BaseUrl::parse(&format!("{scheme}://{host}")).map_err(|_| expected())?;
        let target = if target.starts_with('/') {
            target.to_owned()
        } else {
            format!("/{target}")
        };
        let credentials = user.map(|user| BASE64.encode(&percent::decode(user, b'%')));
        Ok(Self {
            base,
            target,
            credentials,
        })
    }

    /// Scheme, host and port.
    pub fn base(&self) -> &BaseUrl {
        &self.base
    }

    /// Path and query.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The value of the header `Authorization` for a user in the address.
    pub fn authorization(&self) -> Option<String> {
        let credentials = self.credentials.as_ref()?;
        Some(format!("Basic {credentials}"))
    }

    /// What may be shown to those who run the gateway: without user and query.
    pub fn shown(&self) -> String {
        let path = self.target.split('?').next().unwrap_or_default();
        format!("{}{path}", self.base.url())
    }
}

impl fmt::Debug for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.base.authority())
    }
}

/// The key of the signatures.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret(Vec<u8>);

impl WebhookSecret {
    /// Reads `whsec_BASE64`; the error says what was expected, and never the secret.
    pub fn parse(text: &str) -> Result<Self, Expected> {
        let expected = |what: &str| format!("whsec_ and base64 of 24 to 64 random bytes; {what}");
        let coded = text.trim().strip_prefix(PREFIX);
        let coded = coded.ok_or_else(|| expected("it does not begin with whsec_"))?;
        let bytes = BASE64.decode(coded.as_bytes());
        let bytes = bytes.map_err(|_| expected("what follows is not base64"))?;
        if !SECRET_BYTES.contains(&bytes.len()) {
            return Err(expected(&format!("this one has {} bytes", bytes.len())));
        }
        let mut distinct = bytes.clone();
        distinct.sort_unstable();
        distinct.dedup();
        if distinct.len() < LEAST_DISTINCT {
            return Err(expected("this one is guessed easily"));
        }
        Ok(Self(bytes))
    }

    /// The text of one that is made of these bytes.
    pub fn text_of(bytes: &[u8]) -> String {
        format!("{PREFIX}{}", BASE64.encode(bytes))
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_have_a_user_and_a_query_and_shows_neither() {
        let url =
            WebhookUrl::parse("HTTP://ana:p%40ss@box.lan:5678/webhook/x?key=1").expect("fine");
        assert_eq!(url.target(), "/webhook/x?key=1");
        assert_eq!(url.authorization().as_deref(), Some("Basic YW5hOnBAc3M="));
        assert_eq!(url.shown(), "http://box.lan:5678/webhook/x");
        assert_eq!(format!("{url:?}"), "box.lan:5678");
        let bare = WebhookUrl::parse("https://a.example?b").expect("fine");
        assert_eq!((bare.target(), bare.authorization()), ("/?b", None));
        for wrong in [
            "",
            "a.example",
            "ftp://a/b",
            "https://",
            "http://a/b#c",
            "http://a/ b",
            "file:///x",
        ] {
            assert!(WebhookUrl::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_secret_is_long_random_and_base64() {
        // The secret of the example in the specification.
        let secret = WebhookSecret::parse("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD").expect("fine");
        assert_eq!(secret.bytes().len(), 24);
        assert_eq!(format!("{secret:?}"), "…");
        let text = WebhookSecret::text_of(secret.bytes());
        assert_eq!(WebhookSecret::parse(&text), Ok(secret));
        let weak = WebhookSecret::text_of(&[7; 32]);
        let short = WebhookSecret::text_of(b"0123456789abcdef");
        for (wrong, why) in [
            ("secret", "whsec_"),
            ("whsec_!!!", "not base64"),
            (short.as_str(), "16 bytes"),
            (weak.as_str(), "guessed easily"),
        ] {
            let told = WebhookSecret::parse(wrong).expect_err("refused");
            assert!(told.contains(why), "{told}");
        }
    }
}
