//! The files of a message, as JSON in one shape for all services: what `message.media` holds.
//!
//! One file is an object, several are a list: `{"kind","media_id"?,"url"?,"id"?,"mime"?,"name"?,"bytes"?,
//! "width"?,"height"?,"seconds"?,"round"?,"state"?,"error"?}`. `media_id` is a file that this gateway keeps, `url` one
//! that the service fetches itself, `id` what a service calls one of its own.
//!
//! Not here: the files themselves (`media`).

use std::{fmt, str::FromStr};

use serde_json::Value;

use super::text_at;

/// Most files that one message may have: as many as fit into an album of Telegram
/// (<https://core.telegram.org/bots/api#sendmediagroup>).
pub const MAX_FILES: usize = 10;

/// The identity of a kept file: the SHA-256 of its bytes, shown as 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MediaId(pub [u8; 32]);

impl fmt::Display for MediaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for MediaId {
    type Err = ();

    /// Parses exactly the form that is printed: small letters, nothing around them.
    fn from_str(text: &str) -> Result<Self, ()> {
        let bytes = data_encoding::HEXLOWER.decode(text.as_bytes());
        let bytes = bytes.map_err(|_| ())?;
        bytes.try_into().map(Self).map_err(|_| ())
    }
}

/// How far the fetching of a file got that came with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileState {
    /// It is to be fetched.
    Fetching,
    /// It is kept: `media_id` says which.
    Ready,
    /// It could not be fetched; `error` says why.
    Failed,
}

impl FileState {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fetching => "fetching",
            Self::Ready => "ready",
            Self::Failed => "failed",
        }
    }

    /// The state of a file; `None` where nobody wanted to fetch it.
    pub fn of(file: &Value) -> Option<Self> {
        let name = text_at(file, "state")?;
        [Self::Fetching, Self::Ready, Self::Failed]
            .into_iter()
            .find(|state| state.as_str() == name)
    }
}

/// The field of a voice note with what is said in it.
pub const TRANSCRIPT: &str = "transcript";

/// What is said in the voice notes among these files, one after the other.
pub fn transcript(media: Option<&Value>) -> Option<String> {
    let said = files(media).iter();
    let said: Vec<&str> = said.filter_map(|file| text_at(file, TRANSCRIPT)).collect();
    (!said.is_empty()).then(|| said.join("\n"))
}

/// The files in `media`: none, one, or those of a list.
pub fn files(media: Option<&Value>) -> &[Value] {
    match media {
        None | Some(Value::Null) => &[],
        Some(Value::Array(files)) => files,
        Some(one) => std::slice::from_ref(one),
    }
}

/// The same, to be changed.
pub fn files_mut(media: Option<&mut Value>) -> &mut [Value] {
    match media {
        None | Some(Value::Null) => &mut [],
        Some(Value::Array(files)) => files,
        Some(one) => std::slice::from_mut(one),
    }
}

/// The kept file that a file of a message refers to.
pub fn media_id(file: &Value) -> Option<MediaId> {
    text_at(file, "media_id")?.parse().ok()
}

/// The kept files of a message, each once.
pub fn kept_files(media: Option<&Value>) -> Vec<MediaId> {
    let mut ids: Vec<MediaId> = files(media).iter().filter_map(media_id).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Whether a file of the message is to be fetched.
pub fn wants_fetching(media: Option<&Value>) -> bool {
    let mut states = files(media).iter().map(FileState::of);
    states.any(|state| state == Some(FileState::Fetching))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_id_reads_back_in_one_spelling_only() {
        let id = MediaId([0xab; 32]);
        let text = "ab".repeat(32);
        assert_eq!(id.to_string(), text);
        assert_eq!(text.parse(), Ok(id));
        for wrong in [
            "",
            "ab",
            &text.to_uppercase(),
            &text[2..],
            &format!("{text}ab"),
            "../../../../etc/passwd",
        ] {
            assert_eq!(wrong.parse::<MediaId>(), Err(()), "{wrong}");
        }
    }

    #[test]
    fn one_file_and_a_list_are_read_alike() {
        let one = json!({"kind": "image", "media_id": "ab".repeat(32)});
        let list = json!([one, {"kind": "document", "url": "https://a"}, one]);
        assert_eq!(files(None).len(), 0);
        assert_eq!(files(Some(&one)), std::slice::from_ref(&one));
        assert_eq!(files(Some(&list)).len(), 3);
        assert_eq!(kept_files(Some(&list)), [MediaId([0xab; 32])]);
    }

    #[test]
    fn a_file_under_way_is_seen_in_a_list() {
        let list = json!([{"state": "ready"}, {"state": "fetching"}]);
        assert!(wants_fetching(Some(&list)));
        assert!(!wants_fetching(Some(&json!({"kind": "image", "id": "1"}))));
    }
}
