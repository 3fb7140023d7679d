//! What people write to us, and what the user writes on the phone, which comes as echoes
//! (<https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/smb_message_echoes>).
//!
//! Whose a message is stands here; what it says is in `kinds`, what becomes of one that edits or
//! deletes another in `revisions`.

use serde_json::{Value, json};

use super::{
    NAME, errors,
    kinds::{Said, said, type_of},
    system::{Moved, moved},
    webhook::{Change, Receiver, list},
    who::{Identity, Side, UNKNOWN},
};
use crate::{
    integrations::{
        ingress::{Commands, Origin},
        support::files::incoming,
    },
    message::{Kind, State, text_at},
    store::{Inbound, StoreError},
};

/// A message on its way in.
pub(super) struct Incoming {
    pub(super) inbound: Inbound,
    /// What is known of whoever wrote it; nothing of one that is kept whoever wrote it.
    pub(super) origin: Option<Origin>,
}

impl Receiver {
    /// Takes a message somebody wrote to us.
    pub(super) async fn message(
        &self,
        change: &Change<'_>,
        message: &Value,
    ) -> Result<(), StoreError> {
        if let Some(moved) = moved(message) {
            return self.person_moved(message, &moved).await;
        }
        let person = Identity::of(message, Side::From, change.contacts());
        if let Some(number) = &person.number {
            self.is_back(number).await?;
        }
        let group = text_at(message, "group_id");
        let (peer, sender) = match (group, self.whose(&person).await?) {
            (Some(group), member) => {
                let member = member.unwrap_or_else(|| UNKNOWN.to_owned());
                (group.to_owned(), Some(member))
            }
            (None, Some(peer)) => (peer, None),
            (None, None) => {
                self.nobody(message);
                return Ok(());
            }
        };
        let is_standby = change.field == "standby";
        let mut inbound = inbound(message, said(message), peer, sender);
        self.expect_files(&mut inbound);
        mark(&mut inbound, "name", person.name);
        let is_named = change.names_us(&inbound.text);
        mark(&mut inbound, "mentioned", is_named.then_some(true));
        mark(&mut inbound, "standby", is_standby.then_some(true));
        let says = matches!(inbound.kind, Kind::Text) || inbound.kind.is_file();
        let origin = Origin {
            aliases: person.user_ids,
            listed_as: vec![],
            commands: if says && !is_standby {
                Commands::Obeyed
            } else {
                Commands::Ignored
            },
        };
        if is_standby && !self.knows(&inbound, &origin).await? {
            return Ok(());
        }
        let origin = Some(origin);
        self.take(message, Incoming { inbound, origin }).await
    }

    /// Whether somebody may write, without asking a stranger to pair: whoever wrote nothing to us is
    /// not written to.
    async fn knows(&self, inbound: &Inbound, origin: &Origin) -> Result<bool, StoreError> {
        let sender = inbound.sender.as_ref().unwrap_or(&inbound.peer);
        let known = self
            .ingress
            .may_write(sender, &inbound.peer, origin)
            .await?;
        if !known {
            self.debug(
                "something came of a stranger and was left out",
                inbound.kind.as_str(),
            );
        }
        Ok(known)
    }

    /// Takes a message the user wrote on the phone: it is kept, and nothing in it is obeyed. Whoever
    /// sent it by the API is told of it by reports and not by echoes.
    pub(super) async fn echo(
        &self,
        change: &Change<'_>,
        message: &Value,
    ) -> Result<(), StoreError> {
        if let Some(id) = text_at(message, "id")
            && self.ingress.report(id, State::Sent, None).await?
        {
            return Ok(());
        }
        let side = theirs(change, message);
        let person = Identity::of(message, side, change.contacts());
        let group = text_at(message, "group_id").map(str::to_owned);
        let Some(peer) = group.or(self.whose(&person).await?) else {
            self.nobody(message);
            return Ok(());
        };
        if text_at(message, "group_id").is_none() {
            for id in &person.user_ids {
                self.ingress.same_peer(id, &peer).await?;
            }
        }
        let mut inbound = inbound(message, said(message), peer, None);
        self.expect_files(&mut inbound);
        mark(&mut inbound, "own", true);
        let origin = None;
        self.take(message, Incoming { inbound, origin }).await
    }

    /// The peer that a person is: the number where it is known, now or from before, else the user id.
    pub(super) async fn whose(&self, person: &Identity) -> Result<Option<String>, StoreError> {
        match (&person.number, person.user_ids.first()) {
            (Some(number), _) => Ok(Some(number.clone())),
            (None, Some(id)) => self.ingress.canonical(id).await.map(Some),
            (None, None) => Ok(None),
        }
    }

    /// A number that was given up for another and writes again is somebody's own again, who may be
    /// somebody else: what we send to it must not go to the other any more. Naming it anew says so.
    async fn is_back(&self, number: &str) -> Result<(), StoreError> {
        if self.ingress.canonical(number).await? == number {
            return Ok(());
        }
        let again = format!("+{number}");
        self.ingress.same_peer(&again, number).await
    }

    /// Has the file of a message fetched, where the settings say so. What stood in the app before is fetched
    /// on request alone: there may be years of it.
    fn expect_files(&self, inbound: &mut Inbound) {
        incoming::mark(inbound.media.as_mut(), inbound.kind, self.fetches);
    }

