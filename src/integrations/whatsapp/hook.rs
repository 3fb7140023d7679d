//! What a server posts, event by event: whose it is, and what of it is stored.

use serde_json::Value;

use super::{
    Whatsapp,
    events::{Call, PostedMessage, Posts, ServerEvent, Update},
    inbound::{self, author_of_edit, edited},
    kinds::{self, Body, Said},
    mention,
    reconcile::{Posted, Whose, report},
    settings::NAME,
    who::{HIDDEN, Place, Who, here, plain, who},
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
    /// Takes all that a post tells.
    pub(super) async fn take(&self, posts: Posts) -> Result<HookReply, StoreError> {
        for event in posts.events {
            if !self.event(event, posts.me.as_deref()).await? {
                return Ok(HookReply::again("a message under way is not known yet"));
            }
        }
        Ok(HookReply::done())
    }

    async fn event(&self, event: ServerEvent, me: Option<&str>) -> Done {
        match event {
            ServerEvent::Message(posted) => self.message(&posted, me).await,
            ServerEvent::Update(update) => self.update(&update, me).await,
            ServerEvent::Protocol { key, protocol } => self.protocol(&key, &protocol, me).await,
            ServerEvent::Deleted { name, key } => self.deleted(&name, &key).await,
            ServerEvent::Call(call) => self.call_came(&call, me).await,
            ServerEvent::Typing { chat, members } => self.present(&chat, &members).await,
            ServerEvent::Status(status) => {
                self.became(&status);
                Ok(true)
            }
            ServerEvent::CallStep(step) => {
                self.unread("a step of a call", &step);
                Ok(true)
            }
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

    async fn message(&self, posted: &PostedMessage, me: Option<&str>) -> Done {
        let key = &posted.key;
        let Some(name) = text_at(key, "id") else {
            return Ok(true);
        };
        let Some(who) = self.whose(key, me).await? else {
            return Ok(true);
        };
        let body = match &posted.message {
            Value::Null => Body::Nothing("no message".to_owned()),
            message => kinds::read(message, posted.hint.as_deref()),
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
            Body::Said(said) => self.said(posted, &who, &said, me).await,
        }
    }

    async fn said(&self, posted: &PostedMessage, who: &Who, said: &Said, me: Option<&str>) -> Done {
        if let Some(kind) = said.service_type() {
            self.unread("a message of a kind that no rule knows", kind);
        }
        let mut inbound = inbound::inbound(posted, who, said);
        if !who.own {
            if who.place == Place::Group && self.names_us(posted, &said.words, me).await? {
                inbound.meta.get_or_insert_default()["mentioned"] = true.into();
            }
            self.expect_file(&mut inbound, who, posted.base64.as_deref())
                .await?;
            let commands = if said.typed {
                Commands::Obeyed
            } else {
                Commands::Ignored
            };
            return self.store(inbound, who, commands).await;
        }
        // Ours, written here or on the phone: which, the names of those sent here tell.
        let ours = Posted {
            name: inbound.dedup_key.as_deref().unwrap_or_default(),
            peer: known(&who.peer),
            text: Some(&said.words),
        };
        match report(&self.ingress, &ours, State::Sent, None).await? {
            Whose::Ours => Ok(true),
            Whose::InDoubt => Ok(false),
            Whose::NotOurs => {
                self.expect_file(&mut inbound, who, posted.base64.as_deref())
                    .await?;
                self.store(inbound, who, Commands::Ignored).await
            }
        }
    }

    /// Whether a group's message names our own number. Where the group hides numbers it names our hidden
    /// id, which our own messages in groups tell.
    async fn names_us(
        &self,
        posted: &PostedMessage,
        words: &str,
        me: Option<&str>,
    ) -> Result<bool, StoreError> {
        let Some(me) = me else { return Ok(false) };
        if phone::is_mentioned(words, me) {
            return Ok(true);
        }
        for address in mention::mentioned(&posted.context, &posted.message) {
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
        let mut inbound = inbound::inbound(&PostedMessage::default(), &who, said);
        if let Some(meta) = &mut inbound.meta {
            meta["id"] = name.into();
            meta["edited"] = true.into();
        }
        inbound.dedup_key = Some(name.to_owned());
        inbound.media = said.media(name, None);
        self.expect_file(&mut inbound, &who, None).await?;
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

    /// What somebody did to a message, told apart from a message of its own.
    async fn protocol(&self, key: &Value, protocol: &Value, me: Option<&str>) -> Done {
        match kinds::read_protocol(protocol) {
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

    /// A receipt, an edit, or votes.
    async fn update(&self, update: &Update, me: Option<&str>) -> Done {
        let (name, key) = (update.name.as_str(), &update.key);
        if update.edited.is_object()
            && let Body::Edited(other, said) = kinds::read(&update.edited, None)
            && let Some(who) = self.whose(key, me).await?
        {
            let name = other.as_deref().unwrap_or(name);
            self.edited(name, key, Some(who), &said).await?;
        }
        for (voter, options) in &update.votes {
            self.voted(name, key, voter, options.clone(), me).await?;
        }
        let Some(state) = update.state else {
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

    async fn call_came(&self, call: &Call, me: Option<&str>) -> Done {
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
        let mut inbound = inbound::inbound(&PostedMessage::default(), who, &said);
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

    async fn present(&self, chat: &str, members: &[(String, bool)]) -> Done {
        let peer = self.peer_of(chat).await?;
        for (member, goes_on) in members {
            let member = self.peer_of(member).await?;
            let sender = Some(member).filter(|member| *member != peer);
            self.ingress.typing(&peer, sender.as_deref(), *goes_on);
        }
        Ok(true)
    }
}

/// A peer that is known for sure: a hidden id may be any number's.
fn known(peer: &str) -> Option<String> {
    (!peer.ends_with(HIDDEN)).then(|| peer.to_owned())
}
