//! `purge`: removes for good every message that was stored before a moment, with its files. Without `confirm` it only
//! says what there is.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{expect_no_backup, rewrite};
use crate::{
    calendar::parse_past,
    clock,
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
    let before = match payload.value("before") {
        Some(Value::String(text)) => text.clone(),
        other => other.map(Value::to_string).unwrap_or_default(),
    };
    let before_ms = match parse_past(&before, &gateway.settings().zone, clock::now_ms()) {
        Ok(before_ms) => before_ms,
        Err(expected) => {
            let fault = bad_field("before", &expected, &format!("{before:?}"));
            return Answer::Now(Err(fault));
        }
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
            Ok(answer(
                &erasing,
                &found,
                found.messages,
                found.files.len() as u64,
                false,
            ))
        }
    };
    let work = run_to_end(work, |why| Fault::new(ErrorCode::Internal, why));
    Answer::Unordered(Box::pin(work))
}

async fn purge_now(gateway: &Gateway, erasing: Erasing, found: Erasable) -> CommandResult {
    expect_no_backup(gateway)?;
    let asked = (erasing.clone(), found.clone());
    let erased = reading(&gateway.store, move |store| store.erase(&asked.0, &asked.1)).await?;
    let files = found.files.iter().copied().collect();
    let files = gateway.media.remove_unreferenced(files).await?;
    rewrite(gateway).await?;
    let answer = answer(&erasing, &found, erased.messages, files.files, true);
    gateway.publish(event::HISTORY_PURGED, |out| {
        out.push_str(&told(&erasing).to_string());
    });
    let fields: [LogField<'_>; 1] = [("messages", &erased.messages)];
    gateway
        .log
        .info("keeping", "old messages were purged", &fields);
    Ok(answer)
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
