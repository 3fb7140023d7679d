//! The token of a key: `cdb_`, 256 random bits in base 58, and a checksum, so that one that was mistyped is told
//! from one that is no longer good.

use sha2::{Digest as _, Sha256};

use super::base58;
use crate::random;

/// What all of them begin with, by which scanners of secrets and people know one.
const PREFIX: &str = "cdb_";

/// Digits of the 256 random bits.
const SECRET_DIGITS: usize = 44;

/// Digits of the checksum, which are 32 bits.
const CHECK_DIGITS: usize = 6;

/// Why a text is no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenFault {
    /// It does not look like one.
    NotOurs,
    /// A digit is wrong, missing or too many.
    Mistyped,
    /// It may have been one once: revoked, expired, or of another gateway.
    Unknown,
}

/// Whether a text looks like the token of a key, mistyped or not.
pub fn is_key_token(text: &str) -> bool {
    text.starts_with(PREFIX)
}

/// A new token.
pub(super) fn generate() -> String {
    let secret = base58::encode(&random::bytes::<32>(), SECRET_DIGITS);
    let check = checksum(&secret);
    format!("{PREFIX}{secret}{check}")
}

/// The SHA-256 of a token whose checksum is right.
pub(super) fn hash(token: &str) -> Result<[u8; 32], TokenFault> {
    let digits = token.strip_prefix(PREFIX).ok_or(TokenFault::NotOurs)?;
    if digits.len() != SECRET_DIGITS + CHECK_DIGITS || !base58::is_base58(digits) {
        return Err(TokenFault::Mistyped);
    }
    let (secret, check) = digits.split_at(SECRET_DIGITS);
    if checksum(secret) != check {
        return Err(TokenFault::Mistyped);
    }
    Ok(Sha256::digest(token).into())
}

fn checksum(secret: &str) -> String {
    let hash = Sha256::digest(secret);
    base58::encode(&hash[..4], CHECK_DIGITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_token_is_told_from_an_unknown_one() {
        let token = generate();
        assert_eq!(token.len(), PREFIX.len() + SECRET_DIGITS + CHECK_DIGITS);
        assert!(hash(&token).is_ok() && hash(&token) == hash(&token));
        assert_ne!(token, generate());
        for at in PREFIX.len()..token.len() {
            let digit = if token.as_bytes()[at] == b'2' {
                "3"
            } else {
                "2"
            };
            let mut wrong = token.clone();
            wrong.replace_range(at..=at, digit);
            assert_eq!(hash(&wrong), Err(TokenFault::Mistyped), "{at}");
        }
        assert_eq!(hash(&token[..token.len() - 1]), Err(TokenFault::Mistyped));
        assert_eq!(hash(&format!("{token}1")), Err(TokenFault::Mistyped));
        assert_eq!(hash("cdb_é"), Err(TokenFault::Mistyped));
        assert_eq!(hash("secret"), Err(TokenFault::NotOurs));
    }
}
