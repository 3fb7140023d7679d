//! `POST /send/CHANNEL/PEER`: one message whose text, or file, is the body, so that a line of curl can send it.
//!
//! The path and the headers become the payload of the action `send`, which is done as by `/rpc`: the same rights,
//! limits and refusals.

use std::{borrow::Cow, sync::Arc};

use hyper::{
    HeaderMap, Request,
    body::Incoming as Body,
    header::{CONTENT_TYPE, HeaderName, HeaderValue},
};
use serde_json::{Map, Value, json};

use super::media;
use crate::{
    config::Config,
    gateway::{
        Gateway,
        actions::{
            lookup::{routed, stored_peer},
            perform,
        },
        admission::Permit,
        http::respond::{HttpReply, JSON, refuse, refuse_fault, reply, whole_body},
        permissions::Access,
    },
    media::About,
    percent,
    protocol::{
        call::Call,
        describe::ActionId,
        dialect::Dialect,
        error_code::{ErrorCode, Fault},
    },
};

/// What its paths begin with.
pub(in crate::gateway::http) const PREFIX: &str = "/send/";

/// Headers that are fields of the payload.
const FIELDS: [(&str, &str); 3] = [
    ("idempotency-key", "idempotency_key"),
    ("at", "at"),
    ("in", "in"),
];

/// The name of a file: the body is one, whatever its type.
const FILENAME: &str = "filename";

/// The type of a form, which curl says every body is.
const FORM: &str = "application/x-www-form-urlencoded";

/// The words that go with a file.
const CAPTION: &str = "caption";

/// Answers a request whose token was checked.
pub(in crate::gateway::http) async fn answer(
    gateway: &Arc<Gateway>,
    permit: &Permit,
    access: &Access,
    request: Request<Body>,
    config: &Config,
) -> HttpReply {
    let sent = send(gateway, permit, access, request, config).await;
    sent.unwrap_or_else(|refusal| refusal)
}

async fn send(
    gateway: &Arc<Gateway>,
    permit: &Permit,
    access: &Access,
    request: Request<Body>,
    config: &Config,
) -> Result<HttpReply, HttpReply> {
    let (head, body) = request.into_parts();
    let (channel, peer) = place(head.uri.path())?;
    // A file is not taken in whole only to be refused by who may send where.
    allowed(gateway, access, &channel, &peer).map_err(|fault| refused(&fault))?;
    let mut payload = match given(&head.headers)? {
        Given::File => {
            let about = About {
                mime: mime(&head.headers)?,
                name: named(&head.headers, FILENAME)?.map(Cow::into_owned),
                ..About::default()
            };
            let kept = media::take(gateway, body, about).await?;
            let mut file = json!({"media_id": kept.row.id.to_string()});
            if let Some(name) = named(&head.headers, FILENAME)? {
                file["name"] = json!(name);
            }
            let caption = named(&head.headers, CAPTION)?;
            Map::from_iter([
                ("media".to_owned(), file),
                ("text".to_owned(), json!(caption.unwrap_or_default())),
            ])
        }
        given => {
            let path = head.uri.path();
            let body = whole_body(gateway, permit, path, body, &config.limits).await?;
            let text = String::from_utf8(body).map_err(|_| {
                let text = "the body is not text in UTF-8; for a file give its name in the header Filename";
                refuse(400, ErrorCode::BadPayload.as_str(), text)
            })?;
            if given == Given::Json {
                object(&text)?
            } else {
                // What echo and the like put at the end is not meant.
                Map::from_iter([(
                    "text".to_owned(),
                    json!(text.trim_end_matches(['\r', '\n'])),
                )])
            }
        }
    };
    address(&mut payload, &channel, &peer)?;
    add_fields(&mut payload, &head.headers)?;
    let payload = Value::Object(payload).to_string();
    let call = Call {
        dialect: Dialect::Triple,
        action: Cow::Borrowed("send"),
        payload: Some(&payload),
        id: None,
        wants_answer: true,
    };
    let outcome = perform(gateway, access, &call, None).outcome().await;
    outcome
        .map(|answer| reply(status(&answer), JSON, answer + "\n"))
        .map_err(|fault| refused(&fault))
}

