//! What authors change of their messages later: edits and deletions, which come as messages of their own
//! with a new id and the name of the one they concern
//! (<https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/edit>,
//! <https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/revoke>).
//! What the user changes on the phone comes the same way.

use serde_json::Value;

use super::{
    inbound::{Incoming, mark, says},
    kinds::{Said, said, type_of},
    system,
    webhook::Receiver,
};
use crate::{
    integrations::ingress::Commands,
    message::{Kind, text_at},
    store::{Revision, StoreError},
};

impl Receiver {
    /// Takes what a message says: mostly that it is one, or what became of another.
    pub(super) async fn take(
        &self,
        message: &Value,
        mut incoming: Incoming,
    ) -> Result<(), StoreError> {
        let (event, id) = (type_of(message), text_at(message, "id"));
        let original = text_at(&message[event], "original_message_id");
        match (event, original) {
            ("edit", Some(original)) => {
                let now = said(&message["edit"]["message"]);
                if now.kind != Kind::Unsupported {
                    return self.edited((id, original), now, incoming).await;
                }
            }
            ("revoke", Some(original)) => {
                if self.ingress.revise(original, Revision::Deleted).await? {
                    return Ok(());
                }
                let content = system::event("message_deleted", "deleted a message");
                says(&mut incoming.inbound, Said::from(content));
            }
            _ => {}
        }
        self.store(incoming).await
    }

    /// Repeats of an edit come late, also behind the next one: each is made once. What is not known
    /// is kept as it reads now, under the name that further edits give it.
    async fn edited(
        &self,
        (id, original): (Option<&str>, &str),
        now: Said,
        mut incoming: Incoming,
    ) -> Result<(), StoreError> {
        if id.is_some_and(|id| self.edits.holds(id)) {
            return Ok(());
        }
        let revision = Revision::Edited {
            text: now.text.clone(),
            content: now.content.clone(),
        };
        if !self.ingress.revise(original, revision).await? {
            let inbound = &mut incoming.inbound;
            says(inbound, now);
            inbound.dedup_key = Some(original.to_owned());
            mark(inbound, "id", original);
            mark(inbound, "edited", true);
            if let Some(origin) = &mut incoming.origin {
                origin.commands = Commands::Ignored;
            }
            self.store(incoming).await?;
        }
        if let Some(id) = id {
            self.edits.add(id);
        }
        Ok(())
    }
}
