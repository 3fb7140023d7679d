//! Files over HTTP: taken in, handed out whole and in part, refused; and what a browser may do with them.

use serde_json::{Value, json};

use crate::support::{
    Daemon, Gateway, Raw, Scratch, Shared, assert_field, done, program, run, run_with_input,
};

/// A picture of one pixel.
const DOT: &[u8] =
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89";

fn upload_head(daemon: &Gateway, length: &str, more: &str) -> String {
    format!(
        "POST /media HTTP/1.1\r\nHost: {}\r\n{}Connection: close\r\n{length}\r\n{more}\r\n",
        daemon.address,
        daemon.authorization()
    )
}

/// Hands a file in; status and answer.
fn upload(daemon: &Gateway, bytes: &[u8], more: &str) -> (u16, Value) {
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

fn kept(daemon: &Gateway, bytes: &[u8], more: &str) -> String {
    let (status, answer) = upload(daemon, bytes, more);
    assert_eq!(status, 201, "{answer}");
    answer["media_id"].as_str().expect("an id").to_owned()
}

/// Gets a file; status, head, and as many bytes as the head announces.
fn get(daemon: &Gateway, method: &str, id: &str, more: &str) -> (u16, String, Vec<u8>) {
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

fn rest(raw: &mut Raw) -> Vec<u8> {
    let mut body = std::mem::take(&mut raw.rest);
    let _ = std::io::Read::read_to_end(&mut raw.stream, &mut body);
    body
}

fn assert_header(head: &str, line: &str) {
    assert!(head.lines().any(|one| one == line), "no {line} in {head}");
}

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
    assert_header(&head, "cache-control: private, max-age=31536000, immutable");
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

#[test]
fn a_message_takes_its_files_along() {
    let daemon = Shared::daemon();
    let id = kept(
        &daemon,
        &[DOT, b"another"].concat(),
        "Content-Disposition: attachment; filename=dot.png\r\n",
    );
    let mut raw = daemon.raw_websocket(true);
    raw.subscribe(&["message.status"]);
    let text = "data:0123456789";
    let data = data_encoding::BASE64.encode(text.as_bytes());
    let media = json!([{"media_id": id}, {"data": data, "name": "a.txt"}]);
    raw.command(
        "send",
        &json!({"channel": "webchat", "to": "media-ana", "text": "two", "media": media}),
    );
    let mut event = raw.json();
    while event["payload"]["peer"] != "media-ana" || event["action"] != "message.status" {
        event = raw.json();
    }
    let message = &event["payload"];
    let files = message["media"].as_array().expect("a list");
    assert_eq!((&message["kind"], files.len()), (&json!("image"), 2));
    assert_field(&files[0], "name", "dot.png");
    assert_field(&files[0], "mime", "image/png");
    assert_field(&files[1], "mime", "text/plain");
    assert_field(&files[1], "bytes", text.len());
    let second = files[1]["media_id"].as_str().expect("an id");
    assert_eq!(get(&daemon, "GET", second, "").2, text.as_bytes());
    let row = daemon.rpc(&format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"media","params":{{"media_id":"{id}"}}}}"#
    ));
    assert_field(&row.1["result"], "references", 1);
}

#[test]
fn a_message_with_a_file_that_is_not_kept_is_refused() {
    let daemon = Shared::daemon();
    let mut raw = daemon.raw_websocket(true);
    let mut send = |media: Value| {
        raw.call(
            "send",
            &json!({"channel": "webchat", "to": "ana", "media": media}),
        )
    };
    assert_field(
        &send(json!({"media_id": "0".repeat(64)})),
        "code",
        "not_found",
    );
    for wrong in [
        json!({"media_id": "7"}),
        json!({"media_id": 7}),
        json!({"data": 7}),
        json!({"data": "%%%"}),
        json!({"data": ""}),
        json!({"kind": "image"}),
        json!({"kind": "tape", "media_id": "0".repeat(64)}),
        json!({"url": "https://a/b"}),
        json!({"kind": "image", "url": "file:///etc/passwd"}),
        json!([]),
        json!([7]),
        json!(vec![json!({"media_id": "0".repeat(64)}); 11]),
        json!("x"),
    ] {
        assert_field(&send(wrong.clone()), "code", "bad_payload");
    }
}

