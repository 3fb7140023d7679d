//! When a message is to be sent: what `send` takes, and the actions `scheduled` and `reschedule`.
//!
//! Not here: sending it then (`daemon::schedule`).

use std::{fmt::Write as _, time::Duration};

use serde_json::{Value, json};

use crate::{
    calendar::{Zone, parse_at, parse_until},
    clock::{self, parse_span},
    gateway::{
        Gateway,
        actions::{
            answer::Answer,
            lookup::{message_id, reading, stored_peer},
        },
        permissions::Access,
    },
    message::{Message, MessageId},
    protocol::{
        error_code::Fault,
        message_json::push_message,
        payload::{Payload, bad_field, needless_field},
    },
    store::{ScheduledQuery, SendAt},
};

/// How late a message may be where nobody says: an hour.
const GRACE: Duration = Duration::from_secs(3600);

/// The farthest time that a message may wait for: ten years.
const FARTHEST: Duration = Duration::from_secs(10 * 366 * 24 * 3600);

/// Messages of a page where the client names no limit, and how many are looked at for them.
const PAGE: u64 = 50;
const MAX_SEARCHED: usize = 20_000;

/// When the message is to be sent; `None` for at once.
pub(in crate::gateway::actions) fn send_at(
    gateway: &Gateway,
    payload: &Payload,
) -> Result<Option<SendAt>, Fault> {
    let grace_ms = grace(payload)?;
    let Some(at_ms) = time(payload, &gateway.settings().zone)? else {
        return match grace_ms {
            Some(_) => Err(needless_field("grace", "left out without at or in")),
            None => Ok(None),
        };
    };
    if payload.flag("wait") {
        return Err(bad_field(
            "wait",
            "left out where the message is for later",
            "true",
        ));
    }
    let grace_ms = grace_ms.unwrap_or_else(usual_grace_ms);
    Ok(Some(SendAt { at_ms, grace_ms }))
}

/// The time that `at` or `in` names, in ms since 1970. What is over already is refused: it was a mistake.
fn time(payload: &Payload, zone: &Zone) -> Result<Option<u64>, Fault> {
    let now_ms = clock::now_ms();
    let (field, at_ms) = match (payload.value("at"), payload.optional_text("in")) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => return Err(needless_field("in", "left out where there is at")),
        (Some(at), None) => ("at", absolute("at", at, zone)?),
        (None, Some(text)) => {
            let span = parse_span(text).filter(|span| *span <= FARTHEST);
            let span = span.ok_or_else(|| {
                bad_field(
                    "in",
                    "a span such as 30s, 10m, 2h or 3d",
                    &format!("{text:?}"),
                )
            })?;
            ("in", now_ms.saturating_add(milliseconds(span)))
        }
    };
    let farthest_ms = now_ms.saturating_add(milliseconds(FARTHEST));
    if at_ms > farthest_ms {
        return Err(bad_field(
            field,
            "a time within ten years",
            &zone.show(at_ms),
        ));
    }
    if field == "at" && at_ms.saturating_add(milliseconds(GRACE)) < now_ms {
        return Err(bad_field("at", "a time to come", &zone.show(at_ms)));
    }
    Ok(Some(at_ms))
}

/// The time that a field names, in ms since 1970.
fn absolute(field: &str, at: &Value, zone: &Zone) -> Result<u64, Fault> {
    read_time(field, at, |text| parse_at(text, zone))
}

/// The last time that a field names, in ms since 1970: that of a day is its end.
pub(in crate::gateway::actions) fn last(
    field: &str,
    until: &Value,
    zone: &Zone,
) -> Result<u64, Fault> {
    read_time(field, until, |text| parse_until(text, zone))
}

fn read_time(
    field: &str,
    time: &Value,
    read: impl Fn(&str) -> Result<u64, String>,
) -> Result<u64, Fault> {
    let text = match time {
        Value::String(text) => text.clone(),
        Value::Number(ms) => ms.to_string(),
        _ => String::new(),
    };
    read(&text).map_err(|expected| bad_field(field, &expected, &format!("{text:?}")))
}

