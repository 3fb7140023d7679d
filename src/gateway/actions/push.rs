//! The actions about web push: the key, subscribing a device, ending that, the list.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};

use super::answer::Answer;
use crate::{
    clock,
    gateway::{Gateway, permissions::Access},
    http_client::OutsideUrl,
    log::LogField,
    message::Pattern,
    protocol::{
        error_code::{ErrorCode, Fault},
        payload::{Payload, bad_field},
        role::Role,
    },
    push::{
        MAX_ENDPOINT, NewSubscription, Owner, PushError, Quiet, Receiver, Subscription,
        SubscriptionId, check_receiver,
    },
};

/// How long the host of an address is looked up for. One that is not found yet is looked up again, and checked,
/// whenever something is pushed there.
const LOOK_UP: Duration = Duration::from_secs(3);

/// Longest language tag, in bytes.
const MAX_LANGUAGE: usize = 35;

pub(super) fn key(gateway: &Arc<Gateway>) -> Answer {
    let gateway = Arc::clone(gateway);
    Answer::Later(Box::pin(async move {
        let key = gateway.push.keys().get().await.map_err(no_key)?;
        Ok(json!({"public_key": key.public()}).to_string())
    }))
}

/// Without the cryptography there is never a key; with it, the file of the key may be damaged.
fn no_key(why: String) -> Fault {
    let code = if cfg!(feature = "tls") {
        ErrorCode::Internal
    } else {
        ErrorCode::Conflict
    };
    Fault::new(code, why)
}

pub(super) fn subscribe(gateway: &Arc<Gateway>, access: &Access, payload: &Payload) -> Answer {
    let new = match asked(gateway, access, payload) {
        Ok(new) => new,
        Err(fault) => return Answer::Now(Err(fault)),
    };
    let (gateway, access) = (Arc::clone(gateway), access.clone());
    Answer::Later(Box::pin(async move {
        let one = added(&gateway, new).await?;
        // The key may have ended while this was written.
        if access.expect_good().is_err() {
            gateway.push.remove(&one).await?;
        }
        access.expect_good()?;
        note(&gateway, "push subscription added", &one);
        Ok(json!({"subscription": one.json()}).to_string())
    }))
}

async fn added(gateway: &Gateway, new: NewSubscription) -> Result<Arc<Subscription>, Fault> {
    gateway.push.keys().get().await.map_err(no_key)?;
    let refused = |why: String| bad_field("keys", "those of a browser", &why);
    check_receiver(&new.receiver).map_err(refused)?;
    let settings = gateway.push.settings();
    let is_trusted = new.url.is_one_of(&settings.private_hosts);
    if !is_trusted && new.url.leads_inside(LOOK_UP).await == Some(true) {
        let expected = "on the public internet, or on a host of PUSH_PRIVATE_HOSTS";
        return Err(bad_field(
            "endpoint",
            expected,
            "one that leads to a private network",
        ));
    }
    Ok(gateway.push.add(new, clock::now_ms()).await?)
}