#[test]
fn the_command_line_sends_and_gets_files() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let card = home.0.join("card.png");
    std::fs::write(&card, DOT).expect("written");
    let card = card.to_str().expect("UTF-8");
    let words = ["send", "-c", "webchat", "-t", "ana"];
    let sent = done(&home.0, &[&words[..], &["-f", card, "Bom dia"]].concat());
    assert!(sent.starts_with("queued m-"), "{sent}");
    let piped = ["-f", "-", "--name", "nota.ogg", "--voice", "--json"];
    let piped = program(&home.0, &[&words[..], &piped].concat());
    let piped = run_with_input(piped, "OggS and so on");
    let voice: Value = serde_json::from_slice(&piped.stdout).expect("JSON");
    let voice = voice["message_id"].as_str().expect("an id");

    let history = done(&home.0, &["history"]);
    assert!(history.contains("<image card.png> Bom dia"), "{history}");
    assert!(history.contains("<voice nota.ogg>"), "{history}");
    let got = home.0.join("got.ogg");
    let path = got.to_str().expect("UTF-8");
    done(&home.0, &["media", "get", voice, "-o", path]);
    assert_eq!(std::fs::read(&got).expect("there"), b"OggS and so on");
    let shown = done(&home.0, &["media", "get", voice, "-o", "-"]);
    assert_eq!(shown, "OggS and so on");
    let listed = done(&home.0, &["media", "list"]);
    assert!(listed.contains("card.png"), "{listed}");
    assert!(listed.contains("1 message"), "{listed}");
    let pruned = done(&home.0, &["media", "prune"]);
    assert_eq!(pruned, "removed 0 files, 0 B\n");
    let missing = ["media", "get", &"0".repeat(64), "-o", path];
    let (code, _, told) = run(program(&home.0, &missing));
    assert_eq!(code, 1);
    assert!(told.contains("no file is kept"), "{told}");
    let folder = [&words[..], &["-f", home.0.to_str().expect("UTF-8")]].concat();
    let (_, _, told) = run(program(&home.0, &folder));
    assert!(told.contains("is no file"), "{told}");
    drop(daemon);
}

#[test]
fn a_place_or_a_poll_is_sent_as_what_it_is() {
    let daemon = Shared::daemon();
    let mut raw = daemon.raw_websocket(true);
    let mut send = |kind: &str, content: Value| {
        let payload = json!({"channel": "webchat", "to": "ana", "kind": kind, "content": content});
        raw.call("send", &payload)
    };
    let place = json!({"lat": -23.55, "lng": -46.63, "name": "Sé"});
    let answer = send("location", place.clone());
    let id = answer["message_id"].as_str().expect("an id").to_owned();
    for wrong in [json!({"lat": 99, "lng": 0}), json!([])] {
        assert_field(&send("location", wrong), "code", "bad_payload");
    }
    assert_field(&send("system", place.clone()), "code", "bad_payload");
    assert_field(
        &send("poll", json!({"question": "Pizza?", "options": ["yes"]})),
        "state",
        "queued",
    );
    let stored = raw.call("message", &json!({"message_id": id}));
    assert_field(&stored["message"], "kind", "location");
    assert_field(&stored["message"], "content", place);
    assert_field(&stored["message"], "text", "[location] Sé, -23.55, -46.63");
}

#[test]
fn a_client_says_of_a_file_only_what_is_its_own_to_say() {
    let daemon = Shared::daemon();
    let id = kept(&daemon, b"only mine to say", "Content-Type: text/plain\r\n");
    let mut raw = daemon.raw_websocket(true);
    let media = json!({"media_id": id, "name": "a/b.txt", "mime": "text/html", "state": "fetching", "asked": true,
        "id": "other", "error": "<script>", "path": "/etc/passwd", "bytes": 1});
    let answer = raw.call(
        "send",
        &json!({"channel": "webchat", "to": "ana", "media": media}),
    );
    let stored = raw.call("message", &json!({"message_id": answer["message_id"]}));
    let expected = json!({"media_id": id, "name": "b.txt", "mime": "text/plain", "kind": "document", "bytes": 16});
    assert_field(&stored["message"], "media", expected);
}

