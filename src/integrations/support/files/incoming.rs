//! Files of incoming messages: which are fetched at once, and how a download becomes a kept file.

use serde_json::{Value, json};

use crate::{
    config::FetchRule,
    http_client::{DownloadError, HttpError, Sink},
    integrations::{DeliveryError, FetchError},
    media::{Intake, MediaError},
    message::{
        Kind,
        media::{FileState, files_mut},
    },
};

/// Largest file that is fetched unless somebody asks for it, in bytes.
pub const MAX_UNASKED: u64 = 20 << 20;

/// Marks the files of an incoming message that are to be fetched at once: those that the rule names, which the
/// service can be asked for, and which are not known to be too large.
pub fn mark(media: Option<&mut Value>, kind: Kind, rule: FetchRule) {
    let is_wanted = match rule {
        FetchRule::All => true,
        FetchRule::Images => matches!(kind, Kind::Image | Kind::Sticker),
        FetchRule::None => false,
    };
    for file in files_mut(media) {
        let is_small = file["bytes"]
            .as_u64()
            .is_none_or(|bytes| bytes <= MAX_UNASKED);
        if is_wanted && is_small && file["id"].is_string() && FileState::of(file).is_none() {
            file["state"] = json!(FileState::Fetching.as_str());
        }
    }
}

impl Sink for Intake {
    type Error = MediaError;

    async fn take(&mut self, piece: &[u8]) -> Result<(), MediaError> {
        self.write(piece).await
    }
}

impl From<HttpError> for FetchError {
    fn from(error: HttpError) -> Self {
        Self::Transient(error.to_string(), None)
    }
}

impl From<DownloadError<MediaError>> for FetchError {
    fn from(error: DownloadError<MediaError>) -> Self {
        match error {
            DownloadError::Http(error) => error.into(),
            DownloadError::Forbidden(why) => Self::Permanent(why),
            DownloadError::TooLarge(limit) => Self::Media(MediaError::TooLarge(limit)),
            DownloadError::Sink(error) => Self::Media(error),
        }
    }
}

/// What a refusal means for a message, for the fetching of a file.
impl From<DeliveryError> for FetchError {
    fn from(error: DeliveryError) -> Self {
        match error {
            DeliveryError::Transient(why, earliest) => Self::Transient(why, earliest),
            DeliveryError::Permanent(why) => Self::Permanent(why),
            DeliveryError::Unauthorized(why) => Self::Unauthorized(why),
            DeliveryError::Unknown(why) | DeliveryError::Interrupted(why) => {
                Self::Transient(why, None)
            }
            DeliveryError::Channel(trouble) => Self::Channel(trouble.why),
            DeliveryError::Away => Self::Channel("the channel is away".to_owned()),
        }
    }
}

/// The most bytes of an answer that may become this file.
pub fn most(into: &Intake) -> usize {
    usize::try_from(into.max_bytes()).unwrap_or(usize::MAX)
}

/// Fails where another number of bytes came than the service told.
pub fn check_length(into: &Intake, told: Option<u64>) -> Result<(), FetchError> {
    match told.filter(|told| *told != into.bytes()) {
        None => Ok(()),
        Some(told) => Err(FetchError::Transient(
            format!(
                "{} bytes of the file came, and {told} were announced",
                into.bytes()
            ),
            None,
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_and_the_size_say_what_is_fetched_at_once() {
        let small = json!({"id": "1", "bytes": MAX_UNASKED});
        for (rule, kind, mut media, fetched) in [
            (FetchRule::All, Kind::Document, small.clone(), true),
            (FetchRule::All, Kind::Video, json!({"id": "1"}), true),
            (
                FetchRule::All,
                Kind::Video,
                json!({"id": "1", "bytes": MAX_UNASKED + 1}),
                false,
            ),
            (
                FetchRule::All,
                Kind::Video,
                json!({"url": "https://a"}),
                false,
            ),
            (FetchRule::Images, Kind::Image, small.clone(), true),
            (FetchRule::Images, Kind::Sticker, small.clone(), true),
            (FetchRule::Images, Kind::Voice, small.clone(), false),
            (FetchRule::None, Kind::Image, small, false),
        ] {
            mark(Some(&mut media), kind, rule);
            assert_eq!(media["state"] == "fetching", fetched, "{rule:?}: {media}");
        }
        let mut kept = json!({"id": "1", "media_id": "ab", "state": "ready"});
        mark(Some(&mut kept), Kind::Image, FetchRule::All);
        assert_eq!(kept["state"], "ready");
    }
}
