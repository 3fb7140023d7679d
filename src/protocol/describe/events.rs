//! Every event and what it carries, and the only place where an event's name can be made: what is not
//! described cannot be published.

use std::fmt;

use super::{
    fields::{
        AGENT, CONVERSATION, COUNT, DELIVERY, INTEGRATION, KEPT, MESSAGE, MESSAGE_ID, TURN_ID, may,
        must,
    },
    shape::{EventSpec, FieldKind, FieldSpec},
};
use crate::protocol::role::{self, Least};

/// The name of an event: one of the table (`event` lists them), or a topic of the clients' own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EventName<'a>(&'a str);

impl<'a> EventName<'a> {
    /// What a client publishes: `app.` and a name without `*`. Other topics belong to the gateway.
    pub fn app(topic: &'a str) -> Option<Self> {
        let name = topic.strip_prefix(event::APP_ANY.0.trim_end_matches('*'))?;
        (!name.is_empty() && !name.contains('*')).then_some(Self(topic))
    }

    /// As on the wire.
    pub const fn as_str(self) -> &'a str {
        self.0
    }

    /// Who may hear it.
    pub fn least(self) -> Least {
        let is_it = |event: &&EventSpec| match event.name.strip_suffix('*') {
            Some(prefix) => self.0.starts_with(prefix),
            None => event.name == self.0,
        };
        EVENTS
            .iter()
            .find(is_it)
            .map_or(role::OWNERS, |event| event.least)
    }
}

impl fmt::Display for EventName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

