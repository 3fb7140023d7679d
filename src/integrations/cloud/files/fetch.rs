//! Fetching a file: its id leads to an address that is good for five minutes, and that to the file. The id of a
//! file that somebody sent is good for seven days.

use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};
use hyper::Method;
use serde_json::Value;

use super::super::{Cloud, VERSION, accepted, kinds::count};
use crate::{
    http_client::{Downloaded, HttpBody, HttpCall, HttpLimits},
    integrations::{
        FetchError, FetchedFile,
        support::files::incoming::{check_length, most},
    },
    media::{Intake, MediaError},
    message::text_at,
};

impl Cloud {
    /// Fetches a file by Meta's id of it.
    pub(in super::super) async fn fetch_file(
        &self,
        file: &Value,
        into: &mut Intake,
    ) -> Result<FetchedFile, FetchError> {
        let about = self.look_up(file).await?;
        let bytes = count(&about["file_size"]);
        if bytes.is_some_and(|bytes| bytes > into.max_bytes()) {
            return Err(MediaError::TooLarge(into.max_bytes()).into());
        }
        let Some(url) = text_at(&about, "url") else {
            let text = "Meta named no address for the file";
            return Err(FetchError::Transient(text.to_owned(), None));
        };
        let headers = [("authorization", self.authorization.as_str())];
        let limits = HttpLimits {
            max_bytes: most(into),
            ..HttpLimits::default()
        };
        let downloaded = self.http.download_from(url, &headers, limits, into).await?;
        if let Downloaded::Refused(answer) = downloaded {
            // The address may have become too old: the next attempt asks for another.
            let text = format!("Meta did not hand the file out (status {})", answer.status);
            return Err(FetchError::Transient(text, answer.retry_after));
        }
        check_length(into, bytes)?;
        Ok(FetchedFile {
            mime: text_at(&about, "mime_type").map(str::to_owned),
            name: None,
            sha256: text_at(&about, "sha256").and_then(digest),
        })
    }

    /// What Meta says of a file: its address, type, SHA-256 and size.
    async fn look_up(&self, file: &Value) -> Result<Value, FetchError> {
        let id =
            text_at(file, "id").filter(|id| id.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        let Some(id) = id else {
            let text = "Meta gave no id for this file";
            return Err(FetchError::Permanent(text.to_owned()));
        };
        let path = format!("/{VERSION}/{id}");
        let call = HttpCall {
            method: Method::GET,
            path: &path,
            headers: &[("authorization", &self.authorization)],
            body: HttpBody::Empty,
            limits: HttpLimits::default(),
        };
        let answer = self.http.call(call).await?;
        Ok(accepted(&answer).inspect_err(|error| self.heard(error, &answer))?)
    }
}

/// A SHA-256 as Meta writes it: in hexadecimal digits here, in base64 in posts.
fn digest(text: &str) -> Option<[u8; 32]> {
    let hex = HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok();
    let bytes = hex.or_else(|| BASE64.decode(text.as_bytes()).ok());
    bytes?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::digest;

    #[test]
    fn both_spellings_of_a_digest_are_read_and_others_are_none() {
        assert_eq!(digest(&"Ab".repeat(32)), Some([0xab; 32]));
        let text = "q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=";
        assert_eq!(digest(text), Some([0xab; 32]));
        for wrong in ["", "abcd", "q6s=", &"zz".repeat(32)] {
            assert_eq!(digest(wrong), None, "{wrong}");
        }
    }
}
