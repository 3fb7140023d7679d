//! What came in, as it is stored: who did it, where, what it says, and how it is to be treated.

use serde_json::{Value, json};

use super::{
    kinds,
    said::Said,
    target::{Target, Topic, number_of},
    who::{Author, called, forwarded_from, is_shared, user_name},
};
use crate::{
    integrations::ingress::{Commands, Origin},
    message::text_at,
    store::Inbound,
};

/// One thing that came in.
#[derive(Debug, Clone)]
pub(super) struct Received {
    pub(super) inbound: Inbound,
    pub(super) origin: Origin,
    pub(super) place: Target,
    pub(super) whose: Whose,
    /// Whether a stranger is told how to be let in: only where nobody else reads it, and where they
    /// wrote to the bot.
    pub(super) may_pair: bool,
    /// A button was tapped, whose progress bar turns until this is answered.
    pub(super) tapped: Option<String>,
    /// A group became a supergroup: its id before and now.
    pub(super) moved: Option<(String, String)>,
    /// The message that it is about: where Telegram does not tell the topic, it is that one's.
    pub(super) about: Option<String>,
    /// The name of what no rule knows.
    pub(super) unknown: Option<String>,
}

/// Who wrote in a chat of a business account, of which the bot gets both sides
/// (<https://core.telegram.org/bots/api#message>, `business_connection_id`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// Somebody else, as in any other chat.
    Theirs,
    /// The account's owner.
    Owners,
    /// This bot in the name of the owner.
    Ours,
}

impl Received {
    /// What somebody did at a place, to be known by a key of its own.
    pub(super) fn new(
        channel: &str,
        place: Target,
        author: Author,
        chat: &Value,
        said: Said,
        key: String,
    ) -> Self {
        let mut meta = Value::Object(said.meta);
        let mut put = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                meta[key] = value;
            }
        };
        put("name", author.name.map(Value::from));
        put(
            "group",
            called(chat)
                .filter(|_| !place.is_private())
                .map(Value::from),
        );
        put("topic", place.topic.map(|topic| json!(topic.number())));
        let is_alone = place.is_private() || chat["type"] == "channel";
        let sender = author.id.map(|id| id.to_string());
        let mut listed_as: Vec<String> = author
            .user_name
            .into_iter()
            .chain(user_name(chat))
            .collect();
        if place.topic.is_some() {
            listed_as.push(place.chat.clone());
        }
        Self {
            inbound: Inbound {
                channel: channel.to_owned(),
                peer: place.to_string(),
                sender: sender.filter(|sender| !(is_alone && *sender == place.chat)),
                kind: said.kind,
                text: said.text,
                content: said.content,
                media: said.media,
                reply_to: None,
                meta: Some(meta),
                dedup_key: Some(key),
            },
            origin: Origin {
                listed_as,
                commands: Commands::Ignored,
                ..Origin::default()
            },
            may_pair: place.is_private(),
            place,
            whose: Whose::Theirs,
            tapped: None,
            moved: None,
            about: None,
            unknown: None,
        }
    }

    /// The same with a field of `meta`, where there is something to put.
    pub(super) fn with(mut self, key: &str, value: Option<Value>) -> Self {
        if let (Some(meta), Some(value)) = (&mut self.inbound.meta, value) {
            meta[key] = value;
        }
        self
    }
}

/// A message of any kind; `None` where it is at no place. `me` is the bot.
pub(super) fn message(
    channel: &str,
    message: &Value,
    update_id: &Value,
    me: &Author,
) -> Option<Received> {
    let place = Target::of_message(message)?;
    let number = number_of(message);
    let name = number.as_deref().map(|number| place.name_of(number));
    let key = || place.name_of(&format!("update-{update_id}"));
    let (said, unknown) = match kinds::said(message) {
        Ok(said) => (said, None),
        Err(field) => (kinds::unsupported(&field, message), Some(field)),
    };
    let commands = commands(&said, message, me);
    let author = Author::of_message(message);
    let whose = whose(&place, &author, message, me);
    let mut received = Received::new(
        channel,
        place.clone(),
        author,
        &message["chat"],
        said,
        name.clone().unwrap_or_else(key),
    );
    received.inbound.reply_to = answered(message, &place);
    received.origin.commands = commands;
    received.unknown = unknown;
    received.whose = whose;
    received.moved = moved(message, &place);
    if let Some((before, _)) = received.moved.clone() {
        received.origin.listed_as.push(before);
    }
    let text = |value: &Value, key: &str| text_at(value, key).map(Value::from);
    let root = &message["reply_to_message"]["forum_topic_created"];
    let received = received
        .with("id", name.map(Value::from))
        .with("own", flag(whose == Whose::Owners))
        .with("mentioned", flag(kinds::is_addressed(message, me)))
        .with("bot", flag(is_bot(message)))
        .with("broadcast", flag(is_broadcast(message)))
        .with("language", text(&message["from"], "language_code"))
        .with("album", text(message, "media_group_id"))
        .with("forwarded", forwarded_from(message).map(Value::from))
        .with("quote", text(&message["quote"], "text"))
        .with("topic_name", text(root, "name"))
        .with("signature", text(message, "author_signature"))
        .with("via", user_name(&message["via_bot"]).map(Value::from));
    Some(received)
}

