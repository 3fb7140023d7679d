//! What the messages of Meta say, by their `type`. Pure.
//!
//! The types are those of Meta's webhook reference
//! (<https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages>),
//! of pywa's `MessageType` (<https://github.com/david-lev/pywa>) and of whatsapp-api-js'
//! `ServerMessageTypes` (<https://github.com/Secreto31126/whatsapp-api-js>):
//!
//! | `type` | becomes |
//! |---|---|
//! | `text` | text |
//! | `image`, `video` (`gif`), `document`, `sticker` | image, video, document, sticker |
//! | `audio` | audio, or voice where its `voice` is true |
//! | `location` | location |
//! | `contacts` | contact |
//! | `interactive`: `button_reply`, `list_reply`, `nfm_reply`, `call_permission_reply`, others | choice |
//! | `button` | choice |
//! | `order` | order |
//! | `reaction` | reaction, with an empty emoji where it was taken back |
//! | `system` (a changed number, user id or security code), `request_welcome` | system |
//! | `edit`, `revoke` | an edit or the deletion of the message they name (`inbound`) |
//! | `unsupported`, `unknown`, `errors`, and every other | unsupported, with Meta's name of it |
//!
//! Calls come by a webhook field of their own (`calls`). Of live locations, polls, votes, pins and
//! invitations Meta tells no more than that something unsupported came.

use serde_json::{Map, Value, json};

use super::{contacts, system};
use crate::{
    http_client::read_json,
    message::{
        Content, Kind,
        content::{Item, file_text},
        text_at,
    },
};

/// What a message says, in the shape that every service has.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Said {
    pub(super) kind: Kind,
    pub(super) text: String,
    pub(super) content: Option<Value>,
    pub(super) media: Option<Value>,
}

impl From<Content> for Said {
    fn from(content: Content) -> Self {
        Self {
            kind: content.kind(),
            text: content.text(),
            content: Some(content.json()),
            media: None,
        }
    }
}

/// The files among the types.
const FILES: [(&str, Kind); 7] = [
    ("image", Kind::Image),
    ("video", Kind::Video),
    ("gif", Kind::Video),
    ("audio", Kind::Audio),
    ("voice", Kind::Voice),
    ("document", Kind::Document),
    ("sticker", Kind::Sticker),
];

/// Meta's name for what a message is.
pub(super) fn type_of(message: &Value) -> &str {
    text_at(message, "type").unwrap_or("unknown")
}

/// What a message says. One that lacks what its type has is unsupported as well: a second tap on a
/// button comes as `interactive` with nothing but `errors`.
pub(super) fn said(message: &Value) -> Said {
    let name = type_of(message);
    let body = &message[name];
    if let Some((_, kind)) = FILES.iter().find(|(file, _)| *file == name) {
        return file(*kind, body).unwrap_or_else(|| unsupported(name));
    }
    let content = match name {
        "text" => {
            return text_at(body, "body").map_or_else(|| unsupported(name), text);
        }
        "interactive" => {
            let which = text_at(body, "type").unwrap_or_default();
            return choice(which, &body[which]).unwrap_or_else(|| unsupported(name));
        }
        "location" => location(body),
        "contacts" => contacts::people(body),
        "button" => button(body),
        "order" => order(body),
        "reaction" => reaction(body),
        "system" => body.is_object().then(|| system::told(body)),
        "request_welcome" => Some(system::event("request_welcome", "opened the chat")),
        "unsupported" => {
            return unsupported(text_at(body, "type").unwrap_or(name));
        }
        _ => None,
    };
    content.map_or_else(|| unsupported(name), Said::from)
}

fn unsupported(name: &str) -> Said {
    Said::from(Content::Unsupported {
        service_type: name.to_owned(),
    })
}

fn text(body: &str) -> Said {
    Said {
        text: body.to_owned(),
        ..Said::default()
    }
}

