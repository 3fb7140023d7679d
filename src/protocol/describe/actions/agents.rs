//! Agents: what one says about a turn it was given, and what anyone may ask or change about them.

use crate::protocol::describe::{
    fields::{AGENT, CONVERSATION, COUNT, FORMAT, TURN_ID, may, must},
    shape::{ActionSpec, FieldKind, FieldSpec},
};

/// Where a turn stands after the action.
const TURN_STATE: FieldSpec = must(
    "state",
    FieldKind::Name,
    "waiting, running, done, failed, aborted or held",
);

/// Longest wait for an answer to a question, in milliseconds: a day.
const MAX_ASK_MS: u64 = 86_400_000;

/// A conversation in which a person answers.
const HELD: [FieldSpec; 4] = [
    CONVERSATION[0],
    CONVERSATION[1],
    must("until_ms", COUNT, "until when, ms since 1970; 0: not held"),
    must("by", FieldKind::Name, "hand, command or loop"),
];

pub(super) const AGENT_DELTA: ActionSpec = ActionSpec {
    name: "agent.delta",
    aliases: &[],
    summary: "An agent's next piece of the answer to its turn; an empty one is a sign of life.",
    request: &[
        TURN_ID,
        must("text", FieldKind::Text, "the piece, not what came before"),
    ],
    response: &[],
};

pub(super) const AGENT_DONE: ActionSpec = ActionSpec {
    name: "agent.done",
    aliases: &[],
    summary: "An agent's answer to its turn, whole. It is queued once; said again it is a conflict. Neither text nor media: no message.",
    request: &[
        TURN_ID,
        must("text", FieldKind::Text, "the whole answer; may be empty"),
        FORMAT,
        may("media", FieldKind::Files, "as in send"),
    ],
    response: &[
        may("message_id", FieldKind::Name, "the message that was queued"),
        TURN_STATE,
    ],
};

pub(super) const AGENT_FAILED: ActionSpec = ActionSpec {
    name: "agent.failed",
    aliases: &[],
    summary: "An agent cannot answer its turn.",
    request: &[
        TURN_ID,
        must("error", FieldKind::Text, "why, for the user"),
        must(
            "certainty",
            FieldKind::Name,
            "transient: offer it to me again once; permanent or unknown: to the next agent",
        ),
        may(
            "retry_after_ms",
            FieldKind::Integer(0, MAX_ASK_MS),
            "transient: not before this time, in milliseconds",
        ),
    ],
    response: &[TURN_STATE],
};

pub(super) const AGENT_ASK: ActionSpec = ActionSpec {
    name: "agent.ask",
    aliases: &[],
    summary: "An agent's question to the owner (AGENT_OWNER) about its turn; the owner's next message there is the answer. Comes out of order.",
    request: &[
        TURN_ID,
        must("text", FieldKind::Text, "the question"),
        may("options", FieldKind::Names, "what can be answered"),
        may(
            "timeout_ms",
            FieldKind::Integer(1, MAX_ASK_MS),
            "how long to wait, in milliseconds; five minutes unless told",
        ),
    ],
    response: &[
        may(
            "answer",
            FieldKind::Text,
            "the answer; one of options where a number was written",
        ),
        may(
            "cancelled",
            FieldKind::Boolean,
            "true where nobody answered in time, or the turn ended",
        ),
    ],
};

pub(super) const AGENT_KEY: ActionSpec = ActionSpec {
    name: "agent.key",
    aliases: &[],
    summary: "A key for the tools of the program that answers: of role agent, for the conversation of its turn alone, good while this connection is.",
    request: &[TURN_ID],
    response: &[must("token", FieldKind::Name, "the key")],
};

pub(super) const AGENTS: ActionSpec = ActionSpec {
    name: "agents",
    aliases: &[],
    summary: "The agents and how each is, the conversations in which a person answers, what runs and what failed.",
    request: &[
        may(
            "channel",
            FieldKind::Name,
            "with peer: of which conversation to tell who answers there",
        ),
        may(
            "peer",
            FieldKind::Name,
            "with channel: the other side's address",
        ),
    ],
    response: &[
        must(
            "agents",
            FieldKind::Objects,
            "as the event agent.state; openai with model: the one that the settings name, else whose it is",
        ),
        must(
            "held",
            FieldKind::Objects,
            "{channel, peer, until_ms, by}: where agents keep quiet",
        ),
        must(
            "running",
            FieldKind::Objects,
            "turns that wait or run, as in turns",
        ),
        must(
            "failed",
            FieldKind::Objects,
            "the last 20 turns that failed, as in turns",
        ),
        may(
            "order",
            FieldKind::Texts,
            "of the conversation: the agents that are asked there, one after the other; none: nobody",
        ),
        may(
            "open",
            FieldKind::Boolean,
            "of the conversation: true where, if it is a group, every message is answered",
        ),
    ],
};

