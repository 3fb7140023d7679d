//! The actions about agents: what an agent says about its turns, and what anyone asks or changes.
//!
//! Not here: how turns reach an agent (`clients::agent`), and who is offered what (the daemon).

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};

use super::{
    Connection,
    answer::{Answer, CommandResult},
    limits::leave_out_others,
    lookup::{reading, routed, stored_peer, target},
    media::{self, Place},
    messages::is_markdown,
};
use crate::{
    gateway::{
        Gateway,
        clients::{agent::MailboxAgent, handle::ClientHandle},
        control::{
            AgentAnswer, AgentFailure, AgentLease, Ended, FoundAgent, Question, Reply, Steer,
            TurnQuery,
        },
        permissions::Access,
    },
    message::{TurnId, TurnState, text_at},
    protocol::{
        error_code::{ErrorCode, Fault},
        payload::{Payload, bad_field},
    },
    store::StoreError,
};

/// Characters of an agent's error that are kept.
const MAX_ERROR: usize = 500;

/// Turns looked at for a client that may not see all of them.
const MAX_TURNS: usize = 1_000;

/// Turns listed where the client names no limit.
const TURNS: u64 = 50;

/// Makes this client the agent of a name. One that announces the same again keeps its turns.
pub(in crate::gateway) fn announce(
    gateway: &Gateway,
    handle: &Arc<ClientHandle>,
    name: &str,
    turns: usize,
) {
    let has_it = |lease: Arc<AgentLease>| lease.name() == name && lease.is_valid();
    if handle.agent().is_some_and(has_it) {
        return;
    }
    let client = Arc::new(MailboxAgent(Arc::clone(handle)));
    let lease = Arc::clone(&gateway.agents).announce(name, turns, client);
    handle.set_agent(lease, "it announced another agent");
}

/// The lease of the agent that this client is.
fn held(handle: &ClientHandle) -> Result<Arc<AgentLease>, Fault> {
    let text = match handle.agent() {
        Some(lease) if lease.is_valid() => return Ok(lease),
        Some(lease) => format!("another client is the agent {} now", lease.name()),
        None => "only an agent may say that; announce yours with auth: \
                 {\"client\": {\"kind\": \"agent\", \"name\": \"NAME\"}}"
            .to_owned(),
    };
    Err(Fault::new(ErrorCode::Conflict, text))
}

/// `agent.delta`.
pub(super) fn delta(gateway: &Gateway, handle: &ClientHandle, payload: &Payload) -> CommandResult {
    let lease = held(handle)?;
    let agents = &gateway.agents;
    agents.delta(&lease, payload.text("turn_id"), payload.text("text"))?;
    Ok("{}".to_owned())
}

/// `agent.done`.
pub(super) fn done(
    gateway: &Arc<Gateway>,
    handle: &Arc<ClientHandle>,
    mut payload: Payload,
) -> Answer {
    let lease = match held(handle) {
        Ok(lease) => lease,
        Err(fault) => return Answer::Now(Err(fault)),
    };
    let gateway = Arc::clone(gateway);
    Answer::Later(Box::pin(async move {
        let turn_id = payload.take_text("turn_id").unwrap_or_default();
        let media = kept_media(&gateway, &mut payload).await?;
        let text = payload.take_text("text").unwrap_or_default();
        let answer = AgentAnswer {
            text,
            is_markdown: is_markdown(&payload)?,
            media,
        };
        let done = gateway.agents.done(&lease, &turn_id, answer);
        Ok(ended_json(&done.await?))
    }))
}

/// The files of an answer, checked and kept as those of a `send`.
async fn kept_media(gateway: &Gateway, payload: &mut Payload) -> Result<Option<Value>, Fault> {
    let Some(mut media) = payload.take("media") else {
        return Ok(None);
    };
    media::check(&media, Place::Sent)?;
    media::leave_out(Some(&mut media), Place::Sent);
    if media::has_data(Some(&media)) {
        media::keep_data(gateway, &mut media).await?;
    }
    media::expect_there(gateway, Some(&media))?;
    Ok(Some(media))
}

/// `agent.failed`.
pub(super) fn failed(gateway: &Gateway, handle: &ClientHandle, payload: &Payload) -> Answer {
    let asked = held(handle).and_then(|lease| Ok((lease, failure(payload)?)));
    match asked {
        Err(fault) => Answer::Now(Err(fault)),
        Ok((lease, failure)) => {
            let turn_id = payload.text("turn_id");
            ended(gateway.agents.failed(&lease, turn_id, failure))
        }
    }
}