fn refused(fault: &Fault) -> HttpReply {
    refuse_fault(fault.code.row().http, fault)
}

/// 202 while it waits, 200 where it was sent, or was there before.
fn status(answer: &str) -> u16 {
    let answer: Value = serde_json::from_str(answer).unwrap_or_default();
    let waits = matches!(answer["state"].as_str(), Some("queued" | "scheduled"));
    if waits && answer["duplicate"] != true {
        202
    } else {
        200
    }
}

/// Channel and peer of a path.
fn place(path: &str) -> Result<(String, String), HttpReply> {
    let rest = path.strip_prefix(PREFIX).unwrap_or_default();
    let decoded = |text: &str| String::from_utf8(percent::decode(text, b'%')).ok();
    let place = rest
        .split_once('/')
        .and_then(|(channel, peer)| Some((decoded(channel)?, decoded(peer)?)))
        .filter(|(channel, peer)| !channel.is_empty() && !peer.is_empty());
    place.ok_or_else(|| {
        let text = "write /send/CHANNEL/PEER, such as /send/whatsapp/5511987654321";
        refuse(404, ErrorCode::NotFound.as_str(), text)
    })
}

/// Whether this client may send there at all.
fn allowed(gateway: &Gateway, access: &Access, channel: &str, peer: &str) -> Result<(), Fault> {
    if let Some(action) = ActionId::Send.action() {
        access.expect_action(action)?;
    }
    access.expect_within(channel, Some(&stored_peer(gateway, channel, peer)))?;
    routed(gateway, channel).map(drop)
}

/// What a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Given {
    /// The text.
    Text,
    /// The payload of `send`.
    Json,
    /// A file.
    File,
}

/// What the headers say of the body. What curl says of every `-d` is no form here.
fn given(headers: &HeaderMap) -> Result<Given, HttpReply> {
    if headers.contains_key(FILENAME) {
        return Ok(Given::File);
    }
    let kind = text_of(headers, &CONTENT_TYPE)?.unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let kind = kind.to_ascii_lowercase();
    match kind.as_str() {
        "" | FORM => Ok(Given::Text),
        "application/json" => Ok(Given::Json),
        text if text.starts_with("text/") => Ok(Given::Text),
        form if media::is_form(form) => {
            let text = "a form is not taken; send the file itself, with --data-binary @FILE and the header Filename";
            Err(refuse(415, ErrorCode::BadPayload.as_str(), text))
        }
        _ => Ok(Given::File),
    }
}

/// The type of a file, where it is said: what curl says of any body is none.
fn mime(headers: &HeaderMap) -> Result<Option<String>, HttpReply> {
    let mime = text_of(headers, &CONTENT_TYPE)?;
    let is_said = |mime: &Cow<'_, str>| !mime.to_ascii_lowercase().starts_with(FORM);
    Ok(mime.filter(is_said).map(Cow::into_owned))
}

fn object(text: &str) -> Result<Map<String, Value>, HttpReply> {
    let bad = |why: String| refuse(400, ErrorCode::BadJson.as_str(), &why);
    match serde_json::from_str(text) {
        Ok(Value::Object(payload)) => Ok(payload),
        Ok(_) => Err(bad(
            "the body must be the payload of send, a JSON object".to_owned()
        )),
        Err(error) => Err(bad(format!("not JSON: {error}"))),
    }
}

/// Puts the address into the payload, which may name no other.
fn address(payload: &mut Map<String, Value>, channel: &str, peer: &str) -> Result<(), HttpReply> {
    for (field, value) in [("channel", channel), ("to", peer)] {
        let before = payload.insert(field.to_owned(), json!(value));
        if before.is_some_and(|before| !before.is_null() && before != value) {
            let text = format!("the body names another \"{field}\" than the path; leave it out");
            return Err(refuse(400, ErrorCode::BadPayload.as_str(), &text));
        }
    }
    Ok(())
}

