//! Every action: what a client sends and what it is answered. One file a theme; here only the table
//! that gives each its place in the manual, its variant of `ActionId`, who may do it, and of which
//! conversations it is.

mod agents;
mod bridge;
mod bus;
mod connection;
mod conversations;
mod daemon;
mod gate;
mod integrations;
mod keeping;
mod keys;
mod media;
mod messages;
mod pairing;
mod push;
mod schedules;
mod webhooks;

use super::shape::{ActionSpec, FieldSpec};
use crate::protocol::role::{self, Least, Subject};

/// One row of the table: an action as `ActionSpec` describes it, and its id.
#[derive(Debug)]
pub struct Action {
    /// What the gateway matches on.
    pub id: ActionId,
    /// Its name.
    pub name: &'static str,
    /// Older names that stay accepted.
    pub aliases: &'static [&'static str],
    /// One line of text.
    pub summary: &'static str,
    /// What the client sends.
    pub request: &'static [FieldSpec],
    /// What the gateway answers.
    pub response: &'static [FieldSpec],
    /// Who may do it.
    pub least: Least,
    /// What of the gateway it touches.
    pub subject: Subject,
}

impl Action {
    const fn new(id: ActionId, spec: &ActionSpec, least: Least, subject: Subject) -> Self {
        Self {
            id,
            least,
            subject,
            name: spec.name,
            aliases: spec.aliases,
            summary: spec.summary,
            request: spec.request,
            response: spec.response,
        }
    }
}