fn failure(payload: &Payload) -> Result<AgentFailure, Fault> {
    let is_transient = match payload.text("certainty") {
        "transient" => true,
        "permanent" | "unknown" => false,
        _ => {
            let expected = "transient, permanent or unknown";
            return Err(bad_field("certainty", expected, "something else"));
        }
    };
    Ok(AgentFailure {
        error: payload.text("error").chars().take(MAX_ERROR).collect(),
        is_transient,
        retry_after: payload.integer("retry_after_ms").map(Duration::from_millis),
    })
}

/// `agent.ask`.
pub(super) fn ask(gateway: &Gateway, session: &mut dyn Connection, payload: &Payload) -> Answer {
    let asked = held(session.client()).and_then(|lease| {
        session.expect_room_to_wait()?;
        if payload.text("text").trim().is_empty() {
            return Err(bad_field("text", "a question", "empty"));
        }
        Ok(lease)
    });
    let lease = match asked {
        Ok(lease) => lease,
        Err(fault) => return Answer::Now(Err(fault)),
    };
    let question = Question {
        text: payload.text("text").to_owned(),
        options: payload.names("options").map(str::to_owned).collect(),
        timeout: payload.integer("timeout_ms").map(Duration::from_millis),
    };
    let answered = gateway
        .agents
        .ask(&lease, payload.text("turn_id"), question);
    Answer::Unordered(Box::pin(async move {
        let answer = match answered.await? {
            Some(answer) => json!({"answer": answer}),
            None => json!({"cancelled": true}),
        };
        Ok(answer.to_string())
    }))
}

fn ended_json(ended: &Ended) -> String {
    let mut json = json!({"state": ended.state});
    if let Some(id) = &ended.message_id {
        json["message_id"] = json!(id);
    }
    json.to_string()
}

fn ended(reply: Reply<Ended>) -> Answer {
    Answer::Later(Box::pin(async move {
        let ended = reply.await?;
        Ok(json!({"state": ended.state}).to_string())
    }))
}

/// As in `agents` and in `status`.
pub(super) fn agents_json(gateway: &Gateway, access: &Access) -> Value {
    let statuses = gateway.agents.statuses();
    let told = statuses.iter().map(|one| {
        let mut json = one.json();
        leave_out_others(access, &mut json);
        json
    });
    told.collect()
}

pub(super) fn agents(gateway: &Gateway, access: &Access, payload: &Payload) -> Answer {
    let (channel, peer) = (
        payload.optional_text("channel"),
        payload.optional_text("peer"),
    );
    let of = channel.zip(peer);
    let of = of.map(|(channel, peer)| (channel, stored_peer(gateway, channel, peer)));
    let of = of.as_ref().map(|(channel, peer)| (*channel, &**peer));
    let of = of.filter(|(channel, peer)| access.covers(channel, peer));
    let (overview, access) = (gateway.agents.overview(of), access.clone());
    Answer::Later(Box::pin(async move {
        let mut overview = overview.await?;
        let lists = overview.as_object_mut().into_iter().flatten();
        for list in lists.filter_map(|(_, list)| list.as_array_mut()) {
            list.retain(|one| is_within(&access, one));
        }
        let agents = overview["agents"].as_array_mut().into_iter().flatten();
        agents.for_each(|one| leave_out_others(&access, one));
        Ok(overview.to_string())
    }))
}

/// Whether what is shown is about no conversation, or about one that the client may see.
fn is_within(access: &Access, shown: &Value) -> bool {
    let conversation = text_at(shown, "channel").zip(text_at(shown, "peer"));
    conversation.is_none_or(|(channel, peer)| access.covers(channel, peer))
}

/// `agent.key`.
pub(super) fn key(gateway: &Arc<Gateway>, handle: &Arc<ClientHandle>, payload: &Payload) -> Answer {
    let id = payload.text("turn_id").parse::<TurnId>();
    let (gateway, handle) = (Arc::clone(gateway), Arc::clone(handle));
    Answer::Later(Box::pin(async move {
        let lease = held(&handle)?;
        let id = id.map_err(|()| StoreError::NotFound)?;
        let turn = reading(&gateway.store, move |store| store.turn(id)).await?;
        let turn = turn
            .filter(|turn| turn.agent == lease.name() && turn.state == TurnState::Running)
            .ok_or_else(|| {
                let text = "only the agent that has this turn gets a key for it";
                Fault::new(ErrorCode::Conflict, text)
            })?;
        let token = gateway.pass_key(&handle, &turn.channel, &turn.peer);
        let token = token.ok_or_else(|| {
            let text = "too many keys for turns are out already; try again later";
            Fault::new(ErrorCode::RateLimited, text).retry_after(1_000)
        })?;
        Ok(json!({"token": token}).to_string())
    }))
}

