//! What a list of versions offers for this platform.
//!
//! The list is JSON: `{"version": "1.2.0", "files": {"linux-x86_64": {"url": "https://…", "sha256": "…",
//! "signature": "https://…"}}}`, the platforms as `cleudocodebot version` names them.

use serde_json::Value;

use super::{
    genuine::{self, Proof},
    source::{Source, fetch_small, parted},
};
use crate::error::{Error, Result};

/// A version that a list offers for this platform.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Offer {
    pub(super) version: String,
    pub(super) place: Source,
    pub(super) proof: Proof,
}

impl Offer {
    /// Whether it is newer than this program.
    pub(super) fn is_newer(&self) -> bool {
        numbers(&self.version) > numbers(env!("CARGO_PKG_VERSION"))
    }

    fn of(list: &Value) -> Result<Self> {
        let platform = format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH);
        let version = list["version"].as_str().unwrap_or_default().to_owned();
        if numbers(&version).is_empty() {
            return Err(Error::Failed(
                "the list at UPDATE_URL names no version".to_owned(),
            ));
        }
        let file = &list["files"][&platform];
        let text = |name: &str| file[name].as_str();
        let url = text("url").ok_or_else(|| {
            Error::Failed(format!(
                "the list at UPDATE_URL has version {version}, and no program for {platform}"
            ))
        })?;
        let wrong =
            |_| Error::Failed("the list at UPDATE_URL has a sha256 that is none".to_owned());
        let proof = Proof {
            sha256: text("sha256")
                .map(genuine::hash)
                .transpose()
                .map_err(wrong)?,
            signature: text("signature").map(Source::of),
        };
        match Source::of(url) {
            place @ Source::Url(_) => Ok(Self {
                version,
                place,
                proof,
            }),
            Source::File(_) => Err(Error::Failed(
                "the list at UPDATE_URL names a file, and no URL".to_owned(),
            )),
        }
    }
}

/// The numbers of a version; none if it is none.
fn numbers(version: &str) -> Vec<u64> {
    let plain = version.split(['-', '+']).next().unwrap_or_default();
    let numbers: Option<Vec<u64>> = plain.split('.').map(|part| part.parse().ok()).collect();
    numbers.unwrap_or_default()
}

/// What the list at this address offers. Who changes a list on its way chooses the program: so only with TLS,
/// or from this machine.
pub(super) async fn offered(url: &str) -> Result<Offer> {
    let source = Source::of(url);
    let (base, _) = parted(url)?;
    let is_here = matches!(base.host(), "127.0.0.1" | "localhost" | "::1");
    if !base.is_https() && !is_here {
        return Err(Error::Config(
            "UPDATE_URL has to begin with https://".to_owned(),
        ));
    }
    let list = fetch_small(&source).await?;
    let list: Value = serde_json::from_slice(&list)
        .map_err(|_| Error::Failed("what is at UPDATE_URL is not JSON".to_owned()))?;
    Offer::of(&list)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn versions_are_compared_by_their_numbers() {
        assert!(numbers("0.10.0") > numbers("0.9.9") && numbers("1.0") > numbers("0.99.1"));
        assert_eq!(numbers("1.2.0-rc1"), numbers("1.2.0"));
        assert_eq!(numbers("soon"), [0; 0]);
    }

    #[test]
    fn a_list_offers_a_program_of_this_platform_or_says_what_is_wrong() {
        let platform = format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH);
        let file = json!({"url": "https://a.example/b?c", "sha256": "A".repeat(64)});
        let offer =
            Offer::of(&json!({"version": "99.0.0", "files": {&platform: file}})).expect("offered");
        assert!(offer.is_newer() && offer.place.is_remote());
        assert_eq!(offer.proof.sha256.as_deref(), Some("a".repeat(64).as_str()));
        for (wrong, why) in [
            (json!({}), "no version"),
            (json!({"version": "1.0"}), "no program"),
            (
                json!({"version": "1.0", "files": {&platform: {"url": "/bin/sh"}}}),
                "no URL",
            ),
            (
                json!({"version": "1.0", "files": {&platform: {"url": "https://a", "sha256": "x"}}}),
                "is none",
            ),
        ] {
            let error = Offer::of(&wrong).expect_err("wrong").to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
