//! What answers mean that are no success. Only what is known to be final is; everything else may be over
//! at the next try.
//!
//! Evolution answers 400 for every exception while it sends (`whatsapp.baileys.service.ts`,
//! `sendMessageWithTyping`: `throw new BadRequestException(error.toString())`), so a 400 alone says
//! nothing. Its own errors are JSON with `response.message` (`src/main.ts`); what is not comes from a
//! proxy in front of it, which knows nothing of the message.

use std::time::Duration;

use serde_json::Value;

use crate::{
    http_client::HttpAnswer,
    integrations::{
        DeliveryError, FetchError, ReconcileResult, Trouble,
        whatsapp::{connection::CONNECT, servers::license, settings::ServerKind, who::NEWSLETTER},
    },
};

/// Longest quote of the service's words, in characters.
const MAX_SAID: usize = 200;

/// What Evolution says of a body that does not fit its schema, or that it looked at and will not send
/// (`src/validate/message.schema.ts`, `abstract.router.ts`, `sendMessage.controller.ts`).
const ABOUT_OUR_BODY: [&str; 17] = [
    "requires property",
    "is not of a type",
    "is not one of enum values",
    "does not meet minimum length",
    "does not meet maximum length",
    "does not match pattern",
    "additional property",
    "should be ",
    "Text is required",
    "Owned media must be",
    "For base64 the file name must be informed",
    "File buffer, URL, or base64 audio is required",
    "must be a single emoji",
    "Invalid format",
    "Enter a value",
    "must be an array of numeric strings",
    "cannot be empty",
];

/// What Baileys says when its connection to `WhatsApp` is gone (`src/Socket/socket.ts`).
const CONNECTION_GONE: [&str; 4] = [
    "Connection Closed",
    "Connection Terminated",
    "Connection was lost",
    "Connection Failure",
];

/// How exceptions begin that were turned into a text.
const EXCEPTION: &str = "Error: ";

/// What an answer says of the service, whatever it was asked.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fault {
    /// It knows no instance of this name. It says so whatever the key.
    NoInstance,
    /// It refuses the key.
    Unauthorized(String),
    /// It cannot do anything, or is not what answered.
    Trouble(Trouble),
    /// Something else, in its words.
    Other(String),
}

/// Reads an answer from `address`.
pub(super) fn fault(answer: &HttpAnswer, address: &str) -> Fault {
    let (body, status) = (answer.json(), answer.status);
    if let Some(trouble) = license(ServerKind::Evolution, &body, status, address) {
        return Fault::Trouble(trouble);
    }
    let said = said(&body);
    let is_its_own = body["response"].is_object();
    match status {
        401 => Fault::Unauthorized(format!(
            "the Evolution API at {address} refused WHATSAPP_API_TOKEN_INSTANCE: {} (status 401)",
            or_nothing(&said)
        )),
        403 if is_its_own => {
            Fault::Unauthorized(format!("the Evolution API says: {said} (status 403)"))
        }
        404 if is_its_own && said.contains("does not exist") => Fault::NoInstance,
        404 if is_its_own => Fault::Trouble(Trouble::new(
            format!("the Evolution API says: {} (status 404)", or_nothing(&said)),
            format!(
                "it needs version 2, and WHATSAPP_BASE_URL its address without a path of its own; it is {address}"
            ),
        )),
        200..=399 | 403 | 404 => Fault::Trouble(Trouble::new(
            format!(
                "what answers at {address} is not the Evolution API (status {status}): a proxy or a firewall"
            ),
            "see whether the Evolution API runs behind it and WHATSAPP_BASE_URL is its address"
                .to_owned(),
        )),
        status => Fault::Other(format!(
            "the Evolution API says: {} (status {status})",
            or_nothing(&said)
        )),
    }
}

/// Whether an answer is what the Evolution API says when all went well. 201 without a body is.
pub(super) fn is_success(answer: &HttpAnswer) -> bool {
    let is_json = || answer.body.is_empty() || !answer.json().is_null();
    (200..300).contains(&answer.status) && is_json()
}

/// What a refusal to send means.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Refusal {
    /// Just this.
    Is(DeliveryError),
    /// Something that may pass, in the service's words; whether it is connected at all, it says when
    /// asked. After a start without a connection nothing of these words tells.
    MayBeUnconnected(String, Option<Duration>),
}

