//! The actions about the settings: config, config.check, config.set.
//!
//! Not here: what makes a change right (`config::edit`), and making it count (the daemon).

use std::sync::Arc;

use serde_json::{Value, json};

use crate::{
    config::{
        Setting,
        edit::{Change, MAX_CHANGES, local::is_local},
        keys::groups::group,
    },
    gateway::{
        Gateway,
        actions::answer::{Answer, CommandResult},
    },
    protocol::{
        error_code::{ErrorCode, Fault},
        payload::{Payload, bad_field},
    },
};

/// `config`.
pub(in crate::gateway::actions) fn config(gateway: &Gateway) -> CommandResult {
    let settings = gateway.admin.settings();
    let settings = settings.map_err(|why| Fault::new(ErrorCode::Conflict, why))?;
    let keys: Value = settings.iter().map(setting_json).collect();
    let (needs_restart, restarts) = (gateway.admin.needs_restart(), gateway.admin.comes_back());
    Ok(json!({"keys": keys, "needs_restart": needs_restart, "restarts": restarts}).to_string())
}

/// A setting with what a form needs to ask for it. A secret is written and never read: only that it is set
/// is told.
fn setting_json(setting: &Setting) -> Value {
    let is_set = !setting.value.is_empty();
    let mut row = json!({"name": setting.key, "source": setting.source.as_str(),
        "group": group(&setting.key), "set": is_set});
    if setting.secret {
        row["secret"] = json!(true);
    } else if is_set {
        row["value"] = json!(setting.value);
    }
    if is_local(&setting.key) {
        row["local"] = json!(true);
    }
    let Some(key) = setting.row else {
        row["kind"] = json!("text");
        return row;
    };
    let shape = key.kind.shape();
    row["summary"] = json!(key.doc);
    row["kind"] = json!(shape.name);
    if !key.default.is_empty() {
        row["default"] = json!(key.default);
    }
    if !shape.choices.is_empty() {
        row["choices"] = json!(shape.choices);
    }
    if let Some((least, most)) = shape.range {
        row["least"] = json!(least);
        row["most"] = json!(most);
    }
    row
}

/// `config.check`. Where a service is named, it is asked too, which takes its time: other answers overtake
/// this one.
pub(in crate::gateway::actions) fn check(gateway: &Gateway, payload: &Payload) -> Answer {
    let changes = match changes(payload) {
        Ok(changes) => changes,
        Err(fault) => return Answer::Now(Err(fault)),
    };
    let admin = Arc::clone(&gateway.admin);
    let effects = match admin.check_settings(changes.clone()) {
        Ok(effects) => effects,
        Err(fault) => return Answer::Now(Err(fault)),
    };
    let Some(service) = payload.optional_text("service") else {
        return Answer::Now(Ok(effects.json().to_string()));
    };
    let tried = admin.try_service(changes, service.to_owned());
    Answer::Unordered(Box::pin(async move {
        let mut answer = effects.json();
        answer["found"] = tried.await?;
        Ok(answer.to_string())
    }))
}

/// `config.set`.
pub(in crate::gateway::actions) fn set(gateway: &Gateway, payload: &Payload) -> Answer {
    let changes = match changes(payload) {
        Ok(changes) => changes,
        Err(fault) => return Answer::Now(Err(fault)),
    };
    let done = Arc::clone(&gateway.admin).set_settings(changes);
    Answer::Later(Box::pin(async move { Ok(done.await?.json().to_string()) }))
}

/// The changes that a payload asks for, by name.
fn changes(payload: &Payload) -> Result<Vec<Change>, Fault> {
    let wanted = payload.value("changes").and_then(Value::as_object);
    let wanted = wanted.into_iter().flatten();
    let changes: Vec<Change> = wanted
        .map(|(key, value)| change(key, value))
        .collect::<Result<_, _>>()?;
    if changes.len() > MAX_CHANGES {
        let came = format!("an object of {} keys", changes.len());
        return Err(bad_field(
            "changes",
            &format!("an object of at most {MAX_CHANGES} keys"),
            &came,
        ));
    }
    Ok(changes)
}

fn change(key: &str, value: &Value) -> Result<Change, Fault> {
    match value {
        Value::Null => Ok(Change::unset(key)),
        Value::String(text) => Ok(Change::set(key, text)),
        Value::Number(number) => Ok(Change::set(key, &number.to_string())),
        Value::Bool(is_on) => Ok(Change::set(key, if *is_on { "1" } else { "0" })),
        Value::Array(_) | Value::Object(_) => {
            let expected = "an object of keys, each with a text, a number, true, false or null";
            Err(bad_field(
                "changes",
                expected,
                "one with a list or an object in it",
            ))
        }
    }
}
