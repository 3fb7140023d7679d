//! The file of the key pair: PKCS#8 as PEM (RFC 7468 §10), which other tools read too.

use std::{io, path::Path};

use data_encoding::BASE64;
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};

use crate::fs;

const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";

/// Digits a line (RFC 7468 §2).
const LINE: usize = 64;

/// The document of a key pair in a file, which is made where it is missing. What cannot be read is left alone: with another
/// key pair every device would have to subscribe anew. Blocks.
pub(super) fn read_or_make(path: &Path) -> Result<Vec<u8>, String> {
    match std::fs::read_to_string(path) {
        Ok(text) => document(&text).ok_or_else(|| unusable(path, "no private key in PEM")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let document = generate()?;
            let written = fs::write_atomic(path, pem(&document).as_bytes());
            written.map_err(|error| error.to_string())?;
            Ok(document)
        }
        Err(error) => Err(format!("cannot read {}: {error}", path.display())),
    }
}

/// What to do about a file whose key pair cannot be used.
pub(super) fn unusable(path: &Path, why: &str) -> String {
    format!(
        "{} is {why}; bring it back from a copy, or remove it and subscribe every device anew",
        path.display()
    )
}

/// A new key pair.
pub(super) fn generate() -> Result<Vec<u8>, String> {
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let document = EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new());
    let document = document.map_err(|_| "the system made no key pair".to_owned())?;
    Ok(document.as_ref().to_vec())
}

fn pem(document: &[u8]) -> String {
    let digits = BASE64.encode(document);
    let mut text = format!("{BEGIN}\n");
    let mut rest = digits.as_str();
    while !rest.is_empty() {
        let (line, behind) = rest.split_at(rest.len().min(LINE));
        text.push_str(line);
        text.push('\n');
        rest = behind;
    }
    text.push_str(END);
    text.push('\n');
    text
}

fn document(pem: &str) -> Option<Vec<u8>> {
    let (_, behind) = pem.split_once(BEGIN)?;
    let (digits, _) = behind.split_once(END)?;
    let digits: String = digits.split_whitespace().collect();
    BASE64.decode(digits.as_bytes()).ok()
}
