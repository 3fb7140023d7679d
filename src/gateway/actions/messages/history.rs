//! The actions that read messages back: one with its states, or a page of them.

use std::fmt::Write as _;

use serde_json::json;

use crate::gateway::actions::{
    answer::Answer,
    lookup::{expected_peer, message_id, position, reading, stored_peer},
};
use crate::{
    gateway::{Gateway, permissions::Access},
    protocol::{
        error_code::{ErrorCode, Fault},
        message_json::push_message,
        payload::Payload,
        reply::push_string,
    },
    store::{HistoryQuery, Occasion, StoreError},
    words::{WordQuery, WordQueryError},
};

/// Messages in a page where the client names no limit.
const PAGE: usize = 50;

pub(in crate::gateway::actions) fn message(gateway: &Gateway, payload: &Payload) -> Answer {
    let id = match message_id(payload, "message_id") {
        Ok(id) => id,
        Err(fault) => return Answer::Now(Err(fault)),
    };
    let store = gateway.store.clone();
    Answer::Later(Box::pin(async move {
        let (message, transitions) = reading(&store, move |store| store.message(id))
            .await?
            .ok_or(StoreError::NotFound)?;
        let history: Vec<_> = transitions
            .iter()
            .map(|step| {
                let mut row =
                    json!({"seq": step.seq, "state": step.state.as_str(), "at_ms": step.at_ms});
                match step.occasion {
                    Occasion::State => {}
                    Occasion::Edited => row["event"] = json!("edited"),
                    Occasion::Deleted => row["event"] = json!("deleted"),
                    Occasion::Media => row["event"] = json!("media"),
                }
                if step.attempts > 0 {
                    row["attempts"] = json!(step.attempts);
                }
                if let Some(error) = &step.error {
                    row["error"] = json!(error);
                }
                row
            })
            .collect();
        let mut out = "{\"message\":".to_owned();
        push_message(&mut out, &message);
        out.push_str(",\"history\":");
        out.push_str(&serde_json::Value::from(history).to_string());
        out.push('}');
        Ok(out)
    }))
}

pub(in crate::gateway::actions) fn history(
    gateway: &Gateway,
    access: &Access,
    payload: &Payload,
) -> Answer {
    let query = match query(gateway, access, payload) {
        Ok(query) => query,
        Err(fault) => return Answer::Now(Err(fault)),
    };
    if !may_hold(access, &query) {
        // At once, as where nobody ever wrote: looking through what others said would take time that tells. Nor is told
        // how numbers are written here.
        let asked = Asked::as_given(payload);
        return Answer::Now(Ok(asked.end("{\"messages\":[]".to_owned())));
    }
    let asked = Asked::of(gateway, payload, query.peer.clone());
    let store = gateway.store.clone();
    Answer::Later(Box::pin(async move {
        let page = reading(&store, move |store| store.history(&query)).await?;
        let mut out = "{\"messages\":[".to_owned();
        for (i, message) in page.messages.iter().enumerate() {
            if i > 0 {
                out.push(',');
            }
            push_message(&mut out, message);
        }
        out.push(']');
        if let Some(next) = page.next {
            let _ = write!(out, ",\"next\":\"{next}\"");
        }
        Ok(asked.end(out))
    }))
}

/// What the answer says of the peer that was asked for.
struct Asked {
    peer: Option<String>,
    expected: Option<String>,
}

impl Asked {
    fn as_given(payload: &Payload) -> Self {
        Self {
            peer: payload.optional_text("peer").map(str::to_owned),
            expected: None,
        }
    }

    fn of(gateway: &Gateway, payload: &Payload, peer: Option<String>) -> Self {
        let channel = payload.optional_text("channel").unwrap_or_default();
        let address = payload.optional_text("peer");
        Self {
            peer,
            expected: address.and_then(|address| expected_peer(gateway, channel, address)),
        }
    }

    /// Ends the answer.
    fn end(self, mut out: String) -> String {
        for (name, value) in [("peer", self.peer), ("expected", self.expected)] {
            if let Some(value) = value {
                let _ = write!(out, ",\"{name}\":");
                push_string(&mut out, &value);
            }
        }
        out.push('}');
        out
    }
}

/// Whether what is asked for may have anything in it that the client may see.
fn may_hold(access: &Access, query: &HistoryQuery) -> bool {
    match (&query.channel, &query.peer) {
        (Some(channel), Some(peer)) => access.covers(channel, peer),
        (Some(channel), None) => access.covers_channel(channel),
        (None, _) => true,
    }
}

/// The words that are looked for.
fn words(payload: &Payload) -> Result<Option<WordQuery>, Fault> {
    let query = payload.optional_text("words").map(WordQuery::parse);
    let refused = |why: WordQueryError| Fault::new(ErrorCode::BadPayload, why.to_string());
    query.transpose().map_err(refused)
}

fn query(gateway: &Gateway, access: &Access, payload: &Payload) -> Result<HistoryQuery, Fault> {
    let (channel, peer) = (
        payload.optional_text("channel"),
        payload.optional_text("peer"),
    );
    Ok(HistoryQuery {
        channel: channel.map(str::to_owned),
        peer: peer.map(|peer| stored_peer(gateway, channel.unwrap_or_default(), peer)),
        before: position(payload, "before")?,
        after: position(payload, "after")?,
        contains: payload.optional_text("contains").map(str::to_owned),
        words: words(payload)?,
        within: access.limits().cloned(),
        limit: payload
            .integer("limit")
            .map_or(PAGE, |limit| usize::try_from(limit).unwrap_or(PAGE)),
        max_bytes: gateway.settings().limits.max_message_bytes,
        ..HistoryQuery::default()
    })
}
