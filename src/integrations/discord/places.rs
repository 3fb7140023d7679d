//! What is known of channels, threads and servers. Messages name a channel by its id alone: which channel a
//! thread is of, and what they are called, is asked for once and kept.
//!
//! Of what a server tells when the bot comes to it, only its name and the bot's own role are kept: the rest of it,
//! megabytes for a bot in many servers, is asked for where it is needed.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::{Value, value::RawValue};

use super::{
    address::{Address, id_at, snowflake},
    api::DiscordApi,
    errors::RestError,
};
use crate::{http_client::read_json, message::text_at};

/// Channels and threads that are remembered, and as many people with their channel.
const MAX_CHANNELS: usize = 1024;

/// Servers that are remembered: as many as one connection of the service can have.
const MAX_GUILDS: usize = 2500;

/// The kinds of channels that are threads
/// (<https://docs.discord.com/developers/resources/channel#channel-object-channel-types>).
const THREADS: [u64; 3] = [10, 11, 12];

/// Direct messages with one person.
const DIRECT: u64 = 1;

/// Where announcements are posted, to whoever reads.
const ANNOUNCEMENTS: u64 = 5;

/// A channel or thread.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Channel {
    pub(super) kind: u64,
    pub(super) name: Option<Box<str>>,
    /// The channel that a thread is of.
    pub(super) parent: Option<u64>,
    pub(super) guild: Option<u64>,
    /// The other side of direct messages.
    person: Option<u64>,
}

/// A server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Guild {
    pub(super) name: Box<str>,
    /// The role that the service made for the bot: whoever names it means the bot.
    pub(super) role: Option<u64>,
}

/// What is known of them.
pub(super) struct Places {
    api: Arc<DiscordApi>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    channels: HashMap<u64, Channel>,
    guilds: HashMap<u64, Guild>,
    /// The channel of the direct messages with a person.
    direct: HashMap<u64, u64>,
}

impl Channel {
    /// Reads a channel object.
    pub(super) fn read(json: &Value) -> Self {
        let kind = json["type"].as_u64().unwrap_or_default();
        let people = json["recipients"].as_array();
        let person = people.filter(|people| people.len() == 1 && kind == DIRECT);
        Self {
            kind,
            name: text_at(json, "name").map(Into::into),
            parent: id_at(json, "parent_id").filter(|_| THREADS.contains(&kind)),
            guild: id_at(json, "guild_id"),
            person: person.and_then(|people| id_at(&people[0], "id")),
        }
    }

    /// Where a message in this channel was written; `id` is its own.
    pub(super) fn address(&self, id: u64) -> Address {
        match (self.person, self.parent) {
            (Some(person), _) => Address::User(person),
            (None, Some(parent)) => Address::Channel(parent, Some(id)),
            (None, None) => Address::Channel(id, None),
        }
    }

    /// Whether what is posted there goes to whoever reads.
    pub(super) fn is_broadcast(&self) -> bool {
        self.kind == ANNOUNCEMENTS
    }
}

/// Whether a kind of channel is a thread.
pub(super) fn is_thread(kind: u64) -> bool {
    THREADS.contains(&kind)
}

impl Places {
    pub(super) fn new(api: Arc<DiscordApi>) -> Self {
        Self {
            api,
            known: Mutex::default(),
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A channel, asked for where it is not known. One that the service does not show to the bot is of no
    /// name and no thread.
    pub(super) async fn channel(&self, id: u64) -> Result<Channel, RestError> {
        if let Some(known) = self.known().channels.get(&id) {
            return Ok(known.clone());
        }
        let channel = match self.api.channel(id).await {
            Ok(found) => Channel::read(&found),
            Err(error) if error.is_final() => Channel::default(),
            Err(error) => return Err(error),
        };
        self.remember(id, channel.clone());
        Ok(channel)
    }

    /// Keeps what is told of a channel.
    fn remember(&self, id: u64, channel: Channel) {
        let mut known = self.known();
        if known.channels.len() == MAX_CHANNELS && !known.channels.contains_key(&id) {
            known.channels.clear();
        }
        known.channels.insert(id, channel);
    }

    /// Takes a change of a channel or thread into account.
    pub(super) fn changed(&self, event: &str, json: &Value) {
        let Some(id) = id_at(json, "id") else {
            return;
        };
        let is_known = self.known().channels.contains_key(&id);
        if event.ends_with("_DELETE") {
            self.known().channels.remove(&id);
        } else if is_known || event == "THREAD_CREATE" {
            self.remember(id, Channel::read(json));
        }
    }

    /// A server, where it is known.
    pub(super) fn guild(&self, id: u64) -> Option<Guild> {
        self.known().guilds.get(&id).cloned()
    }

    /// Takes what a server tells of itself, as text: it may be megabytes, of which next to nothing is read.
    pub(super) fn take_guild(&self, json: &str, me: u64) {
        let Ok(fields) = serde_json::from_str::<BTreeMap<&str, &RawValue>>(json) else {
            return;
        };
        let text = |field: &str| -> Option<String> { read_json(fields.get(field)?.get()).ok() };
        let Some(id) = text("id").as_deref().and_then(snowflake) else {
            return;
        };
        let Some(name) = text("name") else {
            // One that is not available now; it has no name then.
            return;
        };
        let guild = Guild {
            name: name.into(),
            role: fields
                .get("roles")
                .and_then(|roles| own_role(roles.get(), me)),
        };
        let mut known = self.known();
        if known.guilds.len() < MAX_GUILDS || known.guilds.contains_key(&id) {
            known.guilds.insert(id, guild);
        }
    }

    /// The bot left a server, or it is gone.
    pub(super) fn forget_guild(&self, json: &Value) {
        if json["unavailable"] != true
            && let Some(id) = id_at(json, "id")
        {
            self.known().guilds.remove(&id);
        }
    }

    /// Keeps the channel of somebody's direct messages.
    pub(super) fn note_direct(&self, user: u64, channel: u64) {
        let mut known = self.known();
        if known.direct.len() == MAX_CHANNELS && !known.direct.contains_key(&user) {
            known.direct.clear();
        }
        known.direct.insert(user, channel);
    }

    /// The channel that a message to this address goes to.
    pub(super) async fn channel_of(&self, address: Address) -> Result<u64, RestError> {
        let user = match address {
            Address::Channel(channel, thread) => return Ok(thread.unwrap_or(channel)),
            Address::User(user) => user,
        };
        let known = self.known().direct.get(&user).copied();
        if let Some(channel) = known {
            return Ok(channel);
        }
        let opened = self.api.direct(user).await?;
        let channel = id_at(&opened, "id").unwrap_or(user);
        self.note_direct(user, channel);
        Ok(channel)
    }
}

/// The role of a bot among the roles of a server
/// (<https://docs.discord.com/developers/topics/permissions#role-object-role-tags-structure>).
fn own_role(roles: &str, me: u64) -> Option<u64> {
    let roles: Vec<&RawValue> = serde_json::from_str(roles).ok()?;
    let mine = me.to_string();
    let mut tagged = roles
        .iter()
        .filter(|role| role.get().contains("\"bot_id\""));
    tagged.find_map(|role| {
        let role: Value = read_json(role.get()).ok()?;
        (role["tags"]["bot_id"] == mine.as_str()).then(|| id_at(&role, "id"))?
    })
}
