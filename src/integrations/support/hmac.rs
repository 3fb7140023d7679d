//! HMAC with SHA-256 and SHA-512 (RFC 2104), for the signatures of webhooks.
//!
//! Built on `sha2` instead of the crate `hmac`, which would add three crates for these few lines.

use sha2::{Digest as _, Sha256, Sha512};

/// The block size of SHA-256, in bytes.
const BLOCK: usize = 64;

/// SHA-256 of these pieces, concatenated.
fn sha256(pieces: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for piece in pieces {
        hash.update(piece);
    }
    hash.finalize().into()
}

/// The authentication code of a message under a key.
pub fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut padded = [0; BLOCK];
    if key.len() > BLOCK {
        padded[..32].copy_from_slice(&sha256(&[key]));
    } else {
        padded[..key.len()].copy_from_slice(key);
    }
    let inner = sha256(&[&padded.map(|byte| byte ^ 0x36), message]);
    sha256(&[&padded.map(|byte| byte ^ 0x5c), &inner])
}

/// The block size of SHA-512, in bytes.
const WIDE_BLOCK: usize = 128;

/// SHA-512 of these pieces, concatenated.
fn sha512(pieces: &[&[u8]]) -> [u8; 64] {
    let mut hash = Sha512::new();
    for piece in pieces {
        hash.update(piece);
    }
    hash.finalize().into()
}

/// The authentication code of a message under a key, with SHA-512.
pub fn hmac_sha512(key: &[u8], message: &[u8]) -> [u8; 64] {
    let mut padded = [0; WIDE_BLOCK];
    if key.len() > WIDE_BLOCK {
        padded[..64].copy_from_slice(&sha512(&[key]));
    } else {
        padded[..key.len()].copy_from_slice(key);
    }
    let inner = sha512(&[&padded.map(|byte| byte ^ 0x36), message]);
    sha512(&[&padded.map(|byte| byte ^ 0x5c), &inner])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::hex;

    #[test]
    fn known_wide_codes() {
        // RFC 4231, test cases 2 and 6.
        for (key, text, code) in [
            (
                &b"Jefe"[..],
                "what do ya want for nothing?",
                "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
            ),
            (
                &[0xaa; 131],
                "Test Using Larger Than Block-Size Key - Hash Key First",
                "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598",
            ),
        ] {
            assert_eq!(hex(&hmac_sha512(key, text.as_bytes())), code);
        }
    }

    #[test]
    fn known_hashes() {
        for (text, hash) in [
            (
                "",
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            ),
            (
                "abc",
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            ),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
            ),
        ] {
            assert_eq!(hex(&sha256(&[text.as_bytes()])), hash);
        }
        let million = "a".repeat(1_000_000);
        let hash = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";
        assert_eq!(hex(&sha256(&[million.as_bytes()])), hash);
    }

    #[test]
    fn known_codes() {
        // RFC 4231, test cases 1, 2 and 6.
        let long = [0xaa; 131];
        for (key, text, code) in [
            (
                &[0x0b; 20][..],
                "Hi There",
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            ),
            (
                b"Jefe",
                "what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                &long,
                "Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ] {
            assert_eq!(hex(&hmac(key, text.as_bytes())), code);
        }
    }
}
