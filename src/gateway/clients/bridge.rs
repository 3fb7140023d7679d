//! A client that serves a channel of its own: how messages reach it, which channel it announces, and
//! what a refusal of it is on the wire.
//!
//! Not here: what it says became of a message (`actions::bridge`), and what that means for it
//! (`integrations::bridge` and the delivery workers).

use std::sync::Arc;

use serde_json::Value;
use tokio::sync::mpsc;

use super::{
    event_frames::event_frame,
    handle::{ClientHandle, ClientIdentity},
};
use crate::{
    integrations::bridge::{BridgeClient, Handover, Refusal, check_name},
    message::Message,
    protocol::{
        describe::event,
        error_code::{ErrorCode, Fault, close},
        message_json::push_message,
        payload::{Payload, bad_field},
    },
};

/// The kind of client that may announce a channel.
const KIND: &str = "integration";

/// A client as the delivery worker of its channel knows it.
pub(in crate::gateway) struct MailboxBridge(pub(in crate::gateway) Arc<ClientHandle>);

impl BridgeClient for MailboxBridge {
    fn deliver(&self, message: &Message, again: bool) -> Handover {
        let frame = event_frame(self.0.dialect(), event::DELIVER, |out| {
            push_message(out, message);
            if again {
                out.pop();
                out.push_str(",\"redelivered\":true}");
            }
        });
        if frame.len() > self.0.room() {
            return Handover::TooLarge;
        }
        if self.0.push_fitting(frame) {
            return Handover::Queued;
        }
        let (fired, room) = mpsc::channel(1);
        self.0.mark(fired);
        Handover::Full(room)
    }

    fn replaced(&self) {
        let reason = "another client announced this channel";
        self.0.dismiss(None, close::REPLACED, reason);
    }
}

/// The channel that `auth` announces, if any: inside `client`, or at the top beside the token. Whether a bridge may
/// be called so is not looked at yet.
pub(in crate::gateway) fn announced(
    payload: &Payload,
    identity: &mut ClientIdentity,
) -> Result<Option<Announced>, Fault> {
    let inside = match payload.value("client").map(|client| &client["channel"]) {
        None | Some(Value::Null) => None,
        Some(Value::String(name)) => Some(name.as_str()),
        Some(_) => return Err(bad_field("client.channel", "a string", "something else")),
    };
    let at_top = payload.optional_text("channel");
    let (field, name) = match (inside, at_top) {
        (None, None) => return Ok(None),
        (Some(name), None) => ("client.channel", name),
        (None, Some(name)) => ("channel", name),
        (Some(inside), Some(at_top)) if inside == at_top => ("channel", at_top),
        (Some(_), Some(at_top)) => {
            let expected = "the same as client.channel, or left out";
            return Err(bad_field("channel", expected, &format!("{at_top:?}")));
        }
    };
    if identity.kind.get_or_insert_with(|| KIND.to_owned()) != KIND {
        let expected = format!("{KIND} where a channel is announced");
        return Err(bad_field("client.kind", &expected, "something else"));
    }
    let name = name.to_owned();
    Ok(Some(Announced { field, name }))
}

/// A channel that a client announces.
pub(in crate::gateway) struct Announced {
    field: &'static str,
    name: String,
}

impl Announced {
    /// What the client calls it.
    pub(in crate::gateway) fn name(&self) -> &str {
        &self.name
    }

    /// Its name, unless it cannot be one of a bridge. That tells which channels there are.
    pub(in crate::gateway) fn checked(self) -> Result<String, Fault> {
        let Self { field, name } = self;
        match check_name(&name) {
            Ok(()) => Ok(name),
            Err(refusal) => Err(bad_field(field, &refusal.to_string(), &format!("{name:?}"))),
        }
    }
}

/// What a refusal is on the wire.
pub(in crate::gateway) fn refusal_fault(refusal: &Refusal) -> Fault {
    let code = match refusal {
        Refusal::Malformed | Refusal::BuiltIn => ErrorCode::BadPayload,
        Refusal::TooMany | Refusal::Held => ErrorCode::Conflict,
        Refusal::Unknown => ErrorCode::UnknownChannel,
        Refusal::Unwritten(_) => ErrorCode::Internal,
    };
    Fault::new(code, refusal.to_string())
}
