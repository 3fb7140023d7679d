//! From an action's id to what does it, on any transport. The files are named as those of
//! `protocol::describe::actions`.
//!
//! Actions that change the connection they come by (`auth`, `subscribe`, `unsubscribe`, and what a
//! bridge answers) are done by the `Connection` of the session; all others know no socket.

pub(super) mod agents;
pub(super) mod answer;
pub(super) mod bridge;
mod bus;
pub(super) mod connection;
mod conversations;
mod daemon;
mod integrations;
mod keeping;
pub(super) mod keys;
mod limits;
pub(super) mod lookup;
pub(super) mod media;
mod messages;
mod pairing;
mod push;
mod webhooks;

use std::sync::Arc;

use self::{answer::Answer, connection::pong_text, messages::Writer};
use super::{
    Gateway, clients::handle::ClientHandle, control::Steer, metrics::GatewayCounters,
    permissions::Access,
};
use crate::protocol::{
    call::Call,
    describe::{self, Action, ActionId},
    error_code::{ErrorCode, Fault},
    payload::Payload,
    role,
};

/// What the actions need that change the connection they come by.
pub(super) trait Connection {
    /// Lets the client in.
    fn auth(&mut self, payload: &Payload) -> Answer;

    /// Adds topics.
    fn subscribe(&mut self, payload: &Payload) -> Answer;

    /// Takes topics away.
    fn unsubscribe(&mut self, payload: &Payload) -> Answer;

    /// The client, which may be the bridge of a channel.
    fn client(&self) -> &Arc<ClientHandle>;

    /// Fails where too many `send` with `wait` of this client are under way.
    fn expect_room_to_wait(&mut self) -> Result<(), Fault>;
}

/// Does one command. `POST /rpc` has no connection that could change.
pub(super) fn perform(
    gateway: &Arc<Gateway>,
    access: &Access,
    call: &Call<'_>,
    session: Option<&mut dyn Connection>,
) -> Answer {
    GatewayCounters::add(&gateway.counters.commands);
    // The most frequent command by far: no look-up in the table, no check of what is only echoed.
    if call.action == "ping" {
        return Answer::Now(Ok(pong_text(call.payload)));
    }
    if call.action == "publish"
        && access.is_owner()
        && gateway.shutdown.reason().is_none()
        && let Some(payload) = call.payload
        && let Some(answer) = bus::publish_plain(gateway, payload)
    {
        return Answer::Now(answer);
    }
    match checked(gateway, access, call) {
        Err(fault) => refused(gateway, fault),
        Ok((action, payload)) if access.limits().is_some() => {
            limits::within(gateway, access, action, payload, session)
        }
        Ok((action, payload)) => dispatch(gateway, access, action, payload, session),
    }
}

/// An error at once, counted.
pub(super) fn refused(gateway: &Gateway, fault: Fault) -> Answer {
    GatewayCounters::add(&gateway.counters.command_errors);
    Answer::Now(Err(fault))
}

fn checked(
    gateway: &Gateway,
    access: &Access,
    call: &Call<'_>,
) -> Result<(&'static Action, Payload), Fault> {
    let action = describe::action(&call.action).ok_or_else(|| unknown_action(&call.action))?;
    // A client may always show another key.
    if action.id != ActionId::Auth {
        access.expect_action(action)?;
    }
    if gateway.shutdown.reason().is_some() {
        let text = "the daemon is stopping; connect again later";
        return Err(Fault::new(ErrorCode::ShuttingDown, text));
    }
    let payload = Payload::check(action, call.payload)?;
    if matches!(action.id, ActionId::KeyAdd | ActionId::KeyPair) {
        payload.expect_no_others(action)?;
    }
    Ok((action, payload))
}

