//! The integrations: how each is, start, stop, pair a device, forget.

use crate::protocol::describe::{
    fields::{CHANNEL, COUNT, INTEGRATION, may, must},
    shape::{ActionSpec, FieldKind},
};

pub(super) const INTEGRATIONS: ActionSpec = ActionSpec {
    name: "integrations",
    aliases: &["channels"],
    summary: "The channels and how each is.",
    request: &[],
    response: &[must(
        "integrations",
        FieldKind::Objects,
        "{name, state, since_ms, until_ms?, last_error?, advice?, counters}",
    )],
};

pub(super) const INTEGRATION_START: ActionSpec = ActionSpec {
    name: "integration.start",
    aliases: &[],
    summary: "Starts an integration that was stopped, or was parked because its credentials were refused.",
    request: &[CHANNEL],
    response: INTEGRATION,
};

pub(super) const INTEGRATION_STOP: ActionSpec = ActionSpec {
    name: "integration.stop",
    aliases: &[],
    summary: "Stops an integration until it is started; what is sent meanwhile waits.",
    request: &[CHANNEL],
    response: INTEGRATION,
};

pub(super) const INTEGRATION_RESTART: ActionSpec = ActionSpec {
    name: "integration.restart",
    aliases: &[],
    summary: "Stops an integration and starts it again at once.",
    request: &[CHANNEL],
    response: INTEGRATION,
};

pub(super) const INTEGRATION_FORGET: ActionSpec = ActionSpec {
    name: "integration.forget",
    aliases: &[],
    summary: "Forgets the channel of a bridge that will not come back; what waits for it fails.",
    request: &[CHANNEL],
    response: &[
        must("name", FieldKind::Name, "which"),
        must("given_up", COUNT, "messages that waited for it"),
    ],
};

pub(super) const INTEGRATION_CONNECT: ActionSpec = ActionSpec {
    name: "integration.connect",
    aliases: &[],
    summary: "Asks an integration for what pairs a device. The answer may come out of order.",
    request: &[CHANNEL],
    response: &[
        must("state", FieldKind::Name, "connected, pairing or waiting"),
        may("code", FieldKind::Text, "the text of a QR code to scan"),
        may(
            "qr",
            FieldKind::Any,
            "its rows: strings of 1 (dark) and 0; 4 light go around",
        ),
        may("pairing_code", FieldKind::Name, "to be typed instead"),
        may(
            "image",
            FieldKind::Text,
            "the code as a picture, a data URL, of a service that only draws it",
        ),
        may(
            "why",
            FieldKind::Text,
            "while waiting: why there is no code yet",
        ),
        may(
            "created",
            FieldKind::Boolean,
            "true where it was missing at the service and was made there now",
        ),
    ],
};

pub(super) const INTEGRATION_GROUPS: ActionSpec = ActionSpec {
    name: "integration.groups",
    aliases: &[],
    summary: "Asks a service for the groups that its account is in, also those where nobody wrote yet. The answer may come out of order.",
    request: &[
        CHANNEL,
        may(
            "known",
            FieldKind::Boolean,
            "true: those that were told before, with name and peer, without asking the service",
        ),
    ],
    response: &[must(
        "groups",
        FieldKind::Objects,
        "{peer, name, members?, only_admins?}, by name; peer is what send takes as to",
    )],
};
