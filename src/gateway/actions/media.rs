//! The actions about kept files, and the files of messages that clients send or hand in.

use std::{sync::Arc, time::Duration};

use data_encoding::BASE64;
use serde_json::{Value, json};

use super::{
    answer::Answer,
    lookup::{message_id, reading, routed},
};
#[cfg(feature = "nats")]
use crate::media::NotFetched;
use crate::{
    clock,
    gateway::{Gateway, permissions::Access},
    media::{About, MediaError},
    message::{
        Direction, Kind, MediaId,
        media::{FileState, files, files_mut, kept_files, media_id},
        text_at,
    },
    protocol::{
        error_code::{ErrorCode, Fault},
        payload::{Payload, bad_field},
    },
    store::{KeptMedia, MediaRow, Store, StoreError},
};

/// Files on a page unless told.
const PAGE: u64 = 50;

/// How long nobody touched a file that `media.prune` removes, unless told.
const MIN_AGE: Duration = Duration::from_secs(600);

/// Where a file may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Here, or at an address.
    Sent,
    /// Also with its service, under an id.
    Received,
}

pub(super) fn media(gateway: &Gateway, access: &Access, payload: &Payload) -> Answer {
    let access = access.clone();
    let id = payload.text("media_id").parse::<MediaId>();
    let store = gateway.store.clone();
    Answer::Later(Box::pin(async move {
        let id = id.map_err(|()| bad_id("media_id"))?;
        let row = reading(&store, move |store| store.media(id)).await?;
        let row = row.ok_or(StoreError::NoSuchFile(id))?;
        Ok(seen_json(&row, &access).to_string())
    }))
}

pub(super) fn list(gateway: &Gateway, payload: &Payload) -> Answer {
    let after = payload.optional_text("after").map(str::parse::<MediaId>);
    let limit = usize::try_from(payload.integer("limit").unwrap_or(PAGE)).unwrap_or(usize::MAX);
    let media = gateway.media.clone();
    let store = gateway.store.clone();
    Answer::Later(Box::pin(async move {
        let after = after.transpose().map_err(|()| bad_id("after"))?;
        let read = move |store: &Store| store.newest_media(after, limit);
        let rows = reading(&store, read).await?;
        let rows: Vec<Value> = rows.iter().map(row_json).collect();
        let totals = media.totals();
        let answer = json!({"media": rows, "files": totals.files, "bytes": totals.bytes, "quota": media.quota()});
        Ok(answer.to_string())
    }))
}

pub(super) fn prune(gateway: &Gateway, payload: &Payload) -> Answer {
    let min_age = payload
        .integer("min_age_s")
        .map_or(MIN_AGE, Duration::from_secs);
    let media = gateway.media.clone();
    Answer::Later(Box::pin(async move {
        let swept = media.prune(min_age).await?;
        Ok(json!({"removed": swept.files, "bytes": swept.bytes}).to_string())
    }))
}

/// Has the files of a message fetched that its service still has and we have not.
pub(super) fn fetch(gateway: &Arc<Gateway>, payload: &Payload) -> Answer {
    let id = message_id(payload, "message_id");
    let gateway = Arc::clone(gateway);
    Answer::Later(Box::pin(async move {
        let (id, store) = (id?, &gateway.store);
        let found = reading(store, move |store| store.message(id)).await?;
        let (message, _) = found.ok_or(StoreError::NotFound)?;
        if message.direction == Direction::Out {
            let text = "only the files of messages that came in are fetched";
            return Err(Fault::new(ErrorCode::Conflict, text));
        }
        routed(&gateway, &message.channel)?;
        let mut fetching = 0;
        for (at, file) in files(message.media.as_ref()).iter().enumerate() {
            if is_here(&gateway, file).await? || text_at(file, "id").is_none() {
                continue;
            }
            store.update_file(id, at, asked_for(file))?.await?;
            fetching += 1;
        }
        Ok(json!({"message_id": id.to_string(), "fetching": fetching}).to_string())
    }))
}

