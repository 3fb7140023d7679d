//! Words, and what comes down to words: lists, buttons, templates, events, invitations.

use serde_json::Value;

use super::{Said, number::whole};
use crate::{
    clock::Utc,
    http_client::read_json,
    message::{Kind, content::file_text, text_at},
};

/// The fields of plain words; beside a file they are its caption.
pub(super) const PLAIN: [&str; 2] = ["conversation", "extendedTextMessage"];

pub(super) fn conversation(value: &Value) -> Option<Said> {
    typed(value.as_str()?)
}

fn typed(text: &str) -> Option<Said> {
    Said::text(text).map(|said| Said {
        typed: true,
        ..said
    })
}

/// The preview of a link without its text still says where it leads.
pub(super) fn extended(value: &Value) -> Option<Said> {
    let keys = ["text", "matchedText", "title", "description"];
    typed(keys.iter().find_map(|key| text_at(value, key))?)
}

/// The plain words in a body.
pub(super) fn beside(message: &Value) -> Option<&str> {
    let plain = text_at(message, PLAIN[0]);
    plain.or_else(|| text_at(&message[PLAIN[1]], "text"))
}

/// The lines that say something, one below the other.
fn lines<'a>(all: impl IntoIterator<Item = Option<&'a str>>) -> Option<Said> {
    let all: Vec<&str> = all.into_iter().flatten().collect();
    Said::text(all.join("\n"))
}

/// Names of buttons or rows in one line.
fn buttons_of<'a>(all: impl Iterator<Item = &'a str>) -> Option<String> {
    let all: Vec<String> = all.map(|name| format!("[{name}]")).collect();
    Some(all.join(" ")).filter(|line| !line.is_empty())
}

/// The file or the place at the head of a message with buttons.
fn head(value: &Value) -> Option<String> {
    let kinds = [
        ("imageMessage", Kind::Image),
        ("videoMessage", Kind::Video),
        ("documentMessage", Kind::Document),
        ("locationMessage", Kind::Location),
        ("productMessage", Kind::Order),
    ];
    let (field, kind) = kinds
        .into_iter()
        .find(|(field, _)| value[*field].is_object())?;
    Some(file_text(kind, text_at(&value[field], "fileName")))
}

pub(super) fn list(value: &Value) -> Option<Said> {
    let sections = value["sections"].as_array().into_iter().flatten();
    let rows = sections.flat_map(|section| section["rows"].as_array().into_iter().flatten());
    let rows = buttons_of(rows.filter_map(|row| text_at(row, "title")));
    lines([
        text_at(value, "title"),
        text_at(value, "description"),
        text_at(value, "footerText"),
        rows.as_deref().or(text_at(value, "buttonText")),
    ])
}

pub(super) fn buttons(value: &Value) -> Option<Said> {
    let all = value["buttons"].as_array().into_iter().flatten();
    let all = buttons_of(all.filter_map(|button| {
        text_at(&button["buttonText"], "displayText").or(text_at(&button["nativeFlowInfo"], "name"))
    }));
    lines([
        head(value).as_deref().or(text_at(value, "text")),
        text_at(value, "contentText"),
        text_at(value, "footerText"),
        all.as_deref(),
    ])
}

/// A template in one of its shapes.
pub(super) fn template(value: &Value) -> Option<Said> {
    let keys = ["hydratedTemplate", "hydratedFourRowTemplate"];
    let hydrated = keys.iter().find_map(|key| hydrated(&value[*key]));
    hydrated
        .or_else(|| interactive(&value["interactiveMessageTemplate"]))
        .or_else(|| structured(&value["fourRowTemplate"]["content"]))
}

fn hydrated(value: &Value) -> Option<Said> {
    let all = value["hydratedButtons"].as_array().into_iter().flatten();
    let kinds = ["quickReplyButton", "urlButton", "callButton"];
    let all = buttons_of(all.filter_map(|button| {
        let mut kinds = kinds.iter();
        kinds.find_map(|kind| text_at(&button[*kind], "displayText"))
    }));
    lines([
        head(value)
            .as_deref()
            .or(text_at(value, "hydratedTitleText")),
        text_at(value, "hydratedContentText"),
        text_at(value, "hydratedFooterText"),
        all.as_deref(),
    ])
}

