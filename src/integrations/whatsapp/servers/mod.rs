//! The servers that speak to `WhatsApp`: a folder each, all behind the trait [`Server`]. What a server is
//! sent and what it posts in its own words is known in its folder alone; the channel above has steps to
//! send and events to take.

pub(super) mod api;
mod downloads;
pub(super) mod evolution;
mod evolution_go;
mod gowa;
mod groups;
mod identify;
mod signature;
mod uploads;
mod waha;
mod whatsmeow;
mod wuzapi;

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    connection::{CONNECT, Status, told, with_advice},
    events::Posts,
    settings::{ServerKind, WhatsappSettings},
    sought::FoundMessage,
    steps::{ReadMessage, Step},
};
use crate::{
    http_client::{HttpAnswer, HttpError, read_json},
    integrations::{
        BoxFuture, DeliveryError, FetchError, FetchedFile, Group, Hook, HookReply, HookSender,
        Indicator, ReconcileResult, RunError, Trouble,
        support::files::{limits::FileLimits, outgoing::OutgoingFile},
    },
    log::Log,
    media::{Intake, Media},
    message::text_at,
};

pub use self::identify::{FoundServer, identify};

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

    /// The groups that the account is in, by name.
    fn groups(&self) -> BoxFuture<'_, Result<Vec<Group>, String>>;

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

    /// Deletes a message of ours in this conversation for everybody, by the name that it was given.
    fn delete<'a>(
        &'a self,
        peer: &'a str,
        name: &'a str,
    ) -> BoxFuture<'a, Result<(), DeliveryError>>;

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
    /// A code that the server only draws: the PNG, in base64.
    Picture(String),
    /// Why there is no code yet.
    Waiting(String),
}

impl Pairing {
    /// As clients get it.
    pub(super) fn json(self) -> Value {
        match self {
            Self::Connected => json!({"state": "connected"}),
            Self::Waiting(why) => json!({"state": "waiting", "why": why}),
            Self::Picture(png) => {
                json!({"state": "waiting", "image": format!("data:image/png;base64,{png}"),
                "why": "this server draws the code itself: scan it on the page, in Control (cleudocodebot dashboard)"})
            }
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
        ServerKind::EvolutionGo => Box::new(evolution_go::EvolutionGo::new(context)),
        ServerKind::Gowa => Box::new(gowa::Gowa::new(context)),
        ServerKind::Waha => Box::new(waha::Waha::new(context)),
        ServerKind::Wuzapi => Box::new(wuzapi::Wuzapi::new(context)),
    }
}

/// The accounts that a server has, before one of them is in the settings.
pub(super) async fn instances(settings: &WhatsappSettings) -> Result<Value, String> {
    match settings.server {
        ServerKind::Evolution => evolution::account::instances(settings).await,
        ServerKind::EvolutionGo => evolution_go::instances(settings).await,
        ServerKind::Gowa => gowa::instances(settings).await,
        ServerKind::Waha => waha::instances(settings).await,
        ServerKind::Wuzapi => wuzapi::instances(settings).await,
    }
}

/// Longest quote of a server's words, in characters.
const MAX_SAID: usize = 200;

/// A server's words, short.
fn quoted(said: &str) -> String {
    if said.is_empty() {
        return "nothing more".to_owned();
    }
    said.chars().take(MAX_SAID).collect()
}

/// That the account is not connected, in the server's words.
fn not_connected(text: &str) -> Trouble {
    Trouble::new(format!("WhatsApp is not connected: {text}"), CONNECT)
}

/// That something else answers than the server that is set.
fn not_it(kind: ServerKind, address: &str, status: u16) -> Trouble {
    Trouble::new(
        format!("what answers at {address} is not {kind} (status {status})"),
        "see whether WHATSAPP_BASE_URL and WHATSAPP_SERVER are right: cleudocodebot doctor",
    )
}

/// That the server refuses the key.
fn refused_key(kind: ServerKind, address: &str, status: u16) -> String {
    format!("{kind} at {address} refused WHATSAPP_API_TOKEN_INSTANCE (status {status})")
}

/// What was asked and nobody waits for.
fn shown(kind: ServerKind, asked: Result<HttpAnswer, HttpError>) -> Result<(), String> {
    match asked.map_err(|error| error.to_string())?.status {
        200..300 => Ok(()),
        status => Err(format!("{kind} answered {status}")),
    }
}

/// An account of a server, as it is told before it is in the settings.
fn account(name: &str, is_open: bool, jid: Option<&str>, title: Option<&str>) -> Value {
    let state = if is_open { "open" } else { "close" };
    let mut told = json!({"name": name, "state": state});
    if let Some(title) = title.filter(|title| !title.is_empty()) {
        told["title"] = json!(title);
    }
    let number = jid.and_then(|jid| jid.split(['@', ':', '.']).next());
    if let Some(number) = number.filter(|number| !number.is_empty()) {
        told["number"] = json!(number);
    }
    told
}

/// An error in its words alone.
fn words(error: DeliveryError) -> String {
    match error {
        DeliveryError::Transient(why, _)
        | DeliveryError::Permanent(why)
        | DeliveryError::Unauthorized(why)
        | DeliveryError::Unknown(why)
        | DeliveryError::Interrupted(why) => why,
        DeliveryError::Channel(trouble) => with_advice(&trouble),
        DeliveryError::Away => String::new(),
    }
}

/// How an account stands, by an error of the question for it.
fn status_of(error: DeliveryError, earliest: Option<Duration>) -> Result<Status, RunError> {
    match error {
        DeliveryError::Unauthorized(why) => Err(RunError::Refused(why)),
        DeliveryError::Channel(trouble) => Ok(Status::Unusable(trouble)),
        error => Err(RunError::Failed(words(error), earliest)),
    }
}

/// That our webhook is registered, or why it is not, by the answer.
fn registered(
    set: Result<Value, DeliveryError>,
    earliest: Option<Duration>,
) -> Result<(), RunError> {
    set.map(drop).map_err(|error| {
        let why = words(error);
        RunError::Failed(
            format!("the webhook could not be registered: {why}"),
            earliest,
        )
    })
}

/// The body of a post.
fn json_of(hook: &Hook) -> Result<Value, HookReply> {
    let body = read_json(&hook.body);
    body.map_err(|_| HookReply::new(400, "the body is not JSON"))
}

/// That a server does nothing until it is registered with its maker, which the Evolution API does from 2.4 on and
/// Evolution Go (`pkg/core/c0.go`, `GateMiddleware`).
fn license(kind: ServerKind, body: &Value, status: u16, address: &str) -> Option<Trouble> {
    if body["code"] != "LICENSE_REQUIRED" {
        return None;
    }
    let said = text_at(body, "error").unwrap_or("service not activated");
    let why = format!("{kind} says: {said} (LICENSE_REQUIRED, status {status})");
    let here = || format!("http://{address}/manager/login");
    let url = text_at(body, "register_url").map_or_else(here, str::to_owned);
    let advice = match kind {
        ServerKind::Evolution => format!(
            "activate it at {url}, stay on version 2.3, or set WHATSAPP_SERVER to another server"
        ),
        _ => format!("activate it at {url}, or set WHATSAPP_SERVER to another server"),
    };
    Some(Trouble::new(why, advice))
}
