//! `telegram`: bots by the Bot API (<https://core.telegram.org/bots/api>), with a long poll, so that
//! nothing has to be reachable from outside.
//!
//! The token is part of every path: no error here may name one.

use std::time::Duration;

use hyper::Method;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};

use super::{
    Accepted, BoxFuture, DeliveryError, Indicator, Integration, Progress, RunContext, RunError,
    ingress::Ingress,
    support::http::{Http, HttpAnswer, HttpCall, HttpError, HttpLimits},
    support::split::{Measure, split},
};
use crate::{config::BaseUrl, message::Message, store::Inbound};

/// How long the service holds a poll, in seconds.
const POLL_SECONDS: u64 = 50;

/// The time that a poll without news takes at least.
const SHORTEST_POLL: Duration = Duration::from_secs(1);

/// Longest text, in UTF-16 code units.
const MAX_TEXT: usize = 4096;

/// Longest caption, in UTF-16 code units.
const MAX_CAPTION: usize = 1024;

/// The wait after another poller was found: the time an old one needs to end.
const AFTER_CONFLICT: Duration = Duration::from_secs(35);

/// What a bot is made of.
#[derive(Clone, PartialEq, Eq)]
pub struct BotSettings {
    /// The bot's token.
    pub token: String,
    /// Where the API is.
    pub base: BaseUrl,
}

/// One bot.
pub struct Telegram {
    name: String,
    token: String,
    http: Http,
    ingress: Ingress,
}

/// An answer that says no.
#[derive(Debug)]
struct RefusedCall {
    code: u64,
    text: String,
    retry_after: Option<Duration>,
}

/// Why a call did not succeed.
#[derive(Debug)]
enum CallError {
    Http(HttpError),
    Refused(RefusedCall),
}

impl Telegram {
    /// A bot on the channel `name`.
    pub fn new(name: &str, settings: &BotSettings, ingress: Ingress) -> Self {
        Self {
            name: name.to_owned(),
            token: settings.token.clone(),
            http: Http::new(settings.base.clone()).redacting([&settings.token]),
            ingress,
        }
    }

    async fn call(
        &self,
        method: &str,
        body: &Value,
        limits: HttpLimits,
    ) -> Result<Value, CallError> {
        let path = format!("/bot{}/{method}", self.token);
        let call = HttpCall {
            method: Method::POST,
            path: &path,
            headers: &[],
            json: body,
            limits,
        };
        let answer = self.http.call(call).await.map_err(CallError::Http)?;
        let mut body = answer.json();
        if answer.status == 200 && body["ok"] == true {
            return Ok(body["result"].take());
        }
        Err(CallError::Refused(refusal(&answer, &body)))
    }

    async fn poll(&self, context: &RunContext) -> Result<(), RunError> {
        self.call("getMe", &json!({}), HttpLimits::default())
            .await?;
        context.alive();
        let limits = HttpLimits {
            first_byte: Duration::from_secs(POLL_SECONDS + 10),
            ..HttpLimits::default()
        };
        let mut offset = None;
        loop {
            let mut body =
                json!({"timeout": POLL_SECONDS, "allowed_updates": ["message", "edited_message"]});
            if let Some(offset) = offset {
                body["offset"] = json!(offset);
            }
            let (begun, before) = (Instant::now(), offset);
            let updates = self.call("getUpdates", &body, limits).await?;
            context.alive();
            for update in updates.as_array().into_iter().flatten() {
                self.take(update).await?;
                offset = update["update_id"].as_i64().map(|id| id + 1).or(offset);
            }
            if offset == before {
                // A server that holds no poll must not be asked without a pause.
                sleep_until(begun + SHORTEST_POLL).await;
            }
        }
    }

    /// Stores one update; only then the next poll confirms it.
    async fn take(&self, update: &Value) -> Result<(), RunError> {
        let Some(inbound) = inbound(&self.name, update) else {
            return Ok(());
        };
        let taken = self.ingress.take(inbound).await;
        taken.map(drop).map_err(|error| {
            RunError::Failed(format!("what came in could not be stored: {error}"), None)
        })
    }

    async fn send(&self, message: &Message, progress: &Progress) -> Result<(), DeliveryError> {
        for (method, body) in steps(message).into_iter().skip(progress.parts()) {
            progress.keep().await;
            let sent = self.call(method, &body, HttpLimits::default()).await?;
            let (chat, id) = (&sent["chat"]["id"], &sent["message_id"]);
            progress.part_sent(id.is_i64().then(|| format!("{chat}:{id}")));
        }
        Ok(())
    }
}