pub(super) fn turns(gateway: &Gateway, access: &Access, payload: &Payload) -> Answer {
    let channel = payload.optional_text("channel");
    let peer = match (channel, payload.optional_text("peer")) {
        (Some(channel), Some(peer)) => Some(stored_peer(gateway, channel, peer)),
        (None, Some(_)) => {
            let fault = bad_field("channel", "given with peer", "left out");
            return Answer::Now(Err(fault));
        }
        (_, None) => None,
    };
    let state = payload.optional_text("state").map(str::parse::<TurnState>);
    let Ok(state) = state.transpose() else {
        let expected = format!(
            "one of {}",
            TurnState::ALL.map(TurnState::as_str).join(", ")
        );
        return Answer::Now(Err(bad_field("state", &expected, "something else")));
    };
    let limit = payload.integer("limit").unwrap_or(TURNS);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let access = access.clone();
    let found = gateway.agents.turns(TurnQuery {
        channel: channel.map(str::to_owned),
        peer,
        state,
        // Others' turns may stand before those that a limited key may see.
        limit: access.limits().map_or(limit, |_| MAX_TURNS.max(limit)),
    });
    Answer::Later(Box::pin(async move {
        let mut turns = found.await?;
        turns.retain(|turn| is_within(&access, turn));
        turns.truncate(limit);
        Ok(json!({"turns": turns}).to_string())
    }))
}

pub(super) fn abort(gateway: &Gateway, payload: &Payload) -> Answer {
    ended(gateway.agents.abort(payload.text("turn_id")))
}

pub(super) fn retry(gateway: &Gateway, payload: &Payload) -> Answer {
    ended(gateway.agents.retry(payload.text("turn_id")))
}

pub(super) fn takeover(gateway: &Gateway, payload: &Payload) -> Answer {
    let channel = payload.text("channel");
    if let Err(fault) = routed(gateway, channel) {
        return Answer::Now(Err(fault));
    }
    let address = payload.text("peer");
    // A name that nobody has would be held, and the agent would go on answering whoever was meant.
    let peer = match target(gateway, channel, "peer", address) {
        Ok(peer) => peer,
        Err(fault) if address.contains(char::is_alphabetic) => return Answer::Now(Err(fault)),
        Err(_) => stored_peer(gateway, channel, address),
    };
    let minutes = payload.integer("minutes");
    let period = minutes.map(|minutes| Duration::from_secs(minutes.saturating_mul(60)));
    let held = gateway.agents.takeover(channel, &peer, period);
    Answer::Later(Box::pin(async move { Ok(held.await?.to_string()) }))
}

pub(super) fn resume(gateway: &Gateway, payload: &Payload) -> Answer {
    let channel = payload.text("channel");
    let peer = stored_peer(gateway, channel, payload.text("peer"));
    let released = gateway.agents.resume(channel, &peer);
    Answer::Later(Box::pin(async move {
        Ok(json!({"released": released.await?}).to_string())
    }))
}

/// `agents.found`.
pub(super) fn found(gateway: &Gateway) -> Answer {
    let found = Arc::clone(&gateway.admin).found_agents();
    Answer::Later(Box::pin(async move {
        let found: Value = found.await?.iter().map(FoundAgent::json).collect();
        Ok(json!({"found": found}).to_string())
    }))
}

/// `agent.choose`.
pub(super) fn choose(gateway: &Gateway, payload: &Payload) -> Answer {
    let (name, model) = (payload.text("name"), payload.optional_text("model"));
    let admin = Arc::clone(&gateway.admin);
    let chosen = admin.choose_agent(name.to_owned(), model.map(str::to_owned));
    Answer::Later(Box::pin(
        async move { Ok(chosen.await?.json().to_string()) },
    ))
}

pub(super) fn steer(gateway: &Gateway, payload: &Payload, how: Steer) -> CommandResult {
    let name = payload.text("name");
    let status = gateway.agents.steer(name, how);
    let none = || {
        let text = format!(
            "the daemon starts no agent {name:?}; `agents` lists all, and AGENT in .env names those it starts"
        );
        Fault::new(ErrorCode::NotFound, text)
    };
    Ok(status.ok_or_else(none)?.json().to_string())
}
