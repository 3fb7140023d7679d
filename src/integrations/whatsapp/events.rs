//! What a server posts, in the form that all servers' posts are read into. Keys and contents are those of
//! `WhatsApp`'s own protocol as JSON (`MessageKey` and `Message` in `WAProto.proto`), whatever the server
//! makes of them: a key has `remoteJid`, `fromMe`, `id`, `participant`, and beside them the other
//! addresses that are known (`remoteJidAlt`, `participantAlt`).

use serde_json::Value;

use super::connection::Status;
use crate::message::{Content, State};

/// All that one post tells.
#[derive(Debug, Default)]
pub(super) struct Posts {
    /// The user's own number, where the server tells it.
    pub me: Option<String>,
    pub events: Vec<ServerEvent>,
}

/// One thing that a server tells.
#[derive(Debug)]
pub(super) enum ServerEvent {
    /// A message, or what somebody did to one in the shape of a message.
    Message(Box<PostedMessage>),
    /// An edit or a deletion, with a key as its author sees it: only the id in it is sure.
    Protocol { key: Value, protocol: Value },
    /// The message of this name was deleted.
    Deleted { name: String, key: Value },
    /// What became of a message.
    Update(Box<Update>),
    /// A step of a call.
    Call(Call),
    /// Who writes in a conversation, each with whether it goes on.
    Typing {
        chat: String,
        members: Vec<(String, bool)>,
    },
    /// How the account stands with `WhatsApp`.
    Status(Status),
    /// A step of a call that makes no message.
    CallStep(String),
}

/// A message as it was posted.
#[derive(Debug, Default)]
pub(super) struct PostedMessage {
    pub key: Value,
    /// Null where the server has nothing of it.
    pub message: Value,
    /// What the server calls a message whose content it did not get.
    pub hint: Option<String>,
    /// What its author is called.
    pub name: Option<String>,
    /// The context that stands beside the content: what it answers, whom it names.
    pub context: Value,
    /// Its file in base64, where that came with it.
    pub base64: Option<String>,
    /// Where the server put its file.
    pub url: Option<String>,
    /// What the server is asked for its file by, where that is not the name of the message.
    pub file: Option<String>,
}

/// What became of a message that is known.
#[derive(Debug, Default)]
pub(super) struct Update {
    pub name: String,
    pub key: Value,
    pub state: Option<State>,
    /// What it says now.
    pub edited: Value,
    /// Who chose which options of the poll that it is.
    pub votes: Vec<(String, Vec<String>)>,
}

/// A call: its name among messages, who calls, and what is known of it. A call is posted at every step,
/// so only the first makes a message (Baileys, `src/Types/Call.ts`).
#[derive(Debug)]
pub(super) struct Call {
    pub name: String,
    pub key: Value,
    pub content: Content,
    /// Whether it tells how the call went.
    pub is_news: bool,
}