/// Reads the refusal of a message to `peer`.
pub(super) fn refusal(answer: &HttpAnswer, address: &str, peer: &str) -> Refusal {
    let text = match fault(answer, address) {
        Fault::NoInstance => return Refusal::Is(DeliveryError::Channel(no_instance())),
        Fault::Unauthorized(why) => return Refusal::Is(DeliveryError::Unauthorized(why)),
        Fault::Trouble(trouble) => return Refusal::Is(DeliveryError::Channel(trouble)),
        Fault::Other(text) => text,
    };
    let body = answer.json();
    let said = said(&body);
    if answer.status == 400
        && let Some(why) = of_our_message(&body["response"]["message"], &text, peer)
    {
        return Refusal::Is(DeliveryError::Permanent(why));
    }
    if CONNECTION_GONE.iter().any(|gone| said.contains(gone)) {
        let why = format!("WhatsApp is not connected: {text}");
        return Refusal::Is(DeliveryError::Channel(Trouble::new(why, CONNECT)));
    }
    let text = with_reason(&said, text, peer);
    if answer.status != 429 && body["response"].is_object() {
        return Refusal::MayBeUnconnected(text, answer.retry_after);
    }
    Refusal::Is(DeliveryError::Transient(text, answer.retry_after))
}

/// Why it will never be sent, where that is known.
fn of_our_message(message: &Value, text: &str, peer: &str) -> Option<String> {
    if says_unknown_number(message) {
        return Some(if peer.ends_with(NEWSLETTER) {
            format!(
                "this version of the Evolution API does not send to channels of WhatsApp: {text}"
            )
        } else {
            "this number is not on WhatsApp (exists: false, status 400); check it and its country code"
                .to_owned()
        });
    }
    let texts = texts(message);
    let is_ours = |text: &&str| {
        let is_exception = text.contains(EXCEPTION);
        !is_exception && ABOUT_OUR_BODY.iter().any(|ours| text.contains(ours))
    };
    let first = texts.iter().find(|text| is_ours(text))?;
    Some(
        if first.contains("textMessage") || first.contains("mediaMessage") {
            format!("{text}; this server is version 1 of the Evolution API, version 2 is needed")
        } else {
            text.to_owned()
        },
    )
}

/// What may be behind words that do not tell.
fn with_reason(said: &str, text: String, peer: &str) -> String {
    if said != "[object Object]" {
        return text;
    }
    if peer.ends_with(NEWSLETTER) {
        return format!(
            "{text}; this version of the Evolution API may not send to channels of WhatsApp"
        );
    }
    format!("{text}; the group was not found, or this account is not in it")
}

/// That the instance is missing.
pub(super) fn no_instance() -> Trouble {
    Trouble::new(
        "the Evolution API has no such instance (status 404)",
        CONNECT,
    )
}

/// What a refusal to search means: asking again helps where the server is in trouble, and not where
/// it does not know what a search is.
pub(super) fn unasked(answer: &HttpAnswer) -> ReconcileResult {
    let body = answer.json();
    let is_connection = CONNECTION_GONE
        .iter()
        .any(|gone| said(&body).contains(gone));
    match answer.status {
        408 | 429 | 500.. => {}
        _ if is_connection || body["code"] == "LICENSE_REQUIRED" => {}
        403 | 404 if !body["response"].is_object() => {}
        _ => return ReconcileResult::Unknown,
    }
    let text = format!("the Evolution API answered {} to a search", answer.status);
    ReconcileResult::Unasked(text, answer.retry_after)
}

/// What it says of a message that has no file, however often it is asked
/// (`whatsapp.baileys.service.ts`, `getBase64FromMediaMessage`).
const NO_FILE: [&str; 3] = [
    "The message is not of the media type",
    "The message is messageContextInfo",
    "Template message does not contain a supported media type",
];

/// What a refusal to fetch a file means. All else may pass: the message may not be stored there yet, and
/// `WhatsApp` may bring a file again that it took from its servers.
pub(super) fn unfetched(answer: &HttpAnswer, address: &str) -> FetchError {
    let why = match fault(answer, address) {
        Fault::NoInstance => return FetchError::Channel(no_instance().why),
        Fault::Trouble(trouble) => return FetchError::Channel(trouble.why),
        Fault::Unauthorized(why) => return FetchError::Unauthorized(why),
        Fault::Other(why) => why,
    };
    if NO_FILE.iter().any(|never| why.contains(never)) {
        FetchError::Permanent(why)
    } else {
        FetchError::Transient(why, answer.retry_after)
    }
}

fn says_unknown_number(message: &Value) -> bool {
    match message {
        Value::Array(all) => all.iter().any(says_unknown_number),
        other => other["exists"] == false,
    }
}

fn or_nothing(said: &str) -> &str {
    if said.is_empty() {
        "nothing more"
    } else {
        said
    }
}

/// The words of an error: `response.message`, else what kind of error it is.
fn said(body: &Value) -> String {
    let message = texts(&body["response"]["message"]);
    let all = if message.is_empty() {
        texts(&body["error"])
    } else {
        message
    };
    let all = if all.is_empty() {
        texts(&body["message"])
    } else {
        all
    };
    all.join("; ").chars().take(MAX_SAID).collect()
}

/// The texts in a string, a list, or a list of lists.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) if !text.is_empty() => vec![text],
        Value::Array(all) => all.iter().flat_map(texts).collect(),
        _ => vec![],
    }
}
