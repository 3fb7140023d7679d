//! One message as one line, from its form on the wire.

use std::fmt::Write as _;

use serde_json::Value;

use super::{names::Names, phone_number::shown_peer, times::Times};
use crate::{
    language::Translator,
    log::{printable, printable_lines},
    message::{
        is_ours,
        media::{FileState, files},
    },
};

/// `time channel peer <- text` with the time that is given, then the state of an outgoing message, the reason of a failure, and the id.
/// Arrows show the direction: `->` to the peer, `<-` from it.
pub(crate) fn message_line(
    message: &Value,
    ms: u64,
    names: &Names,
    times: &Times,
    translator: Translator,
) -> String {
    marked_line(message, ms, names, times, translator, &|text| text)
}

/// The same, with what was looked for marked in the text.
pub(crate) fn marked_line(
    message: &Value,
    ms: u64,
    names: &Names,
    times: &Times,
    translator: Translator,
    mark: &dyn Fn(String) -> String,
) -> String {
    let text = |name: &str| printable(message[name].as_str().unwrap_or_default());
    let channel = text("channel");
    let inbound = message["direction"] == "in";
    let mut line = format!(
        "{} {channel} {} {} ",
        times.of_line(ms),
        names.shown(&channel, message["peer"].as_str().unwrap_or_default()),
        arrow(message),
    );
    if let Some(sender) = message["sender"].as_str() {
        let name = message["meta"]["name"].as_str().map(printable);
        let name = name.filter(|name| !name.trim().is_empty());
        let shown = name.unwrap_or_else(|| shown_peer(&channel, &printable(sender)));
        let _ = write!(line, "{shown}: ");
    }
    let said = printable(message["text"].as_str().unwrap_or_default());
    line.push_str(&told(message, mark(said), translator));
    if !inbound {
        let _ = write!(line, " [{}]", translator.word(&text("state")));
    }
    if message["error"].is_string() {
        let _ = write!(line, " ({})", translator.sentence(&text("error")));
    }
    let _ = write!(line, " {}", text("message_id"));
    line
}

/// `->` for what the user wrote, on whatever device, `<-` for what the other side did.
pub(crate) fn arrow(message: &Value) -> &'static str {
    if is_ours(message) { "->" } else { "<-" }
}

/// When a message was written, in milliseconds since 1970: what became of it later does not change that.
pub(crate) fn moment(message: &Value) -> u64 {
    message["created_ms"].as_u64().unwrap_or(0)
}

/// When a message came to its state, in milliseconds since 1970.
pub(crate) fn changed(message: &Value) -> u64 {
    message["updated_ms"].as_u64().unwrap_or(0)
}

/// The text, with each file as `<kind name>` before it, and what became of it: `(edited)`, `(deleted)`.
pub(crate) fn content(message: &Value, translator: Translator) -> String {
    let text = message["text"].as_str().unwrap_or_default();
    told(message, printable(text), translator)
}

/// The same on as many lines as its author wrote.
pub(crate) fn content_lines(message: &Value, translator: Translator) -> String {
    let text = message["text"].as_str().unwrap_or_default();
    let text = text.replace("\r\n", "\n");
    told(message, printable_lines(&text).into_owned(), translator)
}

/// What the gateway writes in front of, or in the place of, a content that is no text (`Content::text`, `file_text`).
const LABELS: [&str; 17] = [
    "[image]",
    "[video]",
    "[audio]",
    "[voice]",
    "[document]",
    "[sticker]",
    "[location]",
    "[live location]",
    "[contact]",
    "[poll]",
    "[vote]",
    "[answers]",
    "[order]",
    "[reaction removed]",
    "[call]",
    "[video call]",
    "[unsupported message]",
];

/// The text with such a label in the language of the reader. What a person wrote stays as it is.
fn labelled(message: &Value, text: String, translator: Translator) -> String {
    let is_written = message["kind"].as_str().is_none_or(|kind| kind == "text");
    let label = LABELS.into_iter().find(|label| text.starts_with(label));
    match label.filter(|_| !is_written) {
        Some(label) => format!("{}{}", translator.word(label), &text[label.len()..]),
        None => text,
    }
}

/// What a message says and has with it, its text made harmless before.
fn told(message: &Value, mut text: String, translator: Translator) -> String {
    let mut words: Vec<String> = files(message.get("media"))
        .iter()
        .filter_map(|one| file(message, one, translator))
        .collect();
    if message["kind"] == "system" {
        // What happened in a conversation is told by the gateway itself.
        text = translator.sentence(&text).into_owned();
    }
    text = labelled(message, text, translator);
    words.extend(Some(text).filter(|text| !text.is_empty()));
    if message["edits"]
        .as_array()
        .is_some_and(|all| !all.is_empty())
    {
        words.push(translator.word("(edited)").into_owned());
    }
    if message["deleted_ms"].is_u64() {
        words.push(translator.word("(deleted)").into_owned());
    }
    words.join(" ")
}

