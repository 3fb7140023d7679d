//! What travels on the streams: a message with its name, as JSON.
//!
//! Not here: subjects (`bus`), and what is done with it (`mirror`, `outgoing`).

use serde_json::{Value, json};

use super::{cursor::Place, files::row, origins::told_origin};
use crate::{
    message::{Direction, Kind, Message, State, text_at},
    protocol::message_json::push_message,
    store::{Draft, Inbound, MediaRow, MessageKey, Occasion, SendAt},
};

/// How the key of a copy begins that has none of a client or a service.
pub(super) const OWN_KEY: &str = "bus-";

/// How long a scheduled message may still go out after its time where another node releases it.
const GRACE_MS: u64 = 3_600_000;

/// A message as it travels, and what happened to it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Record {
    /// The node that tells.
    pub(super) node: String,
    /// The store that tells.
    pub(super) instance: String,
    /// The message's origin: the node, its store and the id there, `NODE.0a1b2c/m-17`.
    pub(super) origin: String,
    /// Its key, where a client or a service gave it one.
    pub(super) key: Option<String>,
    /// What happened.
    pub(super) occasion: Occasion,
    /// Whether it is new.
    pub(super) is_new: bool,
    /// The message; id and `seq` are those of the node that tells.
    pub(super) message: Message,
    /// What is known of its files.
    pub(super) files: Vec<MediaRow>,
    /// The names that the service gave to it.
    pub(super) references: Vec<String>,
    /// Its number on the stream of events; 0 where it was not read from there.
    pub(super) stream: u64,
}

impl Record {
    /// As on the stream.
    pub(super) fn write(&self) -> Vec<u8> {
        let mut message = String::new();
        push_message(&mut message, &self.message);
        let message: Value = serde_json::from_str(&message).unwrap_or_default();
        let record = json!({
            "v": 1,
            "node": self.node,
            "instance": self.instance,
            "origin": self.origin,
            "key": self.key,
            "occasion": name_of(self.occasion),
            "new": self.is_new,
            "references": self.references,
            "files": self.files.iter().map(row::write).collect::<Value>(),
            "message": message,
        });
        record.to_string().into_bytes()
    }

    /// Reads one; the error says what is wrong with it.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        let json: Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        let text = |key: &str| {
            let found = text_at(&json, key).map(str::to_owned);
            found.ok_or_else(|| format!("it has no {key}"))
        };
        let references = json["references"].as_array().into_iter().flatten();
        let files = json["files"].as_array().into_iter().flatten();
        Ok(Self {
            node: text("node")?,
            instance: text("instance")?,
            origin: text("origin")?,
            key: text_at(&json, "key").map(str::to_owned),
            occasion: occasion(&text("occasion")?)?,
            is_new: json["new"] == true,
            files: files.filter_map(row::read).collect(),
            references: references
                .filter_map(|one| Some(one.as_str()?.to_owned()))
                .collect(),
            message: message(&json["message"])?,
            stream: 0,
        })
    }

    /// Where it is on the stream.
    pub(super) fn place(&self, is_applied: bool) -> Place {
        Place {
            store: store_name(&self.instance),
            told: self.message.seq,
            stream: self.stream,
            is_applied,
        }
    }

    /// What it is found by on any node.
    pub(super) fn message_key(&self) -> MessageKey {
        MessageKey {
            channel: self.message.channel.clone(),
            direction: self.message.direction,
            key: self.stored_key(),
        }
    }

    fn stored_key(&self) -> String {
        let own = || format!("{OWN_KEY}{}", self.origin);
        self.key.clone().unwrap_or_else(own)
    }

    /// The message as a draft of ours.
    pub(super) fn draft(&self) -> Draft {
        let message = self.message.clone();
        let at = message.at_ms.filter(|_| message.state == State::Scheduled);
        Draft {
            channel: message.channel,
            peer: message.peer,
            kind: message.kind,
            text: message.text,
            content: message.content,
            media: message.media,
            reply_to: message.reply_to,
            meta: message.meta,
            idempotency_key: Some(self.stored_key()),
            at: at.map(|at_ms| SendAt {
                at_ms,
                grace_ms: GRACE_MS,
            }),
        }
    }

    /// The message as one that came in.
    pub(super) fn inbound(&self) -> Inbound {
        let message = self.message.clone();
        Inbound {
            channel: message.channel,
            peer: message.peer,
            sender: message.sender,
            kind: message.kind,
            text: message.text,
            content: message.content,
            media: message.media,
            reply_to: message.reply_to,
            meta: message.meta,
            dedup_key: Some(self.stored_key()),
        }
    }
}

