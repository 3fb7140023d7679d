//! Who may write to an integration: those who ask, and those who were let in.

use crate::protocol::describe::{
    fields::{PAIRING_CHANNEL, PAIRING_CODE, PAIRING_SENDER, must},
    shape::{ActionSpec, FieldKind},
};

pub(super) const PAIRING: ActionSpec = ActionSpec {
    name: "pairing",
    aliases: &[],
    summary: "Who asks to be let in, with the codes they were told, and who was.",
    request: &[],
    response: &[
        must(
            "pending",
            FieldKind::Objects,
            "{channel, sender, peer, name?, words, code, at_ms}: peer is the conversation with them, words are the first of what they wrote, as long as the daemon runs",
        ),
        must(
            "approved",
            FieldKind::Objects,
            "{channel, sender, peer, name?, since_ms?}",
        ),
    ],
};

pub(super) const PAIRING_APPROVE: ActionSpec = ActionSpec {
    name: "pairing.approve",
    aliases: &[],
    summary: "Lets in whoever was told this code: from now on they are heard, and they are told so.",
    request: &[PAIRING_CHANNEL, PAIRING_CODE],
    response: &[PAIRING_CHANNEL, PAIRING_SENDER],
};

pub(super) const PAIRING_REJECT: ActionSpec = ActionSpec {
    name: "pairing.reject",
    aliases: &[],
    summary: "Turns away whoever was told this code.",
    request: &[PAIRING_CHANNEL, PAIRING_CODE],
    response: &[PAIRING_CHANNEL, PAIRING_SENDER],
};

pub(super) const PAIRING_REVOKE: ActionSpec = ActionSpec {
    name: "pairing.revoke",
    aliases: &[],
    summary: "Takes back what was approved.",
    request: &[PAIRING_CHANNEL, PAIRING_SENDER],
    response: &[PAIRING_CHANNEL, PAIRING_SENDER],
};