/// What businesses sent before templates: mostly the name of a text and what goes into it.
pub(super) fn structured(value: &Value) -> Option<Said> {
    if let Some(said) = value["hydratedHsm"]
        .as_object()
        .and_then(|_| template(&value["hydratedHsm"]))
    {
        return Some(said);
    }
    let params = value["params"].as_array().into_iter().flatten();
    let params: Vec<&str> = params.filter_map(Value::as_str).collect();
    let params = Some(params.join(", ")).filter(|params| !params.is_empty());
    lines([text_at(value, "elementName"), params.as_deref()])
}

/// Also a carousel, whose cards are such messages themselves.
pub(super) fn interactive(value: &Value) -> Option<Said> {
    let all = value["nativeFlowMessage"]["buttons"].as_array();
    let names: Vec<String> = all
        .into_iter()
        .flatten()
        .filter_map(native_button)
        .collect();
    let buttons = buttons_of(names.iter().map(String::as_str));
    let cards = value["carouselMessage"]["cards"].as_array();
    let cards: Vec<String> = cards
        .into_iter()
        .flatten()
        .filter_map(|card| interactive(card).map(|said| said.text))
        .collect();
    let header = &value["header"];
    let file = head(header);
    let own = [
        file.as_deref(),
        text_at(header, "title"),
        text_at(header, "subtitle"),
        text_at(&value["body"], "text"),
        text_at(&value["footer"], "text"),
        buttons.as_deref(),
    ];
    lines(
        own.into_iter()
            .chain(cards.iter().map(|card| Some(card.as_str()))),
    )
}

/// Its words are in JSON inside a text.
fn native_button(button: &Value) -> Option<String> {
    let params = text_at(button, "buttonParamsJson").unwrap_or_default();
    let params: Value = read_json(params).unwrap_or_default();
    let shown = text_at(&params, "display_text").or(text_at(&params, "title"));
    shown.or(text_at(button, "name")).map(str::to_owned)
}

pub(super) fn event(value: &Value) -> Option<Said> {
    let place = &value["location"];
    let when = whole(&value["startTime"]).and_then(|seconds| u64::try_from(seconds).ok());
    let when = when.map(|seconds| {
        let exact = Utc(seconds.saturating_mul(1000)).to_string();
        let (minutes, _) = exact.split_at_checked(16).unwrap_or((&exact, ""));
        format!("{} UTC", minutes.replace('T', " "))
    });
    let what = if value["isCanceled"] == true {
        "[event cancelled]"
    } else {
        "[event]"
    };
    let title = format!("{what} {}", text_at(value, "name").unwrap_or_default());
    lines([
        Some(title.trim_end()),
        when.as_deref(),
        text_at(place, "name"),
        text_at(place, "address"),
        text_at(value, "description"),
        text_at(value, "joinLink"),
    ])
}

pub(super) fn group_invite(value: &Value) -> Option<Said> {
    let group = text_at(value, "groupName").or(text_at(value, "groupJid"));
    invitation("[invitation to a group]", group, value)
}

pub(super) fn newsletter_invite(value: &Value) -> Option<Said> {
    let name = text_at(value, "newsletterName").or(text_at(value, "newsletterJid"));
    invitation("[invitation to a channel]", name, value)
}

fn invitation(what: &str, name: Option<&str>, value: &Value) -> Option<Said> {
    let first = format!("{what} {}", name.unwrap_or_default());
    lines([Some(first.trim_end()), text_at(value, "caption")])
}

/// What Meta AI answers, in pieces.
pub(super) fn rich(value: &Value) -> Option<Said> {
    let pieces = value["submessages"].as_array().into_iter().flatten();
    lines(pieces.map(|piece| text_at(piece, "messageText")))
}

/// An answer to a question that was asked in a status or a channel.
pub(super) fn answer(value: &Value) -> Option<Said> {
    Some(Said::text(text_at(value, "text")?)?.about(&value["key"]))
}

pub(super) fn status_quoted(value: &Value) -> Option<Said> {
    Some(Said::text(text_at(value, "text")?)?.about(&value["originalStatusId"]))
}
