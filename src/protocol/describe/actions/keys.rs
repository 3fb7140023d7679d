//! The keys of clients: who has one, what each may do, adding, pairing, renaming and revoking them.

use crate::protocol::describe::{
    fields::{COUNT, may, must},
    shape::{ActionSpec, FieldKind, FieldSpec},
};

/// The longest life of a key in seconds: ten years.
const MAX_LIFE_S: u64 = 10 * 366 * 86_400;

const KEY_ID: FieldSpec = must("key_id", FieldKind::Name, "the key, as k-3, or its name");

const ROLE: FieldSpec = may(
    "role",
    FieldKind::Name,
    "read, send, operator, bridge, agent or owner",
);

const CHANNELS: FieldSpec = may(
    "channels",
    FieldKind::Names,
    "only these channels; a bridge has exactly one",
);

const PEERS: FieldSpec = may(
    "peers",
    FieldKind::Names,
    "only these conversations, each CHANNEL/PEER with * for any",
);

const EXPIRES: FieldSpec = may(
    "expires_in_s",
    FieldKind::Integer(1, MAX_LIFE_S),
    "how long it is good, in seconds; until it is revoked unless told",
);

/// A key as it is shown.
const KEY: &str = "{key_id, name, role, channels?, peers?, created_ms, expires_ms?, last_seen_ms?, last_address?, clients}";

pub(super) const KEYS: ActionSpec = ActionSpec {
    name: "keys",
    aliases: &["key.list"],
    summary: "The keys of clients, besides the token of .env.",
    request: &[],
    response: &[must("keys", FieldKind::Objects, KEY)],
};

pub(super) const KEY_ADD: ActionSpec = ActionSpec {
    name: "key.add",
    aliases: &[],
    summary: "Makes a key. Its token is in the answer and nowhere else: only its hash is kept.",
    request: &[
        must(
            "name",
            FieldKind::Name,
            "what to call it; no two are called the same",
        ),
        ROLE,
        CHANNELS,
        PEERS,
        EXPIRES,
    ],
    response: &[
        must(
            "token",
            FieldKind::Name,
            "what the client shows, as CLEUDOCODEBOT_TOKEN or in auth",
        ),
        must("key", FieldKind::Object, KEY),
    ],
};

pub(super) const KEY_PAIR: ActionSpec = ActionSpec {
    name: "key.pair",
    aliases: &[],
    summary: "A code for another device, good once and for five minutes: the page at its address exchanges it for a key of its own.",
    request: &[
        must(
            "name",
            FieldKind::Name,
            "what to call the key; the device may rename it",
        ),
        ROLE,
        CHANNELS,
        PEERS,
        EXPIRES,
        may("cancel", FieldKind::Name, "take back this code instead"),
    ],
    response: &[
        may("code", FieldKind::Name, "the code"),
        may("url", FieldKind::Text, "where it leads, with the code"),
        may(
            "qr",
            FieldKind::Texts,
            "the rows of the address as a QR code",
        ),
        may("expires_ms", COUNT, "until when it is good, ms since 1970"),
        may(
            "warning",
            FieldKind::Text,
            "why other devices may not reach this address",
        ),
        may(
            "cancelled",
            FieldKind::Boolean,
            "with cancel: whether that code was still good",
        ),
    ],
};

pub(super) const KEY_RENAME: ActionSpec = ActionSpec {
    name: "key.rename",
    aliases: &[],
    summary: "Calls a key something else.",
    request: &[KEY_ID, must("name", FieldKind::Name, "what to call it")],
    response: &[must("key", FieldKind::Object, KEY)],
};

pub(super) const KEY_REVOKE: ActionSpec = ActionSpec {
    name: "key.revoke",
    aliases: &[],
    summary: "Ends a key at once, and every connection it opened (close code 4403).",
    request: &[KEY_ID],
    response: &[
        must("key_id", FieldKind::Name, "the key"),
        must("name", FieldKind::Name, "what it was called"),
        must("closed", COUNT, "connections that were closed"),
    ],
};