/// Without a fallback arm: an action that is described but not done does not compile.
#[expect(clippy::too_many_lines, reason = "one arm an action")]
fn dispatch(
    gateway: &Arc<Gateway>,
    access: &Access,
    action: &Action,
    payload: Payload,
    session: Option<&mut dyn Connection>,
) -> Answer {
    match action.id {
        ActionId::Auth => change(gateway, action, session, |it| it.auth(&payload)),
        ActionId::Subscribe => change(gateway, action, session, |it| it.subscribe(&payload)),
        ActionId::Unsubscribe => change(gateway, action, session, |it| it.unsubscribe(&payload)),
        ActionId::Delivered => change(gateway, action, session, |it| {
            bridge::delivered(gateway, it.client(), &payload)
        }),
        ActionId::Failed => change(gateway, action, session, |it| {
            bridge::failed(gateway, it.client(), &payload)
        }),
        ActionId::AgentDelta => change(gateway, action, session, |it| {
            Answer::Now(agents::delta(gateway, it.client(), &payload))
        }),
        ActionId::AgentDone => change(gateway, action, session, |it| {
            agents::done(gateway, it.client(), payload)
        }),
        ActionId::AgentFailed => change(gateway, action, session, |it| {
            agents::failed(gateway, it.client(), &payload)
        }),
        ActionId::AgentAsk => change(gateway, action, session, |it| {
            agents::ask(gateway, it, &payload)
        }),
        ActionId::Send => {
            let writer = Writer::of(gateway, session.as_deref(), &payload);
            let may = may_hurry(access, &payload).and_then(|()| room_to_wait(&payload, session));
            match may {
                Ok(()) if messages::batch::targets(&payload).is_some() => {
                    messages::batch::send(gateway, access, &payload, writer)
                }
                Ok(()) => messages::send(gateway, payload, writer),
                Err(fault) => refused(gateway, fault),
            }
        }
        ActionId::AgentKey => change(gateway, action, session, |it| {
            agents::key(gateway, it.client(), &payload)
        }),
        ActionId::Keys => Answer::Now(Ok(keys::list(gateway))),
        ActionId::KeyAdd => keys::add(gateway, &payload),
        ActionId::KeyPair => Answer::Now(keys::pair(gateway, access, &payload)),
        ActionId::KeyRename => keys::rename(gateway, &payload),
        ActionId::KeyRevoke => keys::revoke(gateway, &payload),
        ActionId::Agents => agents::agents(gateway, access, &payload),
        ActionId::Turns => agents::turns(gateway, access, &payload),
        ActionId::AgentAbort => agents::abort(gateway, &payload),
        ActionId::AgentRetry => agents::retry(gateway, &payload),
        ActionId::AgentTakeover => agents::takeover(gateway, &payload),
        ActionId::AgentResume => agents::resume(gateway, &payload),
        ActionId::AgentStart => Answer::Now(agents::steer(gateway, &payload, Steer::Start)),
        ActionId::AgentStop => Answer::Now(agents::steer(gateway, &payload, Steer::Stop)),
        ActionId::AgentsFound => agents::found(gateway),
        ActionId::AgentChoose => agents::choose(gateway, &payload),
        ActionId::Ping => Answer::Now(Ok(pong_text(None))),
        ActionId::Describe => Answer::Now(Ok(connection::describe(access))),
        ActionId::Receive => messages::incoming::receive(gateway, payload),
        ActionId::Revise => messages::incoming::revise(gateway, payload),
        ActionId::Cancel => messages::cancel(gateway, &payload),
        ActionId::Retry => messages::retry(gateway, &payload),
        ActionId::Delete => messages::deleting::delete(gateway, &payload),
        ActionId::Message => messages::history::message(gateway, &payload),
        ActionId::History => messages::history::history(gateway, access, &payload),
        ActionId::Batch => messages::batch::batch(gateway, access, &payload),
        ActionId::Scheduled => messages::later::scheduled(gateway, access, &payload),
        ActionId::Reschedule => messages::later::reschedule(gateway, &payload),
        ActionId::Schedules => Answer::Now(Ok(messages::schedules::list(gateway, access))),
        ActionId::ScheduleAdd => messages::schedules::add(gateway, access, &payload),
        ActionId::ScheduleRemove => messages::schedules::remove(gateway, access, &payload),
        ActionId::SchedulePause => messages::schedules::pause(gateway, access, &payload),
        ActionId::ScheduleRun => messages::schedules::run(gateway, access, &payload),
        ActionId::Pause => messages::gate::pause(gateway, &payload),
        ActionId::Resume => messages::gate::resume(gateway, &payload),
        ActionId::Pauses => Answer::Now(Ok(messages::gate::list(gateway, access))),
        ActionId::Outbox => messages::outbox::outbox(gateway, access, &payload),
        ActionId::Conversations => conversations::conversations(gateway, access, &payload),
        ActionId::Read => conversations::read(gateway, payload),
        ActionId::ConversationSet => conversations::set(gateway, payload),
        ActionId::Typing => Answer::Now(conversations::typing(gateway, &payload)),
        ActionId::Media => media::media(gateway, access, &payload),
        ActionId::MediaList => media::list(gateway, &payload),
        ActionId::MediaFetch => media::fetch(gateway, &payload),
        ActionId::MediaPrune => media::prune(gateway, &payload),
        ActionId::Forget => keeping::forget(gateway, &payload),
        ActionId::Purge => keeping::purge(gateway, &payload),
        ActionId::Publish => Answer::Now(bus::publish(gateway, payload)),
        ActionId::Clients => Answer::Now(Ok(bus::clients(gateway))),
        ActionId::Integrations => Answer::Now(Ok(integrations::integrations(gateway, access))),
        ActionId::IntegrationStart | ActionId::IntegrationRestart => {
            Answer::Now(integrations::steer(gateway, &payload, Steer::Start))
        }
        ActionId::IntegrationStop => {
            Answer::Now(integrations::steer(gateway, &payload, Steer::Stop))
        }
        ActionId::IntegrationForget => integrations::forget(gateway, &payload),
        ActionId::IntegrationConnect => integrations::connect(gateway, &payload),
        ActionId::IntegrationGroups => integrations::groups(gateway, &payload),
        ActionId::Pairing => Answer::Now(Ok(pairing::list(gateway))),
        ActionId::PairingApprove => pairing::decide(gateway, &payload, true),
        ActionId::PairingReject => pairing::decide(gateway, &payload, false),
        ActionId::PairingRevoke => pairing::revoke(gateway, &payload),
        ActionId::PushKey => push::key(gateway),
        ActionId::PushSubscribe => push::subscribe(gateway, access, &payload),
        ActionId::PushUnsubscribe => push::unsubscribe(gateway, access, &payload),
        ActionId::PushList => Answer::Now(Ok(push::list(gateway, access))),
        ActionId::Webhooks => Answer::Now(Ok(webhooks::list(gateway))),
        ActionId::WebhookTest => webhooks::test(gateway, &payload),
        ActionId::WebhookReplay => webhooks::replay(gateway, &payload),
        ActionId::WebhookPause => webhooks::steer(gateway, &payload, Steer::Stop),
        ActionId::WebhookResume => webhooks::steer(gateway, &payload, Steer::Start),
        ActionId::Status => Answer::Now(Ok(daemon::status(gateway, access))),
        #[cfg(feature = "nats")]
        ActionId::Cluster => Answer::Now(daemon::cluster::show(gateway)),
        #[cfg(feature = "nats")]
        ActionId::ClusterHandOver => daemon::cluster::hand_over(gateway, &payload),
        #[cfg(feature = "nats")]
        ActionId::ClusterDrain => Answer::Now(daemon::cluster::drain(gateway)),
        ActionId::Logs => Answer::Now(daemon::logs(gateway, &payload)),
        ActionId::Config => Answer::Now(daemon::settings::config(gateway)),
        ActionId::ConfigCheck => daemon::settings::check(gateway, &payload),
        ActionId::ConfigSet => daemon::settings::set(gateway, &payload),
        ActionId::Reload => Answer::Now(daemon::reload(gateway)),
        ActionId::Shutdown => Answer::Now(Ok(daemon::shutdown(gateway, &payload))),
    }
}

/// Does what changes the connection, where there is one.
fn change(
    gateway: &Gateway,
    action: &Action,
    session: Option<&mut dyn Connection>,
    done_by: impl FnOnce(&mut dyn Connection) -> Answer,
) -> Answer {
    let Some(session) = session else {
        let text = format!("{} needs a WebSocket connection of its own", action.name);
        return Answer::Now(Err(Fault::new(ErrorCode::UnknownAction, text)));
    };
    match done_by(session) {
        Answer::Now(Err(fault)) => refused(gateway, fault),
        answer => answer,
    }
}

/// What is urgent goes outside of the hours that the owner set, which is not for every key.
fn may_hurry(access: &Access, payload: &Payload) -> Result<(), Fault> {
    if !payload.flag("urgent") || role::OPERATORS.admits(access.role()) {
        return Ok(());
    }
    let text = "urgent needs a key of role operator";
    Err(Fault::new(ErrorCode::Forbidden, text))
}

fn room_to_wait(payload: &Payload, session: Option<&mut dyn Connection>) -> Result<(), Fault> {
    match session {
        Some(session) if payload.flag("wait") => session.expect_room_to_wait(),
        _ => Ok(()),
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