impl Integration for Telegram {
    fn name(&self) -> &str {
        &self.name
    }

    fn run(&self, context: RunContext) -> BoxFuture<'_, Result<(), RunError>> {
        Box::pin(async move { context.spent_on(self.poll(&context)).await })
    }

    fn deliver<'a>(
        &'a self,
        message: &'a Message,
        progress: &'a Progress,
    ) -> BoxFuture<'a, Result<Accepted, DeliveryError>> {
        progress.through(self.send(message, progress))
    }

    /// A bot's readers cannot see that it read.
    fn can_show(&self, sign: Indicator, _: &str) -> bool {
        sign == Indicator::Typing
    }

    fn typing<'a>(&'a self, peer: &'a str) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move {
            let body = json!({"chat_id": chat(peer), "action": "typing"});
            let done = self
                .call("sendChatAction", &body, HttpLimits::default())
                .await;
            done.map(drop).map_err(|failure| match failure {
                CallError::Http(error) => error.to_string(),
                CallError::Refused(refusal) => refusal.text,
            })
        })
    }
}

/// A peer as the service names it.
fn chat(peer: &str) -> Value {
    peer.parse::<i64>()
        .map_or_else(|_| json!(peer), |id| json!(id))
}

/// The calls that bring a message out, in order.
fn steps(message: &Message) -> Vec<(&'static str, Value)> {
    let chat = chat(&message.peer);
    let mut text = message.text.as_str();
    let mut steps = Vec::new();
    if let Some(media) = &message.media {
        let (method, field) = match media["kind"].as_str() {
            Some("image") => ("sendPhoto", "photo"),
            Some("video") => ("sendVideo", "video"),
            Some("audio") => ("sendAudio", "audio"),
            _ => ("sendDocument", "document"),
        };
        let mut body = json!({"chat_id": chat, field: media["url"]});
        if Measure::Utf16.of(text) <= MAX_CAPTION {
            body["caption"] = json!(std::mem::take(&mut text));
        }
        steps.push((method, body));
    }
    if !text.is_empty() {
        let parts = split(text, MAX_TEXT, Measure::Utf16).into_iter();
        let bodies = parts.map(|part| json!({"chat_id": chat, "text": part}));
        steps.extend(bodies.map(|body| ("sendMessage", body)));
    }
    if let (Some(answered), Some((_, first))) = (answered(message), steps.first_mut()) {
        first["reply_parameters"] =
            json!({"message_id": answered, "allow_sending_without_reply": true});
    }
    steps
}

/// The number of the message it answers: ours are named `CHAT:NUMBER`.
fn answered(message: &Message) -> Option<i64> {
    let name = message.reply_to.as_deref()?;
    name.rsplit(':').next()?.parse().ok()
}

/// The message in an update, where it has one that people wrote.
fn inbound(channel: &str, update: &Value) -> Option<Inbound> {
    let edited = update.get("edited_message");
    let message = update.get("message").or(edited)?;
    let (chat, id) = (
        message["chat"]["id"].as_i64()?,
        message["message_id"].as_i64()?,
    );
    let from = message["from"]["id"].as_i64();
    let name = format!("{chat}:{id}");
    let text = message["text"].as_str().or(message["caption"].as_str());
    let media = media(message);
    if text.is_none() && media.is_none() {
        return None;
    }
    let mut meta = json!({"id": name, "name": full_name(&message["from"])});
    if let Some(group) = message["chat"]["title"].as_str() {
        meta["group"] = json!(group);
    }
    let mut key = name.clone();
    if edited.is_some() {
        meta["edited"] = json!(true);
        key = format!("{name}:{}", message["edit_date"]);
    }
    let answered = message["reply_to_message"]["message_id"].as_i64();
    Some(Inbound {
        channel: channel.to_owned(),
        peer: chat.to_string(),
        sender: from
            .filter(|from| *from != chat)
            .map(|from| from.to_string()),
        text: text.unwrap_or_default().to_owned(),
        media,
        reply_to: answered.map(|id| format!("{chat}:{id}")),
        meta: Some(meta),
        dedup_key: Some(key),
    })
}

