//! The bytes of a kept file as a model can take them in: a picture, a sound, a text, or bytes in base64.
//! Larger files are an address.

use std::{io::Read as _, sync::Arc, time::Duration};

use data_encoding::BASE64;
use serde_json::{Value, json};
use tokio::{sync::Semaphore, time::timeout};

use crate::{
    gateway::{Gateway, mcp::exchange::Called},
    media::{MediaError, OpenFile},
    message::MediaId,
    panics::run_blocking,
    protocol::error_code::{ErrorCode, Fault},
};

/// The largest file that an answer contains, in bytes.
const MAX_INCLUDED: u64 = 3 << 20;

/// Files in answers that are not yet sent: each is in memory twice.
const MAX_AT_A_TIME: usize = 4;

/// How long a file waits for its turn.
const TURN: Duration = Duration::from_secs(30);

/// Pictures that models look at.
const PICTURES: [&str; 4] = ["image/png", "image/jpeg", "image/gif", "image/webp"];

/// What is known of a file (`row`), where it is, and its bytes where they are few.
pub(super) async fn handed_out(
    gateway: &Arc<Gateway>,
    base: &str,
    mut row: Value,
) -> Result<Called, Fault> {
    let id = row["media_id"].as_str().unwrap_or_default().to_owned();
    let bytes = row["bytes"].as_u64().unwrap_or(u64::MAX);
    let url = format!("{base}/media/{id}");
    row["url"] = json!(url);
    row["included"] = json!(bytes <= MAX_INCLUDED);
    if bytes > MAX_INCLUDED {
        let text = format!(
            "The file has {bytes} bytes, more than the {MAX_INCLUDED} that an answer contains. \
             Get it with GET {url} and the header Authorization: Bearer TOKEN."
        );
        let more = vec![json!({"type": "text", "text": text})];
        return Ok(Called {
            more,
            ..Called::from(row)
        });
    }
    let files = gateway
        .mcp
        .files
        .get_or_init(|| Arc::new(Semaphore::new(MAX_AT_A_TIME)));
    let turn = timeout(TURN, Arc::clone(files).acquire_owned()).await;
    let Ok(Ok(turn)) = turn else {
        let text = "too many files are being handed out; try again";
        return Err(Fault::new(ErrorCode::RateLimited, text).retry_after(1_000));
    };
    let mime = row["mime"].as_str().unwrap_or_default();
    let shown = content(mime, &url, read(gateway, &id).await?);
    Ok(Called {
        more: vec![shown],
        on_sent: Some(Box::new(move || drop(turn))),
        ..Called::from(row)
    })
}

async fn read(gateway: &Gateway, id: &str) -> Result<Vec<u8>, Fault> {
    let unknown = |()| Fault::new(ErrorCode::NotFound, "there is no such file");
    let id = id.parse::<MediaId>().map_err(unknown)?;
    let OpenFile { mut file, .. } = gateway.media.open_file(id).await?;
    let read = run_blocking(move || {
        let mut bytes = Vec::new();
        file.by_ref().take(MAX_INCLUDED).read_to_end(&mut bytes)?;
        Ok::<_, std::io::Error>(bytes)
    });
    let failed = |why: String| Fault::from(MediaError::Disk(why));
    read.await
        .map_err(failed)?
        .map_err(|error| failed(error.to_string()))
}

fn content(mime: &str, url: &str, bytes: Vec<u8>) -> Value {
    if PICTURES.contains(&mime) {
        return json!({"type": "image", "data": BASE64.encode(&bytes), "mimeType": mime});
    }
    if mime.starts_with("audio/") {
        return json!({"type": "audio", "data": BASE64.encode(&bytes), "mimeType": mime});
    }
    let is_text = mime.starts_with("text/") || mime == "application/json";
    let resource = match String::from_utf8(bytes) {
        Ok(text) if is_text => json!({"uri": url, "mimeType": mime, "text": text}),
        Ok(text) => json!({"uri": url, "mimeType": mime, "blob": BASE64.encode(text.as_bytes())}),
        Err(bytes) => {
            json!({"uri": url, "mimeType": mime, "blob": BASE64.encode(bytes.as_bytes())})
        }
    };
    json!({"type": "resource", "resource": resource})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_is_what_a_model_can_take_in() {
        for (mime, kind, field) in [
            ("image/png", "image", None),
            ("image/svg+xml", "resource", Some("blob")),
            ("audio/ogg", "audio", None),
            ("text/plain", "resource", Some("text")),
            ("application/json", "resource", Some("text")),
            ("application/pdf", "resource", Some("blob")),
        ] {
            let shown = content(mime, "http://a/media/1", b"abc".to_vec());
            assert_eq!(shown["type"], kind, "{mime}");
            if let Some(field) = field {
                assert!(shown["resource"][field].is_string(), "{mime}: {shown}");
            }
        }
        let broken = content("text/plain", "http://a/media/1", vec![0xFF]);
        assert_eq!(broken["resource"]["blob"], "/w==");
    }
}
