//! What the service's answers mean. Only what is known to be final is final: whatever is not listed here
//! is tried again.
//!
//! The texts are those of the server, `telegram-bot-api/Client.cpp` and `ClientManager.cpp` in
//! github.com/tdlib/telegram-bot-api, and of what is under it, github.com/tdlib/td; older ones from
//! github.com/TelegramBotAPI/errors. They are compared without case.

use std::time::Duration;

use serde_json::Value;

use super::settings::BotSettings;
use crate::{
    http_client::{HttpAnswer, HttpError, retry_after},
    integrations::{DeliveryError, RunError, Trouble},
    media::MediaError,
};

/// The wait after another poller was found: the time an old one needs to end.
const AFTER_CONFLICT: Duration = Duration::from_secs(35);

// What helps against refusals that several texts tell.
const START: &str = "a person has to write to the bot first (open it and press Start), and is reached \
                     by the numeric id";
const FIND: &str = "a person has to write to the bot first, and is reached by the numeric id, not by \
                    @name; a group or channel only where the bot is in it";
const UNBLOCK: &str = "they have to unblock the bot; then: cleudocodebot outbox retry ID";
const INVITE: &str = "add the bot to the chat again; then: cleudocodebot outbox retry ID";
const RIGHTS: &str = "give the bot the right to send this in the chat; then: cleudocodebot outbox \
                      retry ID";
const TOPIC: &str = "the topic is closed or gone: reopen it, or send to another one (CHAT/TOPIC) or to \
                     the chat itself";
const EMOJI: &str = "a bot may put one emoji of Telegram's own list on a message, where the chat \
                     allows it";
const OTHER_BOT: &str =
    "a file's id is good for the bot that got it: send the file's address instead";
const BOTS: &str = "bots do not hear each other";
const SUPERGROUP: &str = "send to the supergroup's id";

/// What the user can do where something else than the Bot API answers.
const STRANGER: &str = "see what TELEGRAM_BASE_URL in .env leads to (it is https://api.telegram.org \
                        unless you run your own server), and whether a proxy or a firewall stands \
                        before it";

/// Texts that are final, and what helps.
const FINAL: [(&str, &str); 37] = [
    (
        "message can't be deleted",
        "a bot can delete what it sent for 48 hours",
    ),
    ("chat not found", FIND),
    ("chat_id is empty", FIND),
    ("user not found", START),
    ("peer_id_invalid", START),
    ("bot can't initiate conversation with a user", START),
    ("bot was blocked by the user", UNBLOCK),
    ("user is deactivated", "the account is gone"),
    ("can't send messages to the bot", BOTS),
    ("can't send messages to bots", BOTS),
    ("bot was kicked from the", INVITE),
    ("bot is not a member of the", INVITE),
    ("the group chat was deleted", "the group is gone"),
    ("not enough rights", RIGHTS),
    ("need administrator rights", RIGHTS),
    ("have no write access to the chat", RIGHTS),
    ("have no rights to send", RIGHTS),
    ("chat_admin_required", RIGHTS),
    ("chat_write_forbidden", RIGHTS),
    ("chat_send_", RIGHTS),
    ("topic_closed", TOPIC),
    ("message text is empty", ""),
    ("text must be non-empty", ""),
    ("message must be non-empty", ""),
    ("message is too long", ""),
    ("message caption is too long", ""),
    ("message_too_long", ""),
    ("entities too long", ""),
    ("message to react not found", "the message is gone"),
    ("reaction_invalid", EMOJI),
    ("wrong remote file identifier", OTHER_BOT),
    ("invalid file_id", OTHER_BOT),
    (
        "request entity too large",
        "Telegram takes files up to 50 MB",
    ),
    ("file is too big", "open it in Telegram"),
    (
        "method not found",
        "this server of the Bot API is too old for that",
    ),
    ("group chat was upgraded to a supergroup", SUPERGROUP),
    ("group chat was migrated to a supergroup", SUPERGROUP),
];

/// Texts that say that Telegram could not use the address of a file. It remembers that for days, so that
/// the same address is refused again (github.com/tdlib/telegram-bot-api/issues/782).
const FILE: [&str; 9] = [
    "wrong file identifier/http url specified",
    "wrong http url specified",
    "failed to get http url content",
    "wrong type of the web page content",
    "can't upload file by url",
    "image_process_failed",
    "photo_invalid_dimensions",
    "photo has unsupported extension",
    "media_empty",
];

/// That what is to be deleted is gone already (`check_message` of telegram-bot-api's `Client.cpp`).
const GONE: [&str; 1] = ["message to delete not found"];

