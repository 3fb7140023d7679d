//! Commands of keys that are limited to some conversations: done where they are about one of those, and else
//! refused, or answered as if what they name were not there.

use std::sync::Arc;

use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{
    Connection,
    answer::Answer,
    dispatch,
    lookup::{message_id, reading, stored_peer},
    refused,
};
use crate::{
    gateway::{Gateway, permissions::Access},
    message::{MessageId, TurnId},
    protocol::{
        describe::{Action, FieldKind},
        error_code::Fault,
        payload::Payload,
        role::Subject,
    },
    store::{Store, StoreError},
};

/// Does a command of a key that is limited to some conversations, if it is about one of them. Of which one a
/// message or a turn is, is on the disk.
pub(super) fn within(
    gateway: &Arc<Gateway>,
    access: &Access,
    action: &'static Action,
    mut payload: Payload,
    session: Option<&mut dyn Connection>,
) -> Answer {
    let place = match place(gateway, action, &payload) {
        Err(fault) => return refused(gateway, fault),
        Ok(Place::Nowhere) => return dispatch(gateway, access, action, payload, session),
        Ok(Place::Conversation(channel, peer)) => {
            return match access.expect_within(&channel, peer.as_deref()) {
                Ok(()) => {
                    own_names(access, &channel, &mut payload);
                    dispatch(gateway, access, action, payload, session)
                }
                Err(fault) => refused(gateway, fault),
            };
        }
        Ok(place) => place,
    };
    let (gateway, access) = (Arc::clone(gateway), access.clone());
    Answer::Later(Box::pin(async move {
        // Whoever may not see it learns nothing of it, not even that it is there.
        let found = conversation_of(&gateway.store, place).await?;
        found
            .filter(|(channel, peer)| access.covers(channel, peer))
            .ok_or(StoreError::NotFound)?;
        let answer = dispatch(&gateway, &access, action, payload, None);
        answer.outcome().await
    }))
}

/// Names by which a repeat is recognised. They count for a whole channel.
const NAMES_OF_REPEATS: [&str; 2] = ["idempotency_key", "dedup_key"];

/// Keeps the names that a client gives to its messages apart from those of others on the channel, where it may not
/// see those: it would learn of them by what is a repeat, and could take names that they will use.
pub(super) fn own_names(access: &Access, channel: &str, payload: &mut Payload) {
    let Some(key) = access.key().filter(|_| !access.covers_all_of(channel)) else {
        return;
    };
    for name in NAMES_OF_REPEATS {
        if let Some(Value::String(given)) = payload.value_mut(name) {
            let whole = format!("{}.{}\n{given}", key.id, key.created_ms);
            *given = HEXLOWER.encode(&Sha256::digest(whole));
        }
    }
}

/// Takes out of the state of a channel or an agent what a client limited to some conversations is not to know: an error
/// may name another's, and what was counted is also of others.
pub(super) fn leave_out_others(access: &Access, state: &mut Value) {
    if access.limits().is_some()
        && let Some(fields) = state.as_object_mut()
    {
        fields.insert("counters".to_owned(), json!({}));
        fields.remove("last_error");
    }
}

/// Where a command goes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// Nowhere in particular.
    Nowhere,
    /// A channel, and one peer there.
    Conversation(String, Option<String>),
    /// The conversation of a message.
    OfMessage(MessageId),
    /// The conversation of a turn.
    OfTurn(TurnId),
}

/// Where the command of this payload goes.
fn place(gateway: &Gateway, action: &Action, payload: &Payload) -> Result<Place, Fault> {
    Ok(match action.subject {
        // Whoever is limited does not come so far with what is of the whole gateway.
        Subject::Nothing | Subject::Gateway => Place::Nowhere,
        // Each target of several is looked at where their messages are made.
        Subject::Conversation if is_list(payload.value("to")) && reads_targets(action) => {
            Place::Nowhere
        }
        Subject::Conversation => {
            let channel = payload.text("channel");
            // Only fields that the action reads: others stay in a payload, and would pass for its address.
            let reads = |name: &str| action.request.iter().any(|field| field.name == name);
            let named = |name| payload.optional_text(name).filter(|_| reads(name));
            let peer = named("to").or_else(|| named("peer"));
            let peer = peer.map(|peer| stored_peer(gateway, channel, peer));
            Place::Conversation(channel.to_owned(), peer)
        }
        Subject::Message => Place::OfMessage(message_id(payload, "message_id")?),
        Subject::Turn => {
            let id = payload.text("turn_id").parse();
            Place::OfTurn(id.map_err(|()| Fault::from(StoreError::NotFound))?)
        }
    })
}

fn is_list(value: Option<&Value>) -> bool {
    value.is_some_and(Value::is_array)
}

/// Whether an action takes a list of targets.
fn reads_targets(action: &Action) -> bool {
    let mut fields = action.request.iter();
    fields.any(|field| field.kind == FieldKind::Targets)
}

/// Channel and peer of the conversation that a place is in, as the store has it.
async fn conversation_of(store: &Store, place: Place) -> Result<Option<(String, String)>, Fault> {
    let read = move |store: &Store| {
        Ok(match place {
            Place::Nowhere | Place::Conversation(..) => None,
            Place::OfMessage(id) => {
                let found = store.message(id)?;
                found.map(|(message, _)| (message.channel, message.peer))
            }
            Place::OfTurn(id) => store.turn(id)?.map(|turn| (turn.channel, turn.peer)),
        })
    };
    reading(store, read).await
}
