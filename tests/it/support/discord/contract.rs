//! What the service takes and tells, as facts: of each call and event that is used here, its fields, their types and
//! bounds. A request of ours and an event of a test that do not fit fail the test, so that the fake is not all that
//! they are held against.
//!
//! Sources: `specs/openapi.json` of github.com/discord/discord-api-spec at 74fda0f (MIT; the names of its schemas stand
//! beside the tables), and for the gateway, which that does not describe, `developers/events/gateway-events.mdx`
//! and the pages of resources of github.com/discord/discord-api-docs at c98d64b. Where the two differ the narrower one is
//! taken: the specification allows texts of 4,000 characters, the documentation says 2,000 for bots.

use super::shape::{Field, Shape};

use Shape::{Any, Bool, FileId, Id, Int, List, Nullable, Number, Object, OneOf, Text, Time};

const MUST: bool = true;
const MAY: bool = false;
const INT32: Shape = Int(0, 2_147_483_647);
const WORDS: Shape = Text(0, 6000);

/// A call: its method and path, the fields of its query, and those of its body.
pub(super) type Call = (
    &'static str,
    &'static str,
    &'static [Field],
    &'static [Field],
);

/// The calls that are made.
pub(super) const CALLS: &[Call] = &[
    ("GET", "/gateway/bot", &[], &[]),
    ("GET", "/users/@me", &[], &[]),
    ("GET", "/applications/@me", &[], &[]),
    ("GET", "/channels/{id}", &[], &[]),
    ("GET", "/channels/{id}/messages/{id}", &[], &[]),
    (
        "GET",
        "/channels/{id}/messages",
        &[("after", MAY, Id), ("limit", MAY, Int(1, 100))],
        &[],
    ),
    (
        "POST",
        "/channels/{id}/messages",
        &[],
        MESSAGE_CREATE_REQUEST,
    ),
    ("POST", "/channels/{id}/typing", &[], &[]),
    (
        "POST",
        "/users/@me/channels",
        &[],
        &[("recipient_id", MUST, Id)],
    ),
    (
        "PUT",
        "/channels/{id}/messages/{id}/reactions/{emoji}/@me",
        &[],
        &[],
    ),
    (
        "DELETE",
        "/channels/{id}/messages/{id}/reactions/{emoji}/@me",
        &[],
        &[],
    ),
];

/// `MessageCreateRequest`.
const MESSAGE_CREATE_REQUEST: &[Field] = &[
    ("content", MAY, Text(1, 2000)),
    ("nonce", MAY, Text(1, 25)),
    ("enforce_nonce", MAY, Bool),
    ("tts", MAY, Bool),
    ("allowed_mentions", MAY, Object(ALLOWED_MENTIONS)),
    ("message_reference", MAY, Object(MESSAGE_REFERENCE_REQUEST)),
    ("sticker_ids", MAY, List(&Id, 3)),
    ("attachments", MAY, List(&Object(ATTACHMENT_REQUEST), 10)),
    ("flags", MAY, INT32),
    ("poll", MAY, Object(POLL_REQUEST)),
];

/// `MessageAllowedMentionsRequest`.
const ALLOWED_MENTIONS: &[Field] = &[
    (
        "parse",
        MAY,
        List(&OneOf(&["users", "roles", "everyone"]), 3),
    ),
    ("users", MAY, List(&Id, 100)),
    ("roles", MAY, List(&Id, 100)),
    ("replied_user", MAY, Bool),
];

/// `MessageReferenceRequest`.
const MESSAGE_REFERENCE_REQUEST: &[Field] = &[
    ("type", MAY, Int(0, 1)),
    ("message_id", MUST, Id),
    ("channel_id", MAY, Id),
    ("guild_id", MAY, Id),
    ("fail_if_not_exists", MAY, Bool),
];

/// `MessageAttachmentRequest`.
const ATTACHMENT_REQUEST: &[Field] = &[
    ("id", MUST, FileId),
    ("filename", MAY, Text(1, 1024)),
    ("title", MAY, Text(0, 1024)),
    ("description", MAY, Text(0, 1024)),
    ("duration_secs", MAY, Number(0.0, 2_147_483_647.0)),
    ("waveform", MAY, Text(0, 400)),
    ("is_spoiler", MAY, Bool),
];

/// `PollCreateRequest`; the bounds of the answers are the documentation's.
const POLL_REQUEST: &[Field] = &[
    ("question", MUST, Object(&[("text", MUST, Text(1, 300))])),
    ("answers", MUST, List(&Object(POLL_ANSWER_REQUEST), 10)),
    ("duration", MAY, Int(1, 768)),
    ("allow_multiselect", MAY, Bool),
    ("layout_type", MAY, Int(1, 1)),
];

const POLL_ANSWER_REQUEST: &[Field] =
    &[("poll_media", MUST, Object(&[("text", MUST, Text(1, 55))]))];

/// What we say on the gateway, by opcode.
pub(super) const SAID: &[(u64, Shape)] = &[
    (1, Nullable(&INT32)),
    (2, Object(IDENTIFY)),
    (6, Object(RESUME)),
];

