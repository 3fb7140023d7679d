//! Fetching a file: `getFile` names its place on the server for an hour
//! (<https://core.telegram.org/bots/api#getfile>).

use serde_json::{Value, json};

use super::super::api::Api;
use crate::{
    http_client::{Downloaded, HttpLimits},
    integrations::{
        DeliveryError, FetchError, FetchedFile,
        support::files::{
            incoming::{check_length, most},
            limits::TELEGRAM_DOWNLOAD,
        },
    },
    media::{Intake, MediaError},
    message::text_at,
};

impl Api {
    /// Fetches a file by its id.
    pub(in super::super) async fn fetch_file(
        &self,
        file: &Value,
        into: &mut Intake,
    ) -> Result<FetchedFile, FetchError> {
        let id = text_at(file, "id")
            .ok_or_else(|| FetchError::Permanent("Telegram gave no id for this file".to_owned()))?;
        check_size(file["bytes"].as_u64(), into)?;
        let asked = json!({"file_id": id});
        let asked = self.call("getFile", &asked, HttpLimits::default()).await;
        let found = asked.map_err(DeliveryError::from)?;
        let bytes = found["file_size"].as_u64();
        check_size(bytes, into)?;
        let Some(path) = text_at(&found, "file_path") else {
            let text = "Telegram named no place for the file";
            return Err(FetchError::Transient(text.to_owned(), None));
        };
        if path.starts_with('/') {
            let text = "this server of the Bot API keeps files on its own disk (--local): run it without that";
            return Err(FetchError::Permanent(text.to_owned()));
        }
        let limits = HttpLimits {
            max_bytes: most(into),
            ..HttpLimits::default()
        };
        let url = self.file_url(path);
        match self.http().download_from(&url, &[], limits, into).await? {
            Downloaded::Whole(_) => check_length(into, bytes)?,
            Downloaded::Refused(answer) => {
                // The place may be another by now: the next attempt asks for it.
                let text = format!(
                    "Telegram did not hand the file out (status {})",
                    answer.status
                );
                return Err(FetchError::Transient(text, answer.retry_after));
            }
        }
        // The type that it is handed out with is always the unknown one.
        Ok(FetchedFile::default())
    }
}

/// Fails where a file is larger than the service hands out, or than is wanted.
fn check_size(bytes: Option<u64>, into: &Intake) -> Result<(), FetchError> {
    match bytes {
        Some(bytes @ TELEGRAM_DOWNLOAD..) if bytes > TELEGRAM_DOWNLOAD => {
            Err(FetchError::Permanent(format!(
                "Telegram lets bots fetch files of at most {} MB, and this one has {:.1} MB; open it in Telegram",
                TELEGRAM_DOWNLOAD >> 20,
                bytes as f64 / f64::from(1 << 20),
            )))
        }
        Some(bytes) if bytes > into.max_bytes() => {
            Err(MediaError::TooLarge(into.max_bytes()).into())
        }
        _ => Ok(()),
    }
}
