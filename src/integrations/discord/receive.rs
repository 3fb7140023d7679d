//! From an event to the store: what it means for messages that are there already, and what else is to be
//! done.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use super::{
    address::{Address, id_at, name_of},
    inbound::{self, Arrival, Scene, author},
    kinds::{self, Reading},
    places::{Channel, Places, is_thread},
    who::{Me, called},
};
use crate::{
    config::FetchRule,
    http_client::read_json,
    integrations::{
        RunError,
        ingress::{Commands, Ingress, Origin},
        support::files::incoming::mark,
    },
    log::LogField,
    message::{Content, Message, text_at},
    store::{Revision, Store, StoreError},
};

/// Takes events of one bot.
pub(super) struct Receiver {
    channel: String,
    places: Arc<Places>,
    ingress: Ingress,
    /// Which files are fetched at once.
    fetches: FetchRule,
    /// The channel that the service did not tell of last, and how often in a row.
    untold: Mutex<(u64, u32)>,
}

/// Times that an event is put off because the service does not tell of its channel. Then it is taken without, or
/// nothing behind it would ever come in.
const MAX_PUT_OFF: u32 = 5;

/// Why an event was not taken. It is repeated when the session is resumed.
pub(super) enum Untaken {
    Store(StoreError),
    Asking(String),
}

impl From<StoreError> for Untaken {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Untaken> for RunError {
    fn from(untaken: Untaken) -> Self {
        let why = match untaken {
            Untaken::Store(error) => format!("what came in could not be stored: {error}"),
            Untaken::Asking(why) => format!("where something came from could not be asked: {why}"),
        };
        Self::Failed(why, None)
    }
}

/// Whoever did something, and where: what events tell besides what was done.
struct Deed<'a> {
    sender: &'a str,
    /// The other side, if it was done in direct messages.
    person: u64,
    event: &'a Value,
}

impl Receiver {
    pub(super) fn new(
        channel: &str,
        places: Arc<Places>,
        ingress: Ingress,
        fetches: FetchRule,
    ) -> Self {
        Self {
            channel: channel.to_owned(),
            places,
            ingress,
            fetches,
            untold: Mutex::default(),
        }
    }

    /// Takes one event, whose data is still text. When it comes back, what it told is on disk. `key` is its own, and
    /// the same when it is repeated; `me` is the bot.
    pub(super) async fn take(
        &self,
        event: &str,
        data: &str,
        key: &str,
        me: &Me,
    ) -> Result<(), RunError> {
        if matches!(event, "GUILD_CREATE" | "GUILD_UPDATE") {
            self.places.take_guild(data, me.id);
            return Ok(());
        }
        let is_ours = ["MESSAGE_", "TYPING_", "GUILD_DELETE", "CHANNEL_", "THREAD_"]
            .iter()
            .any(|prefix| event.starts_with(prefix));
        if !is_ours {
            return Ok(());
        }
        let json = read_json(data).unwrap_or(Value::Null);
        // On the heap only while there is an event: a bot that waits for one holds none of it.
        Ok(Box::pin(self.take_event(event, &json, key, me)).await?)
    }

    async fn take_event(
        &self,
        event: &str,
        json: &Value,
        key: &str,
        me: &Me,
    ) -> Result<(), Untaken> {
        match event {
            "MESSAGE_CREATE" => self.written(json, me).await,
            "MESSAGE_UPDATE" => self.edited(json, me).await,
            "MESSAGE_DELETE" => self.deleted(json, &json["id"]).await,
            "MESSAGE_DELETE_BULK" => {
                for id in json["ids"].as_array().into_iter().flatten() {
                    self.deleted(json, id).await?;
                }
                Ok(())
            }
            "MESSAGE_REACTION_ADD" | "MESSAGE_REACTION_REMOVE" => {
                self.reacted(json, event.ends_with("_ADD"), key, me).await
            }
            "MESSAGE_REACTION_REMOVE_ALL" | "MESSAGE_REACTION_REMOVE_EMOJI" => {
                self.cleared(json, key).await
            }
            "MESSAGE_POLL_VOTE_ADD" | "MESSAGE_POLL_VOTE_REMOVE" => {
                self.voted(json, event.ends_with("_ADD"), key, me).await
            }
            "TYPING_START" => {
                self.typing(json, me);
                Ok(())
            }
            "GUILD_DELETE" => {
                self.places.forget_guild(json);
                Ok(())
            }
            _ => {
                self.places.changed(event, json);
                Ok(())
            }
        }
    }

    /// A message, as an event or as the API lists it.
    pub(super) async fn written(&self, json: &Value, me: &Me) -> Result<(), Untaken> {
        let Some((scene, _)) = self.scene_of_message(json, me).await? else {
            return Ok(());
        };
        let Some(arrival) = inbound::message(&scene, json, me) else {
            self.debug("a message without an author", "");
            return Ok(());
        };
        self.keep(arrival).await
    }