/// Texts that say that the answered message is gone, or does not have the words that were quoted.
const REPLY: [&str; 4] = [
    "message to be replied not found",
    "reply message not found",
    "replied message not found",
    "quote_text_invalid",
];

/// Texts that say that the formatting is not taken; the words alone are.
const FORMAT: [&str; 5] = [
    "can't parse entities",
    "can't parse messageentity",
    "can't parse caption entities",
    "entity_bounds_invalid",
    "entity_text_invalid",
];

/// Why a call did not succeed.
#[derive(Debug)]
pub(super) enum CallError {
    /// There is no answer.
    Http(HttpError),
    /// It says no.
    Refused(Refusal),
    /// A file of ours could not be read; nothing was asked.
    File(MediaError),
}

/// An answer that says no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) meaning: Meaning,
    /// What happened, in the service's words, and the next step.
    pub(super) text: String,
    retry_after: Option<Duration>,
}

/// What a refusal means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Meaning {
    /// It takes the token for none.
    Token,
    /// What answered is not the Bot API.
    Stranger,
    /// A webhook takes the updates.
    Webhook,
    /// Another poller does.
    Poller,
    /// It will never be sent so.
    Final,
    /// The group goes on under this id.
    Moved(i64),
    /// The topic is gone.
    Topic,
    /// The answered message is gone.
    Reply,
    /// It does not take the formatting.
    Format,
    /// It cannot use the address of the file.
    File,
    /// What is to be deleted is gone already.
    Gone,
    /// Anything else: another try may help.
    Passing,
}

impl Refusal {
    /// Reads an answer and its body as JSON; the settings say what may be wrong with them.
    pub(super) fn new(
        answer: &HttpAnswer,
        body: &Value,
        settings: &BotSettings,
        key: &str,
    ) -> Self {
        let is_theirs = body["ok"].is_boolean();
        let said = body["description"].as_str().filter(|said| !said.is_empty());
        let said: String = said
            .unwrap_or("no reason given")
            .chars()
            .take(200)
            .collect();
        let code = body["error_code"].as_u64().unwrap_or(answer.status.into());
        let (meaning, next) = if is_theirs {
            meaning(code, &said, &body["parameters"])
        } else {
            strange(answer.status)
        };
        let next = match meaning {
            Meaning::Token => wrong_token(code, settings, key),
            _ => next.to_owned(),
        };
        let mut text = match meaning {
            Meaning::Stranger => format!(
                "{:?} answered {}, and not as the Bot API does",
                settings.base, answer.status
            ),
            _ => format!("Telegram says: {said} (status {code})"),
        };
        if !next.is_empty() {
            text = format!("{text}; {next}");
        }
        let seconds = body["parameters"]["retry_after"].as_u64();
        Self {
            meaning,
            text,
            retry_after: seconds.map(retry_after).or(answer.retry_after),
        }
    }

    /// A token that no address can hold is not even shown to the service.
    pub(super) fn of_token(key: &str, token: &str) -> Self {
        let fault = token_fault(token).unwrap_or("it holds what no token does");
        Self {
            meaning: Meaning::Token,
            text: format!("{key} is not a bot's token: {fault}"),
            retry_after: None,
        }
    }
}

/// What the Bot API means, and what helps.
fn meaning(code: u64, said: &str, parameters: &Value) -> (Meaning, &'static str) {
    let said = said.to_lowercase();
    let says = |text: &&str| said.contains(*text);
    if let Some(id) = parameters["migrate_to_chat_id"].as_i64() {
        return (Meaning::Moved(id), "");
    }
    match code {
        401 | 421 => (Meaning::Token, ""),
        // Exactly this: other texts say what was not found.
        404 if said == "not found" => (Meaning::Token, ""),
        400 if said.ends_with("logged out") => (Meaning::Token, ""),
        409 if said.contains("webhook is active") => (Meaning::Webhook, ""),
        409 => (
            Meaning::Poller,
            "another program asks for what is written to this bot; two cannot",
        ),
        400 if FILE.iter().any(says) => {
            (Meaning::File, "Telegram cannot use the address of the file")
        }
        400 if FORMAT.iter().any(says) => (Meaning::Format, ""),
        400 if REPLY.iter().any(says) => (Meaning::Reply, ""),
        400 if said.contains("message thread not found") => (Meaning::Topic, TOPIC),
        400 if GONE.iter().any(says) => (Meaning::Gone, ""),
        400 | 403 | 404 | 413 if !said.contains("temporarily") => {
            let known = FINAL.iter().find(|(text, _)| says(text));
            known.map_or((Meaning::Passing, ""), |(_, next)| (Meaning::Final, next))
        }
        _ => (Meaning::Passing, ""),
    }
}

