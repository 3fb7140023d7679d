//! Encryption of a push for one browser: RFC 8291 on the content coding `aes128gcm` of RFC 8188, in one record.
//!
//! Pure but for [`seal`], which takes the salt and the key pair of one push from the system.

use ring::{
    aead::{AES_128_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    agreement::{ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral},
    error::Unspecified,
    hkdf::{HKDF_SHA256, KeyType, Prk, Salt},
    rand::SystemRandom,
};

use crate::{
    push::{payload::MAX_PAYLOAD, subscription::Receiver},
    random,
};

/// An uncompressed point of P-256 (SEC 1 §2.3.3).
const POINT: usize = 65;

/// Bytes of the salt (RFC 8188 §2.1).
const SALT: usize = 16;

/// Bytes of the key of AES-128.
const CONTENT_KEY: usize = 16;

/// The record size that the header names. All is in one record, which is smaller (RFC 8291 §4).
const RECORD_SIZE: u32 = 4096;

/// What ends the text of the last record (RFC 8188 §2).
const LAST_RECORD: u8 = 2;

/// Texts are padded to multiples of this, so that their length tells little of what was said.
const PADDED_TO: usize = 256;

/// A length that HKDF is asked for.
struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// The keys of one push.
#[derive(Debug, PartialEq, Eq)]
struct ContentKeys {
    key: [u8; CONTENT_KEY],
    nonce: [u8; NONCE_LEN],
}

/// Who has which public key, and the salt: what besides the shared secret the keys of one push depend on.
#[derive(Debug, Clone, Copy)]
struct Exchange<'a> {
    receiver: &'a Receiver,
    sender_public: &'a [u8],
    salt: &'a [u8; SALT],
}

impl Exchange<'_> {
    /// RFC 8291 §3.4: the receiver's secret authenticates, the salt makes each push another.
    fn keys(&self, shared_secret: &[u8]) -> Result<ContentKeys, Unspecified> {
        let combining = Salt::new(HKDF_SHA256, &self.receiver.auth).extract(shared_secret);
        let info = [
            b"WebPush: info\0",
            &self.receiver.public[..],
            self.sender_public,
        ];
        let input: [u8; 32] = expanded(&combining, &info)?;
        let content = Salt::new(HKDF_SHA256, self.salt).extract(&input);
        Ok(ContentKeys {
            key: expanded(&content, &[b"Content-Encoding: aes128gcm\0"])?,
            nonce: expanded(&content, &[b"Content-Encoding: nonce\0"])?,
        })
    }

    /// The body of a push: the header of RFC 8188 §2.1 with the sender's public key as its key id, and one
    /// record.
    fn body(
        &self,
        shared_secret: &[u8],
        text: &[u8],
        padded: usize,
    ) -> Result<Vec<u8>, Unspecified> {
        let ContentKeys { key, nonce } = self.keys(shared_secret)?;
        let mut record = text.to_vec();
        record.push(LAST_RECORD);
        record.resize(record.len().max(padded), 0);
        // The key is used once, so its first nonce is as good as any.
        let sealing = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key)?);
        let nonce = Nonce::assume_unique_for_key(nonce);
        sealing.seal_in_place_append_tag(nonce, Aad::empty(), &mut record)?;
        let mut body = Vec::with_capacity(SALT + 5 + POINT + record.len());
        body.extend_from_slice(self.salt);
        body.extend_from_slice(&RECORD_SIZE.to_be_bytes());
        body.push(u8::try_from(self.sender_public.len()).map_err(|_| Unspecified)?);
        body.extend_from_slice(self.sender_public);
        body.append(&mut record);
        Ok(body)
    }
}

fn expanded<const N: usize>(from: &Prk, info: &[&[u8]]) -> Result<[u8; N], Unspecified> {
    let mut out = [0; N];
    from.expand(info, Length(N))?.fill(&mut out)?;
    Ok(out)
}

/// Encrypts a text for a browser. Fails where that gave no point of the curve.
pub fn seal(text: &[u8], receiver: &Receiver) -> Result<Vec<u8>, String> {
    if text.len() > MAX_PAYLOAD {
        return Err(format!("a push has at most {MAX_PAYLOAD} bytes"));
    }
    let padded = (text.len() + 1).next_multiple_of(PADDED_TO);
    let sealed = || {
        let ours = EphemeralPrivateKey::generate(&ECDH_P256, &SystemRandom::new())?;
        let public = ours.compute_public_key()?;
        let theirs = UnparsedPublicKey::new(&ECDH_P256, receiver.public);
        let exchange = Exchange {
            receiver,
            sender_public: public.as_ref(),
            salt: &random::bytes(),
        };
        agree_ephemeral(ours, &theirs, |shared| exchange.body(shared, text, padded))?
    };
    sealed().map_err(|Unspecified| "p256dh is no point of P-256".to_owned())
}

/// Fails where nothing can be encrypted for this browser.
pub fn check_receiver(receiver: &Receiver) -> Result<(), String> {
    seal(&[], receiver).map(drop)
}

#[cfg(test)]
mod tests;
