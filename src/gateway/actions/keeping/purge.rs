//! `purge`: removes for good every message that was stored before a moment, with its files. Without `confirm` it only
//! says what there is.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::{
    calendar::{Zone, parse_at},
    clock::{self, parse_span},
    gateway::{
        Gateway,
        actions::{
            answer::{Answer, CommandResult},
            lookup::reading,
        },
    },
    log::LogField,
    panics::run_to_end,
    protocol::{
        describe::event,
        error_code::{ErrorCode, Fault},
        payload::{Payload, bad_field},
    },
    store::{Erasable, Erasing},
};

pub(in crate::gateway::actions) fn purge(gateway: &Arc<Gateway>, payload: &Payload) -> Answer {
    let before = payload.value("before").cloned().unwrap_or_default();
    let before_ms = match moment(&before, &gateway.settings().zone, clock::now_ms()) {
        Ok(before_ms) => before_ms,
        Err(fault) => return Answer::Now(Err(fault)),
    };
    let channel = payload.optional_text("channel").map(str::to_owned);
    let erasing = Erasing::Before { channel, before_ms };
    let is_confirmed = payload.flag("confirm");
    let gateway = Arc::clone(gateway);
    let work = async move {
        let asked = erasing.clone();
        let found = reading(&gateway.store, move |store| store.erasable(&asked)).await?;
        if is_confirmed {
            purge_now(&gateway, erasing, found).await
        } else {
            Ok(answer(&erasing, &found, found.messages, found.files.len() as u64, false))
        }
    };
    let work = run_to_end(work, |why| Fault::new(ErrorCode::Internal, why));
    Answer::Unordered(Box::pin(work))
}

async fn purge_now(gateway: &Gateway, erasing: Erasing, found: Erasable) -> CommandResult {
    let asked = (erasing.clone(), found.clone());
    let erased = reading(&gateway.store, move |store| store.erase(&asked.0, &asked.1)).await?;
    let files = found.files.iter().copied().collect();
    let files = gateway.media.remove_unreferenced(files).await?;
    reading(&gateway.store, crate::store::Store::rewrite).await?;
    let answer = answer(&erasing, &found, erased.messages, files.files, true);
    gateway.publish(event::HISTORY_PURGED, |out| {
        out.push_str(&told(&erasing).to_string());
    });
    let fields: [LogField<'_>; 1] = [("messages", &erased.messages)];
    gateway.log.info("keeping", "old messages were purged", &fields);
    Ok(answer)
}

/// The moment that is meant: a time, a day, which begins at midnight, or how long ago.
fn moment(before: &Value, zone: &Zone, now_ms: u64) -> Result<u64, Fault> {
    let text = match before {
        Value::String(text) => text.trim().to_owned(),
        other => other.to_string(),
    };
    if let Some(span) = parse_span(&text) {
        let ago = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        return Ok(now_ms.saturating_sub(ago));
    }
    let is_day = text.len() == 10 && !text.bytes().all(|byte| byte.is_ascii_digit());
    let time = if is_day {
        format!("{text} 00:00")
    } else {
        text.clone()
    };
    let before_ms = parse_at(&time, zone).map_err(|expected| {
        let expected = format!("how old the messages are, as 90d, a day as 2026-01-31, or {expected}");
        bad_field("before", &expected, &format!("{text:?}"))
    })?;
    if before_ms > now_ms {
        return Err(bad_field("before", "a time that has passed", &format!("{text:?}")));
    }
    Ok(before_ms)
}

/// What was meant.
fn told(erasing: &Erasing) -> Value {
    let (channel, before_ms) = match erasing {
        Erasing::Before { channel, before_ms } => (channel.as_ref(), *before_ms),
        Erasing::Person { .. } => (None, 0),
    };
    let mut told = json!({"before_ms": before_ms});
    if let Some(channel) = channel {
        told["channel"] = json!(channel);
    }
    told
}

fn answer(erasing: &Erasing, found: &Erasable, messages: u64, files: u64, done: bool) -> String {
    let mut answer = told(erasing);
    answer["messages"] = json!(messages);
    answer["files"] = json!(files);
    if let Some((first_ms, last_ms)) = found.span_ms {
        answer["first_ms"] = json!(first_ms);
        answer["last_ms"] = json!(last_ms);
    }
    answer["done"] = json!(done);
    answer.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_day_a_time_or_an_age() {
        let now_ms = 1_795_777_200_000;
        let at = |value: Value| moment(&value, &Zone::named("UTC").expect("known"), now_ms).map_err(|fault| fault.message);
        let day_ms = 86_400_000;
        assert_eq!(at(json!("90d")), Ok(now_ms - 90 * day_ms));
        assert_eq!(at(json!("2026-11-01")), Ok(1_793_491_200_000));
        assert_eq!(at(json!("2026-11-01 12:00")), Ok(1_793_491_200_000 + day_ms / 2));
        assert_eq!(at(json!(1_793_491_200_000_u64)), Ok(1_793_491_200_000));
        for wrong in [json!("yesterday"), json!(""), json!("2026-13-01"), json!({}), json!("2050-01-01")] {
            let error = at(wrong.clone()).expect_err("refused");
            assert!(error.contains("before"), "{wrong}: {error}");
        }
    }
}
