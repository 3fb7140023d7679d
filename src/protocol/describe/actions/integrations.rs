//! The integrations, and who may write to them.

use crate::protocol::describe::{
    Action, Kind,
    fields::{
        CHANNEL, COUNT, INTEGRATION, PAIRING_CHANNEL, PAIRING_CODE, PAIRING_SENDER, may, must,
    },
};

pub(super) const INTEGRATIONS: Action = Action {
    name: "integrations",
    aliases: &["channels"],
    summary: "The channels and how each is.",
    request: &[],
    response: &[must(
        "integrations",
        Kind::Objects,
        "{name, state, since_ms, until_ms?, last_error?, advice?, counters}",
    )],
};

pub(super) const INTEGRATION_START: Action = Action {
    name: "integration.start",
    aliases: &[],
    summary: "Starts an integration that was stopped, or was parked because its credentials were refused.",
    request: &[CHANNEL],
    response: INTEGRATION,
};

pub(super) const INTEGRATION_STOP: Action = Action {
    name: "integration.stop",
    aliases: &[],
    summary: "Stops an integration until it is started; what is sent meanwhile waits.",
    request: &[CHANNEL],
    response: INTEGRATION,
};

pub(super) const INTEGRATION_RESTART: Action = Action {
    name: "integration.restart",
    aliases: &[],
    summary: "Stops an integration and starts it again at once.",
    request: &[CHANNEL],
    response: INTEGRATION,
};

pub(super) const INTEGRATION_FORGET: Action = Action {
    name: "integration.forget",
    aliases: &[],
    summary: "Forgets the channel of a bridge that will not come back; what waits for it fails.",
    request: &[CHANNEL],
    response: &[
        must("name", Kind::Name, "which"),
        must("given_up", COUNT, "messages that waited for it"),
    ],
};

pub(super) const INTEGRATION_CONNECT: Action = Action {
    name: "integration.connect",
    aliases: &[],
    summary: "Asks an integration for what pairs a device. The answer may come out of order.",
    request: &[CHANNEL],
    response: &[
        must("state", Kind::Name, "connected, pairing or waiting"),
        may("code", Kind::Text, "the text of a QR code to scan"),
        may(
            "qr",
            Kind::Any,
            "its rows: strings of 1 (dark) and 0; 4 light go around",
        ),
        may("pairing_code", Kind::Name, "to be typed instead"),
    ],
};

pub(super) const PAIRING: Action = Action {
    name: "pairing",
    aliases: &[],
    summary: "Who asks to be let in, with the codes they were told, and who was.",
    request: &[],
    response: &[
        must("pending", Kind::Objects, "{channel, sender, code, at_ms}"),
        must("approved", Kind::Objects, "{channel, sender}"),
    ],
};

pub(super) const PAIRING_APPROVE: Action = Action {
    name: "pairing.approve",
    aliases: &[],
    summary: "Lets in whoever was told this code: from now on they are heard.",
    request: &[PAIRING_CHANNEL, PAIRING_CODE],
    response: &[PAIRING_CHANNEL, PAIRING_SENDER],
};

pub(super) const PAIRING_REJECT: Action = Action {
    name: "pairing.reject",
    aliases: &[],
    summary: "Turns away whoever was told this code.",
    request: &[PAIRING_CHANNEL, PAIRING_CODE],
    response: &[PAIRING_CHANNEL, PAIRING_SENDER],
};

pub(super) const PAIRING_REVOKE: Action = Action {
    name: "pairing.revoke",
    aliases: &[],
    summary: "Takes back what was approved.",
    request: &[PAIRING_CHANNEL, PAIRING_SENDER],
    response: &[PAIRING_CHANNEL, PAIRING_SENDER],
};
