//! What Evolution Go posts (`pkg/whatsmeow/service/whatsmeow.go`, `myEventHandler`): the events of whatsmeow, and
//! in a message its file.

use serde_json::{Value, json};

use super::super::whatsmeow;
use crate::{
    integrations::whatsapp::{
        connection::Status,
        events::{Call, Posts, ServerEvent},
        who::here,
    },
    message::{Content, State, take_at, text_at},
};

/// Reads a post.
pub(super) fn read(mut body: Value) -> Posts {
    let event = text_at(&body, "event").unwrap_or_default().to_owned();
    let state = text_at(&body, "state").unwrap_or_default().to_owned();
    let mut data = take_at(&mut body, "data");
    let mut me = None;
    let events = match event.as_str() {
        "Message" | "SendMessage" => vec![message(&mut data)],
        "Receipt" => match state.as_str() {
            "Delivered" => whatsmeow::receipts(&data, State::Delivered),
            "Read" | "Played" => whatsmeow::receipts(&data, State::Read),
            // Read by ourselves elsewhere.
            _ => vec![],
        },
        "ChatPresence" => whatsmeow::typing(&data).into_iter().collect(),
        "CallOffer" | "CallTerminate" => call(&data).into_iter().collect(),
        "Connected" | "PairSuccess" => {
            me = text_at(&data, "jid").map(here);
            vec![ServerEvent::Status(Status::Open)]
        }
        "QRTimeout" => vec![ServerEvent::Status(Status::not_connected(
            "the QR code was not scanned in time",
        ))],
        "LoggedOut" => vec![ServerEvent::Status(Status::not_connected(
            "the phone logged this device out",
        ))],
        "TemporaryBan" => vec![ServerEvent::Status(Status::not_connected(
            "WhatsApp refuses this account",
        ))],
        "Disconnected" | "ConnectFailure" => {
            vec![ServerEvent::Status(Status::not_connected(
                "it is connecting",
            ))]
        }
        _ => vec![],
    };
    Posts { me, events }
}

fn message(data: &mut Value) -> ServerEvent {
    let base64 = match data
        .get_mut("Message")
        .map(|message| take_at(message, "base64"))
    {
        Some(Value::String(base64)) if !base64.is_empty() => Some(base64),
        _ => None,
    };
    let mut posted = whatsmeow::posted(data);
    posted.base64 = base64;
    posted.url = text_at(&posted.message, "mediaUrl").map(str::to_owned);
    posted.file = whatsmeow::file_of(&posted.message);
    ServerEvent::Message(Box::new(posted))
}

fn call(data: &Value) -> Option<ServerEvent> {
    let from = text_at(data, "CallCreator").or(text_at(data, "From"))?;
    Some(ServerEvent::Call(Call {
        name: format!("call:{}", text_at(data, "CallID")?),
        key: json!({"remoteJid": from, "remoteJidAlt": data["CallCreatorAlt"]}),
        content: Content::Call {
            video: false,
            outcome: None,
            seconds: None,
        },
        is_news: false,
    }))
}
