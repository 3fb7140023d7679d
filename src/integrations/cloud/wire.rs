//! The bodies that bring a message out by Meta's API
//! (<https://developers.facebook.com/documentation/business-messaging/whatsapp/messages>). No calls.

use serde_json::{Value, json};

use crate::{
    integrations::support::{
        files::outgoing::{OutgoingFile, kind},
        markup,
    },
    media::probe::essence,
    message::{
        Kind, Message,
        media::{files, media_id},
        text_at,
    },
};

/// Longest text, in characters; Meta takes 4,096.
const MAX_TEXT: usize = 4000;

/// Longest caption, in characters: what is longer follows as a text of its own.
const MAX_CAPTION: usize = 1024;

/// The bodies that bring a message out, in order.
pub(super) fn bodies(message: &Message) -> Vec<Value> {
    let meta = message.meta.as_ref();
    if let Some(template) = meta.and_then(|meta| meta.get("template")) {
        return vec![json!({"type": "template", "template": template})];
    }
    if is_reaction(message) {
        // An empty emoji takes it back.
        let reaction = json!({"message_id": message.reply_to, "emoji": message.text});
        return vec![json!({"type": "reaction", "reaction": reaction})];
    }
    let mut bodies = Vec::new();
    let mut text = message.text.as_str();
    for (at, media) in files(message.media.as_ref()).iter().enumerate() {
        // Several files are messages of their own; the text is below the first.
        let caption = if at == 0 { text } else { "" };
        let caption = match markup::whatsapp(message, caption, MAX_CAPTION).as_mut_slice() {
            [whole] => std::mem::take(whole),
            _ => String::new(),
        };
        let (body, is_captioned) = file(kind(message, media), media, &caption);
        bodies.push(body);
        text = if is_captioned { "" } else { text };
    }
    if !text.is_empty() {
        let parts = markup::whatsapp(message, text, MAX_TEXT).into_iter();
        bodies.extend(parts.map(|part| json!({"type": "text", "text": {"body": part}})));
    }
    if let (Some(answered), Some(first)) = (&message.reply_to, bodies.first_mut()) {
        first["context"] = json!({"message_id": answered});
    }
    bodies
}

/// Whether the text is an emoji for the message in `reply_to`.
pub(super) fn is_reaction(message: &Message) -> bool {
    let meta = message.meta.as_ref();
    message.kind == Kind::Reaction || meta.is_some_and(|meta| meta.get("reaction").is_some())
}

/// Has the body of a kept file name Meta's copy of it. A document says its name, and only Ogg can be a
/// recorded note.
pub(super) fn set_copy(body: &mut Value, id: &str, file: &OutgoingFile) {
    let name = text_at(body, "type").unwrap_or_default().to_owned();
    let Some(fields) = body[name.as_str()].as_object_mut() else {
        return;
    };
    fields.insert("id".to_owned(), json!(id));
    if file.kind == Kind::Document {
        fields.insert("filename".to_owned(), json!(file.name()));
    }
    if !matches!(essence(&file.row.mime), "audio/ogg" | "audio/opus") {
        fields.remove("voice");
    }
}

