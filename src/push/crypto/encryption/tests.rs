//! The numbers of RFC 8291, and what the other side reads.

use super::*;
use data_encoding::BASE64URL_NOPAD;

fn decoded(text: &str) -> Vec<u8> {
    BASE64URL_NOPAD.decode(text.as_bytes()).expect("base64url")
}

fn fixed<const N: usize>(text: &str) -> [u8; N] {
    decoded(text).try_into().expect("its length")
}

/// RFC 8291 §5 and appendix A.
const SENDER_PUBLIC: &str =
    "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8";
const RECEIVER_PUBLIC: &str =
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
const AUTH: &str = "BTBZMqHH6r4Tts7J_aSIgg";
const SALT_OF_RFC: &str = "DGv6ra1nlYgDCS1FRnbzlw";
const SHARED_SECRET: &str = "kyrL1jIIOHEzg3sM2ZWRHDRB62YACZhhSlknJ672kSs";
const KEY: &str = "oIhVW04MRdy2XN9CiKLxTg";
const NONCE: &str = "4h_95klXJ5E_qnoN";
const TEXT: &[u8] = b"When I grow up, I want to be a watermelon";
const BODY: &str = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN";

#[test]
fn the_example_of_the_rfc_comes_out_to_the_last_byte() {
    let receiver = Receiver {
        public: fixed(RECEIVER_PUBLIC),
        auth: fixed(AUTH),
    };
    let (public, salt, shared) = (
        decoded(SENDER_PUBLIC),
        fixed(SALT_OF_RFC),
        decoded(SHARED_SECRET),
    );
    let exchange = Exchange {
        receiver: &receiver,
        sender_public: &public,
        salt: &salt,
    };
    let keys = exchange.keys(&shared).expect("keys");
    let expected = ContentKeys {
        key: fixed(KEY),
        nonce: fixed(NONCE),
    };
    assert_eq!(keys, expected);
    let body = exchange.body(&shared, TEXT, 0).expect("a body");
    assert_eq!(BASE64URL_NOPAD.encode(&body), BODY);
}

/// A browser, for one push.
struct Browser {
    private: EphemeralPrivateKey,
    receiver: Receiver,
}

impl Browser {
    fn new() -> Self {
        let private = EphemeralPrivateKey::generate(&ECDH_P256, &SystemRandom::new());
        let private = private.expect("a key");
        let public = private.compute_public_key().expect("a point");
        let receiver = Receiver {
            public: public.as_ref().try_into().expect("a point"),
            auth: random::bytes(),
        };
        Self { private, receiver }
    }

    /// Reads a push as RFC 8188 §2 says.
    fn open(self, body: &[u8]) -> Vec<u8> {
        let salt: [u8; SALT] = body[..SALT].try_into().expect("a salt");
        let sender = &body[SALT + 5..SALT + 5 + POINT];
        let exchange = Exchange {
            receiver: &self.receiver,
            sender_public: sender,
            salt: &salt,
        };
        let theirs = UnparsedPublicKey::new(&ECDH_P256, sender);
        let keys = agree_ephemeral(self.private, &theirs, |shared| exchange.keys(shared));
        let ContentKeys { key, nonce } = keys.expect("agreed").expect("keys");
        let mut record = body[SALT + 5 + POINT..].to_vec();
        let opening = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key).expect("a key"));
        let nonce = Nonce::assume_unique_for_key(nonce);
        let text = opening.open_in_place(nonce, Aad::empty(), &mut record);
        let text = text.expect("whole");
        let end = text.iter().rposition(|byte| *byte != 0).expect("an end");
        assert_eq!(text[end], LAST_RECORD);
        text[..end].to_vec()
    }
}

#[test]
fn the_browser_reads_what_was_sealed_for_it_and_no_two_are_alike() {
    for length in [0, 1, 255, 256, MAX_PAYLOAD] {
        let (browser, text) = (Browser::new(), vec![b'x'; length]);
        let (one, other) = (
            seal(&text, &browser.receiver).expect("sealed"),
            seal(&text, &browser.receiver).expect("sealed"),
        );
        assert_ne!(one, other);
        assert!(one.len() <= 4096, "{}", one.len());
        assert_eq!(browser.open(&one), text);
    }
    assert!(seal(&vec![0; MAX_PAYLOAD + 1], &Browser::new().receiver).is_err());
}

#[test]
fn texts_of_about_the_same_length_look_the_same() {
    let receiver = Browser::new().receiver;
    let length = |text: &[u8]| seal(text, &receiver).expect("sealed").len();
    assert_eq!(length(b"sim"), length(&[b'x'; 200]));
    assert_ne!(length(b"sim"), length(&[b'x'; 300]));
}

#[test]
fn what_is_no_point_of_the_curve_is_refused() {
    let mut receiver = Browser::new().receiver;
    check_receiver(&receiver).expect("a point");
    receiver.public[64] ^= 1;
    assert!(check_receiver(&receiver).is_err());
    receiver.public = [0; POINT];
    assert!(check_receiver(&receiver).is_err());
}
