//! The key pair by which push services know this gateway, and what it signs (RFC 8292).

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use data_encoding::BASE64URL_NOPAD;
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use serde_json::json;
use tokio::sync::OnceCell;

use super::key_file;
use crate::panics::run_blocking;

/// The file of the key pair in the home folder.
const FILE: &str = "push.key";

/// How long a token is good, in seconds. A day is the most that services take (RFC 8292 §2); half of that leaves
/// room for a clock that is hours off.
const TOKEN_LIFE_S: u64 = 12 * 3600;

/// The key pair of this gateway.
pub struct VapidKey {
    pair: EcdsaKeyPair,
    public: String,
}

impl fmt::Debug for VapidKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VapidKey({})", self.public)
    }
}

impl VapidKey {
    /// Reads a PKCS#8 document (RFC 5958); the error says what is wrong with it.
    pub(super) fn of_pkcs8(document: &[u8]) -> Result<Self, String> {
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, document, &SystemRandom::new());
        let pair = pair.map_err(|error| format!("no key pair of P-256 in PKCS#8: {error}"))?;
        let public = BASE64URL_NOPAD.encode(pair.public_key().as_ref());
        Ok(Self { pair, public })
    }

    /// The public half as the Push API's `applicationServerKey` takes it: an uncompressed point in base64url.
    pub fn public(&self) -> &str {
        &self.public
    }

    /// The value of the header `Authorization` for the push service of this origin (RFC 8292 §3): a JWT (RFC
    /// 7519) signed by ES256 (RFC 7518 §3.4), and the public key.
    pub fn authorization(
        &self,
        origin: &str,
        contact: &str,
        now_ms: u64,
    ) -> Result<String, String> {
        let header = json!({"typ": "JWT", "alg": "ES256"});
        let end = now_ms / 1000 + TOKEN_LIFE_S;
        let claims = json!({"aud": origin, "exp": end, "sub": contact});
        let part = |json: serde_json::Value| BASE64URL_NOPAD.encode(json.to_string().as_bytes());
        let signed = format!("{}.{}", part(header), part(claims));
        let signature = self.pair.sign(&SystemRandom::new(), signed.as_bytes());
        let signature = signature.map_err(|_| "the push key cannot sign".to_owned())?;
        let signature = BASE64URL_NOPAD.encode(signature.as_ref());
        Ok(format!("vapid t={signed}.{signature},k={}", self.public))
    }
}

/// The key pair in the home folder, made and read on first use.
#[derive(Debug)]
pub struct VapidKeys {
    path: PathBuf,
    key: OnceCell<Arc<VapidKey>>,
}

impl VapidKeys {
    /// Keys in this folder. Touches nothing.
    pub fn new(home: &Path) -> Self {
        Self {
            path: home.join(FILE),
            key: OnceCell::new(),
        }
    }

    /// The key pair; the error says which file cannot be used and what to do.
    pub async fn get(&self) -> Result<Arc<VapidKey>, String> {
        let made = self.key.get_or_try_init(|| async {
            let path = self.path.clone();
            let made = run_blocking(move || {
                let document = key_file::read_or_make(&path)?;
                let key = VapidKey::of_pkcs8(&document);
                key.map_err(|why| key_file::unusable(&path, &why))
            });
            let made = made.await;
            made.unwrap_or_else(Err).map(Arc::new)
        });
        made.await.cloned()
    }
}

#[cfg(test)]
mod tests {
    use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
    use serde_json::Value;

    use super::*;
    use crate::{fs, random};

    #[tokio::test]
    async fn the_key_is_made_once_and_only_its_owner_reads_it() {
        let name = format!("cleudocodebot-vapid-{}", random::hex(&random::bytes::<6>()));
        let home = std::env::temp_dir().join(name);
        fs::create_private_dir(&home).expect("a folder");
        let file = home.join(FILE);
        let keys = VapidKeys::new(&home);
        assert!(!file.exists(), "nobody asked");
        let (one, other) = tokio::join!(keys.get(), keys.get());
        let public = one.expect("a key").public().to_owned();
        assert_eq!(other.expect("the same").public(), public);
        assert_eq!(fs::foreign_permissions(&file).expect("its mode"), None);
        let again = VapidKeys::new(&home).get().await.expect("read back");
        assert_eq!(again.public(), public);
        std::fs::write(&file, "no key").expect("written");
        let error = VapidKeys::new(&home).get().await.expect_err("damaged");
        assert!(
            error.contains(FILE) && error.contains("remove it"),
            "{error}"
        );
        assert_eq!(std::fs::read(&file).expect("left alone"), b"no key");
        std::fs::remove_dir_all(&home).expect("removed");
    }

    #[test]
    fn a_token_names_the_service_and_is_signed_by_the_key() {
        let document = key_file::generate().expect("a key");
        let key = VapidKey::of_pkcs8(&document).expect("a key");
        let value = key.authorization("https://push.example", "mailto:a@b.example", 5_000);
        let value = value.expect("a token");
        let value = value.strip_prefix("vapid t=").expect("the scheme");
        let (token, public) = value.split_once(",k=").expect("two parts");
        assert_eq!(public, key.public());
        let (signed, signature) = token.rsplit_once('.').expect("a signature");
        let decoded = |text: &str| BASE64URL_NOPAD.decode(text.as_bytes()).expect("base64url");
        let claims = decoded(signed.split_once('.').expect("two parts").1);
        let claims: Value = serde_json::from_slice(&claims).expect("JSON");
        let expected = json!({"aud": "https://push.example", "exp": 5 + 12 * 3600,
            "sub": "mailto:a@b.example"});
        assert_eq!(claims, expected);
        let verifying = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, decoded(public));
        let verified = verifying.verify(signed.as_bytes(), &decoded(signature));
        verified.expect("signed by it");
    }
}