fn note(gateway: &Gateway, what: &str, one: &Subscription) {
    let host = one.told.url.authority();
    let fields: [LogField<'_>; 2] = [("subscription", &one.id), ("host", &host)];
    gateway.log.info("push", what, &fields);
}

/// The subscription that a payload asks for.
fn asked(gateway: &Gateway, access: &Access, payload: &Payload) -> Result<NewSubscription, Fault> {
    let endpoint = payload.text("endpoint");
    let url = Some(endpoint).filter(|text| text.len() <= MAX_ENDPOINT);
    let url = url.and_then(OutsideUrl::parse).ok_or_else(|| {
        let expected = format!("an https address of at most {MAX_ENDPOINT} bytes");
        bad_field("endpoint", &expected, "something else")
    })?;
    let topics = payload.names("topics").map(|text| {
        let expected = "conversations, each CHANNEL/PEER with * for any";
        let pattern = Pattern::parse(text).filter(|_| text.contains('/'));
        pattern.ok_or_else(|| bad_field("topics", expected, &format!("{text:?}")))
    });
    let quiet = payload.value("quiet").map(|json| {
        let quiet = Quiet::parse(json);
        quiet.map_err(|expected| bad_field("quiet", expected, "something else"))
    });
    Ok(NewSubscription {
        endpoint: endpoint.to_owned(),
        url,
        receiver: receiver(payload)?,
        topics: topics.collect::<Result<_, Fault>>()?,
        quiet: quiet.transpose()?,
        language: language(payload)?,
        owner: owner(gateway, access),
    })
}

fn receiver(payload: &Payload) -> Result<Receiver, Fault> {
    let text = |name: &str| {
        let keys = payload.value("keys");
        keys.and_then(|keys| keys[name].as_str())
            .unwrap_or_default()
    };
    Receiver::parse(text("p256dh"), text("auth")).map_err(|which| {
        let expected = "{p256dh, auth} in base64url, 65 and 16 bytes, as the browser gives them";
        bad_field("keys", expected, &format!("with another {which}"))
    })
}

/// A language tag (RFC 5646): letters, digits and hyphens.
fn language(payload: &Payload) -> Result<Option<String>, Fault> {
    let is_tag = |text: &&str| {
        let mut bytes = text.bytes();
        text.len() <= MAX_LANGUAGE && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    match payload.optional_text("language") {
        None => Ok(None),
        Some(text) if is_tag(&text) => Ok(Some(text.to_owned())),
        Some(_) => Err(bad_field(
            "language",
            "a language tag such as pt-BR",
            "something else",
        )),
    }
}

/// Whose subscription it becomes.
fn owner(gateway: &Gateway, access: &Access) -> Owner {
    match access.key() {
        Some(key) => Owner::of_key(key),
        None => Owner::of_token(gateway.settings().token.as_deref().unwrap_or_default()),
    }
}

/// Whether this client sees and ends the subscriptions of all.
fn runs_all(access: &Access) -> bool {
    access.role() == Role::Owner && access.limits().is_none()
}

/// By its address, which only its device knows and whoever it told, anybody ends it; by its id only its owner.
pub(super) fn unsubscribe(gateway: &Arc<Gateway>, access: &Access, payload: &Payload) -> Answer {
    let endpoint = payload.optional_text("endpoint");
    let id = payload
        .optional_text("id")
        .map(str::parse::<SubscriptionId>);
    let found = match (endpoint, id) {
        (Some(endpoint), None) => gateway.push.at(endpoint),
        (None, Some(Ok(id))) => {
            let mut all = seen(gateway, access).into_iter();
            all.find(|one| one.id == id)
        }
        (None, Some(Err(()))) => None,
        (endpoint, _) => {
            let came = if endpoint.is_some() {
                "both"
            } else {
                "neither"
            };
            let fault = bad_field("endpoint", "given, or else id", came);
            return Answer::Now(Err(fault));
        }
    };
    let gateway = Arc::clone(gateway);
    Answer::Later(Box::pin(async move {
        if let Some(one) = &found {
            gateway.push.remove(one).await?;
            note(&gateway, "push subscription ended", one);
        }
        Ok(json!({"removed": found.is_some()}).to_string())
    }))
}

fn seen(gateway: &Gateway, access: &Access) -> Vec<Arc<Subscription>> {
    let (mut all, owner) = (gateway.push.all(), owner(gateway, access));
    all.retain(|one| runs_all(access) || one.told.owner == owner);
    all
}

pub(super) fn list(gateway: &Gateway, access: &Access) -> String {
    let all = seen(gateway, access);
    let all: Value = all.iter().map(|one| one.json()).collect();
    json!({"subscriptions": all}).to_string()
}

impl From<PushError> for Fault {
    fn from(error: PushError) -> Self {
        let text = error.to_string();
        match error {
            PushError::FullOfOwner | PushError::Full => Self::new(ErrorCode::Conflict, text),
            PushError::NotKept(why) => why.fault(text),
        }
    }
}
