//! The actions about integrations: list them, start, stop, restart, connect, forget.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    answer::{Answer, CommandResult},
    limits::leave_out_others,
    lookup::reading,
};
use crate::{
    gateway::{Gateway, clients::bridge::refusal_fault, control::Steer, permissions::Access},
    integrations::{
        BoxFuture, Group,
        bridge::{Refusal, check_name},
    },
    protocol::{
        error_code::{ErrorCode, Fault},
        payload::Payload,
    },
    qr::Qr,
};

pub(super) fn integrations(gateway: &Gateway, access: &Access) -> String {
    json!({"integrations": integrations_json(gateway, access)}).to_string()
}

/// As in `integrations` and in `status`.
pub(super) fn integrations_json(gateway: &Gateway, access: &Access) -> Value {
    let all = gateway.channels.integrations();
    let seen = all.iter().filter(|one| access.covers_channel(&one.name));
    let told = seen.map(|one| {
        let mut json = one.json();
        leave_out_others(access, &mut json);
        json
    });
    told.collect()
}

pub(super) fn steer(gateway: &Gateway, payload: &Payload, how: Steer) -> CommandResult {
    let name = payload.text("name");
    let status = gateway.channels.steer(name, how);
    status
        .map(|status| status.json().to_string())
        .ok_or_else(|| unknown(gateway, name))
}

/// Asks the service, which may take its time: other answers overtake this one.
pub(super) fn connect(gateway: &Gateway, payload: &Payload) -> Answer {
    let name = payload.text("name");
    asked(gateway, name, gateway.channels.connect(name), |pairing| {
        with_square(pairing).to_string()
    })
}

/// Asks the service, as above, unless those are wanted that are known.
pub(super) fn groups(gateway: &Gateway, payload: &Payload) -> Answer {
    let name = payload.text("name");
    if payload.flag("known") {
        let all = gateway.channels.integrations();
        if !all.iter().any(|one| one.name == name) {
            return Answer::Now(Err(unknown(gateway, name)));
        }
        let (name, store) = (name.to_owned(), gateway.store.clone());
        return Answer::Later(Box::pin(async move {
            let known = reading(&store, move |store| store.group_names(&name)).await?;
            let known = known
                .iter()
                .map(|(peer, name)| json!({"peer": peer, "name": name}));
            Ok(json!({"groups": known.collect::<Vec<_>>()}).to_string())
        }));
    }
    asked(gateway, name, gateway.channels.groups(name), |groups| {
        let all: Vec<_> = groups.iter().map(Group::json).collect();
        json!({"groups": all}).to_string()
    })
}

/// What a service says, once it does.
fn asked<T: 'static>(
    gateway: &Gateway,
    name: &str,
    asked: Option<BoxFuture<'static, Result<T, String>>>,
    told: fn(T) -> String,
) -> Answer {
    match asked {
        None => Answer::Now(Err(unknown(gateway, name))),
        Some(asked) => Answer::Unordered(Box::pin(async move {
            let answered = asked.await;
            answered
                .map(told)
                .map_err(|why| Fault::new(ErrorCode::ChannelUnavailable, why))
        })),
    }
}

/// Adds the rows of the QR code, so that a page can draw it without a library.
fn with_square(mut pairing: Value) -> Value {
    let square = pairing["code"].as_str().and_then(Qr::of);
    if let Some(square) = square {
        pairing["qr"] = json!(square.rows());
    }
    pairing
}

/// Forgets the channel of a bridge.
pub(super) fn forget(gateway: &Gateway, payload: &Payload) -> Answer {
    let name = payload.text("name").to_owned();
    if check_name(&name) == Err(Refusal::BuiltIn) {
        let text = format!(
            "{name} is no bridge's channel; one of a service goes with its keys in .env and a reload"
        );
        return Answer::Now(Err(Fault::new(ErrorCode::Conflict, text)));
    }
    let nobody = unknown(gateway, &name);
    let forgotten = Arc::clone(&gateway.channels).forget(name.clone());
    Answer::Later(Box::pin(async move {
        let given_up = forgotten.await.map_err(|refusal| match refusal {
            Refusal::Unknown => nobody,
            refusal => refusal_fault(&refusal),
        })?;
        Ok(json!({"name": name, "given_up": given_up}).to_string())
    }))
}

fn unknown(gateway: &Gateway, name: &str) -> Fault {
    let text = match gateway.router.route(name) {
        Err(unknown) => unknown.to_string(),
        Ok(_) => format!("{name:?} is no integration of this daemon"),
    };
    Fault::new(ErrorCode::UnknownChannel, text)
}
