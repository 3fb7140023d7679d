//! Web push: the key that browsers subscribe with, and where their devices are told of new messages.

use crate::protocol::describe::{
    fields::{may, must},
    shape::{ActionSpec, FieldKind, FieldSpec},
};

const SUBSCRIPTION: &str = "{id, host, created_ms, key_id?, topics?, quiet?, language?, sent, last_ok_ms?, failures?, last_error?}: of the address only its host";

const ENDPOINT: &str = "the address of the device at its push service: https, outside of your network, at most 2048 bytes";

const TOPICS: FieldSpec = may(
    "topics",
    FieldKind::Names,
    "only these conversations, each CHANNEL/PEER with * for any; all that the key may see unless told",
);

pub(super) const PUSH_KEY: ActionSpec = ActionSpec {
    name: "push.key",
    aliases: &[],
    summary: "The key that a browser subscribes to push with; made on first use.",
    request: &[],
    response: &[must(
        "public_key",
        FieldKind::Name,
        "applicationServerKey of the Push API, in base64url",
    )],
};

pub(super) const PUSH_SUBSCRIBE: ActionSpec = ActionSpec {
    name: "push.subscribe",
    aliases: &[],
    summary: "Tells a device of new messages while its page is closed, until the key ends. The same address again replaces.",
    request: &[
        must("endpoint", FieldKind::Text, ENDPOINT),
        must(
            "keys",
            FieldKind::Object,
            "{p256dh, auth}, as PushSubscription.toJSON() gives them",
        ),
        TOPICS,
        may(
            "quiet",
            FieldKind::Object,
            "{from: \"22:00\", until: \"07:00\", offset_minutes: -180}: hours of no push, and how far the device's clock is ahead of UTC",
        ),
        may(
            "language",
            FieldKind::Name,
            "of the device, such as pt-BR; each push brings it back",
        ),
    ],
    response: &[must("subscription", FieldKind::Object, SUBSCRIPTION)],
};

pub(super) const PUSH_UNSUBSCRIBE: ActionSpec = ActionSpec {
    name: "push.unsubscribe",
    aliases: &[],
    summary: "Ends a subscription to push, by its address or by its id.",
    request: &[
        may("endpoint", FieldKind::Text, "its address"),
        may("id", FieldKind::Name, "or its id, as p-3"),
    ],
    response: &[must(
        "removed",
        FieldKind::Boolean,
        "false where there was none",
    )],
};

pub(super) const PUSH_LIST: ActionSpec = ActionSpec {
    name: "push.list",
    aliases: &[],
    summary: "The subscriptions to push: of the key, and for the owner all.",
    request: &[],
    response: &[must("subscriptions", FieldKind::Objects, SUBSCRIPTION)],
};
