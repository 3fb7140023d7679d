//! What stood in the app on the phone before it shared its number with the API: field `history`
//! (<https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/history/>).
//!
//! It is the user's own archive of up to 180 days, so all of it is kept, whoever wrote it: marked
//! with `meta.history` and the time it was written, never obeyed, nobody asked to pair. One post may
//! bring thousands of messages. A file comes first as a `media_placeholder` and, if it is at most two
//! weeks old, again as itself under the same id.

use serde_json::{Value, json};

use super::{
    NAME,
    inbound::{inbound, mark},
    kinds::{count, said, type_of},
    webhook::{Change, Receiver, list},
    who::{Identity, Side},
};
use crate::{
    log::LogField,
    message::text_at,
    store::{Inbound, StoreError},
};

/// Messages handed to the store at a time: it writes them together.
const AT_ONCE: usize = 256;

/// The code with which the user declines to share.
const DECLINED: i64 = 2_593_109;

impl Receiver {
    /// Keeps the threads of a change.
    pub(super) async fn history(&self, change: &Change<'_>) -> Result<(), StoreError> {
        let mut all = Vec::new();
        for part in change.list("history") {
            self.tell_declined(part);
            for thread in list(part, "threads") {
                let Some(peer) = self.peer_of(thread).await? else {
                    self.nobody(&json!({"type": "history"}));
                    continue;
                };
                let messages = list(thread, "messages").iter();
                all.extend(messages.map(|message| {
                    let own = change.is_ours(text_at(message, "from"));
                    past(message, peer.clone(), own)
                }));
            }
        }
        self.keep_all(all).await
    }

    /// Keeps one message of the past, such as the file for a placeholder.
    pub(super) async fn past(
        &self,
        change: &Change<'_>,
        message: &Value,
    ) -> Result<(), StoreError> {
        let own = change.is_ours(text_at(message, "from"));
        let side = if own { Side::To } else { Side::From };
        let person = Identity::of(message, side, change.contacts());
        let Some(peer) = self.whose(&person).await? else {
            self.nobody(message);
            return Ok(());
        };
        self.keep_all(vec![past(message, peer, own)]).await
    }

    async fn peer_of(&self, thread: &Value) -> Result<Option<String>, StoreError> {
        let context = &thread["context"];
        let names = [
            text_at(thread, "id"),
            text_at(context, "wa_id"),
            text_at(context, "user_id"),
        ];
        let Some(name) = names.into_iter().flatten().next() else {
            return Ok(None);
        };
        self.ingress.canonical(&first_name(name)).await.map(Some)
    }

    async fn keep_all(&self, mut all: Vec<Inbound>) -> Result<(), StoreError> {
        let store = self.ingress.store();
        while !all.is_empty() {
            let rest = all.split_off(all.len().min(AT_ONCE));
            let mut pending = Vec::with_capacity(all.len());
            for inbound in all {
                self.tell_unsupported(&inbound);
                match store.receive(inbound) {
                    Ok(one) => pending.push(one),
                    // The others must not wait for one that can never be kept.
                    Err(error @ StoreError::TooLong { .. }) => {
                        let fields: [LogField<'_>; 2] = [("name", &NAME), ("error", &error)];
                        let log = self.ingress.log();
                        log.warn_limited("integration", "a message cannot be kept", &fields);
                    }
                    Err(error) => return Err(error),
                }
            }
            for one in pending {
                one.await?;
            }
            all = rest;
        }
        Ok(())
    }

    fn tell_declined(&self, part: &Value) {
        for error in list(part, "errors") {
            let code = error["code"].as_i64().unwrap_or_default();
            let what = if code == DECLINED {
                "the user does not share the history of the app"
            } else {
                "a part of the history of the app did not come"
            };
            let fields: [LogField<'_>; 2] = [("name", &NAME), ("code", &code)];
            self.ingress
                .log()
                .warn_limited("integration", what, &fields);
        }
    }
}

fn first_name(name: &str) -> String {
    let person = Identity::named(name);
    let ids = person.user_ids.into_iter();
    person
        .number
        .into_iter()
        .chain(ids)
        .next()
        .unwrap_or_default()
}

fn past(message: &Value, peer: String, own: bool) -> Inbound {
    let mut inbound = inbound(message, said(message), peer, None);
    if type_of(message) == "media_placeholder" {
        inbound.dedup_key = inbound.dedup_key.map(|id| format!("{id}:placeholder"));
    }
    mark(&mut inbound, "history", true);
    mark(&mut inbound, "own", own.then_some(true));
    mark(&mut inbound, "timestamp", count(&message["timestamp"]));
    inbound
}