const IDENTIFY: &[Field] = &[
    ("token", MUST, WORDS),
    ("intents", MUST, Int(0, (1 << 26) - 1)),
    (
        "properties",
        MUST,
        Object(&[
            ("os", MUST, WORDS),
            ("browser", MUST, WORDS),
            ("device", MUST, WORDS),
        ]),
    ),
    ("compress", MAY, Bool),
    ("large_threshold", MAY, Int(50, 250)),
];

const RESUME: &[Field] = &[
    ("token", MUST, WORDS),
    ("session_id", MUST, WORDS),
    ("seq", MUST, INT32),
];

/// The events that tests tell, each with its data.
pub(super) const EVENTS: &[(&str, &[Field])] = &[
    ("READY", READY),
    ("RESUMED", &[]),
    ("MESSAGE_CREATE", MESSAGE),
    ("MESSAGE_UPDATE", MESSAGE),
    ("MESSAGE_DELETE", &[("id", MUST, Id), CHANNEL, GUILD]),
    (
        "MESSAGE_DELETE_BULK",
        &[("ids", MUST, List(&Id, 100)), CHANNEL, GUILD],
    ),
    ("MESSAGE_REACTION_ADD", REACTION),
    ("MESSAGE_REACTION_REMOVE", REACTION),
    ("MESSAGE_REACTION_REMOVE_ALL", &[CHANNEL, MESSAGE_ID, GUILD]),
    (
        "MESSAGE_REACTION_REMOVE_EMOJI",
        &[CHANNEL, MESSAGE_ID, GUILD, ("emoji", MUST, Object(EMOJI))],
    ),
    ("MESSAGE_POLL_VOTE_ADD", VOTE),
    ("MESSAGE_POLL_VOTE_REMOVE", VOTE),
    (
        "TYPING_START",
        &[
            CHANNEL,
            GUILD,
            USER_ID,
            ("timestamp", MUST, INT32),
            ("member", MAY, Any),
        ],
    ),
    ("GUILD_CREATE", GUILD_CREATE),
    (
        "GUILD_DELETE",
        &[("id", MUST, Id), ("unavailable", MAY, Bool)],
    ),
    ("THREAD_CREATE", THREAD),
    ("THREAD_UPDATE", THREAD),
    (
        "THREAD_DELETE",
        &[
            ("id", MUST, Id),
            ("guild_id", MUST, Id),
            ("parent_id", MUST, Id),
            ("type", MUST, Int(10, 12)),
        ],
    ),
];

const CHANNEL: Field = ("channel_id", MUST, Id);
const GUILD: Field = ("guild_id", MAY, Id);
const MESSAGE_ID: Field = ("message_id", MUST, Id);
const USER_ID: Field = ("user_id", MUST, Id);

const READY: &[Field] = &[
    ("v", MUST, Int(10, 10)),
    ("user", MUST, Object(USER)),
    ("guilds", MUST, List(&Any, 2500)),
    ("session_id", MUST, WORDS),
    ("resume_gateway_url", MUST, WORDS),
    ("application", MUST, Any),
];

/// `MessageResponse`, with what the gateway adds.
const MESSAGE: &[Field] = &[
    ("id", MUST, Id),
    CHANNEL,
    GUILD,
    ("channel_type", MAY, Int(0, 16)),
    ("member", MAY, Any),
    ("author", MUST, Object(USER)),
    ("type", MUST, Int(0, 46)),
    ("content", MUST, Text(0, 4000)),
    ("mentions", MUST, List(&Object(USER), 100)),
    ("mention_roles", MUST, List(&Id, 100)),
    ("mention_everyone", MUST, Bool),
    ("attachments", MUST, List(&Object(ATTACHMENT), 10)),
    ("embeds", MUST, List(&Any, 10)),
    ("components", MUST, List(&Any, 40)),
    ("timestamp", MUST, Time),
    ("edited_timestamp", MUST, Nullable(&Time)),
    ("flags", MUST, INT32),
    ("pinned", MUST, Bool),
    ("tts", MUST, Bool),
    ("nonce", MAY, Text(0, 25)),
    ("webhook_id", MAY, Id),
    ("message_reference", MAY, Object(MESSAGE_REFERENCE)),
    ("referenced_message", MAY, Any),
    ("message_snapshots", MAY, List(&Any, 1)),
    ("sticker_items", MAY, List(&Object(STICKER_ITEM), 3)),
    ("poll", MAY, Object(POLL)),
    ("reactions", MAY, List(&Any, 20)),
    ("interaction_metadata", MAY, Any),
    ("activity", MAY, Any),
    ("application", MAY, Any),
    ("call", MAY, Any),
    ("position", MAY, INT32),
    ("role_subscription_data", MAY, Any),
    ("shared_client_theme", MAY, Any),
];