fn full_name(person: &Value) -> String {
    let names = ["first_name", "last_name"].map(|name| person[name].as_str());
    let names: Vec<&str> = names.into_iter().flatten().collect();
    names.join(" ")
}

/// Media by reference: the service gives the file out by its id.
fn media(message: &Value) -> Option<Value> {
    let photo = message["photo"].as_array().and_then(|sizes| sizes.last());
    let kinds = [
        ("image", photo),
        ("video", message.get("video")),
        ("audio", message.get("voice").or(message.get("audio"))),
        ("document", message.get("document")),
    ];
    let (kind, file) = kinds
        .into_iter()
        .find_map(|(kind, file)| Some((kind, file?)))?;
    let mut media = json!({"kind": kind, "id": file["file_id"].as_str()?});
    for (name, from) in [("mime", "mime_type"), ("name", "file_name")] {
        if let Some(text) = file[from].as_str() {
            media[name] = json!(text);
        }
    }
    Some(media)
}

fn refusal(answer: &HttpAnswer, body: &Value) -> RefusedCall {
    let seconds = body["parameters"]["retry_after"].as_u64();
    let text = body["description"].as_str().unwrap_or("no reason given");
    let text: String = text.chars().take(200).collect();
    RefusedCall {
        code: body["error_code"].as_u64().unwrap_or(answer.status.into()),
        text: format!("Telegram says: {text}"),
        retry_after: seconds.map(Duration::from_secs).or(answer.retry_after),
    }
}

impl From<CallError> for RunError {
    fn from(failure: CallError) -> Self {
        match failure {
            CallError::Http(error) => Self::Failed(error.to_string(), None),
            CallError::Refused(refusal) => match refusal.code {
                // An unknown token is answered with 404, a revoked one with 401.
                401 | 404 => Self::Refused(refusal.text),
                409 => Self::Failed(refusal.text, Some(AFTER_CONFLICT)),
                _ => Self::Failed(refusal.text, refusal.retry_after),
            },
        }
    }
}

impl From<CallError> for DeliveryError {
    fn from(failure: CallError) -> Self {
        match failure {
            CallError::Http(error) => error.into(),
            CallError::Refused(refusal) => match refusal.code {
                // A server that lacks one way to send has nothing against the token.
                404 if refusal.text.contains("method not found") => Self::Permanent(refusal.text),
                401 | 404 => Self::Unauthorized(refusal.text),
                429 | 500.. => Self::Transient(refusal.text, refusal.retry_after),
                _ => Self::Permanent(refusal.text),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_is_refused_and_a_method_that_is_missing_are_told_apart() {
        let refused = |code: u64, text: &str| {
            DeliveryError::from(CallError::Refused(RefusedCall {
                code,
                text: format!("Telegram says: {text}"),
                retry_after: None,
            }))
        };
        let missing = refused(404, "Not Found: method not found");
        assert!(matches!(missing, DeliveryError::Permanent(_)));
        for (code, text) in [(404, "Not Found"), (401, "Unauthorized")] {
            assert!(matches!(
                refused(code, text),
                DeliveryError::Unauthorized(_)
            ));
        }
    }

    #[test]
    fn an_update_becomes_a_message_with_a_key_of_its_own() {
        let update = json!({"update_id": 7, "message": {"message_id": 3,
            "chat": {"id": -5, "title": "Choir"},
            "from": {"id": 9, "first_name": "Ana", "last_name": "Lima"}, "caption": "look",
            "photo": [{"file_id": "small"}, {"file_id": "large"}],
            "reply_to_message": {"message_id": 2}}});
        let taken = inbound("telegram", &update).expect("a message");
        assert_eq!(
            (taken.peer.as_str(), taken.sender.as_deref()),
            ("-5", Some("9"))
        );
        assert_eq!(taken.media, Some(json!({"kind": "image", "id": "large"})));
        let meta = json!({"id": "-5:3", "name": "Ana Lima", "group": "Choir"});
        assert_eq!(taken.meta, Some(meta));
        assert_eq!(taken.dedup_key.as_deref(), Some("-5:3"));
        assert_eq!(taken.reply_to.as_deref(), Some("-5:2"));
        for nothing in [
            json!({"update_id": 7}),
            json!({"message": {"chat": {"id": 1}, "message_id": 1, "new_chat_title": "x"}}),
            json!({"message": {"chat": "x", "text": "y"}}),
        ] {
            assert!(inbound("telegram", &nothing).is_none(), "{nothing}");
        }
    }
}
