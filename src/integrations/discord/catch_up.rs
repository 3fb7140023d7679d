//! What was written while there was no session: after a restart, or where the service no longer knew the old one. The
//! gateway repeats nothing of that, so each conversation that was heard of lately is asked for what came behind its
//! newest message.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{
    address::{id_at, split_name},
    api::DiscordApi,
    inbound::HISTORY,
    places::Channel,
    receive::{Receiver, Untaken},
    send::EPOCH_MS,
    who::Me,
};
use crate::{
    clock,
    message::{Direction, text_at},
    store::{HistoryQuery, Store, StoreError},
};

/// Stored messages that are looked at for conversations, and conversations that are asked for.
const LOOKED_AT: usize = 200;
const MAX_CONVERSATIONS: usize = 32;

/// Messages of one call, and calls for one conversation.
const PAGE: usize = 100;
const MAX_PAGES: usize = 5;

/// What is older is stored as history: nobody waits for an answer any more.
const FRESH_MS: u64 = 24 * 3600 * 1000;

impl Receiver {
    /// Takes what was missed. Where the service does not tell, the session begins all the same.
    pub(super) async fn catch_up(&self, api: &DiscordApi, me: &Me) -> Result<(), StoreError> {
        for (channel, newest) in self.heard_lately().await? {
            match self.behind(api, channel, newest, me).await {
                Ok(()) => {}
                Err(Untaken::Store(error)) => return Err(error),
                Err(Untaken::Asking(why)) => {
                    self.debug("what was missed could not be asked for", &why);
                }
            }
        }
        Ok(())
    }

    /// The newest message of each conversation, by its channel.
    async fn heard_lately(&self) -> Result<Vec<(u64, u64)>, StoreError> {
        let query = HistoryQuery {
            channel: Some(self.channel().to_owned()),
            limit: LOOKED_AT,
            ..HistoryQuery::default()
        };
        let read = move |store: &Store| store.history(&query);
        let page = self.store().run_blocking(read).await?;
        let mut newest: HashMap<u64, u64> = HashMap::new();
        for message in page.messages.iter().rev() {
            let name = message.meta.as_ref().and_then(|meta| text_at(meta, "id"));
            let name = name.filter(|_| message.direction == Direction::In);
            let Some((channel, id)) = name.and_then(split_name) else {
                continue;
            };
            let has_room = newest.len() < MAX_CONVERSATIONS;
            if has_room || newest.contains_key(&channel) {
                let known = newest.entry(channel).or_default();
                *known = id.max(*known);
            }
        }
        Ok(newest.into_iter().collect())
    }

    async fn behind(
        &self,
        api: &DiscordApi,
        channel: u64,
        mut newest: u64,
        me: &Me,
    ) -> Result<(), Untaken> {
        let told = self.places().channel(channel).await;
        let told = told.map_err(|error| Untaken::Asking(error.text()))?;
        for _ in 0..MAX_PAGES {
            let asked = api.messages_after(channel, newest, PAGE).await;
            let mut found = asked.map_err(|error| Untaken::Asking(error.text()))?;
            found.sort_by_key(|message| id_at(message, "id"));
            for message in &mut found {
                complete(message, &told);
                self.written(message, me).await?;
                newest = id_at(message, "id").unwrap_or_default().max(newest);
            }
            if found.len() < PAGE {
                break;
            }
        }
        Ok(())
    }
}

/// Adds what only the event of a message has.
fn complete(message: &mut Value, channel: &Channel) {
    if let Some(guild) = channel.guild {
        message["guild_id"] = json!(guild.to_string());
    }
    message["channel_type"] = json!(channel.kind);
    let written_ms = id_at(message, "id").map_or(0, |id| (id >> 22) + EPOCH_MS);
    if clock::now_ms().saturating_sub(written_ms) > FRESH_MS {
        message[HISTORY] = json!(true);
    }
}