pub(super) const TURNS: ActionSpec = ActionSpec {
    name: "turns",
    aliases: &[],
    summary: "What agents answered or shall, newest first.",
    request: &[
        may("channel", FieldKind::Name, "only of this one"),
        may("peer", FieldKind::Name, "only with this one; needs channel"),
        may(
            "state",
            FieldKind::Name,
            "waiting, running, done, failed, aborted or held",
        ),
        may(
            "limit",
            FieldKind::Integer(1, 1000),
            "at most; 50 unless told",
        ),
    ],
    response: &[must(
        "turns",
        FieldKind::Objects,
        "{turn_id, channel, peer, sender?, messages, agent, session, state, attempt, error?, message_id?, created_ms, updated_ms}",
    )],
};

pub(super) const AGENT_ABORT: ActionSpec = ActionSpec {
    name: "agent.abort",
    aliases: &[],
    summary: "Ends a turn without an answer.",
    request: &[TURN_ID],
    response: &[TURN_STATE],
};

pub(super) const AGENT_RETRY: ActionSpec = ActionSpec {
    name: "agent.retry",
    aliases: &[],
    summary: "Offers a turn that failed anew.",
    request: &[TURN_ID],
    response: &[TURN_STATE],
};

pub(super) const AGENT_TAKEOVER: ActionSpec = ActionSpec {
    name: "agent.takeover",
    aliases: &[],
    summary: "A person answers in this conversation for a while; a turn that runs there is aborted.",
    request: &[
        CONVERSATION[0],
        CONVERSATION[1],
        may(
            "minutes",
            FieldKind::Integer(1, 10_080),
            "for how long; AGENT_HANDOVER unless told",
        ),
    ],
    response: &HELD,
};

pub(super) const AGENT_RESUME: ActionSpec = ActionSpec {
    name: "agent.resume",
    aliases: &[],
    summary: "Gives a conversation back to its agent.",
    request: &CONVERSATION,
    response: &[must(
        "released",
        FieldKind::Boolean,
        "false where it was not held",
    )],
};

pub(super) const AGENTS_FOUND: ActionSpec = ActionSpec {
    name: "agents.found",
    aliases: &[],
    summary: "What there is on the gateway's machine that could answer: pi on the PATH, the models of Ollama, what the settings have. Comes out of order, within seconds.",
    request: &[],
    response: &[must(
        "found",
        FieldKind::Objects,
        "{name, title, models, version?}: name as in AGENT; models to choose from, none where it has its own",
    )],
};

pub(super) const AGENT_CHOOSE: ActionSpec = ActionSpec {
    name: "agent.choose",
    aliases: &[],
    summary: "Has something that agents.found lists answer: writes AGENT (and OLLAMA_MODEL) into .env and reloads it.",
    request: &[
        must("name", FieldKind::Name, "its name there"),
        may(
            "model",
            FieldKind::Name,
            "one of its models; left out where it has none or one",
        ),
    ],
    response: &[
        must("changed", FieldKind::Texts, "as in reload"),
        must("needs_restart", FieldKind::Texts, "as in reload"),
    ],
};

const AGENT_NAME: FieldSpec = must("name", FieldKind::Name, "an agent that the daemon starts");

pub(super) const AGENT_START: ActionSpec = ActionSpec {
    name: "agent.start",
    aliases: &[],
    summary: "Starts an agent in the box that was stopped or parked.",
    request: &[AGENT_NAME],
    response: AGENT,
};

pub(super) const AGENT_STOP: ActionSpec = ActionSpec {
    name: "agent.stop",
    aliases: &[],
    summary: "Stops an agent in the box until it is started; the next one is asked meanwhile.",
    request: &[AGENT_NAME],
    response: AGENT,
};
