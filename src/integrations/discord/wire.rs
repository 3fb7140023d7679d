//! The calls that bring a message out, as JSON
//! (<https://docs.discord.com/developers/resources/message#create-message>). Pure.

use data_encoding::{BASE64, BASE64URL_NOPAD};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::address::snowflake;
use crate::{
    integrations::{
        DeliveryError,
        support::{
            files::{
                limits::DISCORD_REQUEST,
                outgoing::{Outgoing, OutgoingFile},
            },
            markup,
            split::Measure,
        },
    },
    media::probe::essence,
    message::{Content, Kind, Message, media::files, text_at},
};

/// Longest text, in code points: "Our API uses Python 3, so the API calculates length based on the number of
/// codepoints" (github.com/discord/discord-api-docs/issues/1315).
pub(super) const MAX_TEXT: usize = 2000;

/// Most files of one call, and room for what is beside them in it.
const MAX_FILES: usize = 10;
const BESIDE_FILES: u64 = 64 * 1024;

/// Longest question and answer of a poll, and most answers
/// (<https://docs.discord.com/developers/resources/poll#poll-media-object>).
const MAX_QUESTION: usize = 300;
const MAX_ANSWER: usize = 55;
const MAX_ANSWERS: usize = 10;

/// Most people that a message may mention.
const MAX_MENTIONED: usize = 100;

/// The flag of a recorded note.
const VOICE: u64 = 1 << 13;

/// Characters of a nonce; the service takes 25.
const NONCE: usize = 24;

/// One call that makes a message.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Post {
    pub(super) body: Value,
    /// Kept files that go with it.
    pub(super) uploads: Vec<OutgoingFile>,
}

/// Whether it is an emoji for another message.
pub(super) fn is_reaction(message: &Message) -> bool {
    let meta = message.meta.as_ref();
    meta.is_some_and(|meta| meta.get("reaction").is_some())
}

/// The calls for a message, in order. `answered` is the id of the message that the first answers.
pub(super) fn posts(
    message: &Message,
    all: &[Outgoing],
    answered: Option<u64>,
) -> Result<Vec<Post>, DeliveryError> {
    let mentioned = mentioned(message);
    let mut bodies = Vec::new();
    if let Some(poll) = poll(message) {
        bodies.push(Post::of(json!({"poll": poll})));
    } else {
        let mut texts = texts(message, all, &mentioned);
        bodies = with_files(all, &mut texts);
        bodies.extend(
            texts
                .into_iter()
                .map(|text| Post::of(json!({"content": text}))),
        );
    }
    if bodies.is_empty() {
        let text = "there is nothing to send: Discord takes no text of white space alone";
        return Err(DeliveryError::Permanent(text.to_owned()));
    }
    for (part, post) in bodies.iter_mut().enumerate() {
        let body = &mut post.body;
        body["nonce"] = json!(nonce(message, part));
        body["enforce_nonce"] = json!(true);
        // Nobody is called by a text that happens to hold their name.
        body["allowed_mentions"] = json!({"parse": [], "users": mentioned, "replied_user": false});
    }
    if let Some(answered) = answered {
        bodies[0].body["message_reference"] =
            json!({"type": 0, "message_id": answered.to_string(), "fail_if_not_exists": false});
    }
    Ok(bodies)
}

/// The people that the message says it means, by `meta.mentions`.
fn mentioned(message: &Message) -> Vec<String> {
    let meta = message.meta.as_ref();
    let all = meta.and_then(|meta| meta["mentions"].as_array());
    let ids = all.into_iter().flatten().filter_map(Value::as_str);
    let ids = ids.map(|id| id.trim_start_matches("user:"));
    ids.filter(|id| snowflake(id).is_some())
        .take(MAX_MENTIONED)
        .map(str::to_owned)
        .collect()
}

/// The parts of its text, the addresses of files that are not kept in the last: the service shows what they
/// lead to.
fn texts(message: &Message, all: &[Outgoing], mentioned: &[String]) -> Vec<String> {
    let mut texts = if message.text.trim().is_empty() {
        Vec::new()
    } else {
        markup::discord(message, MAX_TEXT, mentioned)
    };
    let named = files(message.media.as_ref()).iter().zip(all);
    let urls = named
        .filter(|(_, file)| file.kept().is_none())
        .filter_map(|(file, _)| text_at(file, "url"));
    for url in urls {
        match texts.last_mut() {
            Some(last) if Measure::Chars.of(last) + 1 + Measure::Chars.of(url) <= MAX_TEXT => {
                last.push('\n');
                last.push_str(url);
            }
            _ => texts.push(url.to_owned()),
        }
    }
    texts
}