/// How late it may be, in ms, where the client says.
pub(in crate::gateway::actions) fn grace(payload: &Payload) -> Result<Option<u64>, Fault> {
    let Some(text) = payload.optional_text("grace") else {
        return Ok(None);
    };
    let span = parse_span(text).filter(|span| *span <= FARTHEST);
    let span = span.ok_or_else(|| {
        bad_field(
            "grace",
            "a span such as 10m, 1h or 3d",
            &format!("{text:?}"),
        )
    })?;
    Ok(Some(milliseconds(span)))
}

/// How late it may be where nobody says, in ms.
pub(in crate::gateway::actions) fn usual_grace_ms() -> u64 {
    milliseconds(GRACE)
}

fn milliseconds(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

/// Lists what is scheduled, the earliest first.
pub(in crate::gateway::actions) fn scheduled(
    gateway: &Gateway,
    access: &Access,
    payload: &Payload,
) -> Answer {
    let channel = payload.optional_text("channel").map(str::to_owned);
    let peer = payload.optional_text("peer");
    let peer = match (&channel, peer) {
        (Some(channel), Some(peer)) => Some(stored_peer(gateway, channel, peer)),
        (None, Some(_)) => {
            let expected = "left out, or channel besides";
            return Answer::Now(Err(bad_field("peer", expected, "alone")));
        }
        (_, None) => None,
    };
    let after = match payload.optional_text("after").map(position).transpose() {
        Ok(after) => after,
        Err(fault) => return Answer::Now(Err(fault)),
    };
    let limit = payload.integer("limit").unwrap_or(PAGE);
    let query = ScheduledQuery {
        channel,
        peer,
        within: access.limits().cloned(),
        after,
        limit: usize::try_from(limit).unwrap_or(usize::MAX),
        max_searched: MAX_SEARCHED,
    };
    let (store, max_bytes) = (
        gateway.store.clone(),
        gateway.settings().limits.max_message_bytes,
    );
    Answer::Later(Box::pin(async move {
        let page = reading(&store, move |store| store.scheduled(&query)).await?;
        let (mut out, mut next) = ("{\"messages\":[".to_owned(), page.next);
        for (i, message) in page.messages.iter().enumerate() {
            let before = out.len();
            if i > 0 {
                out.push(',');
            }
            push_message(&mut out, message);
            if i > 0 && out.len() > max_bytes / 2 {
                out.truncate(before);
                next = page.messages.get(i - 1).and_then(place);
                break;
            }
        }
        out.push(']');
        if let Some((at_ms, id)) = next {
            let _ = write!(out, ",\"next\":\"{at_ms}/{id}\"");
        }
        out.push('}');
        Ok(out)
    }))
}

fn place(message: &Message) -> Option<(u64, MessageId)> {
    Some((message.at_ms?, message.id))
}

/// The place of a page, as `next` says it.
fn position(text: &str) -> Result<(u64, MessageId), Fault> {
    let parsed = text.split_once('/').and_then(|(at_ms, id)| {
        let digits = at_ms.bytes().all(|byte| byte.is_ascii_digit());
        Some((at_ms.parse().ok().filter(|_| digits)?, id.parse().ok()?))
    });
    parsed.ok_or_else(|| bad_field("after", "next of the page before", &format!("{text:?}")))
}

/// Gives a scheduled message another time.
pub(in crate::gateway::actions) fn reschedule(gateway: &Gateway, payload: &Payload) -> Answer {
    let pending = message_id(payload, "message_id").and_then(|id| {
        let at_ms = time(payload, &gateway.settings().zone)?;
        let at_ms =
            at_ms.ok_or_else(|| bad_field("at", "a time, unless there is in", "left out"))?;
        Ok(gateway.store.reschedule(id, at_ms, grace(payload)?)?)
    });
    match pending {
        Err(fault) => Answer::Now(Err(fault)),
        Ok(pending) => {
            Answer::Later(Box::pin(async move {
                let message = pending.await?;
                let id = message.id.to_string();
                Ok(json!({"message_id": id, "state": message.state.as_str(), "at_ms": message.at_ms}).to_string())
            }))
        }
    }
}
