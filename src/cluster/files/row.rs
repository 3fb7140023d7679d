//! What is known of a file, as it travels with its message.

use serde_json::{Value, json};

use crate::{
    message::{MediaId, text_at},
    store::MediaRow,
};

/// As on the stream.
pub(in crate::cluster) fn write(row: &MediaRow) -> Value {
    json!({
        "media_id": row.id.to_string(),
        "bytes": row.bytes,
        "mime": row.mime,
        "kind": row.kind.as_str(),
        "name": row.name,
        "size": row.size,
        "seconds": row.seconds,
    })
}

/// Reads one; `None` for what another version says of a file.
pub(in crate::cluster) fn read(json: &Value) -> Option<MediaRow> {
    let small = |value: &Value| u32::try_from(value.as_u64()?).ok();
    let id: MediaId = text_at(json, "media_id")?.parse().ok()?;
    let kind = text_at(json, "kind")?.parse().ok()?;
    let row = MediaRow::new(id, json["bytes"].as_u64()?, text_at(json, "mime")?, kind);
    Some(MediaRow {
        name: text_at(json, "name").map(str::to_owned),
        size: small(&json["size"][0]).zip(small(&json["size"][1])),
        seconds: small(&json["seconds"]),
        ..row
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Kind;

    #[test]
    fn what_is_known_of_a_file_reads_back() {
        let plain = MediaRow::new(MediaId([7; 32]), 5_000_000, "video/mp4", Kind::Video);
        let full = MediaRow {
            name: Some("praia.mp4".into()),
            size: Some((640, 480)),
            seconds: Some(12),
            ..plain.clone()
        };
        for row in [plain, full] {
            assert_eq!(read(&write(&row)), Some(row));
        }
        assert_eq!(read(&json!({"media_id": "x"})), None);
    }
}
