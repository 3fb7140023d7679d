//! Whether a program is the one that was meant: by its hash, or by a signature of the key in the settings.

use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};

use super::source::{Source, fetch_small};
use crate::{
    error::{Error, Result},
    service::update::sha256,
};

/// What shows that a program is genuine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Proof {
    /// Its SHA-256 in lower case.
    pub(super) sha256: Option<String>,
    /// Where its signature is.
    pub(super) signature: Option<Source>,
}

/// A hash as it was typed, in lower case.
pub(super) fn hash(text: &str) -> Result<String> {
    let text = text.trim().to_ascii_lowercase();
    let is_hash = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hash {
        return Ok(text);
    }
    Err(Error::Usage(
        "--sha256 takes 64 hexadecimal digits, as sha256sum prints them".to_owned(),
    ))
}

/// Fails unless the program is the one that was meant. `key` is the public key of the settings.
pub(super) async fn check(
    program: &[u8],
    place: &Source,
    proof: &Proof,
    key: Option<&str>,
) -> Result<()> {
    if let Some(wanted) = &proof.sha256 {
        let found = sha256(program);
        if found != *wanted {
            return Err(Error::Failed(format!(
                "the new program is not the one that was meant: its SHA-256 is {found}, not {wanted}; nothing was changed"
            )));
        }
    }
    match (&proof.signature, key) {
        (Some(signature), Some(key)) => {
            let signature = bytes(&fetch_small(signature).await?, 64).ok_or_else(|| {
                Error::Failed("the signature has neither 64 bytes nor base64 of them".to_owned())
            })?;
            let key = bytes(key.as_bytes(), 32).ok_or_else(|| {
                Error::Config(
                    "UPDATE_SIGNER is no Ed25519 key: 32 bytes in base64 or hexadecimal".to_owned(),
                )
            })?;
            verify(&key, program, &signature)
        }
        (Some(_), None) => Err(Error::Config(
            "a signature needs the key of whoever signed: set UPDATE_SIGNER".to_owned(),
        )),
        (None, _) if proof.sha256.is_none() && place.is_remote() => Err(Error::Usage(
            "a program from a URL is run only with --sha256 or --signature".to_owned(),
        )),
        (None, _) => Ok(()),
    }
}

/// So many bytes: as they are, in base64 or in hexadecimal.
fn bytes(given: &[u8], count: usize) -> Option<Vec<u8>> {
    if given.len() == count {
        return Some(given.to_vec());
    }
    let text = given.trim_ascii();
    let decoded = [BASE64.decode(text), HEXLOWER_PERMISSIVE.decode(text)];
    decoded
        .into_iter()
        .flatten()
        .find(|bytes| bytes.len() == count)
}

/// Ed25519 (RFC 8032).
#[cfg(feature = "tls")]
fn verify(key: &[u8], program: &[u8], signature: &[u8]) -> Result<()> {
    use ring::signature::{ED25519, UnparsedPublicKey};
    let key = UnparsedPublicKey::new(&ED25519, key);
    key.verify(program, signature).map_err(|_| {
        Error::Failed(
            "the signature is not that of this program by UPDATE_SIGNER; nothing was changed"
                .to_owned(),
        )
    })
}

#[cfg(not(feature = "tls"))]
fn verify(_key: &[u8], _program: &[u8], _signature: &[u8]) -> Result<()> {
    Err(Error::Failed(
        "signatures need cryptography, and this program was built without the feature tls; use --sha256"
            .to_owned(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::runtime::block_on;

    fn checked(proof: &Proof, place: &str, key: Option<&str>) -> Result<()> {
        block_on(check(b"abc", &Source::of(place), proof, key))
    }

    /// SHA-256 of "abc" (FIPS 180-4).
    const OF_ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn a_program_of_another_hash_is_refused_and_one_from_a_url_without_any() {
        let proof = |hash: &str| Proof {
            sha256: Some(self::hash(hash).expect("a hash")),
            signature: None,
        };
        checked(&proof(&OF_ABC.to_uppercase()), "https://a/b", None).expect("the one");
        let wrong = checked(&proof(&"0".repeat(64)), "/a", None).expect_err("another");
        assert!(wrong.to_string().contains(OF_ABC), "{wrong}");
        checked(&Proof::default(), "/a", None).expect("a file of one's own");
        checked(&Proof::default(), "https://a/b", None).expect_err("anybody's");
        self::hash("abc").expect_err("no hash");
    }

    #[cfg(feature = "tls")]
    #[test]
    fn a_signature_counts_if_it_is_of_this_program_by_this_key() {
        use ring::signature::{Ed25519KeyPair, KeyPair as _};
        let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("a pair");
        let scratch = crate::fs::scratch::Scratch::new();
        let folder = scratch.path();
        let (good, other) = (folder.join("good.sig"), folder.join("other.sig"));
        std::fs::write(&good, BASE64.encode(pair.sign(b"abc").as_ref())).expect("written");
        std::fs::write(&other, pair.sign(b"abd").as_ref()).expect("written");
        let key = BASE64.encode(pair.public_key().as_ref());
        let signed = |path: &std::path::Path, key: Option<&str>| {
            let signature = Some(Source::of(&path.display().to_string()));
            checked(
                &Proof {
                    sha256: None,
                    signature,
                },
                "https://a/b",
                key,
            )
        };
        signed(&good, Some(&key)).expect("genuine");
        signed(&other, Some(&key)).expect_err("of another program");
        signed(&good, Some(&BASE64.encode(&[1; 32]))).expect_err("by another key");
        signed(&good, None).expect_err("by nobody's key");
    }
}
