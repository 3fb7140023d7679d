//! Calls: field `calls`
//! (<https://developers.facebook.com/documentation/business-messaging/whatsapp/calling>).
//!
//! A call comes as `connect` and `terminate` under one id and is one message: what the second says
//! becomes of the first, and whichever is missing, the other stands alone. How both sides connect
//! (`session`) is neither kept nor logged.

use serde_json::Value;

use super::{
    inbound::{Incoming, inbound, mark, theirs},
    kinds::{Said, count},
    webhook::{Change, Receiver},
    who::{Identity, Side},
};
use crate::{
    integrations::ingress::{Commands, Origin},
    message::{Content, text_at},
    store::{Revision, StoreError},
};

impl Receiver {
    /// Takes what a change tells of a call.
    pub(super) async fn call_told(
        &self,
        change: &Change<'_>,
        call: &Value,
    ) -> Result<(), StoreError> {
        let own = is_own(change, call);
        let content = told(call, own);
        if is_over(call)
            && let Some(id) = text_at(call, "id")
        {
            let revision = Revision::Edited {
                text: content.text(),
                content: Some(content.json()),
            };
            if self.ingress.revise(id, revision).await? {
                return Ok(());
            }
        }
        let side = if own {
            theirs(change, call)
        } else {
            Side::From
        };
        let person = Identity::of(call, side, change.contacts());
        let Some(peer) = self.whose(&person).await? else {
            self.nobody(call);
            return Ok(());
        };
        let mut inbound = inbound(call, Said::from(content), peer, None);
        // A call cannot be answered to, or marked as read, as a message can.
        if let Some(meta) = inbound.meta.as_mut().and_then(Value::as_object_mut) {
            meta.remove("id");
        }
        let origin = Origin {
            aliases: person.user_ids,
            listed_as: vec![],
            commands: Commands::Ignored,
        };
        if own {
            mark(&mut inbound, "own", true);
        } else {
            mark(&mut inbound, "name", person.name);
        }
        self.store(Incoming {
            inbound,
            origin: (!own).then_some(origin),
        })
        .await
    }
}

/// Whether we called. `direction` may be absent.
fn is_own(change: &Change<'_>, call: &Value) -> bool {
    match text_at(call, "direction") {
        Some(direction) => direction == "BUSINESS_INITIATED",
        None => change.is_ours(text_at(call, "from")),
    }
}

fn is_over(call: &Value) -> bool {
    text_at(call, "event") == Some("terminate")
}

/// What became of a call. Meta has no word for a missed one: it is over and nobody spoke.
fn told(call: &Value, own: bool) -> Content {
    let seconds = count(&call["duration"]).filter(|seconds| *seconds > 0);
    let spoke = seconds.is_some() || text_at(call, "start_time").is_some();
    let failed = text_at(call, "status") == Some("FAILED");
    let outcome = match text_at(call, "event") {
        Some("terminate") if spoke && !failed => "finished",
        Some("terminate") if spoke => "failed",
        Some("terminate") if own => "not answered",
        Some("terminate") => "missed",
        Some("connect") if own => "answered",
        Some("connect") | None => "ringing",
        Some(other) => other,
    };
    Content::Call {
        video: false,
        outcome: Some(outcome.to_owned()),
        seconds,
    }
}

/// Whether a report is on a call of ours and not on a message.
pub(super) fn is_report(status: &Value) -> bool {
    let is_call_id = text_at(status, "id").is_some_and(|id| id.starts_with("wacid."));
    is_call_id || text_at(status, "type") == Some("call")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_became_of_a_call_is_told_in_words() {
        for (call, own, text) in [
            (json!({"event": "connect"}), false, "[call] ringing"),
            (
                json!({"event": "terminate", "status": "FAILED"}),
                false,
                "[call] missed",
            ),
            (
                json!({"event": "terminate", "status": "COMPLETED"}),
                false,
                "[call] missed",
            ),
            (
                json!({"event": "terminate", "duration": "75"}),
                false,
                "[call] finished, 75 s",
            ),
            (
                json!({"event": "terminate", "status": "FAILED", "start_time": "1", "duration": 3}),
                false,
                "[call] failed, 3 s",
            ),
            (json!({"event": "connect"}), true, "[call] answered"),
            (
                json!({"event": "terminate", "duration": 0}),
                true,
                "[call] not answered",
            ),
        ] {
            assert_eq!(told(&call, own).text(), text);
        }
    }
}