/// The body of a file, and whether the text is in it. Meta refuses fields that a type does not have:
/// there are captions for images, videos and documents, and names for documents.
fn file(kind: Kind, media: &Value, text: &str) -> (Value, bool) {
    let name = match kind {
        Kind::Voice => "audio",
        Kind::Image | Kind::Video | Kind::Audio | Kind::Sticker => kind.as_str(),
        _ => "document",
    };
    let is_kept = media_id(media).is_some();
    let mut link = if is_kept {
        // Meta's id of its copy comes here once it has one.
        json!({})
    } else {
        json!({"link": media["url"]})
    };
    let is_captioned = matches!(name, "image" | "video" | "document") && !text.is_empty();
    if is_captioned {
        link["caption"] = json!(text);
    }
    if name == "document"
        && let Some(file_name) = text_at(media, "name")
    {
        link["filename"] = json!(file_name);
    }
    // Only Ogg can be a recorded note
    // (<https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/audio-messages>).
    let is_ogg = text_at(media, "mime").is_some_and(|mime| mime.starts_with("audio/ogg"));
    if name == "audio" && (kind == Kind::Voice || (is_ogg && !is_kept)) {
        link["voice"] = json!(true);
    }
    (json!({"type": name, name: link}), is_captioned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Direction, State};

    fn message(text: &str, media: Option<Value>, meta: Option<Value>) -> Message {
        Message {
            direction: Direction::Out,
            kind: Kind::of_media(media.as_ref()),
            text: text.to_owned(),
            media,
            state: State::Sending,
            reply_to: Some("wamid.Q".to_owned()),
            attempts: 1,
            meta,
            ..Message::sample("whatsapp-cloud", "5511")
        }
    }

    fn sent(text: &str, media: Value) -> Vec<Value> {
        bodies(&message(text, Some(media), None))
    }

    #[test]
    fn captions_go_only_where_meta_takes_them() {
        let url = "https://example.invalid/a";
        let image = sent(
            "look",
            json!({"kind": "image", "url": url, "name": "a.png"}),
        );
        assert_eq!(
            image,
            [
                json!({"type": "image", "image": {"link": url, "caption": "look"},
                "context": {"message_id": "wamid.Q"}})
            ]
        );
        let document = sent("", json!({"kind": "document", "url": url, "name": "a.pdf"}));
        assert_eq!(
            document[0]["document"],
            json!({"link": url, "filename": "a.pdf"})
        );
        for kind in ["audio", "sticker"] {
            let parts = sent("hear", json!({"kind": kind, "url": url}));
            assert_eq!(parts[0][kind], json!({"link": url}));
            assert_eq!(parts[1], json!({"type": "text", "text": {"body": "hear"}}));
        }
        let long = "é".repeat(MAX_CAPTION + 1);
        let parts = sent(&long, json!({"kind": "video", "url": url}));
        assert_eq!(parts[0]["video"], json!({"link": url}));
        assert_eq!((parts.len(), &parts[1]["text"]["body"]), (2, &json!(long)));
        let full = sent(&long[2..], json!({"kind": "video", "url": url}));
        assert_eq!(full.len(), 1);
    }

    #[cfg(feature = "markdown")]
    #[test]
    fn markdown_is_written_in_the_signs_of_whatsapp() {
        let format = || Some(json!({"format": "markdown"}));
        let text = bodies(&message("**a**", None, format()));
        assert_eq!(text[0]["text"]["body"], "*a*");
        let image = Some(json!({"kind": "image", "url": "https://a.example/a.png"}));
        let image_bodies = |text: &str| bodies(&message(text, image.clone(), format()));
        assert_eq!(image_bodies("~~a~~")[0]["image"]["caption"], "~a~");
        // The signs do not fit below the picture any more.
        let bodies = image_bodies(&"**é** ".repeat(300));
        assert_eq!((bodies.len(), bodies[0]["image"].get("caption")), (2, None));
        assert!(
            bodies[1]["text"]["body"]
                .as_str()
                .is_some_and(|text| text.starts_with("*é* *é*"))
        );
    }

    #[test]
    fn recorded_notes_are_told_from_other_sound() {
        for (media, voice) in [
            (
                json!({"kind": "audio", "url": "u", "mime": "audio/ogg; codecs=opus"}),
                true,
            ),
            (json!({"kind": "voice", "url": "u"}), true),
            (
                json!({"kind": "audio", "url": "u", "mime": "audio/mpeg"}),
                false,
            ),
        ] {
            let audio = &sent("", media)[0]["audio"];
            assert_eq!(audio.get("voice").is_some(), voice, "{audio}");
        }
        let mut note = message("", Some(json!({"kind": "audio", "url": "u"})), None);
        note.kind = Kind::Voice;
        assert_eq!(bodies(&note)[0]["audio"]["voice"], true);
    }

    #[test]
    fn a_reaction_is_put_and_taken_back() {
        for emoji in ["👍", ""] {
            let bodies = bodies(&message(emoji, None, Some(json!({"reaction": true}))));
            assert_eq!(
                bodies,
                [
                    json!({"type": "reaction", "reaction": {"message_id": "wamid.Q", "emoji": emoji}})
                ]
            );
        }
    }
}
