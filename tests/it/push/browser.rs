//! A browser's side of RFC 8291 and RFC 8292, written from the RFCs and not from the program.

use data_encoding::BASE64URL_NOPAD;
use ring::{
    aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    agreement::{self, ECDH_P256, EphemeralPrivateKey, agree_ephemeral},
    hmac,
    rand::{SecureRandom as _, SystemRandom},
    signature::{self, ECDSA_P256_SHA256_FIXED},
};
use serde_json::{Value, json};

use super::service::Pushed;

/// Where the sender's public key begins in a body, and where it ends (RFC 8188 §2.1).
const SENDER: std::ops::Range<usize> = 21..86;

/// A browser, for one push: `ring` uses a private key once.
pub(super) struct Browser {
    private: EphemeralPrivateKey,
    public: Vec<u8>,
    auth: [u8; 16],
}

impl Browser {
    pub(super) fn new() -> Self {
        let random = SystemRandom::new();
        let private = EphemeralPrivateKey::generate(&ECDH_P256, &random).expect("a key");
        let public = private.compute_public_key().expect("a point");
        let mut auth = [0; 16];
        random.fill(&mut auth).expect("filled");
        Self {
            public: public.as_ref().to_vec(),
            private,
            auth,
        }
    }

    /// As `PushSubscription.toJSON()` has them.
    pub(super) fn keys(&self) -> Value {
        json!({"p256dh": BASE64URL_NOPAD.encode(&self.public), "auth": BASE64URL_NOPAD.encode(&self.auth)})
    }

    /// Reads a push.
    pub(super) fn open(self, pushed: &Pushed) -> Value {
        let body = &pushed.body;
        assert_eq!(body[16..20], 4096_u32.to_be_bytes(), "the record size");
        assert_eq!(body[20], 65, "the length of the key id");
        let (salt, sender) = (&body[..16], &body[SENDER]);
        let theirs = agreement::UnparsedPublicKey::new(&ECDH_P256, sender);
        let (auth, public) = (self.auth, self.public);
        let input = agree_ephemeral(self.private, &theirs, |shared| {
            let info = [b"WebPush: info\0", &public[..], sender].concat();
            hkdf(&auth, shared, &info)
        });
        let input = input.expect("agreed");
        let key = hkdf(salt, &input, b"Content-Encoding: aes128gcm\0");
        let nonce = hkdf(salt, &input, b"Content-Encoding: nonce\0");
        let key = UnboundKey::new(&AES_128_GCM, &key[..16]).expect("a key");
        let nonce = Nonce::try_assume_unique_for_key(&nonce[..12]).expect("a nonce");
        let mut record = body[SENDER.end..].to_vec();
        let opened = LessSafeKey::new(key).open_in_place(nonce, Aad::empty(), &mut record);
        let text = opened.expect("whole");
        let end = text.iter().rposition(|byte| *byte != 0).expect("an end");
        assert_eq!(text[end], 2, "the mark of the last record");
        serde_json::from_slice(&text[..end]).expect("JSON")
    }
}

/// HKDF (RFC 5869) of one block.
fn hkdf(salt: &[u8], secret: &[u8], info: &[u8]) -> Vec<u8> {
    let sign = |key: &[u8], message: &[u8]| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        hmac::sign(&key, message).as_ref().to_vec()
    };
    sign(&sign(salt, secret), &[info, &[1]].concat())
}

/// The claims of the token that a push was sent with, once its signature holds for this public key.
pub(super) fn claims(pushed: &Pushed, public_key: &str) -> Value {
    let value = &pushed.headers["authorization"];
    let (token, key) = value
        .strip_prefix("vapid t=")
        .and_then(|rest| rest.split_once(",k="))
        .expect("the scheme vapid");
    assert_eq!(key, public_key);
    let decoded = |text: &str| BASE64URL_NOPAD.decode(text.as_bytes()).expect("base64url");
    let (signed, signature) = token.rsplit_once('.').expect("a signature");
    let key = signature::UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, decoded(key));
    let verified = key.verify(signed.as_bytes(), &decoded(signature));
    verified.expect("signed by it");
    let (_, claims) = signed.split_once('.').expect("two parts");
    serde_json::from_slice(&decoded(claims)).expect("JSON")
}
