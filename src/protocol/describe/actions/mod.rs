//! Every action: what a client sends and what it is answered. One file a theme; here only the table
//! that gives each its place in the manual and its variant of `ActionId`.

mod agents;
mod bridge;
mod bus;
mod connection;
mod conversations;
mod daemon;
mod history;
mod integrations;
mod media;
mod messages;
mod outbox;
mod pairing;

use super::shape::{ActionSpec, FieldSpec};

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
}

impl Action {
    const fn new(id: ActionId, spec: &ActionSpec) -> Self {
        Self {
            id,
            name: spec.name,
            aliases: spec.aliases,
            summary: spec.summary,
            request: spec.request,
            response: spec.response,
        }
    }
}

macro_rules! actions {
    ($($id:ident $spec:path;)*) => {
        /// Every action. The gateway matches on it without a fallback, so that an action that is
        /// described but not done does not compile.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "each action's description documents it")]
        pub enum ActionId { $($id),* }

        /// Every action, in the order of the manual.
        pub const ACTIONS: &[Action] = &[$(Action::new(ActionId::$id, &$spec)),*];
    };
}

actions! {
    Auth connection::AUTH;
    Ping connection::PING;
    Status daemon::STATUS;
    Describe connection::DESCRIBE;
    Send messages::SEND;
    Receive messages::RECEIVE;
    Revise messages::REVISE;
    Delivered bridge::DELIVERED;
    Failed bridge::FAILED;
    Message history::MESSAGE;
    History history::HISTORY;
    Conversations conversations::CONVERSATIONS;
    Read conversations::READ;
    Typing conversations::TYPING;
    Cancel messages::CANCEL;
    Retry messages::RETRY;
    Media media::MEDIA;
    MediaList media::MEDIA_LIST;
    MediaFetch media::MEDIA_FETCH;
    MediaPrune media::MEDIA_PRUNE;
    Subscribe bus::SUBSCRIBE;
    Unsubscribe bus::UNSUBSCRIBE;
    Publish bus::PUBLISH;
    Clients bus::CLIENTS;
    Integrations integrations::INTEGRATIONS;
    IntegrationStart integrations::INTEGRATION_START;
    IntegrationStop integrations::INTEGRATION_STOP;
    IntegrationRestart integrations::INTEGRATION_RESTART;
    IntegrationForget integrations::INTEGRATION_FORGET;
    IntegrationConnect integrations::INTEGRATION_CONNECT;
    Pairing pairing::PAIRING;
    PairingApprove pairing::PAIRING_APPROVE;
    PairingReject pairing::PAIRING_REJECT;
    PairingRevoke pairing::PAIRING_REVOKE;
    AgentDelta agents::AGENT_DELTA;
    AgentDone agents::AGENT_DONE;
    AgentFailed agents::AGENT_FAILED;
    AgentAsk agents::AGENT_ASK;
    Agents agents::AGENTS;
    Turns agents::TURNS;
    AgentAbort agents::AGENT_ABORT;
    AgentRetry agents::AGENT_RETRY;
    AgentTakeover agents::AGENT_TAKEOVER;
    AgentResume agents::AGENT_RESUME;
    AgentStart agents::AGENT_START;
    AgentStop agents::AGENT_STOP;
    AgentsFound agents::AGENTS_FOUND;
    AgentChoose agents::AGENT_CHOOSE;
    Outbox outbox::OUTBOX;
    Logs daemon::LOGS;
    Config daemon::CONFIG;
    Reload daemon::RELOAD;
    Shutdown daemon::SHUTDOWN;
}

/// The action of this name or alias.
pub fn action(name: &str) -> Option<&'static Action> {
    ACTIONS
        .iter()
        .find(|action| action.name == name || action.aliases.contains(&name))
}