/// The instance of a store as a number; another version's that is none is nobody's.
pub(super) fn store_name(instance: &str) -> u64 {
    u64::from_str_radix(instance, 16).unwrap_or_default()
}

/// Whether it is a copy of another node's.
pub(super) fn is_copy(message: &Message) -> bool {
    told_origin(message).is_some()
}

fn name_of(occasion: Occasion) -> &'static str {
    match occasion {
        Occasion::State => "state",
        Occasion::Edited => "edited",
        Occasion::Deleted => "deleted",
        Occasion::Media => "media",
    }
}

fn occasion(name: &str) -> Result<Occasion, String> {
    let all = [
        Occasion::State,
        Occasion::Edited,
        Occasion::Deleted,
        Occasion::Media,
    ];
    let mut all = all.into_iter();
    all.find(|one| name_of(*one) == name)
        .ok_or_else(|| format!("its occasion is {name:?}"))
}

fn message(json: &Value) -> Result<Message, String> {
    let text = |key: &str| text_at(json, key).map(str::to_owned);
    let needed = |key: &str| text(key).ok_or_else(|| format!("its message has no {key}"));
    let number = |key: &str| json[key].as_u64().unwrap_or_default();
    let value = |key: &str| json.get(key).filter(|value| !value.is_null()).cloned();
    let direction = match json["direction"].as_str() {
        Some("in") => Direction::In,
        Some("out") => Direction::Out,
        _ => return Err("its message has no direction".to_owned()),
    };
    let state = needed("state")?;
    let mut states = State::ALL.into_iter();
    let state = states.find(|one| one.as_str() == state);
    let media = value("media");
    let kind = match text("kind") {
        Some(kind) => kind
            .parse::<Kind>()
            .map_err(|()| format!("its kind is {kind:?}"))?,
        None => Kind::of_media(media.as_ref()),
    };
    let id = needed("message_id")?;
    Ok(Message {
        id: id.parse().map_err(|()| format!("its id is {id:?}"))?,
        seq: number("seq"),
        channel: needed("channel")?,
        direction,
        peer: needed("peer")?,
        sender: text("sender"),
        kind,
        text: text("text").unwrap_or_default(),
        content: value("content"),
        media,
        state: state.ok_or("its state is unknown")?,
        reply_to: text("reply_to"),
        created_ms: number("created_ms"),
        updated_ms: number("updated_ms"),
        at_ms: json["at_ms"].as_u64(),
        attempts: u32::try_from(number("attempts")).unwrap_or(u32::MAX),
        error: text("error"),
        meta: value("meta"),
        edits: Vec::new(),
        deleted_ms: json["deleted_ms"].as_u64(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::MediaId;

    fn record(key: Option<&str>) -> Record {
        Record {
            node: "a".into(),
            instance: "01".into(),
            origin: "a/m-1".into(),
            key: key.map(str::to_owned),
            occasion: Occasion::State,
            is_new: true,
            message: Message {
                text: "olá".into(),
                meta: Some(json!({"urgent": true})),
                error: Some("later".into()),
                attempts: 2,
                ..Message::sample("telegram", "42")
            },
            files: vec![MediaRow::new(MediaId([3; 32]), 9, "image/png", Kind::Image)],
            references: vec!["x".into()],
            stream: 0,
        }
    }

    #[test]
    fn what_was_written_reads_back() {
        for key in [None, Some("k")] {
            let one = record(key);
            assert_eq!(Record::read(&one.write()), Ok(one));
        }
        assert!(Record::read(b"{}").is_err() && Record::read(b"no").is_err());
    }

    #[test]
    fn a_message_without_a_key_is_found_by_its_origin() {
        assert_eq!(record(Some("k")).message_key().key, "k");
        assert_eq!(record(None).message_key().key, "bus-a/m-1");
    }
}