/// Adds what the headers say and the body does not.
fn add_fields(payload: &mut Map<String, Value>, headers: &HeaderMap) -> Result<(), HttpReply> {
    for (header, field) in FIELDS {
        if let Some(value) = named(headers, header)? {
            payload.entry(field).or_insert_with(|| json!(value.trim()));
        }
    }
    Ok(())
}

fn named<'h>(
    headers: &'h HeaderMap,
    name: &'static str,
) -> Result<Option<Cow<'h, str>>, HttpReply> {
    text_of(headers, &HeaderName::from_static(name))
}

/// The text of a header, which may come once.
fn text_of<'h>(
    headers: &'h HeaderMap,
    name: &HeaderName,
) -> Result<Option<Cow<'h, str>>, HttpReply> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.next().is_some() {
        let text = format!("the header {name} comes twice");
        return Err(refuse(400, ErrorCode::BadPayload.as_str(), &text));
    }
    let text = |value: &'h HeaderValue| {
        std::str::from_utf8(value.as_bytes())
            .map(Cow::Borrowed)
            .map_err(|_| {
                let text = format!("the header {name} is not text in UTF-8");
                refuse(400, ErrorCode::BadPayload.as_str(), &text)
            })
    };
    first.map(text).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let line = |(name, value): &(&'static str, &'static str)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        };
        lines.iter().map(line).collect()
    }

    fn kind(lines: &[(&'static str, &'static str)]) -> Option<Given> {
        given(&headers(lines)).ok()
    }

    #[test]
    fn a_path_names_channel_and_peer_and_escapes_are_read() {
        let read = |path: &str| place(path).ok();
        let pair = |channel: &str, peer: &str| Some((channel.to_owned(), peer.to_owned()));
        assert_eq!(read("/send/whatsapp/+5511"), pair("whatsapp", "+5511"));
        assert_eq!(read("/send/a/b%20c/d"), pair("a", "b c/d"));
        for wrong in ["/send/", "/send/a", "/send/a/", "/send//b", "/send/a/%ff"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_curl_says_of_any_body_is_text_and_a_name_makes_a_file() {
        let form = ("content-type", "application/x-www-form-urlencoded");
        assert_eq!(kind(&[]), Some(Given::Text));
        assert_eq!(kind(&[form]), Some(Given::Text));
        assert_eq!(
            kind(&[("content-type", "text/plain; charset=utf-8")]),
            Some(Given::Text)
        );
        assert_eq!(
            kind(&[("content-type", "Application/JSON;x=1")]),
            Some(Given::Json)
        );
        assert_eq!(kind(&[("content-type", "image/png")]), Some(Given::File));
        assert_eq!(kind(&[form, ("filename", "a.pdf")]), Some(Given::File));
        assert_eq!(
            kind(&[("content-type", "multipart/form-data; boundary=x")]),
            None
        );
    }

    #[test]
    fn the_path_and_the_headers_fill_what_the_body_leaves_out() {
        let mut payload = object(r#"{"text":"a","to":"ana","in":"1h"}"#).unwrap_or_default();
        assert!(address(&mut payload, "webchat", "ana").is_ok());
        let lines = [
            ("in", "5m"),
            ("at", "2026-11-27 08:00"),
            ("idempotency-key", " k "),
        ];
        assert!(add_fields(&mut payload, &headers(&lines)).is_ok());
        let expected = json!({"channel": "webchat", "to": "ana", "text": "a", "in": "1h",
            "at": "2026-11-27 08:00", "idempotency_key": "k"});
        assert_eq!(Value::Object(payload.clone()), expected);
        assert!(address(&mut payload, "webchat", "bia").is_err());
        assert!(object("[]").is_err() && object("{").is_err());
    }

    #[test]
    fn what_waits_is_accepted_and_what_was_there_is_fine() {
        let answered = |state: &str, duplicate: bool| {
            status(&json!({"state": state, "duplicate": duplicate}).to_string())
        };
        assert_eq!(answered("queued", false), 202);
        assert_eq!(answered("scheduled", false), 202);
        assert_eq!(answered("queued", true), 200);
        assert_eq!(answered("sent", false), 200);
    }
}
