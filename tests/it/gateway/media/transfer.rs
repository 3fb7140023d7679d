//! Files taken in, handed out whole and in part, refused; and what a browser may do with them.

use serde_json::{Value, json};

use super::{DOT, assert_header, get, kept, rest, upload, upload_head};
use crate::support::{Daemon, Raw, Scratch, Shared, assert_field};

#[test]
fn a_picture_goes_in_and_comes_out() {
    let daemon = Shared::daemon();
    let more =
        "Content-Type: image/png\r\nContent-Disposition: attachment; filename=\"../a b.png\"\r\n";
    let (status, answer) = upload(&daemon, DOT, more);
    assert_eq!(status, 201, "{answer}");
    for (field, value) in [
        ("mime", json!("image/png")),
        ("name", json!("a b.png")),
        ("kind", json!("image")),
        ("bytes", json!(DOT.len())),
        ("width", json!(1)),
        ("sha256", answer["media_id"].clone()),
    ] {
        assert_field(&answer, field, value);
    }
    let id = answer["media_id"].as_str().expect("an id");
    let (status, head, body) = get(&daemon, "GET", id, "");
    assert_eq!((status, &body[..]), (200, DOT));
    assert_header(&head, "content-type: image/png");
    assert_header(&head, "content-disposition: inline; filename=\"a b.png\"");
    assert_header(&head, &format!("etag: \"{id}\""));
    assert_header(&head, "cache-control: private, no-cache");
    assert_header(&head, "x-content-type-options: nosniff");
    let (status, head, body) = get(&daemon, "HEAD", id, "");
    assert_eq!((status, body.len()), (200, 0));
    assert_header(&head, &format!("content-length: {}", DOT.len()));
    assert!(upload(&daemon, DOT, "").1["duplicate"] == true);
}

#[test]
fn parts_of_a_file_come_alone() {
    let daemon = Shared::daemon();
    let bytes: Vec<u8> = (0..200_000u32).map(|n| n.to_le_bytes()[0]).collect();
    let id = kept(&daemon, &bytes, "");
    let (status, head, body) = get(&daemon, "GET", &id, "Range: bytes=70000-140000\r\n");
    assert_eq!((status, &body[..]), (206, &bytes[70_000..=140_000]));
    assert_header(&head, "content-range: bytes 70000-140000/200000");
    let (status, _, body) = get(&daemon, "GET", &id, "Range: bytes=-5\r\n");
    assert_eq!((status, &body[..]), (206, &bytes[199_995..]));
    let (status, head, _) = get(&daemon, "GET", &id, "Range: bytes=200000-\r\n");
    assert_eq!(status, 416);
    assert_header(&head, "content-range: bytes */200000");
    let other = "Range: bytes=0-1\r\nIf-Range: \"other\"\r\n";
    assert_eq!(get(&daemon, "GET", &id, other).2.len(), 200_000);
    let known = format!("If-None-Match: \"{id}\"\r\n");
    let (status, _, body) = get(&daemon, "GET", &id, &known);
    assert_eq!((status, body.len()), (304, 0));
}

#[test]
fn what_could_run_in_a_browser_is_only_saved() {
    let daemon = Shared::daemon();
    for (bytes, mime) in [
        (&b"<script>alert(1)</script>"[..], "text/html"),
        (
            b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
            "image/svg+xml",
        ),
        (b"%PDF-1.7", "application/pdf"),
    ] {
        let id = kept(&daemon, bytes, &format!("Content-Type: {mime}\r\n"));
        let (_, head, _) = get(&daemon, "GET", &id, "");
        assert_header(&head, &format!("content-type: {mime}"));
        assert_header(&head, "content-disposition: attachment");
        assert_header(
            &head,
            "content-security-policy: default-src 'none'; sandbox",
        );
        assert_header(&head, "cross-origin-resource-policy: same-origin");
    }
    let lie = kept(
        &daemon,
        b"<script>alert(2)</script>",
        "Content-Type: image/png\r\n",
    );
    let (_, head, _) = get(&daemon, "GET", &lie, "");
    assert_header(&head, "content-type: application/octet-stream");
}

