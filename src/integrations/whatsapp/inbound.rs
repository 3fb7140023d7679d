//! What is stored of something posted.

use serde_json::{Value, json};

use super::{
    kinds::{Said, is_forwarded},
    who::{self, Place, Who},
    wire::NAME,
};
use crate::{
    integrations::ADDRESS,
    message::{Content, Kind, text_at},
    store::{Inbound, Revision},
};

/// A message as it is stored. Its key is the service's id of it alone: edits and deletions know no more,
/// and the conversation of the same message is the number at one time and the hidden id at another.
pub(super) fn inbound(data: &Value, who: &Who, said: &Said) -> Inbound {
    let id = text_at(&data["key"], "id").or(text_at(data, "keyId"));
    let url = text_at(&data["message"], "mediaUrl");
    let context = &data["contextInfo"];
    let mut meta = json!({});
    let is_forwarded = said.forwarded || is_forwarded(context);
    let known = [
        ("id", id.map(Value::from)),
        ("name", named(data, who).map(Value::from)),
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
    let answered = text_at(context, "stanzaId").or(said.about.as_deref());
    Inbound {
        channel: NAME.to_owned(),
        peer: who.peer.clone(),
        sender: who.sender.clone(),
        kind: said.kind,
        text: said.text.clone(),
        content: said.content.clone(),
        media: said.media(id.unwrap_or_default(), url),
        reply_to: answered.map(str::to_owned),
        meta: Some(meta),
        dedup_key: id.map(str::to_owned),
    }
}

/// A post of a newsletter is nobody's.
fn named<'a>(data: &'a Value, who: &Who) -> Option<&'a str> {
    who::name(data, who).filter(|_| who.place != Place::Newsletter)
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

/// A call: its name among messages, who calls, and what is known of it. A call is posted at every step,
/// so only the first makes a message (Baileys, `src/Types/Call.ts`).
pub(super) struct Call {
    pub name: String,
    pub key: Value,
    pub content: Content,
    /// Whether it tells how the call went.
    pub is_news: bool,
}

/// Reads the event `call`.
pub(super) fn call(data: &Value) -> Option<Call> {
    let id = text_at(data, "id")?;
    let (outcome, is_news) = match text_at(data, "status")? {
        "offer" | "ringing" => (None, false),
        "accept" => (Some("accepted"), true),
        "reject" => (Some("rejected"), true),
        "timeout" => (Some("missed"), true),
        // Also of a call that was taken.
        "terminate" => (Some("ended"), false),
        _ => return None,
    };
    let chat = text_at(data, "chatId");
    let from = text_at(data, "from").or(chat);
    let group = text_at(data, "groupJid").or(chat.filter(|chat| who::place(chat) == Place::Group));
    let number = &data["callerPn"];
    let key = match group {
        Some(group) => json!({"remoteJid": group, "participant": from, "participantPn": number}),
        None => json!({"remoteJid": from, "remoteJidAlt": number}),
    };
    Some(Call {
        name: format!("call:{id}"),
        key,
        content: Content::Call {
            video: data["isVideo"] == true,
            outcome: outcome.map(str::to_owned),
            seconds: None,
        },
        is_news,
    })
}

/// The votes on a poll as older versions post them: an option each, with all who chose it.
pub(super) fn votes(updates: &Value) -> Vec<(String, Vec<String>)> {
    let mut votes: Vec<(String, Vec<String>)> = Vec::new();
    for update in updates.as_array().into_iter().flatten() {
        let Some(option) = text_at(update, "name") else {
            continue;
        };
        let all = update["voters"].as_array().into_iter().flatten();
        for voter in all.filter_map(Value::as_str) {
            match votes.iter_mut().find(|(known, _)| known == voter) {
                Some((_, options)) => options.push(option.to_owned()),
                None => votes.push((voter.to_owned(), vec![option.to_owned()])),
            }
        }
    }
    votes
}

/// A member of a group, and whether it goes on, for each who writes or no longer does.
pub(super) fn presences(data: &Value) -> Vec<(&str, bool)> {
    /// Members of a group told of at once.
    const MOST: usize = 16;
    let Some(presences) = data["presences"].as_object() else {
        return Vec::new();
    };
    let told = presences.iter().filter_map(|(member, presence)| {
        let goes_on = match presence["lastKnownPresence"].as_str()? {
            "composing" | "recording" => true,
            "available" | "paused" => false,
            _ => return None,
        };
        Some((member.as_str(), goes_on))
    });
    told.take(MOST).collect()
}