macro_rules! actions {
    ($($(#[$only:meta])* $id:ident $spec:path, $least:ident, $subject:ident;)*) => {
        /// Every action. The gateway matches on it without a fallback, so that an action that is
        /// described but not done does not compile.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "each action's description documents it")]
        pub enum ActionId { $($(#[$only])* $id),* }

        /// Every action, in the order of the manual.
        pub const ACTIONS: &[Action] = &[$(
            $(#[$only])*
            Action::new(ActionId::$id, &$spec, role::$least, Subject::$subject)
        ),*];
    };
}

actions! {
    Auth connection::AUTH, EVERYONE, Nothing;
    Ping connection::PING, EVERYONE, Nothing;
    Status daemon::STATUS, READERS, Nothing;
    Describe connection::DESCRIBE, EVERYONE, Nothing;
    Send messages::SEND, SENDERS, Conversation;
    Receive messages::RECEIVE, HANDERS_IN, Conversation;
    Revise messages::REVISE, HANDERS_IN, Conversation;
    Delivered bridge::DELIVERED, BRIDGES, Nothing;
    Failed bridge::FAILED, BRIDGES, Nothing;
    Message messages::history::MESSAGE, READERS, Message;
    History messages::history::HISTORY, READERS, Nothing;
    Conversations conversations::CONVERSATIONS, READERS, Nothing;
    Read conversations::READ, OPERATORS, Conversation;
    ConversationSet conversations::CONVERSATION_SET, OPERATORS, Conversation;
    Typing conversations::TYPING, WRITERS, Conversation;
    Cancel messages::CANCEL, OPERATORS, Message;
    Retry messages::RETRY, OPERATORS, Message;
    Delete messages::DELETE, OPERATORS, Message;
    Media media::MEDIA, EVERYONE, Nothing;
    MediaList media::MEDIA_LIST, READERS, Gateway;
    MediaFetch media::MEDIA_FETCH, SENDERS, Message;
    MediaPrune media::MEDIA_PRUNE, OWNERS, Gateway;
    Subscribe bus::SUBSCRIBE, EVERYONE, Nothing;
    Unsubscribe bus::UNSUBSCRIBE, EVERYONE, Nothing;
    Publish bus::PUBLISH, OPERATORS, Gateway;
    Clients bus::CLIENTS, OPERATORS, Gateway;
    Integrations integrations::INTEGRATIONS, READERS, Nothing;
    IntegrationStart integrations::INTEGRATION_START, OPERATORS, Gateway;
    IntegrationStop integrations::INTEGRATION_STOP, OPERATORS, Gateway;
    IntegrationRestart integrations::INTEGRATION_RESTART, OPERATORS, Gateway;
    IntegrationForget integrations::INTEGRATION_FORGET, OWNERS, Gateway;
    IntegrationConnect integrations::INTEGRATION_CONNECT, OWNERS, Gateway;
    IntegrationGroups integrations::INTEGRATION_GROUPS, OPERATORS, Gateway;
    Pairing pairing::PAIRING, OPERATORS, Gateway;
    PairingApprove pairing::PAIRING_APPROVE, OPERATORS, Gateway;
    PairingReject pairing::PAIRING_REJECT, OPERATORS, Gateway;
    PairingRevoke pairing::PAIRING_REVOKE, OPERATORS, Gateway;
    AgentDelta agents::AGENT_DELTA, AGENTS, Nothing;
    AgentDone agents::AGENT_DONE, AGENTS, Nothing;
    AgentFailed agents::AGENT_FAILED, AGENTS, Nothing;
    AgentAsk agents::AGENT_ASK, AGENTS, Nothing;
    Agents agents::AGENTS, READERS, Nothing;
    Turns agents::TURNS, READERS, Nothing;
    AgentAbort agents::AGENT_ABORT, OPERATORS, Turn;
    AgentRetry agents::AGENT_RETRY, OPERATORS, Turn;
    AgentTakeover agents::AGENT_TAKEOVER, OPERATORS, Conversation;
    AgentResume agents::AGENT_RESUME, OPERATORS, Conversation;
    AgentStart agents::AGENT_START, OPERATORS, Gateway;
    AgentStop agents::AGENT_STOP, OPERATORS, Gateway;
    AgentsFound agents::AGENTS_FOUND, OWNERS, Gateway;
    AgentChoose agents::AGENT_CHOOSE, OWNERS, Gateway;
    AgentKey agents::AGENT_KEY, AGENTS, Nothing;
    Keys keys::KEYS, OWNERS, Gateway;
    KeyAdd keys::KEY_ADD, OWNERS, Gateway;
    KeyPair keys::KEY_PAIR, OWNERS, Gateway;
    KeyRename keys::KEY_RENAME, OWNERS, Gateway;
    KeyRevoke keys::KEY_REVOKE, OWNERS, Gateway;
    PushKey push::PUSH_KEY, PEOPLE, Nothing;
    PushSubscribe push::PUSH_SUBSCRIBE, PEOPLE, Nothing;
    PushUnsubscribe push::PUSH_UNSUBSCRIBE, PEOPLE, Nothing;
    PushList push::PUSH_LIST, PEOPLE, Nothing;
    Forget keeping::FORGET, OWNERS, Gateway;
    Purge keeping::PURGE, OWNERS, Gateway;
    Outbox messages::outbox::OUTBOX, READERS, Nothing;
    Batch messages::outbox::BATCH, OPERATORS, Nothing;
    Scheduled messages::outbox::SCHEDULED, READERS, Nothing;
    Reschedule messages::outbox::RESCHEDULE, OPERATORS, Message;
    Pause gate::PAUSE, OPERATORS, Gateway;
    Resume gate::RESUME, OPERATORS, Gateway;
    Pauses gate::PAUSES, READERS, Nothing;
    Schedules schedules::SCHEDULES, READERS, Nothing;
    ScheduleAdd schedules::SCHEDULE_ADD, OPERATORS, Nothing;
    ScheduleRemove schedules::SCHEDULE_REMOVE, OPERATORS, Nothing;
    SchedulePause schedules::SCHEDULE_PAUSE, OPERATORS, Nothing;
    ScheduleRun schedules::SCHEDULE_RUN, OPERATORS, Nothing;
    Webhooks webhooks::WEBHOOKS, OPERATORS, Gateway;
    WebhookTest webhooks::WEBHOOK_TEST, OPERATORS, Gateway;
    WebhookReplay webhooks::WEBHOOK_REPLAY, OPERATORS, Gateway;
    WebhookPause webhooks::WEBHOOK_PAUSE, OPERATORS, Gateway;
    WebhookResume webhooks::WEBHOOK_RESUME, OPERATORS, Gateway;
    #[cfg(feature = "nats")]
    Cluster daemon::CLUSTER, OPERATORS, Gateway;
    #[cfg(feature = "nats")]
    ClusterHandOver daemon::CLUSTER_HAND_OVER, OWNERS, Gateway;
    #[cfg(feature = "nats")]
    ClusterDrain daemon::CLUSTER_DRAIN, OWNERS, Gateway;
    Logs daemon::LOGS, OWNERS, Gateway;
    Config daemon::CONFIG, OWNERS, Gateway;
    ConfigCheck daemon::CONFIG_CHECK, OWNERS, Gateway;
    ConfigSet daemon::CONFIG_SET, OWNERS, Gateway;
    Reload daemon::RELOAD, OWNERS, Gateway;
    Shutdown daemon::SHUTDOWN, OWNERS, Gateway;
}

impl ActionId {
    /// Its row.
    pub fn action(self) -> Option<&'static Action> {
        ACTIONS.iter().find(|action| action.id == self)
    }
}

/// The action of this name or alias.
pub fn action(name: &str) -> Option<&'static Action> {
    ACTIONS
        .iter()
        .find(|action| action.name == name || action.aliases.contains(&name))
}