macro_rules! events {
    ($($(($vis:tt))? $id:ident $name:literal $least:ident $summary:literal $payload:expr;)*) => {
        /// The names of the gateway's own events.
        pub mod event {
            use super::EventName;

            $(#[doc = $summary] pub $(($vis))? const $id: EventName<'static> = EventName($name);)*
        }

        /// Every event, in the order of the manual.
        pub const EVENTS: &[EventSpec] = &[$({
            const PAYLOAD: &[FieldSpec] = $payload;
            EventSpec { name: $name, summary: $summary, payload: PAYLOAD, least: role::$least }
        }),*];
    };
}

events! {
    MESSAGE_RECEIVED "message.received" EVERYONE
        "A peer wrote. Stored."
        MESSAGE;
    MESSAGE_STATUS "message.status" EVERYONE
        "A message came to a new state. Stored."
        MESSAGE;
    MESSAGE_EDITED "message.edited" EVERYONE
        "The author of a message changed it: the text is the new one. Stored."
        MESSAGE;
    MESSAGE_DELETED "message.deleted" EVERYONE
        "A message was deleted for everyone, by its author or by delete. It stays in the archive. Stored."
        MESSAGE;
    MESSAGE_MEDIA "message.media" EVERYONE
        "A file of a message was fetched, could not be, or is fetched again: media is the new one. Stored."
        MESSAGE;
    CONVERSATION_READ "conversation.read" READERS
        "A conversation was read up to a message."
        &[
            CONVERSATION[0],
            CONVERSATION[1],
            MESSAGE_ID,
        ];
    CONVERSATION_CHANGED "conversation.changed" READERS
        "A conversation was pinned, archived, muted or marked as unread, or the opposite."
        KEPT;
    CONVERSATION_FORGOTTEN "conversation.forgotten" READERS
        "A person was forgotten for good: drop what you keep of the conversation."
        &CONVERSATION;
    HISTORY_PURGED "history.purged" READERS
        "Every message stored before a moment was removed for good: drop those you keep."
        &[
            must("before_ms", COUNT, "the moment, ms since 1970"),
            may("channel", FieldKind::Name, "only of this integration"),
        ];
    TYPING "typing" EVERYONE
        "Someone writes; in is from the peer. It lapses unless it is repeated."
        &[
            CONVERSATION[0],
            CONVERSATION[1],
            may("sender", FieldKind::Name, "who writes in a group"),
            must("direction", FieldKind::Name, "in or out"),
            may("text", FieldKind::Text, "the text as far as it has grown"),
            must(
                "until_ms",
                COUNT,
                "when it lapses, ms since 1970; past where it ended",
            ),
        ];
    DELIVER "deliver" BRIDGES
        "To a bridge alone: send this message, and say with delivered or failed what became of it."
        DELIVERY;
    INTEGRATION_STATE "integration.state" READERS
        "An integration changed its state."
        INTEGRATION;
    AGENT_TURN "agent.turn" AGENTS
        "To an agent alone: answer this, with agent.delta as you go and agent.done or agent.failed at the end."
        &[
            TURN_ID,
            must(
                "session",
                FieldKind::Name,
                "the same for all turns of a conversation until it begins anew; letters, digits, . _ -",
            ),
            may("channel", FieldKind::Name, "the integration it belongs to; none: asked over HTTP"),
            may("peer", FieldKind::Name, "the other side's address"),
            may("sender", FieldKind::Name, "who wrote it, where that is not the peer itself"),
            must("group", FieldKind::Boolean, "true where several people read the answer"),
            must("message", FieldKind::Text, "what they wrote, one line after the other"),
            must("messages", FieldKind::Texts, "the ids of the messages, oldest first"),
            must("kind", FieldKind::Name, "what the last of them is: text, image, voice, …"),
            may("media", FieldKind::Any, "their files, as in a message"),
            may("transcript", FieldKind::Text, "what is said in a recording"),
            may(
                "history",
                FieldKind::Object,
                "{channel, peer, before, after?}: what to ask the action history for what came earlier",
            ),
            may("prompt", FieldKind::Objects, "asked over HTTP: all of it, as [{role, content}]"),
            may(
                "cut",
                FieldKind::Boolean,
                "true where the texts were too long for your connection (CLEUDOCODEBOT_MAX_QUEUE_BYTES) and lost their middle, marked […]; history has all of it",
            ),
            must("attempt", COUNT, "2 where you or another connection of yours had it before"),
            must("deadline_ms", COUNT, "when the answer must be whole, ms since 1970"),
        ];
    AGENT_ABORT "agent.abort" AGENTS
        "To an agent alone: stop this turn, and say nothing more about it."
        &[
            TURN_ID,
            must("reason", FieldKind::Text, "why"),
        ];
    AGENT_DELTA "agent.delta" READERS
        "A piece of the answer that an agent is writing."
        &[
            TURN_ID,
            CONVERSATION[0],
            CONVERSATION[1],
            must("agent", FieldKind::Name, "which agent"),
            must("text", FieldKind::Text, "the piece"),
        ];
    AGENT_STATUS "agent.status" READERS
        "A turn came to a new state."
        &[
            TURN_ID,
            CONVERSATION[0],
            CONVERSATION[1],
            may("agent", FieldKind::Name, "which agent has it"),
            must(
                "state",
                FieldKind::Name,
                "waiting, running, done, failed, aborted or held",
            ),
            must("attempt", COUNT, "how often this agent was offered it"),
            may("error", FieldKind::Text, "why the last attempt did not succeed"),
            may("message_id", FieldKind::Name, "the answer"),
            may("reason", FieldKind::Text, "why it ended without an answer"),
            must("updated_ms", COUNT, "when, ms since 1970"),
        ];
    GATE_PAUSED "gate.paused" READERS
        "Sending was paused, or goes on."
        &[
            must("channel", FieldKind::Name, "the channel, or all"),
            must("paused", FieldKind::Boolean, "whether it is paused now"),
            may("since_ms", COUNT, "since when, ms since 1970"),
            may("until_ms", COUNT, "until when, ms since 1970"),
            may("reason", FieldKind::Text, "why"),
        ];
    AGENT_HANDOVER "agent.handover" READERS
        "A person answers in a conversation, or gave it back to its agent."
        &[
            CONVERSATION[0],
            CONVERSATION[1],
            must("until_ms", COUNT, "until when, ms since 1970; 0: given back"),
            must(
                "by",
                FieldKind::Name,
                "hand: somebody wrote; command: somebody asked for it; loop: two programs answered each other",
            ),
        ];
    AGENT_STATE "agent.state" READERS
        "An agent came to a new state."
        AGENT;
    KEY_CHANGED "key.changed" OWNERS
        "A key was added, renamed or revoked, or it expired."
        &[
            must("id", FieldKind::Name, "as k-3"),
            must("name", FieldKind::Name, "what it is called"),
            must("state", FieldKind::Name, "active, revoked or expired"),
        ];
    CONFIG_CHANGED "config.changed" OWNERS
        "Settings were reloaded, or changed by a client. Without their values."
        &[
            must("keys", FieldKind::Texts, "those that a client changed"),
            must("changed", FieldKind::Texts, "as in reload"),
            must("needs_restart", FieldKind::Texts, "as in reload"),
        ];
    CLIENT_CONNECTED "client.connected" OPERATORS
        "A client authenticated."
        &[
            must("id", FieldKind::Name, "as c-3"),
            must("address", FieldKind::Name, "from where"),
            may("name", FieldKind::Name, "what it calls itself"),
            may("kind", FieldKind::Name, "what it says it is, such as cli or webchat"),
        ];
    CLIENT_DISCONNECTED "client.disconnected" OPERATORS
        "An authenticated client left."
        &[
            must("id", FieldKind::Name, "as c-3"),
            must("reason", FieldKind::Text, "why"),
            may("kind", FieldKind::Name, "what it said it is, such as cli or webchat"),
        ];
    LOG "log" OWNERS
        "A log line."
        &[
            must("time_ms", COUNT, "when, ms since 1970"),
            must("level", FieldKind::Name, "how grave"),
            must("target", FieldKind::Name, "which part spoke"),
            must("message", FieldKind::Text, "what"),
            must("fields", FieldKind::Object, "what varies"),
        ];
    (super) APP_ANY "app.*" READERS
        "What a client published."
        &[];
    LAGGED "lagged" EVERYONE
        "You were too slow; unstored events were left out."
        &[
            must("dropped", COUNT, "how many"),
            must("from", COUNT, "when the first was, ms since 1970"),
            must("to", COUNT, "when the last was, ms since 1970"),
        ];
    SHUTDOWN "shutdown" EVERYONE
        "The daemon goes down; sent to everyone."
        &[
            must("reason", FieldKind::Text, "why"),
            must(
                "restart_expected",
                FieldKind::Boolean,
                "true where it comes back by itself",
            ),
        ];
    ERROR "error" EVERYONE
        "A message of yours could not be read, so there is no id to answer to."
        &[
            must("code", FieldKind::Name, "as in errors"),
            must("message", FieldKind::Text, "what is wrong"),
            may("details", FieldKind::Any, "more for a program, such as the field"),
            may("retry_after_ms", COUNT, "when another try may help"),
        ];
}