    /// An edit changes the message it concerns and is never obeyed. Of a message that is not known (it came before
    /// we were here, or is older than seven days) it is all there is, and kept. The service also tells so what it
    /// made of links in a text, which is no edit.
    async fn edited(&self, json: &Value, me: &Me) -> Result<(), Untaken> {
        if !json["edited_timestamp"].is_string() || !json["content"].is_string() {
            return Ok(());
        }
        let Some((scene, true)) = self.scene_of_message(json, me).await? else {
            return Ok(());
        };
        let Some(mut arrival) = inbound::message(&scene, json, me) else {
            return Ok(());
        };
        let name = arrival.inbound.dedup_key.clone().unwrap_or_default();
        if let Some(known) = self.named(&name).await? {
            if known.text != arrival.inbound.text {
                let revision = Revision::Edited {
                    text: arrival.inbound.text,
                    content: arrival.inbound.content,
                };
                self.ingress.revise(&name, revision).await?;
            }
            return Ok(());
        }
        arrival.origin.commands = Commands::Ignored;
        self.keep(arrival.with("edited", Some(json!(true)))).await
    }

    async fn deleted(&self, json: &Value, id: &Value) -> Result<(), Untaken> {
        let channel = id_at(json, "channel_id");
        let message = id.as_str().and_then(super::address::snowflake);
        if let (Some(channel), Some(message)) = (channel, message) {
            let name = name_of(channel, message);
            self.ingress.revise(&name, Revision::Deleted).await?;
        }
        Ok(())
    }

    /// <https://docs.discord.com/developers/events/gateway-events#message-reaction-add>
    async fn reacted(
        &self,
        json: &Value,
        is_added: bool,
        key: &str,
        me: &Me,
    ) -> Result<(), Untaken> {
        let emoji = kinds::emoji(&json["emoji"]);
        let read = move |to: String, _: Option<Message>| Content::Reaction {
            to,
            emoji: if is_added { emoji } else { String::new() },
        };
        self.done_to(json, key, me, read).await
    }

    /// <https://docs.discord.com/developers/events/gateway-events#message-poll-vote-add>: one event for each
    /// answer, which it tells by its number.
    async fn voted(&self, json: &Value, is_added: bool, key: &str, me: &Me) -> Result<(), Untaken> {
        let number = json["answer_id"].as_u64().unwrap_or_default();
        let read = move |poll: String, known: Option<Message>| {
            let option = known.and_then(|known| {
                let at = usize::try_from(number.checked_sub(1)?).ok()?;
                Some(known.content?["options"].get(at)?.as_str()?.to_owned())
            });
            let option = option.unwrap_or_else(|| number.to_string());
            Content::Vote {
                poll: Some(poll),
                options: if is_added { vec![option] } else { Vec::new() },
            }
        };
        self.done_to(json, key, me, read).await
    }

    /// What somebody did to a message; `read` gets its name, and the message where it is known.
    async fn done_to(
        &self,
        json: &Value,
        key: &str,
        me: &Me,
        read: impl FnOnce(String, Option<Message>) -> Content,
    ) -> Result<(), Untaken> {
        let person = id_at(json, "user_id").filter(|user| *user != me.id);
        let (Some(person), Some(message)) = (person, id_at(json, "message_id")) else {
            return Ok(());
        };
        let sender = Address::User(person).to_string();
        let deed = Deed {
            sender: &sender,
            person,
            event: json,
        };
        let Some((scene, true)) = self.scene(deed).await? else {
            // Whoever may not write asked for nothing by that.
            return Ok(());
        };
        let to = name_of(scene.id, message);
        let known = self.named(&to).await?;
        let reading = Reading::from(read(to.clone(), known));
        let member = &json["member"];
        let name = called(&member["user"], member);
        let mut arrival = Arrival::new(&scene, &sender, name, reading, key.to_owned());
        arrival.inbound.reply_to = Some(to);
        self.keep(arrival).await
    }

    /// A moderator took reactions of everybody off a message; who it was is not told.
    async fn cleared(&self, json: &Value, key: &str) -> Result<(), Untaken> {
        let (Some(channel), Some(message)) = (id_at(json, "channel_id"), id_at(json, "message_id"))
        else {
            return Ok(());
        };
        let name = name_of(channel, message);
        let Some(known) = self.named(&name).await? else {
            return Ok(());
        };
        let words = match json.get("emoji") {
            Some(emoji) => format!("all {} were taken off a message", kinds::emoji(emoji)),
            None => "all reactions were taken off a message".to_owned(),
        };
        let details = json!({"message": name});
        let reading = Reading::from(Content::System {
            event: "message_reaction_remove_all".to_owned(),
            words,
            details: details.as_object().cloned().unwrap_or_default(),
        });
        let Ok(address) = Address::parse(&known.peer) else {
            return Ok(());
        };
        let scene = Scene {
            on: self.channel.clone(),
            address,
            id: channel,
            channel: Channel::default(),
            guild: None,
            listed_as: Vec::new(),
        };
        let group = known.meta.as_ref().and_then(|meta| text_at(meta, "group"));
        let group = group.map(Value::from);
        let arrival = Arrival::new(&scene, &known.peer, None, reading, key.to_owned());
        // It is about a message that was let in.
        self.ingress
            .keep(arrival.with("group", group).inbound)
            .await?;
        Ok(())
    }

