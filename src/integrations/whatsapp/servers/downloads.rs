//! Files of theirs as servers hand them out: as they are, or as base64 in JSON.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::{
    http_client::{DownloadError, Downloaded, HttpAnswer, HttpLimits},
    integrations::{
        DeliveryError, FetchError, FetchedFile,
        support::base64::{Base64Error, Base64Json},
        whatsapp::settings::ServerKind,
    },
    media::{Intake, MediaError},
};

/// What came of the download of a file.
pub(super) fn fetched(
    asked: Result<Downloaded, DownloadError<MediaError>>,
    refusal: impl Fn(&HttpAnswer) -> DeliveryError,
) -> Result<FetchedFile, FetchError> {
    match asked {
        Ok(Downloaded::Whole(mime)) => Ok(FetchedFile {
            mime,
            ..FetchedFile::default()
        }),
        Ok(Downloaded::Refused(answer)) if answer.status == 404 => {
            let why = "the server has no such file (status 404)".to_owned();
            Err(FetchError::Transient(why, answer.retry_after))
        }
        Ok(Downloaded::Refused(answer)) => Err(refusal(&answer).into()),
        Err(error) => Err(error.into()),
    }
}

/// The limits of an answer with this file of at most so many bytes as base64, and so many besides it.
pub(super) fn base64_limits(file: &Value, most: usize, besides: usize) -> HttpLimits {
    HttpLimits {
        max_bytes: (most / 3).saturating_mul(4).saturating_add(besides),
        ..HttpLimits::for_file(file["bytes"].as_u64().unwrap_or(0))
    }
}

/// What came of such a download: the fields of the answer that were kept besides the file.
pub(super) fn base64_fetched(
    kind: ServerKind,
    asked: Result<Downloaded, DownloadError<Base64Error<MediaError>>>,
    json: Base64Json<'_, Intake>,
    most: usize,
    refusal: impl Fn(&HttpAnswer) -> FetchError,
) -> Result<Map<String, Value>, FetchError> {
    match asked {
        Ok(Downloaded::Whole(_)) => json.finish().map_err(|error| malformed(kind, error)),
        Ok(Downloaded::Refused(answer)) => Err(refusal(&answer)),
        Err(DownloadError::Sink(error)) => Err(malformed(kind, error)),
        Err(DownloadError::TooLarge(_)) => Err(MediaError::TooLarge(most as u64).into()),
        Err(DownloadError::Forbidden(why)) => Err(FetchError::Permanent(why)),
        Err(DownloadError::Http(error)) => Err(error.into()),
    }
}

/// An answer that says yes and has no file may be a proxy's, or cut off: the next may be whole.
fn malformed(kind: ServerKind, error: Base64Error<MediaError>) -> FetchError {
    /// Until the next is asked for.
    const AGAIN: Duration = Duration::from_secs(5);
    match error {
        Base64Error::Sink(error) => error.into(),
        malformed @ Base64Error::Malformed(_) => {
            let text = format!("{kind} did not send the file: {malformed}");
            FetchError::Transient(text, Some(AGAIN))
        }
    }
}
