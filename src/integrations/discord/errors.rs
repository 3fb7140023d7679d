//! What the service's answers mean. Only what is known to be final is final: whatever is not listed here
//! is tried again.
//!
//! The codes are those of <https://docs.discord.com/developers/topics/opcodes-and-status-codes#json>
//! (`developers/topics/opcodes-and-status-codes.mdx` in github.com/discord/discord-api-docs, c98d64b).

use std::time::Duration;

use serde_json::Value;

use crate::{
    config::BaseUrl,
    http_client::{HttpAnswer, HttpError},
    integrations::{DeliveryError, RunError, Trouble},
    media::MediaError,
};

// What helps against refusals that several codes tell.
const REACH: &str = "the channel is gone, or the bot is not in its server: invite it, and see that it may view the \
                     channel";
const RIGHTS: &str = "give the bot the right to do that there (Send Messages, Send Messages in Threads, Attach \
                      Files, Add Reactions, Read Message History); then: cleudocodebot outbox retry ID";
const PERSON: &str = "they take direct messages only from members of a server they share with the bot, and may have \
                      switched those off or blocked it";
const THREAD: &str = "the thread is locked or archived: reopen it, or send to the channel itself";
const SIZE: &str = "Discord takes files up to 10 MB, and larger ones only in boosted servers";

/// Codes that are final, and what helps.
const FINAL: [(u64, &str); 34] = [
    (10_003, REACH),
    (10_004, REACH),
    (10_008, "the message is gone"),
    (10_013, "there is no such user"),
    (
        10_014,
        "Discord knows no such emoji, or the bot may not use it",
    ),
    (20_009, "the content is not allowed there"),
    (30_010, "the message has as many reactions as it can"),
    (40_005, SIZE),
    (40_007, "the user is banned there"),
    (
        40_058,
        "that is a forum: send to one of its posts (CHANNEL/THREAD)",
    ),
    (
        40_067,
        "that is a forum: send to one of its posts (CHANNEL/THREAD)",
    ),
    (50_001, REACH),
    (50_003, "a channel of direct messages does not take that"),
    (50_006, "there is nothing to send"),
    (50_007, PERSON),
    (50_008, "that is no channel for texts"),
    (
        50_009,
        "the server asks for a higher verification than the bot has",
    ),
    (50_013, RIGHTS),
    (50_021, "nothing can be done with a message of the system"),
    (50_024, "that kind of channel does not take that"),
    (50_033, PERSON),
    (50_035, ""),
    (50_045, SIZE),
    (50_046, "the file is broken, or not what its name says"),
    (50_081, "the bot may not use that sticker"),
    (50_083, THREAD),
    (50_109, ""),
    (50_278, PERSON),
    (90_001, "they blocked the bot"),
    (160_005, THREAD),
    (200_000, "the server's AutoMod does not let it through"),
    (240_000, "Discord takes a link in it for harmful"),
    (400_001, "the server takes no files"),
    (520_002, "that channel takes no polls"),
];

/// The code for a message that is not there.
const NO_MESSAGE: u64 = 10_008;

/// The code for an answer to a message that may not be answered.
const NO_REPLY: u64 = 160_002;

/// Codes that say that a recorded note is not taken as one.
const VOICE: [u64; 4] = [50_159, 50_160, 50_161, 50_173];

/// Codes that say the token is none.
const TOKEN: [u64; 2] = [40_001, 50_014];

/// Its callers are blocked by what stands before the service.
const BLOCKED: u64 = 40_333;

/// Longest text of the service that is shown.
const MAX_SAID: usize = 300;

/// What the user can do where something else than the API answers.
const STRANGER: &str = "see what DISCORD_BASE_URL in .env leads to (it is https://discord.com unless you run a \
                        proxy), and whether a firewall stands before it";

/// Why a call did not succeed.
#[derive(Debug)]
pub(super) enum RestError {
    /// There is no answer.
    Http(HttpError),
    /// It says no.
    Refused(DiscordRefusal),
    /// Its limit lets nothing through for so long; nothing was asked.
    Busy(Duration),
    /// A file of ours could not be read; nothing was asked.
    File(MediaError),
}

/// An answer that says no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DiscordRefusal {
    pub(super) meaning: RefusalMeaning,
    /// What happened, in the service's words, and the next step.
    pub(super) text: String,
    retry_after: Option<Duration>,
}

/// What a refusal means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RefusalMeaning {
    /// It takes the token for none.
    Token,
    /// What answered is not the API.
    Stranger,
    /// It will never be done so.
    Final,
    /// The answered message cannot be answered.
    Reply,
    /// A recorded note is not taken as one; the file is.
    Voice,
    /// There is no such message any more.
    Gone,
    /// Anything else: another try may help.
    Passing,
}

impl DiscordRefusal {
    /// Reads an answer; `wait` is what it asks for, `key` the setting of the token.
    pub(super) fn new(
        answer: &HttpAnswer,
        wait: Option<Duration>,
        base: &BaseUrl,
        key: &str,
    ) -> Self {
        let body = answer.json();
        let code = body["code"].as_u64();
        let is_theirs = body["message"].is_string();
        let (meaning, next) = meaning(answer.status, code, is_theirs, &body);
        let mut text = if is_theirs {
            let code = code.filter(|code| *code > 0);
            let code = code.map_or_else(String::new, |code| format!("code {code}, "));
            format!(
                "Discord says: {} ({code}status {})",
                said(&body),
                answer.status
            )
        } else {
            let status = answer.status;
            format!("{base:?} answered {status}, and not as Discord does")
        };
        let next = match meaning {
            RefusalMeaning::Token => format!(
                "{key} is unknown there or was reset: copy it anew from the page Bot of the developer portal"
            ),
            _ => next.to_owned(),
        };
        if !next.is_empty() {
            text = format!("{text}; {next}");
        }
        Self {
            meaning,
            text,
            retry_after: wait,
        }
    }

