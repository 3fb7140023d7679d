//! The actions about the keys of clients: list, add, pair, rename, revoke.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    answer::{Answer, CommandResult},
    lookup::target,
};
use crate::{
    clock,
    gateway::{
        Gateway,
        keys::{ACTIVE, MAX_LIFE, REVOKED},
        permissions::{Access, Shown},
    },
    keys::{Key, NewKey},
    log::{LogField, is_steering},
    message::{ConversationSet, Pattern},
    percent,
    protocol::{
        error_code::{ErrorCode, Fault},
        payload::{Payload, bad_field},
        role::Role,
    },
    qr::Qr,
};

/// Longest name of a key, in characters.
const MAX_NAME: usize = 64;

pub(super) fn list(gateway: &Gateway) -> String {
    let keys = gateway.keys.ring().list();
    let keys: Value = keys.iter().map(|key| gateway.key_json(key)).collect();
    json!({"keys": keys}).to_string()
}

pub(super) fn add(gateway: &Arc<Gateway>, payload: &Payload) -> Answer {
    let new = match asked(gateway, payload, Role::Send) {
        Ok(new) => new,
        Err(fault) => return Answer::Now(Err(fault)),
    };
    let gateway = Arc::clone(gateway);
    Answer::Later(Box::pin(async move {
        let (key, token) = made(&gateway, new).await?;
        Ok(json!({"token": token, "key": gateway.key_json(&key)}).to_string())
    }))
}

/// Makes a key, and tells of it.
pub(in crate::gateway) async fn made(
    gateway: &Gateway,
    new: NewKey,
) -> Result<(Arc<Key>, String), Fault> {
    let (key, token) = gateway.keys.ring().add(new, clock::now_ms()).await?;
    note(gateway, "key added", &key);
    gateway.publish_key(&key, ACTIVE);
    Ok((key, token))
}

