//! What is stored of something posted.

use serde_json::{Value, json};

use super::{
    events::PostedMessage,
    kinds::{Said, is_forwarded},
    settings::NAME,
    who::{self, Place, Who},
};
use crate::{
    integrations::ADDRESS,
    message::{Kind, text_at},
    store::{Inbound, Revision},
};

/// A message as it is stored. Its key is the service's id of it alone: edits and deletions know no more,
/// and the conversation of the same message is the number at one time and the hidden id at another.
pub(super) fn inbound(posted: &PostedMessage, who: &Who, said: &Said) -> Inbound {
    let id = text_at(&posted.key, "id");
    let mut meta = json!({});
    let is_forwarded = said.forwarded || is_forwarded(&posted.context);
    let known = [
        ("id", id.map(Value::from)),
        ("name", named(posted, who).map(Value::from)),
        ("own", who.own.then_some(true.into())),
        (ADDRESS, who.address.clone().map(Value::from)),
        ("reaction_to", reacted_to(said).map(Value::from)),
        ("forwarded", is_forwarded.then_some(true.into())),
    ];
    for (field, value) in known {
        if let Some(value) = value {
            meta[field] = value;
        }
    }
    // As Evolution 2.3 tells it; in 2.4 that is another context, and the content has its own.
    let answered = text_at(&posted.context, "stanzaId").or(said.about.as_deref());
    let file = posted.file.as_deref().or(id).unwrap_or_default();
    Inbound {
        channel: NAME.to_owned(),
        peer: who.peer.clone(),
        sender: who.sender.clone(),
        kind: said.kind,
        text: said.text.clone(),
        content: said.content.clone(),
        media: said.media(file, posted.url.as_deref()),
        reply_to: answered.map(str::to_owned),
        meta: Some(meta),
        dedup_key: id.map(str::to_owned),
    }
}

/// A post of a newsletter is nobody's.
fn named<'a>(posted: &'a PostedMessage, who: &Who) -> Option<&'a str> {
    who::name(posted.name.as_deref(), who).filter(|_| who.place != Place::Newsletter)
}

fn reacted_to(said: &Said) -> Option<&str> {
    let content = said.content.as_ref()?;
    content["to"]
        .as_str()
        .filter(|_| said.kind == Kind::Reaction)
}

/// What a message says after it was edited.
pub(super) fn edited(said: &Said) -> Revision {
    Revision::Edited {
        text: said.text.clone(),
        content: said.content.clone(),
    }
}

/// Whose an edit is whose original is not known, by the key in it. That is as its author sees it: of a
/// contact's edit it names ourselves, and then nobody knows whose it is.
pub(super) fn author_of_edit(key: &Value, me: Option<&str>) -> Option<Who> {
    let who = who::who(key, me)?;
    match who.place {
        Place::Group if who.own => {
            let mut theirs = key.clone();
            theirs["fromMe"] = json!(false);
            who::who(&theirs, me)
        }
        Place::Person if who.own => {
            let is_other = me.is_some_and(|me| me != who.peer);
            is_other.then_some(who)
        }
        _ => Some(who),
    }
}
