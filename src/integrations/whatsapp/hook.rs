//! What the service posts, event by event. `data` is one object or an array of them, depending on the
//! event and the version; both are read everywhere.

use serde_json::Value;

use super::{
    Whatsapp,
    connection::Status,
    inbound::{self, author_of_edit, call, edited, presences, votes},
    kinds::{self, Body, Said},
    mention,
    reconcile::{Posted, Whose, report},
    who::{HIDDEN, Place, Who, here, place, plain, who},
    wire::{NAME, state_of},
};
use crate::{
    integrations::{
        HookReply,
        ingress::{Commands, Origin},
    },
    log::LogField,
    message::{Content, State, text_at},
    phone,
    store::{Inbound, Revision, StoreError},
};

/// Whether it is done with; false asks for a repeat.
type Done = Result<bool, StoreError>;

impl Whatsapp {
    pub(super) async fn posted(&self, body: &Value) -> Result<HookReply, StoreError> {
        let event = text_at(body, "event").unwrap_or_default();
        let event = event.to_ascii_lowercase().replace('_', ".");
        let me = text_at(body, "sender").map(here);
        let data = &body["data"];
        let all = data.as_array();
        let all = all.map_or(std::slice::from_ref(data), Vec::as_slice);
        for one in all {
            if !self.event(&event, one, me.as_deref()).await? {
                return Ok(HookReply::again("a message under way is not known yet"));
            }
        }
        Ok(HookReply::done())
    }

    async fn event(&self, event: &str, data: &Value, me: Option<&str>) -> Done {
        match event {
            "messages.upsert" => self.upsert(data, me).await,
            "messages.update" => self.update(data, me).await,
            "messages.edited" => self.edit(data, me).await,
            "messages.delete" => self.delete(data).await,
            "call" => self.call_came(data, me).await,
            "presence.update" => self.present(data).await,
            "connection.update" => {
                let reason = kinds::whole(&data["statusReason"]);
                self.became(&Status::of(text_at(data, "state"), reason));
                Ok(true)
            }
            // Where there is no code in it, the last was not scanned in time.
            "qrcode.updated" if data["statusCode"].is_number() => {
                self.became(&Status::of(Some("refused"), None));
                Ok(true)
            }
            _ => Ok(true),
        }
    }

    /// Whoever is known by a hidden id alone may have been seen with the number before.
    async fn resolved(&self, mut who: Who) -> Result<Who, StoreError> {
        let author = who.sender.as_mut().unwrap_or(&mut who.peer);
        if author.ends_with(HIDDEN) {
            let known = self.ingress.canonical(author).await?;
            if known != *author {
                let hidden = std::mem::replace(author, known);
                who.address.get_or_insert(hidden);
            }
        }
        Ok(who)
    }

    /// Whose something is; nothing of what is in no conversation.
    async fn whose(&self, key: &Value, me: Option<&str>) -> Result<Option<Who>, StoreError> {
        let found = who(key, me).filter(|who| who.place != Place::Broadcast);
        if let Some(who) = found {
            return self.resolved(who).await.map(Some);
        }
        self.unread("a post outside of conversations", "broadcast");
        Ok(None)
    }