fn note(gateway: &Gateway, what: &str, key: &Key) {
    let (name, role) = (key.name(), key.role.as_str());
    let fields: [LogField<'_>; 3] = [("key", &key.id), ("name", &name), ("role", &role)];
    gateway.log.info("keys", what, &fields);
}

/// The key that a payload asks for.
fn asked(gateway: &Gateway, payload: &Payload, role: Role) -> Result<NewKey, Fault> {
    let role = match payload.optional_text("role") {
        None => role,
        Some(name) => name.parse().map_err(|()| {
            bad_field(
                "role",
                &format!("one of {}", Role::names()),
                &format!("{name:?}"),
            )
        })?,
    };
    let channels: Vec<String> = payload.names("channels").map(str::to_owned).collect();
    let peers = payload.names("peers").map(|text| {
        let expected = "conversations, each CHANNEL/PEER with * for any";
        let pattern = Pattern::parse(text).filter(|_| text.contains('/'));
        let pattern = pattern.ok_or_else(|| bad_field("peers", expected, &format!("{text:?}")))?;
        as_address(gateway, pattern)
    });
    let peers: Vec<Pattern> = peers.collect::<Result<_, Fault>>()?;
    if role == Role::Bridge && (channels.len() != 1 || !peers.is_empty()) {
        let expected = "the one channel of the bridge, and no peers";
        return Err(bad_field("channels", expected, "something else"));
    }
    let life = payload.integer("expires_in_s");
    let end = life.map(|life_s| clock::now_ms().saturating_add(life_s.saturating_mul(1_000)));
    Ok(NewKey {
        name: name(payload.text("name"))?,
        role,
        conversations: ConversationSet { channels, peers },
        expires_ms: end,
    })
}

/// A pattern of one conversation with its address as the store has it. What can be none would match nothing.
fn as_address(gateway: &Gateway, pattern: Pattern) -> Result<Pattern, Fault> {
    let (channel, peer) = pattern.clone().into_parts();
    if channel.contains('*') || peer.contains('*') {
        return Ok(pattern);
    }
    let peer = target(gateway, &channel, "peers", &peer)?;
    Ok(Pattern::parse(&format!("{channel}/{peer}")).unwrap_or(pattern))
}

/// Whether nobody sees the character, so that two names with and without it look the same: what steers a text, and
/// what is left out or blank when it is drawn (Unicode, `Default_Ignorable_Code_Point`, and the empty Braille cell).
fn is_unseen(c: char) -> bool {
    (is_steering(c) && !c.is_control())
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{206f}' | '\u{2800}'
            | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// A name as a person may give it to a key, without what nobody sees in it.
pub(in crate::gateway) fn name(text: &str) -> Result<String, Fault> {
    let name: String = text.chars().filter(|c| !is_unseen(*c)).collect();
    let name = name.trim();
    let is_id = name
        .strip_prefix("k-")
        .is_some_and(|digits| digits.parse::<u64>().is_ok());
    let is_plain = !name.is_empty() && name.chars().count() <= MAX_NAME;
    if is_plain && !is_id && !name.chars().any(char::is_control) {
        return Ok(name.to_owned());
    }
    let expected = format!("1 to {MAX_NAME} characters, and not as an id such as k-3");
    Err(bad_field("name", &expected, "something else"))
}

pub(super) fn pair(gateway: &Gateway, access: &Access, payload: &Payload) -> CommandResult {
    let codes = gateway.keys.codes();
    if let Some(code) = payload.optional_text("cancel") {
        let was_good = codes.take(code).is_some();
        return Ok(json!({"cancelled": was_good}).to_string());
    }
    let new = asked(gateway, payload, Role::Operator)?;
    // The page of the device proposes the name that it is given here.
    let name = percent::encode(&new.name, b"");
    let maker = Shown::of(access, &gateway.owner_token);
    let maker = maker.ok_or_else(|| Fault::new(ErrorCode::Unauthorized, "show a token first"))?;
    let code = codes.add(new, maker);
    let (address, warning) = gateway.address_for_devices();
    let url = format!("{address}/#pair={code}&name={name}");
    let life_ms = u64::try_from(MAX_LIFE.as_millis()).unwrap_or(u64::MAX);
    let mut answer = json!({"code": code, "url": url, "expires_ms": clock::now_ms() + life_ms});
    if let Some(square) = Qr::of(&url) {
        answer["qr"] = json!(square.rows());
    }
    if let Some(warning) = warning {
        answer["warning"] = json!(warning);
    }
    Ok(answer.to_string())
}

pub(super) fn rename(gateway: &Arc<Gateway>, payload: &Payload) -> Answer {
    let found = gateway.keys.ring().named(payload.text("key_id"));
    let (key, name) = match found.map_err(Fault::from).and_then(|key| {
        let name = name(payload.text("name"))?;
        Ok((key, name))
    }) {
        Ok(both) => both,
        Err(fault) => return Answer::Now(Err(fault)),
    };
    let gateway = Arc::clone(gateway);
    Answer::Later(Box::pin(async move {
        gateway.keys.ring().rename(&key, &name).await?;
        gateway.publish_key(&key, ACTIVE);
        Ok(json!({"key": gateway.key_json(&key)}).to_string())
    }))
}

/// Its connections are closed at once, whatever the disk says then.
pub(super) fn revoke(gateway: &Arc<Gateway>, payload: &Payload) -> Answer {
    let key = match gateway.keys.ring().named(payload.text("key_id")) {
        Ok(key) => key,
        Err(error) => return Answer::Now(Err(error.into())),
    };
    let gateway = Arc::clone(gateway);
    Answer::Later(Box::pin(async move {
        let revoking = gateway.keys.ring().revoke(&key);
        let closed = gateway.close_of_key(&key, REVOKED);
        note(&gateway, "key revoked", &key);
        revoking.await?;
        let answer = json!({"key_id": key.id.to_string(), "name": key.name(), "closed": closed});
        Ok(answer.to_string())
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_the_same_are_the_same() {
        for text in [
            "phone",
            " phone ",
            "pho\u{200b}ne",
            "phone\u{ad}",
            "\u{202e}phone",
            "phone\u{3164}",
            "\u{2800}phone",
            "phone\u{feff}",
        ] {
            assert_eq!(name(text).expect(text), "phone", "{text:?}");
        }
        for text in ["", "\u{200b}", "k-3", "k\u{200b}-3"] {
            assert!(name(text).is_err(), "{text:?}");
        }
        assert_eq!(
            name("celular da Ana 📱").expect("a name"),
            "celular da Ana 📱"
        );
    }
}
