//! What wuzapi posts (`wmiau.go`, `myEventHandler`): the events of whatsmeow, and with a message its file.

use serde_json::{Value, json};

use super::super::whatsmeow;
use crate::{
    http_client::read_json,
    integrations::{
        Hook,
        support::hook::form_field,
        whatsapp::{
            connection::Status,
            events::{Call, Posts, ServerEvent},
        },
    },
    message::{Content, State, text_at},
};

/// The body of a post: JSON, or a form with JSON in the field `jsonData`.
pub(super) fn body_of(hook: &Hook) -> Option<Value> {
    let json: Value = read_json(&hook.body).unwrap_or_default();
    if json.is_object() {
        return match text_at(&json, "jsonData") {
            Some(inside) => read_json(inside).ok(),
            None => Some(json),
        };
    }
    let form = std::str::from_utf8(&hook.body).ok()?;
    read_json(form_field(form, "jsonData")?).ok()
}

/// Reads a post.
pub(super) fn read(body: &Value) -> Posts {
    let event = &body["event"];
    let events = match text_at(body, "type").unwrap_or_default() {
        "Message" => vec![message(body)],
        "ReadReceipt" => match text_at(body, "state").unwrap_or_default() {
            "Delivered" => whatsmeow::receipts(event, State::Delivered),
            "Read" | "Played" => whatsmeow::receipts(event, State::Read),
            // Read by ourselves elsewhere.
            _ => vec![],
        },
        "ChatPresence" => whatsmeow::typing(event).into_iter().collect(),
        "CallOffer" => call(event).map(ServerEvent::Call).into_iter().collect(),
        "Connected" => vec![ServerEvent::Status(Status::Open)],
        "Disconnected" | "ConnectFailure" => {
            vec![ServerEvent::Status(Status::not_connected(
                "it is connecting",
            ))]
        }
        "LoggedOut" => vec![ServerEvent::Status(Status::not_connected(
            "the phone logged this device out",
        ))],
        _ => vec![],
    };
    Posts { me: None, events }
}

fn message(body: &Value) -> ServerEvent {
    let mut posted = whatsmeow::posted(&body["event"]);
    posted.base64 = text_at(body, "base64").map(|data| {
        // Some versions send a data URL.
        let data = data.rsplit_once(',').map_or(data, |(_, data)| data);
        data.to_owned()
    });
    posted.url = text_at(&body["s3"], "url").map(str::to_owned);
    posted.file = whatsmeow::file_of(&posted.message);
    ServerEvent::Message(Box::new(posted))
}

fn call(event: &Value) -> Option<Call> {
    let from = text_at(event, "CallCreator").or(text_at(event, "From"))?;
    Some(Call {
        name: format!("call:{}", text_at(event, "CallID")?),
        key: json!({"remoteJid": from, "remoteJidAlt": event["CallCreatorAlt"]}),
        content: Content::Call {
            video: false,
            outcome: None,
            seconds: None,
        },
        is_news: false,
    })
}
