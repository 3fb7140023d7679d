//! Files: over HTTP (`transfer`), and in messages (`messages`).

mod messages;
mod transfer;

use serde_json::Value;

use crate::support::{Gateway, Raw};

/// A picture of one pixel.
pub(super) const DOT: &[u8] =
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89";

pub(super) fn upload_head(daemon: &Gateway, length: &str, more: &str) -> String {
    format!(
        "POST /media HTTP/1.1\r\nHost: {}\r\n{}Connection: close\r\n{length}\r\n{more}\r\n",
        daemon.address,
        daemon.authorization()
    )
}

/// Hands a file in; status and answer.
pub(super) fn upload(daemon: &Gateway, bytes: &[u8], more: &str) -> (u16, Value) {
    let mut raw = daemon.raw();
    let length = format!("Content-Length: {}", bytes.len());
    raw.send(upload_head(daemon, &length, more).as_bytes());
    raw.send(bytes);
    let (status, _) = raw.head();
    (
        status,
        serde_json::from_str(&raw.body()).unwrap_or_default(),
    )
}

pub(super) fn kept(daemon: &Gateway, bytes: &[u8], more: &str) -> String {
    let (status, answer) = upload(daemon, bytes, more);
    assert_eq!(status, 201, "{answer}");
    answer["media_id"].as_str().expect("an id").to_owned()
}

/// Gets a file; status, head, and as many bytes as the head announces.
pub(super) fn get(daemon: &Gateway, method: &str, id: &str, more: &str) -> (u16, String, Vec<u8>) {
    let mut raw = daemon.raw();
    let more = format!("{}{more}", daemon.authorization());
    let request = format!(
        "{method} /media/{id} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{more}\r\n",
        daemon.address
    );
    raw.send(request.as_bytes());
    let (status, head) = raw.head();
    (status, head, rest(&mut raw))
}

pub(super) fn rest(raw: &mut Raw) -> Vec<u8> {
    let mut body = std::mem::take(&mut raw.rest);
    let _ = std::io::Read::read_to_end(&mut raw.stream, &mut body);
    body
}

pub(super) fn assert_header(head: &str, line: &str) {
    assert!(head.lines().any(|one| one == line), "no {line} in {head}");
}