/// A file that the text does not tell of, or that is not here yet: one without a caption says `[kind]`
/// there.
fn file(message: &Value, file: &Value, translator: Translator) -> Option<String> {
    let fields = file.as_object()?;
    let text_of = |name: &str| fields.get(name).and_then(Value::as_str);
    let kind = text_of("kind").filter(|_| message["media"].is_array());
    let kind = kind
        .or_else(|| message["kind"].as_str())
        .or_else(|| text_of("kind"));
    let kind = printable(kind.unwrap_or("media"));
    let text = message["text"].as_str().unwrap_or_default();
    let (url, name) = (text_of("url"), text_of("name"));
    let state = match FileState::of(file) {
        Some(FileState::Fetching) => " (on its way)".to_owned(),
        Some(FileState::Failed) => {
            let why = printable(text_of("error").unwrap_or_default());
            format!(" (not fetched: {why})")
        }
        Some(FileState::Ready) | None => String::new(),
    };
    let (state, called) = (translator.sentence(&state), translator.word(&kind));
    if url.is_none() && state.is_empty() && text.starts_with(&format!("[{kind}]")) {
        return None;
    }
    Some(match url.or(name) {
        Some(more) => format!("<{called} {}{state}>", printable(more)),
        None => format!("<{called}{state}>"),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::language::Language;

    fn message_line(message: &Value) -> String {
        let times = Times::new(Some("UTC"), false, false);
        super::message_line(message, 0, &Names::default(), &times, Translator::default())
    }

    #[test]
    fn a_message_is_one_line_whatever_it_says() {
        let inbound = json!({"message_id": "m-1", "channel": "webchat", "peer": "ada",
            "direction": "in", "state": "received", "text": "a\nb"});
        assert_eq!(
            message_line(&inbound),
            "1970-01-01 00:00 webchat ada <- a\\nb m-1"
        );
        let outbound = json!({"message_id": "m-2", "channel": "webchat", "peer": "ada",
            "direction": "out", "state": "failed", "text": "",
            "media": {"kind": "image", "url": "http://x/"}, "error": "gone"});
        assert_eq!(
            message_line(&outbound),
            "1970-01-01 00:00 webchat ada -> <image http://x/> [failed] (gone) m-2"
        );
    }

    #[test]
    fn what_the_user_wrote_on_the_phone_is_ours() {
        let own = json!({"message_id": "m-1", "channel": "webchat", "peer": "ada", "meta": {"own": true},
            "direction": "in", "state": "received", "text": "me"});
        assert_eq!(message_line(&own), "1970-01-01 00:00 webchat ada -> me m-1");
    }

    #[test]
    fn a_text_of_several_lines_stays_so_where_that_is_wanted_and_steers_nothing() {
        let message = json!({"text": "one\r\n\ntwo\u{1b}[2J\r3"});
        let told = content_lines(&message, Translator::default());
        assert_eq!(told, "one\n\ntwo\\u{1b}[2J\\r3");
    }

    #[test]
    fn a_file_is_told_of_once() {
        for (message, told) in [
            (
                json!({"text": "[voice] 0:12", "kind": "voice", "media": {"kind": "audio", "id": "x"}}),
                "[voice] 0:12",
            ),
            (
                json!({"text": "look", "kind": "image", "media": {"kind": "image", "id": "x"}}),
                "<image> look",
            ),
            (
                json!({"text": "may", "kind": "document", "media": {"id": "x", "name": "a.pdf"}}),
                "<document a.pdf> may",
            ),
            (
                json!({"text": "", "media": {"kind": "image", "url": "http://x/"}}),
                "<image http://x/>",
            ),
            (json!({"text": "x", "media": "wrong"}), "x"),
            (
                json!({"text": "both", "kind": "image", "media": [{"kind": "image"}, {"kind": "document", "name": "a.pdf"}]}),
                "<image> <document a.pdf> both",
            ),
            (
                json!({"text": "[voice]", "kind": "voice", "media": {"kind": "audio", "state": "fetching"}}),
                "<voice (on its way)> [voice]",
            ),
            (
                json!({"text": "[image]", "kind": "image", "media": {"kind": "image", "state": "failed", "error": "expired"}}),
                "<image (not fetched: expired)> [image]",
            ),
            (
                json!({"text": "[location] Sé, 1, 2", "kind": "location", "content": {"lat": 1, "lng": 2}}),
                "[location] Sé, 1, 2",
            ),
        ] {
            assert_eq!(content(&message, Translator::default()), told);
        }
    }

    #[test]
    fn what_stands_for_a_content_is_said_in_the_language_of_the_reader() {
        let portuguese = Translator::of(Language::BrazilianPortuguese);
        for (kind, text, told) in [
            ("voice", "[voice] 0:12", "[voz] 0:12"),
            ("call", "[video call] missed", "[chamada de vídeo] missed"),
            ("text", "[voice] is what I write", "[voice] is what I write"),
        ] {
            let message = json!({"kind": kind, "text": text});
            assert_eq!(content(&message, portuguese), told);
            assert_eq!(content(&message, Translator::default()), text);
        }
    }

    #[test]
    fn what_became_of_a_message_is_marked() {
        let edited = json!({"text": "new", "edits": [{"text": "old", "until_ms": 1}]});
        assert_eq!(content(&edited, Translator::default()), "new (edited)");
        let deleted = json!({"text": "new", "edits": [], "deleted_ms": 2});
        assert_eq!(content(&deleted, Translator::default()), "new (deleted)");
    }

    #[test]
    fn who_wrote_in_a_group_is_called_by_name_where_that_is_known() {
        let mut message = json!({"message_id": "m-1", "channel": "whatsapp", "peer": "1203@g.us",
            "sender": "5511987654321", "direction": "in", "text": "oi", "meta": {"name": "Carla"}});
        assert_eq!(
            message_line(&message),
            "1970-01-01 00:00 whatsapp 1203@g.us <- Carla: oi m-1"
        );
        message["meta"]["name"] = json!(" ");
        assert!(message_line(&message).contains("<- +55 (11) 98765-4321: oi"));
    }

    #[test]
    fn numbers_are_written_as_people_do() {
        let message = json!({"message_id": "m-1", "channel": "whatsapp", "peer": "5511987654321",
            "sender": "551133334444", "direction": "in", "text": "oi"});
        assert_eq!(
            message_line(&message),
            "1970-01-01 00:00 whatsapp +55 (11) 98765-4321 <- +55 (11) 3333-4444: oi m-1"
        );
    }
}
