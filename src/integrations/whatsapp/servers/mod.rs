//! The servers that speak to `WhatsApp`: a folder each, all behind the trait [`Server`]. What a server is
//! sent and what it posts in its own words is known in its folder alone; the channel above has steps to
//! send and events to take.

pub(super) mod api;
pub(super) mod evolution;

use serde_json::{Value, json};

use super::{
    connection::Status,
    events::Posts,
    settings::{ServerKind, WhatsappSettings},
    sought::FoundMessage,
    steps::{ReadMessage, Step},
};
use crate::{
    integrations::{
        BoxFuture, DeliveryError, FetchError, FetchedFile, Hook, HookReply, HookSender, Indicator,
        ReconcileResult, RunError,
        support::files::{limits::FileLimits, outgoing::OutgoingFile},
    },
    log::Log,
    media::{Intake, Media},
};

/// What a server is built with.
pub(super) struct ServerContext {
    pub settings: WhatsappSettings,
    /// What proves its posts.
    pub secret: String,
    /// Where it posts to.
    pub webhook_url: String,
    pub media: Media,
    pub log: Log,
}

/// A server that speaks to `WhatsApp` for us.
pub(super) trait Server: Send + Sync {
    /// What it takes of files.
    fn limits(&self) -> &'static FileLimits;

    /// Sends one step, with the file that it names where that is kept here. Returns the server's name of
    /// the message, where it has one.
    fn send<'a>(
        &'a self,
        step: &'a Step<'a>,
        file: Option<&'a OutgoingFile>,
    ) -> BoxFuture<'a, Result<Option<String>, DeliveryError>>;

    /// The last messages of our own to this address, as the protocol has it. An error says why there is
    /// no answer, or that there never is one.
    fn search<'a>(
        &'a self,
        jid: &'a str,
    ) -> BoxFuture<'a, Result<Vec<FoundMessage>, ReconcileResult>>;

    /// How the account stands with `WhatsApp`.
    fn status(&self) -> BoxFuture<'_, Result<Status, RunError>>;

    /// Has the server post to us.
    fn register(&self) -> BoxFuture<'_, Result<(), RunError>>;

    /// Has the server post to us again, where somebody changed that.
    fn keep_webhook(&self) -> BoxFuture<'_, ()>;

    /// What pairs a phone, of an account that is there or, where `is_missing`, is to be made.
    fn pair(&self, is_missing: bool) -> BoxFuture<'_, Result<Pairing, String>>;

    /// Looks at the head of a post: whether it proves itself, is to be read first, or is refused.
    fn examine(&self, hook: &Hook) -> Result<HookSender, HookReply>;

    /// Reads a post that was let in, once its body is there and proven.
    fn read(&self, hook: &Hook) -> Result<Posts, HookReply>;

    /// Fetches the file with this entry in its message.
    fn fetch<'a>(
        &'a self,
        file: &'a Value,
        into: &'a mut Intake,
    ) -> BoxFuture<'a, Result<FetchedFile, FetchError>>;

    /// Whether it can show this peer such an indicator.
    fn can_show(&self, indicator: Indicator, peer: &str) -> bool;

    /// Shows the peer that we are typing.
    fn typing<'a>(&'a self, peer: &'a str) -> BoxFuture<'a, Result<(), String>>;

    /// Marks these messages of one peer as read, the newest first.
    fn mark_read<'a>(&'a self, messages: &'a [ReadMessage]) -> BoxFuture<'a, Result<(), String>>;
}

/// What pairs a phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Pairing {
    /// Nothing has to: it is connected.
    Connected,
    /// A code to scan, and perhaps one to type.
    Code {
        code: String,
        typed: Option<String>,
        /// Whether the account was made for it.
        is_new: bool,
    },
    /// Why there is no code yet, or where it is shown.
    Waiting(String),
}

impl Pairing {
    /// As clients get it.
    pub(super) fn json(self) -> Value {
        match self {
            Self::Connected => json!({"state": "connected"}),
            Self::Waiting(why) => json!({"state": "waiting", "why": why}),
            Self::Code {
                code,
                typed,
                is_new,
            } => {
                let mut pairing = json!({"state": "pairing", "code": code});
                if let Some(typed) = typed {
                    pairing["pairing_code"] = json!(typed);
                }
                if is_new {
                    pairing["created"] = json!(true);
                }
                pairing
            }
        }
    }
}

/// The server of these settings.
pub(super) fn build(context: ServerContext) -> Box<dyn Server> {
    match context.settings.server {
        ServerKind::Evolution => Box::new(evolution::Evolution::new(context)),
    }
}

/// The accounts that a server has, before one of them is in the settings.
pub(super) async fn instances(settings: &WhatsappSettings) -> Result<Value, String> {
    match settings.server {
        ServerKind::Evolution => evolution::account::instances(settings).await,
    }
}
