//! Kept files: what is known of them, fetching one again, removing those that nobody needs. The bytes go over
//! HTTP: `POST /media` and `GET /media/ID`.

use crate::protocol::describe::{
    fields::{COUNT, MEDIA_ROW, MESSAGE_ID, may, must},
    shape::{ActionSpec, FieldKind},
};

pub(super) const MEDIA: ActionSpec = ActionSpec {
    name: "media",
    aliases: &[],
    summary: "What is known of a kept file. Its bytes: GET /media/ID with the token.",
    request: &[must("media_id", FieldKind::Name, "the file")],
    response: MEDIA_ROW,
};

pub(super) const MEDIA_LIST: ActionSpec = ActionSpec {
    name: "media.list",
    aliases: &[],
    summary: "The kept files, newest first.",
    request: &[
        may(
            "after",
            FieldKind::Name,
            "the media_id that the page before ended with",
        ),
        may(
            "limit",
            FieldKind::Integer(1, 1000),
            "at most this many, 50 unless told",
        ),
    ],
    response: &[
        must("media", FieldKind::Objects, "the files, each as in media"),
        must("files", COUNT, "how many are kept in all"),
        must("bytes", COUNT, "the bytes of all"),
        must("quota", COUNT, "the bytes they may have"),
    ],
};

pub(super) const MEDIA_FETCH: ActionSpec = ActionSpec {
    name: "media.fetch",
    aliases: &[],
    summary: "Fetches the files of a message from its service that are not here: again, or larger ones than it does by itself. message.media tells the outcome.",
    request: &[MESSAGE_ID],
    response: &[
        MESSAGE_ID,
        must(
            "fetching",
            COUNT,
            "how many files are being fetched; 0 where all are here",
        ),
    ],
};

pub(super) const MEDIA_PRUNE: ActionSpec = ActionSpec {
    name: "media.prune",
    aliases: &[],
    summary: "Removes the files that no message has; this happens by itself after a day.",
    request: &[may(
        "min_age_s",
        COUNT,
        "only those that nobody touched for so many seconds, 600 unless told",
    )],
    response: &[
        must("removed", COUNT, "how many files"),
        must("bytes", COUNT, "their bytes"),
    ],
};