/// `UserResponse`.
const USER: &[Field] = &[
    ("id", MUST, Id),
    ("username", MUST, WORDS),
    ("discriminator", MUST, WORDS),
    ("global_name", MUST, Nullable(&WORDS)),
    ("avatar", MUST, Nullable(&WORDS)),
    ("bot", MAY, Bool),
    ("member", MAY, Any),
];

/// `MessageAttachmentResponse`.
const ATTACHMENT: &[Field] = &[
    ("id", MUST, Id),
    ("filename", MUST, WORDS),
    ("size", MUST, INT32),
    ("url", MUST, WORDS),
    ("proxy_url", MUST, WORDS),
    ("content_type", MAY, WORDS),
    ("width", MAY, INT32),
    ("height", MAY, INT32),
    ("duration_secs", MAY, Number(0.0, 1e9)),
    ("waveform", MAY, WORDS),
    ("flags", MAY, INT32),
];

/// `MessageReferenceResponse`.
const MESSAGE_REFERENCE: &[Field] = &[
    ("type", MUST, Int(0, 1)),
    CHANNEL,
    ("message_id", MAY, Id),
    GUILD,
];

/// `MessageStickerItemResponse`.
const STICKER_ITEM: &[Field] = &[
    ("id", MUST, Id),
    ("name", MUST, WORDS),
    ("format_type", MUST, Int(1, 4)),
];

/// `PollResponse`; `results` may be left out, says the documentation.
const POLL: &[Field] = &[
    ("question", MUST, Object(&[("text", MUST, WORDS)])),
    (
        "answers",
        MUST,
        List(
            &Object(&[("answer_id", MUST, INT32), ("poll_media", MUST, Any)]),
            10,
        ),
    ),
    ("expiry", MUST, Nullable(&Time)),
    ("allow_multiselect", MUST, Bool),
    ("layout_type", MUST, Int(1, 1)),
    ("results", MAY, Any),
];

const REACTION: &[Field] = &[
    USER_ID,
    CHANNEL,
    MESSAGE_ID,
    GUILD,
    ("member", MAY, Any),
    ("emoji", MUST, Object(EMOJI)),
    ("message_author_id", MAY, Id),
    ("burst", MUST, Bool),
    ("burst_colors", MAY, List(&WORDS, 10)),
    ("type", MUST, Int(0, 1)),
];

const EMOJI: &[Field] = &[
    ("id", MUST, Nullable(&Id)),
    ("name", MUST, Nullable(&WORDS)),
    ("animated", MAY, Bool),
];

const VOTE: &[Field] = &[
    USER_ID,
    CHANNEL,
    MESSAGE_ID,
    GUILD,
    ("answer_id", MUST, INT32),
];

/// A guild object with what the gateway adds; only what is read here is looked at.
const GUILD_CREATE: &[Field] = &[
    ("id", MUST, Id),
    ("name", MUST, Text(2, 100)),
    ("roles", MUST, List(&Any, 250)),
    ("channels", MUST, List(&Any, 500)),
    ("threads", MUST, List(&Any, 1000)),
    ("members", MUST, List(&Any, 1000)),
    ("emojis", MUST, List(&Any, 1000)),
    ("member_count", MUST, INT32),
    ("joined_at", MUST, Time),
    ("large", MUST, Bool),
];

/// `ThreadResponse`.
const THREAD: &[Field] = &[
    ("id", MUST, Id),
    ("type", MUST, Int(10, 12)),
    ("guild_id", MUST, Id),
    ("parent_id", MUST, Id),
    ("name", MUST, WORDS),
    ("owner_id", MUST, Id),
    ("thread_metadata", MUST, Any),
    ("message_count", MUST, INT32),
    ("member_count", MUST, INT32),
    ("newly_created", MAY, Bool),
];

#[test]
fn what_does_not_fit_is_found() {
    use serde_json::json;

    use super::shape::misfits_of_fields;

    let (_, _, _, request) = CALLS
        .iter()
        .find(|(method, path, ..)| (*method, *path) == ("POST", "/channels/{id}/messages"))
        .expect("there");
    for (body, wrong) in [
        (json!({"content": "x".repeat(2001)}), "content"),
        (json!({"contents": "x"}), "no such field"),
        (json!({"nonce": "x".repeat(26)}), "nonce"),
        (json!({"message_reference": {}}), "message_id is missing"),
        (json!({"allowed_mentions": {"parse": ["all"]}}), "parse[0]"),
        (json!({"allowed_mentions": {"users": [7]}}), "users[0]"),
        (
            json!({"poll": {"question": {"text": "x"}, "answers": [{"poll_media": {"text": "x".repeat(56)}}]}}),
            "answers[0]",
        ),
    ] {
        let mut found = Vec::new();
        misfits_of_fields(&body, request, "body", &mut found);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains(wrong), "{found:?}");
    }
    let mut found = Vec::new();
    let fits = json!({"content": "x", "nonce": "n", "enforce_nonce": true});
    misfits_of_fields(&fits, request, "body", &mut found);
    assert!(found.is_empty(), "{found:?}");
}