#[test]
fn files_need_the_token_and_an_id_of_ours() {
    let daemon = Shared::daemon();
    let id = kept(&daemon, DOT, "");
    let path = format!("/media/{id}");
    assert_eq!(daemon.get("GET", &path, "").0, 401);
    assert_eq!(daemon.post("/media", "", "abc").0, 401);
    assert_eq!(daemon.get("DELETE", &path, &daemon.authorization()).0, 405);
    assert_eq!(daemon.get("GET", "/media", &daemon.authorization()).0, 405);
    let foreign = format!("{}Origin: https://evil.example\r\n", daemon.authorization());
    assert_eq!(daemon.get("GET", &path, &foreign).0, 403);
    for wrong in [
        "0".repeat(64),
        "../../.env".to_owned(),
        "..%2f..%2f.env".to_owned(),
        id.to_uppercase(),
        format!("{id}/thumb"),
        String::new(),
    ] {
        assert_eq!(get(&daemon, "GET", &wrong, "").0, 404, "{wrong}");
    }
}

#[test]
fn names_with_folders_controls_or_no_end_are_cleaned() {
    let daemon = Shared::daemon();
    let long = "a".repeat(5_000);
    for (n, (name, cleaned)) in [
        ("..%2F..%2Fx.png", json!("x.png")),
        ("a%00b%0D%0Ac.png", json!("abc.png")),
        ("%E2%80%AEgnp.exe", json!("gnp.exe")),
        ("..", Value::Null),
        (&long, json!("a".repeat(255))),
    ]
    .into_iter()
    .enumerate()
    {
        let more = format!("Content-Disposition: attachment; filename*=UTF-8''{name}\r\n");
        let bytes = format!("file of a name {n}");
        let (status, answer) = upload(&daemon, bytes.as_bytes(), &more);
        assert_eq!((status, &answer["name"]), (201, &cleaned), "{name}");
    }
}

#[test]
fn what_is_too_large_is_refused_before_its_body() {
    let home = Scratch::new();
    let daemon = Daemon::start_with(&home.0, &[("MAX_MEDIA_BYTES", "100000")]);
    let mut raw = daemon.raw();
    let more = "Expect: 100-continue\r\n";
    raw.send(upload_head(&daemon, "Content-Length: 100001", more).as_bytes());
    assert_eq!(raw.head().0, 413, "no 100 before it");
    let mut raw = daemon.raw();
    raw.send(upload_head(&daemon, "Content-Length: 3", more).as_bytes());
    assert_eq!(raw.head().0, 100);
    raw.send(b"abc");
    assert_eq!(raw.head().0, 201);
    let mut raw = daemon.raw();
    raw.send(upload_head(&daemon, "Transfer-Encoding: chunked", "").as_bytes());
    for _ in 0..11 {
        raw.send(b"2710\r\n");
        raw.send(&[b'x'; 10_000]);
        raw.send(b"\r\n");
    }
    assert_eq!(raw.head().0, 413);
}

#[test]
fn what_breaks_off_or_comes_too_slowly_leaves_nothing() {
    let home = Scratch::new();
    let daemon = Daemon::start_with(&home.0, &[("BODY_TIMEOUT_MS", "300")]);
    let mut slow = daemon.raw();
    slow.send(upload_head(&daemon, "Content-Length: 100", "").as_bytes());
    slow.send(b"half");
    assert_eq!(slow.head().0, 408);
    let mut short = daemon.raw();
    short.send(upload_head(&daemon, "Content-Length: 100", "").as_bytes());
    short.send(b"half");
    short
        .stream
        .shutdown(std::net::Shutdown::Write)
        .expect("shut");
    let _ = rest(&mut short);
    let empty = upload(&daemon, b"", "");
    assert_eq!(empty.0, 400, "{}", empty.1);
    let listed = daemon
        .rpc(r#"{"jsonrpc":"2.0","id":1,"method":"media.list"}"#)
        .1;
    assert_field(&listed["result"], "files", 0);
    if cfg!(feature = "store") {
        let incoming = home.0.join("media/incoming");
        assert_eq!(std::fs::read_dir(incoming).expect("there").count(), 0);
    }
}

#[test]
fn uploads_without_a_token_hold_nobody_up() {
    let daemon = Shared::daemon();
    let mut uploads: Vec<Raw> = (0..65).map(|_| daemon.raw()).collect();
    for raw in &mut uploads {
        let host = daemon.address;
        let head =
            format!("POST /media HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1000000\r\n\r\n");
        raw.send(head.as_bytes());
    }
    kept(&daemon, b"the owner's", "");
    for raw in &mut uploads {
        assert_eq!(raw.head().0, 401);
    }
}