    /// A token that cannot be one is not even shown to the service.
    pub(super) fn of_token(key: &str, fault: &str) -> Self {
        Self {
            meaning: RefusalMeaning::Token,
            text: format!("{key} is not a bot's token: {fault}"),
            retry_after: None,
        }
    }
}

fn meaning(
    status: u16,
    code: Option<u64>,
    is_theirs: bool,
    body: &Value,
) -> (RefusalMeaning, &'static str) {
    let code = code.unwrap_or_default();
    match status {
        401 if is_theirs => return (RefusalMeaning::Token, ""),
        408 | 429 | 500.. => return (RefusalMeaning::Passing, ""),
        _ if !is_theirs || code == BLOCKED => return (RefusalMeaning::Stranger, ""),
        _ => {}
    }
    if TOKEN.contains(&code) {
        return (RefusalMeaning::Token, "");
    }
    let is_about_reply = body["errors"].get("message_reference").is_some();
    if code == NO_REPLY || is_about_reply {
        return (RefusalMeaning::Reply, "");
    }
    if code == NO_MESSAGE {
        return (RefusalMeaning::Gone, "");
    }
    if VOICE.contains(&code) {
        return (RefusalMeaning::Voice, "");
    }
    let known = FINAL.iter().find(|(known, _)| *known == code);
    known.map_or((RefusalMeaning::Passing, ""), |(_, next)| {
        (RefusalMeaning::Final, next)
    })
}

/// The service's words: its message, and the first of what it found wrong in the fields
/// (<https://docs.discord.com/developers/reference#error-messages>).
fn said(body: &Value) -> String {
    let said = body["message"].as_str().unwrap_or("no reason given");
    let mut all = said.to_owned();
    if let Some(wrong) = first_wrong(&body["errors"], "", 8) {
        all = format!("{all}: {wrong}");
    }
    all.chars().take(MAX_SAID).collect()
}

fn first_wrong(errors: &Value, path: &str, depth: usize) -> Option<String> {
    let fields = errors.as_object()?;
    if let Some(wrong) = fields.get("_errors").and_then(|all| all.get(0)) {
        return Some(format!("{path}: {}", wrong["message"].as_str()?));
    }
    let depth = depth.checked_sub(1)?;
    fields.iter().find_map(|(field, inner)| {
        let path = if path.is_empty() {
            field.clone()
        } else {
            format!("{path}.{field}")
        };
        first_wrong(inner, &path, depth)
    })
}

/// What is odd about a token, which the portal gives as three parts with dots between.
pub(super) fn token_fault(token: &str) -> Option<&'static str> {
    let quotes = ['"', '\'', '`', '“', '”', '‘', '’', '«', '»'];
    if token.contains(quotes) {
        Some("it stands in quotes")
    } else if token
        .get(..4)
        .is_some_and(|head| head.eq_ignore_ascii_case("bot "))
    {
        Some("it begins with Bot, which belongs to the header; leave it out")
    } else if token.contains(char::is_whitespace) {
        Some("it has white space inside")
    } else if !token.is_ascii() || token.contains(|c: char| c.is_ascii_control()) {
        Some(
            "it holds a character that is not seen or not ASCII; copy it anew from the developer portal",
        )
    } else if !token.contains('.') {
        Some(
            "it is no token of the page Bot (three parts with dots between); the client secret and the public key are not it",
        )
    } else {
        None
    }
}

fn busy(wait: Duration) -> String {
    format!(
        "Discord lets no more through for {} s (rate limit)",
        wait.as_secs() + 1
    )
}

impl From<RestError> for RunError {
    fn from(failure: RestError) -> Self {
        let refusal = match failure {
            RestError::Http(error) => return Self::Failed(error.to_string(), None),
            RestError::File(error) => return Self::Failed(error.to_string(), None),
            RestError::Busy(wait) => return Self::Failed(busy(wait), Some(wait)),
            RestError::Refused(refusal) => refusal,
        };
        match refusal.meaning {
            RefusalMeaning::Token => Self::Refused(refusal.text),
            RefusalMeaning::Stranger => {
                Self::Failed(format!("{}; {STRANGER}", refusal.text), refusal.retry_after)
            }
            _ => Self::Failed(refusal.text, refusal.retry_after),
        }
    }
}

impl From<RestError> for DeliveryError {
    fn from(failure: RestError) -> Self {
        let refusal = match failure {
            RestError::Http(error) => return error.into(),
            RestError::File(error) => return error.into(),
            RestError::Busy(wait) => return Self::Transient(busy(wait), Some(wait)),
            RestError::Refused(refusal) => refusal,
        };
        match refusal.meaning {
            RefusalMeaning::Token => Self::Unauthorized(refusal.text),
            RefusalMeaning::Stranger => Self::Channel(Trouble::new(refusal.text, STRANGER)),
            RefusalMeaning::Final
            | RefusalMeaning::Reply
            | RefusalMeaning::Voice
            | RefusalMeaning::Gone => Self::Permanent(refusal.text),
            RefusalMeaning::Passing => Self::Transient(refusal.text, refusal.retry_after),
        }
    }
}

impl RestError {
    /// What failed, without the kind of failure.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Http(error) => error.to_string(),
            Self::Refused(refusal) => refusal.text.clone(),
            Self::Busy(wait) => busy(*wait),
            Self::File(error) => error.to_string(),
        }
    }

    /// Whether the service itself refused for good, so that asking again is of no use.
    pub(super) fn is_final(&self) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.meaning != RefusalMeaning::Passing)
    }
}