    /// A message without anyone to answer to has no conversation to stand in.
    pub(super) fn nobody(&self, message: &Value) {
        let kind = type_of(message);
        let log = self.ingress.log();
        let what = "a message came that does not say of whom, and was left out";
        log.warn_limited("integration", what, &[("name", &NAME), ("type", &kind)]);
    }

    /// A person goes by another name from now on, and so does the conversation; what was known of the
    /// old one, that it may write as well, is known of the new one.
    async fn person_moved(&self, message: &Value, moved: &Moved) -> Result<(), StoreError> {
        let peer = self.peer_after(moved).await?;
        let names = moved.before.iter().chain(&moved.besides);
        let names = names.chain(std::iter::once(&moved.now));
        let aliases = names.filter(|name| **name != peer).cloned().collect();
        let inbound = inbound(message, Said::from(moved.content()), peer, None);
        let origin = Origin {
            aliases,
            listed_as: vec![],
            commands: Commands::Ignored,
        };
        if !self.knows(&inbound, &origin).await? {
            return Ok(());
        }
        let origin = Some(origin);
        self.store(Incoming { inbound, origin }).await
    }

    /// A new number has a conversation of its own; a new user id belongs to the number that is known
    /// of the person.
    async fn peer_after(&self, moved: &Moved) -> Result<String, StoreError> {
        let is_number = |name: &str| name.bytes().all(|byte| byte.is_ascii_digit());
        if is_number(&moved.now) {
            return Ok(moved.now.clone());
        }
        for name in &moved.before {
            let means = self.ingress.canonical(name).await?;
            if is_number(&means) {
                return Ok(means);
            }
        }
        Ok(moved.now.clone())
    }

    /// Brings a message in by its door.
    pub(super) async fn store(&self, incoming: Incoming) -> Result<(), StoreError> {
        let Incoming {
            mut inbound,
            origin,
        } = incoming;
        inbound.meta = inbound.meta.filter(|meta| *meta != json!({}));
        self.tell_unsupported(&inbound);
        match origin {
            Some(origin) => self.ingress.take_from(inbound, &origin).await.map(drop),
            None => self.ingress.keep(inbound).await.map(drop),
        }
    }
}

impl Receiver {
    /// One line for each that no rule knows.
    pub(super) fn tell_unsupported(&self, inbound: &Inbound) {
        if inbound.kind == Kind::Unsupported {
            let content = inbound.content.as_ref();
            let name = content.and_then(|content| text_at(content, "type"));
            let name = name.unwrap_or("unknown");
            self.debug("a message of a type without a rule was kept", name);
        }
    }
}

/// Which side of an own message is the other person. Some come with both sides exchanged
/// (<https://github.com/david-lev/pywa/blob/master/tests/data/updates/outgoing_message.json>).
pub(super) fn theirs(change: &Change<'_>, message: &Value) -> Side {
    let [from, to] = ["from", "to"].map(|key| text_at(message, key));
    if change.is_ours(to) && !change.is_ours(from) {
        Side::From
    } else {
        Side::To
    }
}

/// A message as it is kept.
pub(super) fn inbound(
    message: &Value,
    said: Said,
    peer: String,
    sender: Option<String>,
) -> Inbound {
    let id = text_at(message, "id");
    // A reaction names its message in itself; one that was forwarded has a context without a name.
    let answered = text_at(&message["context"], "id");
    let mut inbound = Inbound {
        channel: NAME.to_owned(),
        peer,
        sender,
        reply_to: answered.map(str::to_owned),
        meta: Some(meta(message)),
        dedup_key: id.map(str::to_owned),
        ..Inbound::default()
    };
    says(&mut inbound, said);
    inbound
}

pub(super) fn says(inbound: &mut Inbound, said: Said) {
    inbound.kind = said.kind;
    inbound.text = said.text;
    inbound.content = said.content;
    inbound.media = said.media;
}

/// Adds a field to what is kept beside a message, where there is one.
pub(super) fn mark(inbound: &mut Inbound, field: &str, value: impl Into<Value>) {
    let value = value.into();
    if let Some(meta) = inbound.meta.as_mut().filter(|_| !value.is_null()) {
        meta[field] = value;
    }
}

/// What is kept beside a message: its name, whether it was forwarded, the advertisement or the product
/// it came from, and why Meta could not bring all of it.
fn meta(message: &Value) -> Value {
    let mut meta = json!({});
    if let Some(id) = text_at(message, "id") {
        meta["id"] = json!(id);
    }
    let context = &message["context"];
    let often = context["frequently_forwarded"] == true;
    if often || context["forwarded"] == true {
        meta["forwarded"] = json!(true);
    }
    if often {
        meta["frequently_forwarded"] = json!(true);
    }
    let product = chosen(
        &context["referred_product"],
        &["catalog_id", "product_retailer_id"],
    );
    let told = ["source_url", "source_type", "source_id", "headline", "body"];
    let referral = chosen(&message["referral"], &told);
    for (field, value) in [("referred_product", product), ("referral", referral)] {
        if let Some(value) = value {
            meta[field] = value;
        }
    }
    let errors = list(message, "errors").iter().map(errors::words);
    let errors: Vec<String> = errors.collect();
    if !errors.is_empty() {
        meta["error"] = json!(errors.join("; "));
    }
    meta
}

/// The texts of an object that are there, where any is.
fn chosen(object: &Value, keys: &[&str]) -> Option<Value> {
    let mut chosen = json!({});
    for key in keys {
        if let Some(text) = text_at(object, key) {
            chosen[*key] = json!(text);
        }
    }
    (chosen != json!({})).then_some(chosen)
}