/// The file is kept by Meta for a week and fetched by its id; its `url` is only good for minutes.
fn file(kind: Kind, body: &Value) -> Option<Said> {
    if !body.is_object() {
        return None;
    }
    let kind = match kind {
        Kind::Audio if body["voice"] == true => Kind::Voice,
        kind => kind,
    };
    let mut media = Map::from_iter([("kind".to_owned(), json!(kind.media_kind()))]);
    for (field, from) in [("id", "id"), ("mime", "mime_type"), ("name", "filename")] {
        if let Some(text) = text_at(body, from) {
            media.insert(field.to_owned(), json!(text));
        }
    }
    let caption = text_at(body, "caption").map(str::to_owned);
    Some(Said {
        kind,
        text: caption.unwrap_or_else(|| file_text(kind, text_at(body, "filename"))),
        content: None,
        media: Some(Value::Object(media)),
    })
}

/// Meta has numbers as numbers and as texts.
pub(super) fn number(value: &Value) -> Option<f64> {
    let number = value.as_f64().or_else(|| value.as_str()?.parse().ok());
    number.filter(|number: &f64| number.is_finite())
}

/// The same for what is counted.
pub(super) fn count(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

fn owned(json: &Value, key: &str) -> Option<String> {
    text_at(json, key).map(str::to_owned)
}

fn location(body: &Value) -> Option<Content> {
    let (lat, lng) = (number(&body["latitude"])?, number(&body["longitude"])?);
    Content::at(lat, lng)?;
    Some(Content::Location {
        lat,
        lng,
        name: owned(body, "name"),
        address: owned(body, "address"),
        live: false,
    })
}

/// A quick reply of a template.
fn button(body: &Value) -> Option<Content> {
    let (id, title) = (owned(body, "payload"), owned(body, "text"));
    (id.is_some() || title.is_some()).then(|| Content::Choice {
        id: id.unwrap_or_default(),
        title: title.unwrap_or_default(),
        description: None,
        values: None,
    })
}

/// An answer to something interactive.
fn choice(which: &str, body: &Value) -> Option<Said> {
    body.as_object()?;
    match which {
        "nfm_reply" => Some(form(body)),
        "call_permission_reply" => Some(Said::from(call_permission(body))),
        _ => Some(Said::from(tapped(which, body))),
    }
}

/// A button, a row of a list, or whatever Meta adds: then all of it is among the values.
fn tapped(which: &str, body: &Value) -> Content {
    let is_known = matches!(which, "button_reply" | "list_reply");
    let first = |keys: [&str; 2]| keys.iter().find_map(|key| owned(body, key));
    Content::Choice {
        id: first(["id", "product_retailer_id"]).unwrap_or_default(),
        title: first(["title", "name"]).unwrap_or_default(),
        description: owned(body, "description"),
        values: (!is_known).then(|| body.clone()),
    }
}

/// The answers of a flow or an address, a JSON text in the JSON. Its `body` is a word of the app, such
/// as `Sent`, so the text has the answers.
fn form(body: &Value) -> Said {
    let answers = owned(body, "response_json");
    let values = answers.map(|text| read_json(&text).unwrap_or(json!(text)));
    let choice = |title: Option<String>| Content::Choice {
        id: owned(body, "name").unwrap_or_default(),
        title: title.unwrap_or_default(),
        description: None,
        values: values.clone(),
    };
    let content = choice(owned(body, "body"));
    let shown = if values.is_some() {
        choice(None)
    } else {
        content.clone()
    };
    Said {
        text: shown.text(),
        ..Said::from(content)
    }
}

/// Whether we may call; it has no words of its own.
fn call_permission(body: &Value) -> Content {
    let response = owned(body, "response").unwrap_or_default();
    let title = match response.as_str() {
        "accept" => "calls allowed",
        "reject" => "calls refused",
        other => other,
    };
    Content::Choice {
        title: title.to_owned(),
        id: response,
        description: None,
        values: Some(body.clone()),
    }
}

fn order(body: &Value) -> Option<Content> {
    let items = body["product_items"].as_array()?.iter();
    let items = items.map(|item| Item {
        id: owned(item, "product_retailer_id").unwrap_or_default(),
        name: None,
        quantity: count(&item["quantity"]).unwrap_or(1),
        price: number(&item["item_price"]),
        currency: owned(item, "currency"),
    });
    Some(Content::Order {
        items: items.collect(),
        note: owned(body, "text"),
    })
}

/// One that was taken back comes without `emoji`, or with an empty one.
fn reaction(body: &Value) -> Option<Content> {
    Some(Content::Reaction {
        to: owned(body, "message_id")?,
        emoji: owned(body, "emoji").unwrap_or_default(),
    })
}
