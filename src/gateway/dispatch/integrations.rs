//! The actions that steer one integration: start, stop, restart, connect.

use serde_json::{Value, json};

use super::answer::{Answer, Outcome};
use crate::{
    gateway::{Gateway, control::Steer},
    protocol::{
        error_code::{ErrorCode, Fault},
        payload::Payload,
    },
    qr::Qr,
};

pub(super) fn steer(gateway: &Gateway, payload: &Payload, how: Steer) -> Outcome {
    let name = payload.text("name");
    let status = gateway.control.steer(name, how);
    status
        .map(|status| status.json().to_string())
        .ok_or_else(|| unknown(gateway, name))
}

/// Asks the service, which may take its time: other answers overtake this one.
pub(super) fn connect(gateway: &Gateway, payload: &Payload) -> Answer {
    let name = payload.text("name");
    match gateway.control.connect(name) {
        None => Answer::Now(Err(unknown(gateway, name))),
        Some(asked) => Answer::Unordered(Box::pin(async move {
            let answered = asked.await;
            answered
                .map(|pairing| with_square(pairing).to_string())
                .map_err(|why| Fault::new(ErrorCode::ChannelUnavailable, why))
        })),
    }
}

/// A page can draw rows of modules without a library of its own.
fn with_square(mut pairing: Value) -> Value {
    let square = pairing["code"].as_str().and_then(Qr::of);
    if let Some(square) = square {
        pairing["qr"] = json!(square.rows());
    }
    pairing
}

fn unknown(gateway: &Gateway, name: &str) -> Fault {
    let text = match gateway.router.route(name) {
        Err(unknown) => unknown.to_string(),
        Ok(_) => format!("{name:?} is no integration of this daemon"),
    };
    Fault::new(ErrorCode::UnknownChannel, text)
}