/// What an answer means that is not the Bot API's. Where a server is in trouble, or too much is asked of
/// it, whoever stands before it says so.
fn strange(status: u16) -> (Meaning, &'static str) {
    match status {
        408 | 429 | 500.. => (Meaning::Passing, ""),
        _ => (
            Meaning::Stranger,
            "see TELEGRAM_BASE_URL and what stands before it",
        ),
    }
}

/// What may be wrong with the token. Tokens that look right are answered with 401 where they are not
/// known, others with 404.
fn wrong_token(code: u64, settings: &BotSettings, key: &str) -> String {
    let prefix = settings.base.prefix();
    let fault = token_fault(&settings.token);
    match (code, fault) {
        (_, Some(fault)) => format!("{key} is not a bot's token: {fault}"),
        (404, None) if !prefix.is_empty() && !prefix.ends_with("/bot") => {
            "TELEGRAM_BASE_URL has a path behind its host, which may be too much".to_owned()
        }
        (400 | 421, None) => {
            "the bot belongs to another server of the Bot API: see TELEGRAM_BASE_URL".to_owned()
        }
        _ => format!("{key} is unknown there or was revoked: copy it anew from @BotFather"),
    }
}

/// What is odd about a token, which `@BotFather` gives as `NUMBER:LETTERS`.
pub(super) fn token_fault(token: &str) -> Option<&'static str> {
    let quotes = ['"', '\'', '`', '“', '”', '‘', '’', '«', '»'];
    let (number, secret) = token.split_once(':').unwrap_or((token, ""));
    if token.contains(quotes) {
        Some("it stands in quotes")
    } else if token.contains(char::is_whitespace) {
        Some("it has white space inside")
    } else if !token.is_ascii() || token.contains(|c: char| c.is_ascii_control()) {
        Some("it holds a character that is not seen or not ASCII; copy it anew from @BotFather")
    } else if token
        .get(..3)
        .is_some_and(|head| head.eq_ignore_ascii_case("bot"))
    {
        Some("it begins with bot, which belongs to the address; leave it out")
    } else if secret.is_empty()
        || number.is_empty()
        || !number.bytes().all(|byte| byte.is_ascii_digit())
    {
        Some("it is not NUMBER:LETTERS as @BotFather gives it")
    } else {
        None
    }
}

impl From<CallError> for RunError {
    fn from(failure: CallError) -> Self {
        let refusal = match failure {
            CallError::Http(error) => return Self::Failed(error.to_string(), None),
            CallError::File(error) => return Self::Failed(error.to_string(), None),
            CallError::Refused(refusal) => refusal,
        };
        match refusal.meaning {
            Meaning::Token => Self::Refused(refusal.text),
            Meaning::Webhook | Meaning::Poller => Self::Failed(refusal.text, Some(AFTER_CONFLICT)),
            _ => Self::Failed(refusal.text, refusal.retry_after),
        }
    }
}

impl From<CallError> for DeliveryError {
    fn from(failure: CallError) -> Self {
        let refusal = match failure {
            CallError::Http(error) => return error.into(),
            CallError::File(error) => return error.into(),
            CallError::Refused(refusal) => refusal,
        };
        match refusal.meaning {
            Meaning::Token => Self::Unauthorized(refusal.text),
            Meaning::Stranger => Self::Channel(Trouble {
                why: refusal.text,
                advice: Some(STRANGER.to_owned()),
            }),
            Meaning::Final
            | Meaning::Moved(_)
            | Meaning::Topic
            | Meaning::Reply
            | Meaning::Format
            | Meaning::File
            | Meaning::Gone => Self::Permanent(refusal.text),
            Meaning::Webhook | Meaning::Poller | Meaning::Passing => {
                Self::Transient(refusal.text, refusal.retry_after)
            }
        }
    }
}

impl CallError {
    /// What the user can do about it, where that is known; `name` is the channel.
    pub(super) fn advice(&self, name: &str) -> Option<String> {
        let Self::Refused(refusal) = self else {
            return None;
        };
        match refusal.meaning {
            Meaning::Webhook => Some(format!(
                "remove the webhook (what it served hears nothing from then on): \
                 cleudocodebot integrations connect {name}; \
                 then: cleudocodebot integrations restart {name}"
            )),
            Meaning::Poller => Some(format!(
                "end the other program that uses this bot, or give this one a bot of its own; \
                 it is tried again by itself; to try now: cleudocodebot integrations restart {name}"
            )),
            Meaning::Stranger => Some(STRANGER.to_owned()),
            _ => None,
        }
    }
}
