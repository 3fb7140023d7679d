//! What came in, as it is stored: who did it, where, what it says, and how it is to be treated.

use serde_json::Value;

use super::{
    address::{Address, id_at, name_of},
    kinds::{self, REPLY, Reading, readable},
    places::{Channel, Guild},
    who::{Me, called, people},
};
use crate::{
    integrations::ingress::{Commands, Origin},
    message::text_at,
    store::Inbound,
};

/// The flag of a message that was posted in a channel which this one follows.
const CROSSPOST: u64 = 1 << 1;

/// The field that a message is marked with which was missed for long.
pub(super) const HISTORY: &str = "cleudocodebot_history";

/// Where something happened.
#[derive(Debug, Clone)]
pub(super) struct Scene {
    /// The channel of the gateway: `discord-2`.
    pub(super) on: String,
    pub(super) address: Address,
    /// The channel of the service, or the thread.
    pub(super) id: u64,
    pub(super) channel: Channel,
    pub(super) guild: Option<Guild>,
    /// Names besides the sender's and the peer's by which it may be on an allow-list.
    pub(super) listed_as: Vec<String>,
}

/// One thing that came in.
#[derive(Debug, Clone)]
pub(super) struct Arrival {
    pub(super) inbound: Inbound,
    pub(super) origin: Origin,
    /// The name of what no rule knows.
    pub(super) unknown: Option<String>,
}

impl Arrival {
    /// What somebody (`sender`, called `name`) did there, to be known by a key of its own.
    pub(super) fn new(
        scene: &Scene,
        sender: &str,
        name: Option<String>,
        reading: Reading,
        key: String,
    ) -> Self {
        let mut meta = Value::Object(reading.meta);
        let mut put = |key: &str, value: Option<String>| {
            if let Some(value) = value {
                meta[key] = value.into();
            }
        };
        put("name", name);
        put("group", scene.called());
        if let Address::Channel(_, Some(thread)) = scene.address {
            put("topic", Some(thread.to_string()));
            put(
                "topic_name",
                scene.channel.name.as_deref().map(str::to_owned),
            );
        }
        let peer = scene.address.to_string();
        Self {
            inbound: Inbound {
                channel: scene.on.clone(),
                sender: Some(sender.to_owned()).filter(|sender| *sender != peer),
                peer,
                kind: reading.kind,
                text: reading.text,
                content: reading.content,
                media: reading.media,
                reply_to: None,
                meta: Some(meta),
                dedup_key: Some(key),
            },
            origin: Origin {
                listed_as: scene.listed_as.clone(),
                commands: Commands::Ignored,
                ..Origin::default()
            },
            unknown: reading.unknown,
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

impl Scene {
    /// What the conversation is called; direct messages are called by the person.
    fn called(&self) -> Option<String> {
        if matches!(self.address, Address::User(_)) {
            return None;
        }
        let server = self.guild.as_ref().map(|guild| guild.name.to_string());
        let name = self
            .channel
            .name
            .as_ref()
            .filter(|_| self.channel.parent.is_none());
        let name = name.map(|name| format!("#{name}"));
        let both: Vec<String> = [server, name].into_iter().flatten().collect();
        Some(if both.is_empty() {
            self.address.to_string()
        } else {
            both.join(" ")
        })
    }
}

/// Whoever wrote a message: `user:ID`, or `webhook:ID`.
pub(super) fn author(message: &Value) -> Option<String> {
    if let Some(webhook) = text_at(message, "webhook_id") {
        return Some(format!("webhook:{webhook}"));
    }
    id_at(&message["author"], "id").map(|id| Address::User(id).to_string())
}

/// A message of any kind; `None` where it says neither who wrote it nor which it is.
pub(super) fn message(scene: &Scene, message: &Value, me: &Me) -> Option<Arrival> {
    let name = name_of(scene.id, id_at(message, "id")?);
    let reading = kinds::read(message, scene.id);
    let commands = commands(&reading, message, me);
    let who = called(&message["author"], &message["member"]);
    let mut arrival = Arrival::new(scene, &author(message)?, who, reading, name.clone());
    arrival.inbound.reply_to = answered(message);
    arrival.origin.commands = commands;
    let via = &message["interaction_metadata"]["user"];
    Some(
        arrival
            .with("id", Some(name.into()))
            .with("mentioned", flag(is_addressed(message, scene, me)))
            .with("bot", flag(is_bot(message)))
            .with("broadcast", flag(is_broadcast(message, scene)))
            .with("mentions", people(&message["mentions"]))
            .with("history", flag(message[HISTORY] == true))
            .with("via", called(via, &Value::Null).map(Value::from)),
    )
}

/// A field of `meta` that is there only where it is true.
fn flag(is_so: bool) -> Option<Value> {
    is_so.then_some(Value::Bool(true))
}

/// A program wrote it. Agents answer none of those: two of them would never stop.
fn is_bot(message: &Value) -> bool {
    message["author"]["bot"] == true || message["webhook_id"].is_string()
}

/// It was posted to whoever reads.
fn is_broadcast(message: &Value, scene: &Scene) -> bool {
    let flags = message["flags"].as_u64().unwrap_or_default();
    scene.channel.is_broadcast() || flags & CROSSPOST != 0
}

/// Whether the message names the bot, or its role, or answers one of its messages.
fn is_addressed(message: &Value, scene: &Scene, me: &Me) -> bool {
    let is_me = |user: &Value| id_at(user, "id") == Some(me.id);
    let people = message["mentions"].as_array().into_iter().flatten();
    let roles = message["mention_roles"].as_array().into_iter().flatten();
    let own_role = scene.guild.as_ref().and_then(|guild| guild.role);
    let own_role = own_role.map(|role| role.to_string());
    is_me(&message["referenced_message"]["author"])
        || people.into_iter().any(is_me)
        || own_role.is_some_and(|own| roles.into_iter().any(|role| *role == own.as_str()))
}

/// The name of the message that this one answers.
fn answered(message: &Value) -> Option<String> {
    let reference = &message["message_reference"];
    let (channel, id) = (
        id_at(reference, "channel_id")?,
        id_at(reference, "message_id")?,
    );
    (message["type"] == REPLY).then(|| name_of(channel, id))
}

/// Commands are what a person typed; the bot's name may stand in front, as people do in servers.
fn commands(reading: &Reading, message: &Value, me: &Me) -> Commands {
    if !reading.is_typed || is_bot(message) || message[HISTORY] == true {
        return Commands::Ignored;
    }
    let text = text_at(message, "content").unwrap_or_default().trim_start();
    let spellings = [format!("<@{}>", me.id), format!("<@!{}>", me.id)];
    let rest = spellings
        .iter()
        .find_map(|name| text.strip_prefix(name.as_str()));
    match rest {
        Some(rest) => Commands::Read(readable(rest.trim_start(), &message["mentions"])),
        None => Commands::Obeyed,
    }
}
