//! `delete`: takes back what was sent, for everybody.
//!
//! Not here: what was not sent yet, which `cancel` withdraws.

use std::sync::Arc;

use serde_json::json;

use crate::{
    gateway::{
        Gateway,
        actions::{
            answer::Answer,
            lookup::{message_id, reading},
        },
        control::DeletionError,
    },
    message::{Direction, Message, State},
    protocol::{
        error_code::{ErrorCode, Fault},
        payload::Payload,
    },
    store::StoreError,
};

pub(in crate::gateway::actions) fn delete(gateway: &Arc<Gateway>, payload: &Payload) -> Answer {
    let id = match message_id(payload, "message_id") {
        Ok(id) => id,
        Err(fault) => return Answer::Now(Err(fault)),
    };
    let gateway = Arc::clone(gateway);
    Answer::Later(Box::pin(async move {
        let read = reading(&gateway.store, move |store| {
            let names = store.references(id)?;
            Ok(store.message(id)?.map(|(message, _)| (message, names)))
        });
        let (message, names) = read.await?.ok_or(StoreError::NotFound)?;
        if message.deleted_ms.is_some() {
            return Ok(deleted_json(&message));
        }
        expect_sent(&message)?;
        let channel = message.channel.clone();
        let deleting = gateway.channels.delete(message, names);
        let deleting = deleting.ok_or_else(|| {
            let text = format!("there is no integration {channel}; integrations lists them");
            Fault::new(ErrorCode::UnknownChannel, text)
        })?;
        let message = deleting.await?;
        Ok(deleted_json(&message))
    }))
}

fn deleted_json(message: &Message) -> String {
    json!({"message_id": message.id.to_string(), "deleted_ms": message.deleted_ms}).to_string()
}

/// Fails where there is nothing to take back.
fn expect_sent(message: &Message) -> Result<(), Fault> {
    let text = match message.state {
        _ if message.direction == Direction::In => {
            "only what was sent from here can be deleted; this message came in"
        }
        State::Scheduled | State::Queued => "it was not sent yet; cancel withdraws it",
        State::Sending => "it is being sent; try again when it is sent",
        State::Failed | State::Cancelled => "it was never sent",
        State::Sent | State::Delivered | State::Read | State::Received => return Ok(()),
    };
    Err(Fault::new(ErrorCode::Conflict, text))
}

impl From<DeletionError> for Fault {
    fn from(error: DeletionError) -> Self {
        match error {
            DeletionError::Refused(why) => Self::new(ErrorCode::Conflict, why),
            DeletionError::Unavailable(why) => Self::new(ErrorCode::ChannelUnavailable, why),
            DeletionError::NotNoted(error) => error.into(),
        }
    }
}