    /// Asked for in direct messages alone.
    fn typing(&self, json: &Value, me: &Me) {
        let user = id_at(json, "user_id").filter(|user| *user != me.id);
        if let Some(user) = user.filter(|_| !json["guild_id"].is_string()) {
            let peer = Address::User(user).to_string();
            self.ingress.typing(&peer, None, true);
        }
    }

    /// Where a message was written; `None` where it is the bot's own, or of nobody who may write there.
    async fn scene_of_message(
        &self,
        json: &Value,
        me: &Me,
    ) -> Result<Option<(Scene, bool)>, Untaken> {
        let Some(person) = id_at(&json["author"], "id").filter(|author| *author != me.id) else {
            return Ok(None);
        };
        let Some(sender) = author(json) else {
            return Ok(None);
        };
        let deed = Deed {
            sender: &sender,
            person,
            event: json,
        };
        self.scene(deed).await
    }

    /// Where something was done, and whether whoever did it may write there. In a server nobody else is heard, so the
    /// service is not asked about what they do; in direct messages they may ask to be let in.
    async fn scene(&self, deed: Deed<'_>) -> Result<Option<(Scene, bool)>, Untaken> {
        let Some(id) = id_at(deed.event, "channel_id") else {
            return Ok(None);
        };
        let Some(guild) = id_at(deed.event, "guild_id") else {
            self.places.note_direct(deed.person, id);
            let scene = self.direct(deed.person, id);
            let may = self.may_write(deed.sender, &scene).await?;
            return Ok(Some((scene, may)));
        };
        let mut scene = Scene {
            on: self.channel.clone(),
            address: Address::Channel(id, None),
            id,
            channel: Channel::default(),
            guild: self.places.guild(guild),
            listed_as: vec![id.to_string(), guild.to_string()],
        };
        let plain = deed.sender.trim_start_matches("webhook:");
        if plain != deed.sender {
            scene.listed_as.push(plain.to_owned());
        }
        let told = deed.event["channel_type"].as_u64();
        let may_be_thread = told.is_none_or(is_thread);
        let mut may = self.may_write(deed.sender, &scene).await?;
        if !may && !may_be_thread {
            return Ok(None);
        }
        match self.places.channel(id).await {
            Ok(found) => scene.channel = found,
            // It is only called something, and is no thread: not worth waiting for.
            Err(_) if !may_be_thread => scene.channel.kind = told.unwrap_or_default(),
            Err(error) if self.is_put_off(id) => return Err(Untaken::Asking(error.text())),
            Err(_) => scene.channel.kind = told.unwrap_or_default(),
        }
        scene.address = scene.channel.address(id);
        if let Some(parent) = scene.channel.parent {
            scene.listed_as.push(parent.to_string());
            may = may || self.may_write(deed.sender, &scene).await?;
        }
        Ok(may.then_some((scene, true)))
    }

    /// Whether an event in this channel waits until the service tells of it.
    fn is_put_off(&self, channel: u64) -> bool {
        let mut untold = self.untold.lock().unwrap_or_else(PoisonError::into_inner);
        let times = if untold.0 == channel { untold.1 + 1 } else { 1 };
        *untold = (channel, times);
        times < MAX_PUT_OFF
    }

    fn direct(&self, person: u64, id: u64) -> Scene {
        Scene {
            on: self.channel.clone(),
            address: Address::User(person),
            id,
            channel: Channel::default(),
            guild: None,
            listed_as: Vec::new(),
        }
    }

    async fn may_write(&self, sender: &str, scene: &Scene) -> Result<bool, StoreError> {
        let origin = Origin {
            listed_as: scene.listed_as.clone(),
            ..Origin::default()
        };
        let peer = scene.address.to_string();
        self.ingress.may_write(sender, &peer, &origin).await
    }

    async fn keep(&self, mut arrival: Arrival) -> Result<(), Untaken> {
        if let Some(kind) = &arrival.unknown {
            self.debug("a message of a kind that no rule knows", kind);
        }
        let inbound = &mut arrival.inbound;
        mark(inbound.media.as_mut(), inbound.kind, self.fetches);
        self.ingress
            .take_from(arrival.inbound, &arrival.origin)
            .await?;
        Ok(())
    }

    /// The channel of the gateway.
    pub(super) fn channel(&self) -> &str {
        &self.channel
    }

    pub(super) fn places(&self) -> &Places {
        &self.places
    }

    pub(super) fn store(&self) -> &Store {
        self.ingress.store()
    }

    async fn named(&self, name: &str) -> Result<Option<Message>, StoreError> {
        let (channel, name) = (self.channel.clone(), name.to_owned());
        let read = move |store: &Store| store.named(&channel, &name);
        self.ingress.store().run_blocking(read).await
    }

    pub(super) fn debug(&self, what: &str, kind: &str) {
        let fields: [LogField<'_>; 2] = [("name", &self.channel), ("type", &kind)];
        self.ingress.log().debug("integration", what, &fields);
    }
}