/// The fault of what is no id of a file.
fn bad_id(field: &str) -> Fault {
    bad_field(
        field,
        "the media_id of a kept file: 64 hexadecimal digits",
        "something else",
    )
}

/// Whether a file of a message is kept, and whole.
async fn is_here(gateway: &Gateway, file: &Value) -> Result<bool, Fault> {
    let Some(id) = media_id(file) else {
        return Ok(false);
    };
    match gateway.media.open_file(id).await {
        Ok(_) => Ok(true),
        Err(MediaError::Gone(_) | MediaError::Unknown(_)) => Ok(false),
        #[cfg(feature = "nats")]
        Err(MediaError::Elsewhere(_, NotFetched::Nowhere)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// A file that is to be fetched because somebody asks for it. When, tells whoever asks again apart from other
/// changes of its message.
fn asked_for(file: &Value) -> Value {
    let mut file = file.clone();
    file["state"] = json!(FileState::Fetching.as_str());
    file["asked"] = json!(clock::now_ms());
    if let Some(fields) = file.as_object_mut() {
        fields.remove("error");
        fields.remove("media_id");
    }
    file
}

/// What is known of a kept file.
pub(in crate::gateway) fn row_json(row: &MediaRow) -> Value {
    let mut json = json!({
        "media_id": row.id.to_string(),
        "bytes": row.bytes,
        "mime": row.mime,
        "kind": row.kind.as_str(),
        "created_ms": row.created_ms,
        "references": row.references,
    });
    if let Some(name) = &row.name {
        json["name"] = json!(name);
    }
    if row.is_elsewhere {
        json["elsewhere"] = json!(true);
    }
    if let Some((width, height)) = row.size {
        (json["width"], json["height"]) = (json!(width), json!(height));
    }
    if let Some(seconds) = row.seconds {
        json["seconds"] = json!(seconds);
    }
    json
}

/// What of a row tells of others: the name they gave it, since when and how often it is there.
const OF_OTHERS: [&str; 3] = ["name", "created_ms", "references"];

/// The same for a key: one that is limited learns what the bytes are, which it has or could have, and nothing of who
/// else has them.
pub(in crate::gateway) fn seen_json(row: &MediaRow, access: &Access) -> Value {
    let mut json = row_json(row);
    if access.limits().is_some()
        && let Some(fields) = json.as_object_mut()
    {
        fields.retain(|field, _| !OF_OTHERS.contains(&field.as_str()));
    }
    json
}

/// The same of one that was handed in just now.
pub(in crate::gateway) fn kept_json(kept: &KeptMedia, access: &Access) -> Value {
    let mut json = seen_json(&kept.row, access);
    json["sha256"] = json["media_id"].clone();
    json["duplicate"] = json!(kept.duplicate && access.limits().is_none());
    json
}

/// What a client may say of a file; what else it says is left out.
const SAID: [&str; 7] = ["kind", "media_id", "url", "data", "mime", "name", "round"];

/// The same of a file that a client hands in.
const SAID_BESIDES: [&str; 5] = ["id", "bytes", "width", "height", "seconds"];

/// Leaves out of the files of a message what a client may not say of them.
pub(super) fn leave_out(media: Option<&mut Value>, place: Place) {
    for file in files_mut(media) {
        if let Some(fields) = file.as_object_mut() {
            fields.retain(|field, _| {
                let field = field.as_str();
                SAID.contains(&field) || place == Place::Received && SAID_BESIDES.contains(&field)
            });
        }
    }
}

/// Fails where a kept file that a message names is no longer there.
pub(super) fn expect_there(gateway: &Gateway, media: Option<&Value>) -> Result<(), Fault> {
    // Another machine may have it: whoever sends the message fetches it.
    #[cfg(feature = "nats")]
    if gateway.cluster.get().is_some() {
        return Ok(());
    }
    let mut ids = kept_files(media).into_iter();
    match ids.find(|id| !gateway.media.is_there(*id)) {
        // Whether there ever was one is on the disk: only where the file is missing it is read here.
        Some(id) => Err(match gateway.store.media(id) {
            Ok(Some(_)) => MediaError::Gone(id).into(),
            Ok(None) => MediaError::Unknown(id).into(),
            Err(error) => error.into(),
        }),
        // One without a row is told by the store.
        None => Ok(()),
    }
}

/// Fails where a file of a message is in no place, or in one that a page must not open, or says what it is
/// in no known word.
pub(super) fn check(media: &Value, place: Place) -> Result<(), Fault> {
    for file in files(Some(media)) {
        check_file(file, place)?;
    }
    Ok(())
}

fn check_file(file: &Value, place: Place) -> Result<(), Fault> {
    if file.get("media_id").is_some_and(|id| !id.is_null()) && media_id(file).is_none() {
        return Err(bad_id("media.media_id"));
    }
    check_address(file)?;
    if file
        .get("data")
        .is_some_and(|data| !data.is_null() && !data.is_string())
    {
        return Err(bad_field(
            "media.data",
            "a string in base64",
            "something else",
        ));
    }
    let is_kept = media_id(file).is_some() || text_at(file, "data").is_some();
    let is_there = is_kept
        || text_at(file, "url").is_some()
        || place == Place::Received && text_at(file, "id").is_some();
    if !is_there {
        let expected = match place {
            Place::Sent => "an http or https address, unless there is media.media_id or media.data",
            Place::Received => {
                "an http or https address, unless there is media.media_id, media.data, or media.id, by which its service knows it"
            }
        };
        return Err(bad_field("media.url", expected, "left out"));
    }
    match file.get("kind").filter(|kind| !kind.is_null()) {
        None if is_kept => Ok(()),
        Some(Value::String(kind)) if kind.parse().is_ok_and(Kind::is_file) => Ok(()),
        _ => {
            let kinds = Kind::ALL.into_iter().filter(|kind| kind.is_file());
            let kinds: Vec<_> = kinds.map(Kind::as_str).collect();
            let expected = format!("one of {}", kinds.join(", "));
            Err(bad_field("media.kind", &expected, "something else"))
        }
    }
}

fn check_address(file: &Value) -> Result<(), Fault> {
    match file.get("url").map(Value::as_str) {
        None => Ok(()),
        Some(Some(url)) if url.starts_with("https://") || url.starts_with("http://") => Ok(()),
        Some(_) => Err(bad_field(
            "media.url",
            "an http or https address",
            "something else",
        )),
    }
}

/// Says of the kept files of a message what they are, where nobody did: they are shown before they are sent.
pub(super) fn put_kinds(gateway: &Gateway, media: Option<&mut Value>) {
    for file in files_mut(media) {
        if text_at(file, "kind").is_none()
            && let Some(id) = media_id(file)
            && let Ok(Some(row)) = gateway.store.media(id)
        {
            file["kind"] = json!(row.kind.as_str());
        }
    }
}

/// Whether a file of a message is in the command itself.
pub(super) fn has_data(media: Option<&Value>) -> bool {
    files(media)
        .iter()
        .any(|file| text_at(file, "data").is_some())
}

/// Keeps the files that are in the command itself; `media_id` takes the place of each.
pub(super) async fn keep_data(gateway: &Gateway, media: &mut Value) -> Result<(), Fault> {
    for file in files_mut(Some(media)) {
        let Some(Value::String(data)) = file.as_object_mut().and_then(|file| file.remove("data"))
        else {
            continue;
        };
        let bytes = BASE64.decode(data.as_bytes());
        let bytes = bytes
            .map_err(|error| bad_field("media.data", "base64 (RFC 4648 §4)", &error.to_string()))?;
        let kept = gateway
            .media
            .keep_bytes(&bytes, About::of_file(file))
            .await?;
        file["media_id"] = json!(kept.row.id.to_string());
        // What the bytes say counts more than what was said of them.
        file["mime"] = json!(kept.row.mime);
    }
    Ok(())
}