#[test]
fn a_file_that_is_gone_is_not_sent() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let id = kept(&daemon, b"soon gone", "");
    if cfg!(feature = "store") {
        let place = home.0.join("media").join(&id[..2]).join(&id);
        std::fs::remove_file(place).expect("removed");
        let mut raw = daemon.raw_websocket(true);
        let media = json!({"media_id": id});
        let refused = raw.call(
            "send",
            &json!({"channel": "webchat", "to": "ana", "media": media}),
        );
        assert_field(&refused, "code", "not_found");
        assert_eq!(get(&daemon, "GET", &id, "").0, 404);
    }
}

/// The payload of the next event of this name.
fn event(raw: &mut Raw, name: &str) -> Value {
    loop {
        let mut message = raw.json();
        if message["action"] == name {
            return message["payload"].take();
        }
    }
}

#[test]
fn a_bridge_gets_the_path_of_a_file_and_hands_files_in() {
    let daemon = Shared::daemon();
    let mut bridge = daemon.raw_websocket(false);
    let client = json!({"kind": "integration", "channel": "files-bridge"});
    bridge.command("auth", &json!({"token": daemon.token, "client": client}));
    let id = kept(
        &daemon,
        b"for a bridge",
        "Content-Disposition: attachment; filename=a.txt\r\n",
    );
    let mut raw = daemon.raw_websocket(true);
    let sent = json!({"channel": "files-bridge", "to": "ana", "media": {"media_id": id}});
    raw.call("send", &sent);
    let delivery = event(&mut bridge, "deliver");
    let expected = json!({"media_id": id, "name": "a.txt", "mime": "text/plain", "kind": "document",
        "bytes": 12, "path": format!("/media/{id}")});
    assert_field(&delivery, "media", expected);
    let message = json!({"message_id": delivery["message_id"]});
    bridge.command("delivered", &message);
    assert_field(&bridge.json(), "action", "delivered");

    for media in [
        json!({"media_id": id}),
        json!({"data": data_encoding::BASE64.encode(b"from a bridge"), "name": "b.txt"}),
    ] {
        let handed_in = json!({"channel": "files-bridge", "peer": "ana", "media": media});
        bridge.command("receive", &handed_in);
        let answer = event(&mut bridge, "receive");
        let stored = raw.call("message", &json!({"message_id": answer["message_id"]}));
        let file = &stored["message"]["media"];
        let (status, _, body) = get(
            &daemon,
            "GET",
            file["media_id"].as_str().expect("an id"),
            "",
        );
        assert_eq!(
            (status, file["bytes"].as_u64()),
            (200, Some(body.len() as u64))
        );
        let fetched = raw.call("media.fetch", &json!({"message_id": answer["message_id"]}));
        assert_field(&fetched, "fetching", 0);
    }
}

#[test]
fn a_file_is_fetched_when_somebody_asks() {
    let daemon = Shared::daemon();
    let mut raw = daemon.raw_websocket(true);
    let media = json!({"kind": "image", "id": "of a service"});
    let came = raw.call(
        "receive",
        &json!({"channel": "webchat", "peer": "asking", "media": media}),
    );
    let id = came["message_id"].clone();
    let mut listener = daemon.raw_websocket(true);
    listener.subscribe(&["message.media@webchat/asking"]);
    let asked = raw.call("media.fetch", &json!({"message_id": id}));
    assert_field(&asked, "fetching", 1);
    let outcome = loop {
        let message = event(&mut listener, "message.media");
        if message["media"]["state"] != "fetching" {
            break message;
        }
    };
    assert_field(&outcome["media"], "state", "failed");
    assert_field(&outcome["media"], "error", "webchat cannot fetch files");
    let text = raw.call(
        "send",
        &json!({"channel": "webchat", "to": "asking", "text": "no file"}),
    );
    let refused = raw.call("media.fetch", &json!({"message_id": text["message_id"]}));
    assert_field(&refused, "code", "conflict");
}