/// A field of `meta` that is there only where it is true.
fn flag(is_so: bool) -> Option<Value> {
    is_so.then_some(Value::Bool(true))
}

/// Another bot wrote it; the users that stand for people who do not show themselves are none.
fn is_bot(message: &Value) -> bool {
    message["from"]["is_bot"] == true
        && !message["sender_chat"].is_object()
        && !is_shared(&message["from"])
}

/// It was posted to whoever reads, in a channel or by the channel that a group belongs to.
fn is_broadcast(message: &Value) -> bool {
    message["chat"]["type"] == "channel" || message["is_automatic_forward"] == true
}

fn whose(place: &Target, author: &Author, message: &Value, me: &Author) -> Whose {
    let bot = message["sender_business_bot"]["id"].as_i64();
    match place.business {
        None => Whose::Theirs,
        Some(_) if bot.is_some() && bot == me.id => Whose::Ours,
        Some(_) if author.id.map(|id| id.to_string()).as_ref() == Some(&place.chat) => {
            Whose::Theirs
        }
        Some(_) => Whose::Owners,
    }
}

/// The name of the message that this one answers. Where somebody answers nobody in a topic, the server
/// names the message that made the topic (`get_implicit_reply_to_message_id` in its `Client.cpp`). What is
/// of another chat or topic comes as `external_reply`.
fn answered(message: &Value, place: &Target) -> Option<String> {
    let reply = &message["reply_to_message"];
    let external = &message["external_reply"];
    if reply.is_object() {
        let root = reply["message_id"].as_i64().map(Topic::Forum);
        let is_root = root.is_some() && place.topic == root;
        let is_nobody = is_root || reply.get("forum_topic_created").is_some();
        return number_of(reply)
            .filter(|_| !is_nobody)
            .map(|number| place.name_of(&number));
    }
    let (chat, number) = (
        external["chat"]["id"].as_i64()?,
        external["message_id"].as_i64()?,
    );
    Some(format!("{chat}:{number}"))
}

/// Both groups are told when one becomes the other
/// (<https://core.telegram.org/bots/api#message>, `migrate_to_chat_id`).
fn moved(message: &Value, place: &Target) -> Option<(String, String)> {
    let id = |key: &str| message[key].as_i64().map(|id| id.to_string());
    let to = id("migrate_to_chat_id").map(|to| (place.chat.clone(), to));
    to.or_else(|| id("migrate_from_chat_id").map(|from| (from, place.chat.clone())))
}

/// Commands are what a person typed to this bot: not what was forwarded or posted in a channel, and not
/// `/zap@another_bot`. In groups clients write `/zap@this_bot`; cases are not told apart
/// (<https://core.telegram.org/bots/features#commands>).
fn commands(said: &Said, message: &Value, me: &Author) -> Commands {
    let is_forwarded =
        message.get("forward_origin").is_some() || message.get("forward_date").is_some();
    if !said.is_typed || is_forwarded || message["chat"]["type"] == "channel" {
        return Commands::Ignored;
    }
    let text = said.text.trim_start();
    let first = text.split(char::is_whitespace).next().unwrap_or_default();
    let Some((command, bot)) = first.split_once('@').filter(|_| first.starts_with('/')) else {
        return Commands::Obeyed;
    };
    let is_ours = me.user_name.as_deref() == Some(&format!("@{}", bot.to_lowercase()));
    if is_ours {
        Commands::Read(format!("{command}{}", &text[first.len()..]))
    } else {
        Commands::Ignored
    }
}