/// The calls with kept files; the first has the text, where that is one part.
fn with_files(all: &[Outgoing], texts: &mut Vec<String>) -> Vec<Post> {
    let mut posts: Vec<Post> = Vec::new();
    let mut room = 0;
    for file in all.iter().filter_map(Outgoing::kept) {
        if is_note(file) {
            posts.push(note(file));
            room = 0;
            continue;
        }
        match posts.last_mut() {
            Some(post) if file.row.bytes <= room && post.uploads.len() < MAX_FILES => {
                post.uploads.push(file.clone());
            }
            _ => {
                room = DISCORD_REQUEST - BESIDE_FILES;
                posts.push(Post {
                    body: json!({}),
                    uploads: vec![file.clone()],
                });
            }
        }
        room = room.saturating_sub(file.row.bytes);
    }
    for post in posts.iter_mut().filter(|post| !post.is_note()) {
        let named = post.uploads.iter().enumerate();
        post.body["attachments"] = named
            .map(|(at, file)| json!({"id": at, "filename": file.name()}))
            .collect();
    }
    if let Some(first) = posts.first_mut().filter(|post| !post.is_note())
        && texts.len() == 1
    {
        first.body["content"] = json!(texts.remove(0));
    }
    posts
}

/// Whether a file is sent as a recorded note: that must be Ogg, and its length is to be told
/// (<https://docs.discord.com/developers/resources/message#voice-messages>).
fn is_note(file: &OutgoingFile) -> bool {
    let row = &file.row;
    file.kind == Kind::Voice && essence(&row.mime) == "audio/ogg" && row.seconds.is_some()
}

fn note(file: &OutgoingFile) -> Post {
    // What it sounds like is not known here; the wave is flat.
    let waveform = BASE64.encode(&[0x20; 32]);
    let attachment = json!({"id": 0, "filename": file.name(), "duration_secs": file.row.seconds,
        "waveform": waveform});
    Post {
        body: json!({"flags": VOICE, "attachments": [attachment]}),
        uploads: vec![file.clone()],
    }
}

/// <https://docs.discord.com/developers/resources/poll#poll-create-request-object>; one that the service would not
/// take goes in words.
fn poll(message: &Message) -> Option<Value> {
    let content = message
        .content
        .as_ref()
        .filter(|_| message.kind == Kind::Poll)?;
    let Ok(Some(Content::Poll { question, options })) = Content::read(Kind::Poll, content) else {
        return None;
    };
    let fits = Measure::Chars.of(&question) <= MAX_QUESTION
        && (1..=MAX_ANSWERS).contains(&options.len())
        && options
            .iter()
            .all(|option| Measure::Chars.of(option) <= MAX_ANSWER);
    let answers: Vec<Value> = options
        .iter()
        .map(|option| json!({"poll_media": {"text": option}}))
        .collect();
    fits.then(|| {
        json!({"question": {"text": question}, "answers": answers, "duration": 24,
            "allow_multiselect": false, "layout_type": 1})
    })
}

/// What a part is known by: the same whenever it is sent, so that the service makes one message of it
/// (`enforce_nonce`). The time keeps apart what has the same id in another store.
pub(super) fn nonce(message: &Message, part: usize) -> String {
    let whole = format!(
        "{}:{}:{}:{part}",
        message.channel, message.id, message.created_ms
    );
    let mut nonce = BASE64URL_NOPAD.encode(&Sha256::digest(whole));
    nonce.truncate(NONCE);
    nonce
}

impl Post {
    fn of(body: Value) -> Self {
        Self {
            body,
            uploads: Vec::new(),
        }
    }

    /// Whether it is a recorded note.
    pub(super) fn is_note(&self) -> bool {
        self.body.get("flags").is_some()
    }

    /// The same as a plain file.
    pub(super) fn into_file(mut self) -> Self {
        let name = self.body["attachments"][0]["filename"].clone();
        self.body["attachments"] = json!([{"id": 0, "filename": name}]);
        self.without("flags")
    }

    /// The same without one of its fields.
    pub(super) fn without(mut self, field: &str) -> Self {
        if let Some(fields) = self.body.as_object_mut() {
            fields.remove(field);
        }
        self
    }
}