    /// One line for whoever looks for what was not stored.
    fn unread(&self, what: &str, kind: &str) {
        let fields: [LogField<'_>; 2] = [("channel", &NAME), ("type", &kind)];
        self.ingress.log().debug("integration", what, &fields);
    }

    async fn upsert(&self, data: &Value, me: Option<&str>) -> Done {
        let Some(name) = text_at(&data["key"], "id") else {
            return Ok(true);
        };
        let key = &with_participant(data);
        let Some(who) = self.whose(key, me).await? else {
            return Ok(true);
        };
        let hint = text_at(data, "messageType").filter(|hint| *hint != "unknown");
        let hint = hint.or((key["isViewOnce"] == true).then_some("viewOnceMessage"));
        let body = match &data["message"] {
            Value::Null if key["isViewOnce"] != true => Body::Nothing("no message".to_owned()),
            message => kinds::read(message, hint),
        };
        match body {
            Body::Nothing(kind) => {
                self.unread("nothing that anyone said", &kind);
                Ok(true)
            }
            Body::Deleted(name) => self.deleted(&name, key).await,
            Body::Edited(other, said) => {
                let name = other.as_deref().unwrap_or(name);
                self.edited(name, key, Some(who), &said).await
            }
            Body::Said(said) => self.said(data, &who, &said, me).await,
        }
    }

    async fn said(&self, data: &Value, who: &Who, said: &Said, me: Option<&str>) -> Done {
        if let Some(kind) = said.service_type() {
            self.unread("a message of a kind that no rule knows", kind);
        }
        let mut inbound = inbound::inbound(data, who, said);
        if !who.own {
            if who.place == Place::Group && self.names_us(data, &said.words, me).await? {
                inbound.meta.get_or_insert_default()["mentioned"] = true.into();
            }
            self.expect_file(&mut inbound, who, data).await?;
            let commands = if said.typed {
                Commands::Obeyed
            } else {
                Commands::Ignored
            };
            return self.store(inbound, who, commands).await;
        }
        // Ours, written here or on the phone: which, the names of those sent here tell.
        let posted = Posted {
            name: inbound.dedup_key.as_deref().unwrap_or_default(),
            peer: known(&who.peer),
            text: Some(&said.words),
        };
        match report(&self.ingress, &posted, State::Sent, None).await? {
            Whose::Ours => Ok(true),
            Whose::InDoubt => Ok(false),
            Whose::NotOurs => {
                self.expect_file(&mut inbound, who, data).await?;
                self.store(inbound, who, Commands::Ignored).await
            }
        }
    }

    /// Whether a group's message names our own number. Where the group hides numbers it names our hidden
    /// id, which our own messages in groups tell.
    async fn names_us(
        &self,
        data: &Value,
        words: &str,
        me: Option<&str>,
    ) -> Result<bool, StoreError> {
        let Some(me) = me else { return Ok(false) };
        if phone::is_mentioned(words, me) {
            return Ok(true);
        }
        for address in mention::mentioned(data) {
            let is_ours = if mention::is_hidden(&address) {
                self.ingress.canonical(&address).await? == me
            } else {
                mention::is_number(&address, me)
            };
            if is_ours {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Own messages and the posts of newsletters are nobody's who could be let in.
    async fn store(&self, inbound: Inbound, who: &Who, commands: Commands) -> Done {
        if who.own || who.place == Place::Newsletter {
            if who.own && who.place == Place::Person {
                for alias in &who.aliases {
                    self.ingress.same_peer(alias, &who.peer).await?;
                }
            }
            // Our own other name, by which members of a group may name us.
            if let (true, Place::Group, Some(me)) = (who.own, who.place, &who.sender) {
                for alias in &who.aliases {
                    self.ingress.same_peer(alias, me).await?;
                }
            }
            self.ingress.keep(inbound).await?;
        } else {
            let origin = Origin {
                aliases: who.aliases.clone(),
                commands,
                ..Origin::default()
            };
            self.ingress.take_from(inbound, &origin).await?;
        }
        Ok(true)
    }

    /// A message of this name says something else now. One that is not known is stored as it is now.
    async fn edited(&self, name: &str, key: &Value, who: Option<Who>, said: &Said) -> Done {
        if self.revise(name, key, &edited(said)).await? {
            return Ok(true);
        }
        let Some(who) = who else {
            self.unread("an edit of a message that is not known", "edited");
            return Ok(true);
        };
        let mut inbound = inbound::inbound(&Value::Null, &who, said);
        if let Some(meta) = &mut inbound.meta {
            meta["id"] = name.into();
            meta["edited"] = true.into();
        }
        inbound.dedup_key = Some(name.to_owned());
        inbound.media = said.media(name, None);
        self.expect_file(&mut inbound, &who, &Value::Null).await?;
        self.store(inbound, &who, Commands::Ignored).await
    }

    async fn deleted(&self, name: &str, key: &Value) -> Done {
        if !self.revise(name, key, &Revision::Deleted).await? {
            self.unread("the deletion of a message that is not known", "deleted");
        }
        Ok(true)
    }

    /// Revises the message of this name; what an older version of ours stored goes by its address, too.
    async fn revise(&self, name: &str, key: &Value, revision: &Revision) -> Done {
        if self.ingress.revise(name, revision.clone()).await? {
            return Ok(true);
        }
        match text_at(key, "remoteJid") {
            Some(jid) => {
                self.ingress
                    .revise(&format!("{jid}:{name}"), revision.clone())
                    .await
            }
            None => Ok(false),
        }
    }

    /// `messages.edited` brings every `protocolMessage` there is.
    async fn edit(&self, data: &Value, me: Option<&str>) -> Done {
        let key = &data["key"];
        match kinds::read_protocol(data) {
            Body::Edited(Some(name), said) => {
                let who = author_of_edit(key, me).filter(|who| who.place != Place::Broadcast);
                let who = match who {
                    Some(who) => Some(self.resolved(who).await?),
                    None => None,
                };
                self.edited(&name, key, who, &said).await
            }
            Body::Deleted(name) => self.deleted(&name, key).await,
            Body::Nothing(kind) => {
                self.unread("nothing that anyone said", &kind);
                Ok(true)
            }
            Body::Said(_) | Body::Edited(None, _) => {
                self.unread(
                    "a setting of a conversation that is not named",
                    "messages.edited",
                );
                Ok(true)
            }
        }
    }

    async fn delete(&self, data: &Value) -> Done {
        let key = &data["key"];
        let name = text_at(key, "id").or(text_at(data, "keyId"));
        match name.or(text_at(data, "id")) {
            Some(name) => {
                self.deleted(name, if key.is_object() { key } else { data })
                    .await
            }
            None => Ok(true),
        }
    }

    /// A receipt, an edit, or votes. That something was deleted is not believed here: versions before
    /// 2.3.7 say so of whatever has no status (evolution-api#2010).
    async fn update(&self, data: &Value, me: Option<&str>) -> Done {
        let key = if data["key"].is_object() {
            &data["key"]
        } else {
            data
        };
        let Some(name) = text_at(data, "keyId").or(text_at(key, "id")) else {
            return Ok(true);
        };
        if text_at(key, "remoteJid").is_some_and(|jid| place(jid) == Place::Broadcast) {
            return Ok(true);
        }
        if data["message"]["editedMessage"].is_object()
            && let Body::Edited(other, said) = kinds::read(&data["message"], None)
            && let Some(who) = self.whose(key, me).await?
        {
            let name = other.as_deref().unwrap_or(name);
            self.edited(name, key, Some(who), &said).await?;
        }
        for (voter, options) in votes(&data["pollUpdates"]) {
            self.voted(name, key, &voter, options, me).await?;
        }
        let Some(state) = state_of(&data["status"]) else {
            return Ok(true);
        };
        let failed = state == State::Failed;
        let error = failed
            .then(|| "WhatsApp did not take it (status ERROR); retry sends it again".to_owned());
        if key["fromMe"] == false {
            // Somebody else's: known by its name or not at all.
            self.ingress.report(name, state, error).await?;
            return Ok(true);
        }
        let who = self.whose(key, me).await?;
        let posted = Posted {
            name,
            peer: who.as_ref().and_then(|who| known(&who.peer)),
            text: None,
        };
        let whose = report(&self.ingress, &posted, state, error).await?;
        Ok(whose != Whose::InDoubt)
    }

    /// What somebody chose in a poll; a new choice edits the one before.
    async fn voted(
        &self,
        poll: &str,
        key: &Value,
        voter: &str,
        options: Vec<String>,
        me: Option<&str>,
    ) -> Result<(), StoreError> {
        let Some(mut who) = self.whose(key, me).await? else {
            return Ok(());
        };
        let author = here(voter);
        who.own = voter == "me" || Some(author.as_str()) == me;
        who.sender = (who.place == Place::Group && voter != "me").then_some(author);
        (who.address, who.aliases) = (None, vec![]);
        let who = self.resolved(who).await?;
        let content = Content::Vote {
            poll: Some(poll.to_owned()),
            options,
        };
        let name = format!("vote:{poll}:{}", plain(voter));
        self.tell(&name, &who, &content, true).await
    }

    async fn call_came(&self, data: &Value, me: Option<&str>) -> Done {
        let Some(call) = call(data) else {
            self.unread(
                "a step of a call",
                text_at(data, "status").unwrap_or("call"),
            );
            return Ok(true);
        };
        if let Some(who) = self.whose(&call.key, me).await? {
            self.tell(&call.name, &who, &call.content, call.is_news)
                .await?;
        }
        Ok(true)
    }

    /// Stores what has no message of its own, under a name of ours, or revises it where that is known.
    async fn tell(
        &self,
        name: &str,
        who: &Who,
        content: &Content,
        is_news: bool,
    ) -> Result<(), StoreError> {
        let said = Said::of(content);
        if is_news && self.ingress.revise(name, edited(&said)).await? {
            return Ok(());
        }
        let mut inbound = inbound::inbound(&Value::Null, who, &said);
        inbound.dedup_key = Some(name.to_owned());
        self.store(inbound, who, Commands::Ignored).await.map(drop)
    }

    /// The peer that an address means.
    async fn peer_of(&self, address: &str) -> Result<String, StoreError> {
        let peer = here(address);
        if peer.ends_with(HIDDEN) {
            return self.ingress.canonical(&peer).await;
        }
        Ok(peer)
    }

    async fn present(&self, data: &Value) -> Done {
        let Some(chat) = text_at(data, "id") else {
            return Ok(true);
        };
        let peer = self.peer_of(chat).await?;
        for (member, goes_on) in presences(data) {
            let member = self.peer_of(member).await?;
            let sender = Some(member).filter(|member| *member != peer);
            self.ingress.typing(&peer, sender.as_deref(), goes_on);
        }
        Ok(true)
    }
}

/// The key of a message; programs before Baileys 6 told the member of a group beside it.
fn with_participant(data: &Value) -> Value {
    let mut key = data["key"].clone();
    if text_at(&key, "participant").is_none() {
        key["participant"] = data["participant"].clone();
    }
    key
}

/// A peer that is known for sure: a hidden id may be any number's.
fn known(peer: &str) -> Option<String> {
    (!peer.ends_with(HIDDEN)).then(|| peer.to_owned())
}
