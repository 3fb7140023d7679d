//! JSON as services write it. A text that was cut in the middle of an emoji, as JavaScript's are, has half a surrogate
//! pair as its last escape (`\ud83d`), which no text of ours can hold: it becomes U+FFFD, so that one name does not
//! spoil the whole list that it is in.
//!
//! Not for clients of the gateway: those are told what is wrong with theirs.

use std::borrow::Cow;

use serde_core::de::DeserializeOwned;

/// What stands in the place of half a pair.
const REPLACEMENT: &[u8] = br"\ufffd";

/// How long an escape is.
const ESCAPE: usize = REPLACEMENT.len();

/// Reads what a service wrote. It is looked through for halves only where it cannot be read as it is.
pub fn read_json<T: DeserializeOwned>(text: impl AsRef<[u8]>) -> serde_json::Result<T> {
    let text = text.as_ref();
    serde_json::from_slice(text).or_else(|error| match without_halves(text) {
        Cow::Borrowed(_) => Err(error),
        Cow::Owned(whole) => serde_json::from_slice(&whole),
    })
}

/// The text with U+FFFD for each half of a pair, where there is one.
fn without_halves(text: &[u8]) -> Cow<'_, [u8]> {
    let (mut whole, mut copied, mut at) = (Vec::new(), 0, 0);
    while let Some(next) = text[at..].iter().position(|byte| *byte == b'\\') {
        at += next;
        at += match (escaped(text, at), escaped(text, at + ESCAPE)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 2 * ESCAPE,
            (Some(0xd800..=0xdfff), _) => {
                whole.extend_from_slice(&text[copied..at]);
                whole.extend_from_slice(REPLACEMENT);
                copied = at + ESCAPE;
                ESCAPE
            }
            // The sign behind a backslash begins no escape of its own.
            _ => 2.min(text.len() - at),
        };
    }
    if whole.is_empty() {
        return Cow::Borrowed(text);
    }
    whole.extend_from_slice(&text[copied..]);
    Cow::Owned(whole)
}

/// The UTF-16 unit of an escape that begins there, if one does.
fn escaped(text: &[u8], at: usize) -> Option<u16> {
    let digits = text.get(at..at + ESCAPE)?.strip_prefix(br"\u")?;
    let digits = std::str::from_utf8(digits).ok()?;
    let is_plain = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_plain.then(|| u16::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn half_a_pair_becomes_a_sign_of_its_own_and_nothing_else_changes() {
        for (written, read) in [
            (r#"["a\ud83d","b"]"#, json!(["a\u{fffd}", "b"])),
            (r#"{"\uDE00":1}"#, json!({"\u{fffd}": 1})),
            (
                r#""\ud83d\ud83d\ude00\ude00""#,
                json!("\u{fffd}\u{1f600}\u{fffd}"),
            ),
            (r#""\ud83d\u0041\ud83dx""#, json!("\u{fffd}A\u{fffd}x")),
            (r#""\ud83d\n\"\ud83d""#, json!("\u{fffd}\n\"\u{fffd}")),
            // A backslash of its own, and letters behind it.
            (r#""\\ud83d\ud83d""#, json!("\\ud83d\u{fffd}")),
            (r#""\\ud83d\ud83d\ude00""#, json!("\\ud83d\u{1f600}")),
        ] {
            assert_eq!(read_json::<Value>(written).expect(written), read);
        }
    }

    #[test]
    fn what_is_no_json_stays_none() {
        for wrong in [
            "",
            r#"{"a":"#,
            r#"["\ud83d""#,
            r#""\ud83"#,
            r#""\ud8+d""#,
            r#""\"#,
            r#""\ud83d\"#,
            r"[\ud83d]",
        ] {
            assert!(read_json::<Value>(wrong).is_err(), "{wrong}");
        }
    }
}
