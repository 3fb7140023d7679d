//! What proves a post: a secret in its address, or a signature of its body.

use super::super::settings::SECRET;
use crate::{
    constant_time,
    integrations::{Hook, HookReply, HookSender, support::hmac},
    random::hex,
};

/// How a server signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    Sha256,
    Sha512,
}

impl Algorithm {
    fn code(self, secret: &str, body: &[u8]) -> String {
        match self {
            Self::Sha256 => hex(&hmac::hmac(secret.as_bytes(), body)),
            Self::Sha512 => hex(&hmac::hmac_sha512(secret.as_bytes(), body)),
        }
    }
}

/// A header with a signature of the body, as hexadecimal digits behind a prefix.
#[derive(Debug, Clone, Copy)]
pub(super) struct Signature {
    pub header: &'static str,
    pub prefix: &'static str,
    pub algorithm: Algorithm,
}

impl Signature {
    /// Whether a post can be of who should sign it, before its body is there.
    pub(super) fn examine(&self, hook: &Hook) -> Result<HookSender, HookReply> {
        if hook.is_get || hook.header(self.header).is_none() {
            return Err(self.refusal());
        }
        Ok(HookSender::Unproven)
    }

    /// Checks the signature of the whole body.
    pub(super) fn check(&self, hook: &Hook, secret: &str) -> Result<(), HookReply> {
        let given = hook.header(self.header).unwrap_or_default();
        let given = given.strip_prefix(self.prefix).unwrap_or_default();
        let code = self.algorithm.code(secret, &hook.body);
        let is_right = constant_time::equal(given.to_ascii_lowercase().as_bytes(), code.as_bytes());
        if is_right {
            Ok(())
        } else {
            Err(self.refusal())
        }
    }

    fn refusal(&self) -> HookReply {
        HookReply::forbidden(&format!("the signature in {} is wrong", self.header))
    }
}

/// Our webhook with the secret in its address, for servers that sign nothing.
pub(super) fn with_secret(url: &str, secret: &str) -> String {
    let sign = if url.contains('?') { '&' } else { '?' };
    format!("{url}{sign}{SECRET}={secret}")
}

/// Whether the secret is in the address of a post.
pub(super) fn knows_secret(hook: &Hook, secret: &str) -> bool {
    let given = hook.parameter(SECRET).unwrap_or_default();
    !hook.is_get && constant_time::equal(given.as_bytes(), secret.as_bytes())
}

#[cfg(test)]
mod tests {
    use hyper::HeaderMap;

    use super::*;

    fn hook(header: &'static str, value: &str) -> Hook {
        let mut headers = HeaderMap::new();
        headers.insert(header, value.parse().expect("a value"));
        Hook {
            is_get: false,
            query: String::new(),
            headers,
            body: br#"{"event":"message","session":"default","engine":"WEBJS"}"#.to_vec(),
        }
    }

    /// The example of <https://waha.devlike.pro/docs/how-to/events/#hmac-authentication>.
    #[test]
    fn a_signature_is_that_of_the_body_under_the_secret() {
        let signature = Signature {
            header: "x-webhook-hmac",
            prefix: "",
            algorithm: Algorithm::Sha512,
        };
        let right = "208f8a55dde9e05519e898b10b89bf0d0b3b0fdf11fdbf09b6b90476301b98d8097c462b2b17a6ce93b6b47a136cf2e78a33a63f6752c2c1631777076153fa89";
        let hook_of = |value: &str| hook("x-webhook-hmac", value);
        assert_eq!(signature.check(&hook_of(right), "my-secret-key"), Ok(()));
        assert!(signature.check(&hook_of(right), "another").is_err());
        assert!(signature.check(&hook_of("00"), "my-secret-key").is_err());
        assert!(signature.examine(&hook("x-other", "1")).is_err());
    }

    #[test]
    fn a_secret_in_an_address_is_found_again() {
        let mut posted = hook("x", "1");
        let url = with_secret("http://127.0.0.1:1/webhooks/whatsapp", "s3");
        posted.query = url.split('?').nth(1).expect("a query").to_owned();
        assert!(knows_secret(&posted, "s3") && !knows_secret(&posted, "s4"));
        assert!(with_secret("http://a/?b=c", "d").ends_with("?b=c&secret=d"));
    }
}
