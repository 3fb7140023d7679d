//! From an action's name to what does it. Actions that change the connection itself (`auth`,
//! `subscribe`, `unsubscribe`) or are a bridge's (`delivered`, `failed`) are the session's; all
//! others are here and know no socket.

pub(in crate::gateway) mod answer;
mod conversations;
mod house;
mod integrations;
mod messages;
mod outbox;
mod pairing;
mod typing;

use std::sync::Arc;

use self::answer::{Answer, pong_text};
pub(super) use self::{
    house::line_json,
    messages::{message_id, reading, state_json},
};
use super::{Gateway, control::Steer, metrics::Counters};
use crate::{
    protocol::{
        describe::{self, Action},
        error_code::{ErrorCode, Fault},
        frame::Call,
        payload::Payload,
    },
    router::Route,
    store::StoreError,
};

/// Does one command, on any transport. `of_connection` does the actions that change the connection
/// itself, where there is one that can change.
pub(super) fn perform(
    gateway: &Arc<Gateway>,
    call: &Call<'_>,
    of_connection: impl FnOnce(&Action, &Payload) -> Option<Answer>,
) -> Answer {
    Counters::add(&gateway.counters.commands);
    if call.action == "ping" {
        return Answer::Now(Ok(pong_text(call.payload)));
    }
    match checked(gateway, call) {
        Err(fault) => refused(gateway, fault),
        Ok((action, payload)) => match of_connection(action, &payload) {
            Some(Answer::Now(Err(fault))) => refused(gateway, fault),
            Some(answer) => answer,
            None => dispatch(gateway, action, payload),
        },
    }
}

/// An error at once, counted.
pub(super) fn refused(gateway: &Gateway, fault: Fault) -> Answer {
    Counters::add(&gateway.counters.command_errors);
    Answer::Now(Err(fault))
}

fn checked(gateway: &Gateway, call: &Call<'_>) -> Result<(&'static Action, Payload), Fault> {
    let action = describe::action(&call.action).ok_or_else(|| unknown_action(&call.action))?;
    if gateway.shutdown.reason().is_some() {
        let text = "the daemon is stopping; connect again later";
        return Err(Fault::new(ErrorCode::ShuttingDown, text));
    }
    Ok((action, Payload::check(action, call.payload)?))
}

fn dispatch(gateway: &Arc<Gateway>, action: &Action, payload: Payload) -> Answer {
    match action.name {
        "status" => Answer::Now(Ok(house::status(gateway))),
        "describe" => Answer::Now(Ok(house::describe())),
        "publish" => Answer::Now(house::publish(gateway, payload)),
        "clients" => Answer::Now(Ok(house::clients(gateway))),
        "integrations" => Answer::Now(Ok(house::integrations(gateway))),
        "integration.start" | "integration.restart" => {
            Answer::Now(integrations::steer(gateway, &payload, Steer::Start))
        }
        "integration.stop" => Answer::Now(integrations::steer(gateway, &payload, Steer::Stop)),
        "integration.forget" => integrations::forget(gateway, &payload),
        "integration.connect" => integrations::connect(gateway, &payload),
        "pairing" => Answer::Now(Ok(pairing::list(gateway))),
        "pairing.approve" => pairing::decide(gateway, &payload, true),
        "pairing.reject" => pairing::decide(gateway, &payload, false),
        "pairing.revoke" => pairing::revoke(gateway, &payload),
        "outbox" => outbox::outbox(gateway, &payload),
        "logs" => Answer::Now(house::logs(gateway, &payload)),
        "config" => Answer::Now(house::config(gateway)),
        "reload" => Answer::Now(house::reload(gateway)),
        "shutdown" => Answer::Now(Ok(house::shutdown(gateway, &payload))),
        "send" => messages::send(gateway, payload),
        "receive" => messages::receive(gateway, payload),
        "cancel" => messages::cancel(gateway, &payload),
        "retry" => messages::retry(gateway, &payload),
        "message" => messages::message(gateway, &payload),
        "history" => messages::history(gateway, &payload),
        "conversations" => conversations::conversations(gateway, &payload),
        "read" => conversations::read(gateway, payload),
        "typing" => Answer::Now(typing::typing(gateway, &payload)),
        other => Answer::Now(Err(Fault::new(
            ErrorCode::UnknownAction,
            format!("{other} needs a WebSocket connection of its own"),
        ))),
    }
}

/// The fault of a name that is no action.
fn unknown_action(name: &str) -> Fault {
    let shown: String = name.chars().take(64).collect();
    Fault::new(
        ErrorCode::UnknownAction,
        format!("no action {shown:?}; describe lists them"),
    )
}

/// The way to a channel, or the fault that there is none.
fn routed(gateway: &Gateway, channel: &str) -> Result<Route, Fault> {
    let route = gateway.router.route(channel);
    route.map_err(|unknown| Fault::new(ErrorCode::UnknownChannel, unknown.to_string()))
}

/// What a failure of the store is on the wire.
pub(super) fn store_fault(error: &StoreError) -> Fault {
    let text = error.to_string();
    match error {
        StoreError::QueueFull => Fault::new(ErrorCode::QueueFull, text).retry_after(200),
        StoreError::NotFound => Fault::new(ErrorCode::NotFound, text),
        StoreError::Conflict | StoreError::WrongState(_) => Fault::new(ErrorCode::Conflict, text),
        StoreError::Failing(_) => Fault::new(ErrorCode::Internal, text).retry_after(1000),
        StoreError::InvalidQuery(_) | StoreError::TooLong { .. } => {
            Fault::new(ErrorCode::BadPayload, text)
        }
        StoreError::Closed => Fault::new(ErrorCode::ShuttingDown, text),
        StoreError::Corrupt(_) | StoreError::Internal(_) => Fault::new(ErrorCode::Internal, text),
    }
}
