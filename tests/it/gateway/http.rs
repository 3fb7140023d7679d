//! Plain HTTP: the page, health, metrics, `POST /rpc`, and limits of requests.

use serde_json::json;

use crate::support::{Daemon, Scratch, Shared, assert_fields, daemon_command, done};

#[test]
fn paths_answer_only_their_methods() {
    let daemon = Shared::daemon();
    for (method, path, more, expected) in [
        ("GET", "/", "", 200),
        ("HEAD", "/", "", 200),
        ("POST", "/", "", 405),
        ("GET", "/healthz", "", 200),
        ("HEAD", "/healthz", "", 200),
        ("GET", "/readyz", "", 200),
        ("GET", "/metrics", "", 401),
        ("GET", "/metrics", &daemon.authorization(), 200),
        ("GET", "/rpc", &daemon.authorization(), 405),
        ("POST", "/rpc", "", 401),
        ("GET", "/ws", "", 426),
        ("GET", "/.env", "", 404),
        ("GET", "/../.env", "", 404),
    ] {
        let (status, head, body) = daemon.get(method, path, more);
        assert_eq!(status, expected, "{method} {path}\n{head}{body}");
        assert!(head.contains("x-content-type-options: nosniff"), "{head}");
        assert_eq!(head.contains("allow: "), status == 405, "{head}");
        assert_eq!(body.is_empty(), method == "HEAD", "{method} {path}");
    }
}

#[test]
fn a_flood_of_refused_webhooks_is_one_line_of_the_log() {
    let home = Scratch::new();
    let mut command = daemon_command(&home.0);
    for (key, value) in [
        ("TOKEN", "token"),
        ("PHONE_ID", "1"),
        ("APP_SECRET", "secret-0123456789"),
        ("BASE_URL", "http://127.0.0.1:9"),
    ] {
        command.env(format!("WHATSAPP_CLOUD_{key}"), value);
    }
    let daemon = Daemon::from_command(command, &home.0);
    for _ in 0..50 {
        let (status, answer) = daemon.post("/webhooks/whatsapp-cloud", "", "{}");
        assert_eq!(status, 403, "{answer}");
    }
    let logged = done(&home.0, &["logs"]);
    let lines = logged.matches("a webhook was refused").count();
    assert_eq!(lines, 1, "{logged}");
    assert!(logged.contains(" ready "), "{logged}");
}

/// The value of a header; the head is in lower case.
fn value<'h>(head: &'h str, name: &str) -> &'h str {
    let prefix = format!("{name}: ");
    let line = head.lines().find_map(|line| line.strip_prefix(&prefix));
    line.unwrap_or_else(|| panic!("no {name} in {head}"))
}

/// The files of the page on disk, each with the path it is served at.
fn files_of_the_page() -> Vec<(String, Vec<u8>)> {
    let root = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/web"));
    let (mut found, mut folders) = (Vec::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder of the page") {
            let file = entry.expect("an entry").path();
            if file.is_dir() {
                folders.push(file);
                continue;
            }
            let inside = file.strip_prefix(root).expect("inside").to_string_lossy();
            let content = std::fs::read(&file).expect("a file");
            found.push((format!("/{}", inside.replace('\\', "/")), content));
        }
    }
    found
}

#[test]
fn page_files_are_cached_by_etag() {
    let daemon = Shared::daemon();
    let mut files = files_of_the_page();
    let index = files.iter().find(|(path, _)| path == "/index.html");
    let index = index.expect("the page itself").1.clone();
    files.push(("/".to_owned(), index));
    for (path, content) in files {
        let (status, head, whole) = daemon.get("GET", &path, "");
        assert_eq!(status, 200, "{path}: {head}");
        // The worker is filled in with the hashes of all others.
        let is_worker = path == "/sw.js";
        let as_text = String::from_utf8_lossy(&content);
        // The scripts of the first page are one, and each of them leads to it.
        let is_script = path.rsplit_once('.').is_some_and(|(_, end)| end == "js") && !is_worker;
        let is_joined = path == "/app.js" || (is_script && whole.starts_with("import { "));
        assert!(is_worker || is_joined || whole == as_text, "{path}");
        let expected = match path.rsplit_once('.').map(|(_, extension)| extension) {
            Some("js") => "text/javascript; charset=utf-8",
            Some("css") => "text/css; charset=utf-8",
            Some("svg") => "image/svg+xml",
            Some("png") => "image/png",
            Some("webmanifest") => "application/manifest+json",
            _ => "text/html; charset=utf-8",
        };
        assert_eq!(value(&head, "content-type"), expected, "{path}");

        let bytes = if is_worker || is_joined {
            whole.len()
        } else {
            content.len()
        };
        let length = bytes.to_string();
        let (_, bare, nothing) = daemon.get("HEAD", &path, "");
        assert!(nothing.is_empty() && value(&bare, "content-length") == length);

        let again = format!("If-None-Match: {}\r\n", value(&head, "etag"));
        let (status, known, nothing) = daemon.get("GET", &path, &again);
        assert!(status == 304 && nothing.is_empty(), "{path}: {status}");
        assert_eq!(value(&known, "etag"), value(&head, "etag"));
        let (status, _, body) = daemon.get("GET", &path, "If-None-Match: \"older\"\r\n");
        assert!(status == 200 && body == whole, "{path}: {status}");
    }
}

#[test]
fn page_loads_nothing_foreign() {
    let daemon = Shared::daemon();
    let (_, head, page) = daemon.get("GET", "/", "");
    for (name, expected) in [
        (
            "content-security-policy",
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
             img-src 'self' data: blob:; media-src blob:; manifest-src 'self'; worker-src 'self'; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
             require-trusted-types-for 'script'; trusted-types worker",
        ),
        ("cache-control", "no-cache"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(value(&head, name), expected, "{name}");
    }
    assert!(
        !page.contains("://") && !page.contains("src=\"//"),
        "{page}"
    );
}

#[test]
fn metrics_are_prometheus_text() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    daemon.rpc(
        r#"{"type":"command","action":"send","payload":{"channel":"webchat","to":"a","text":"b"}}"#,
    );
    let (_, head, text) = daemon.get("GET", "/metrics", &daemon.authorization());
    assert!(
        head.contains("content-type: text/plain; version=0.0.4"),
        "{head}"
    );
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.split_once(' ').expect("a name and a value");
        assert!(value.parse::<f64>().is_ok(), "{line}");
        assert!(
            text.contains(&format!("# TYPE {name} ")) && text.contains(&format!("# HELP {name} ")),
            "{name}"
        );
    }
    assert!(
        text.contains("cleudocodebot_commands_total 1\n")
            && text.contains("cleudocodebot_outbox 1\n"),
        "{text}"
    );
}

#[test]
fn rpc_statuses() {
    let daemon = Shared::daemon();
    for (body, status) in [
        (r#"{"type":"command","action":"status"}"#, 200),
        (r#"{"jsonrpc":"2.0","method":"ping","id":1}"#, 200),
        (r#"{"jsonrpc":"2.0","method":"ping"}"#, 204),
        (r#"[{"jsonrpc":"2.0","method":"ping","id":1}]"#, 200),
        ("{", 400),
        (r#"{"type":"command","action":"nothing"}"#, 404),
        (r#"{"type":"command","action":"send","payload":{}}"#, 400),
        (
            r#"{"type":"command","action":"message","payload":{"message_id":"m-999999999"}}"#,
            404,
        ),
        (
            r#"{"type":"command","action":"subscribe","payload":{"topics":["log"]}}"#,
            404,
        ),
    ] {
        assert_eq!(daemon.rpc(body).0, status, "{body}");
    }
    let (_, sent) = daemon.rpc(
        r#"{"type":"command","action":"send","payload":{"channel":"webchat","to":"a","text":"b"}}"#,
    );
    assert_fields(
        &sent["payload"],
        &json!({"state": "queued", "duplicate": false}),
    );
}

#[test]
fn large_and_slow_requests_end() {
    let home = Scratch::new();
    let settings = [
        ("MAX_BODY_BYTES", "4096"),
        ("BODY_TIMEOUT_MS", "300"),
        ("HEADER_TIMEOUT_MS", "300"),
        ("MAX_HEADER_BYTES", "8192"),
    ];
    let daemon = Daemon::start_with(&home.0, &settings);
    assert_eq!(daemon.rpc(&"x".repeat(4097)).0, 413);
    let whole = daemon.rpc(&"x".repeat(20 << 20)).0;
    assert_eq!(
        whole, 413,
        "who sends on is heard out, and reads the answer"
    );
    assert_eq!(
        daemon
            .get("GET", "/", &format!("X-Long: {}\r\n", "x".repeat(9000)))
            .0,
        431
    );

    let post = format!(
        "POST /rpc HTTP/1.1\r\nHost: {}\r\n{}Content-Length: 10\r\n\r\n{{",
        daemon.address,
        daemon.authorization()
    );
    let mut slow_body = daemon.raw();
    slow_body.send(post.as_bytes());
    let mut slow_head = daemon.raw();
    slow_head.send(b"GET / HTTP/1.1\r\nHost: lo");
    let mut websocket = daemon.raw_websocket(true);
    websocket.assert_alive();
    assert_eq!(slow_body.head().0, 408);
    assert_eq!(
        slow_head.close_code(),
        1006,
        "a head that never ends is dropped"
    );
}

#[test]
fn chunked_body_is_bounded() {
    let home = Scratch::new();
    let daemon = Daemon::start_with(&home.0, &[("MAX_BODY_BYTES", "4096")]);
    let chunk = format!("1000\r\n{}\r\n", "x".repeat(0x1000));
    let request = format!(
        "POST /rpc HTTP/1.1\r\nHost: {}\r\n{}Transfer-Encoding: chunked\r\n\r\n{chunk}{chunk}0\r\n\r\n",
        daemon.address,
        daemon.authorization()
    );
    let mut raw = daemon.raw();
    raw.send(request.as_bytes());
    assert_eq!(raw.head().0, 413);
}

#[test]
fn other_codings_than_chunked_are_refused() {
    let daemon = Shared::daemon();
    for coding in ["chunked, chunked", "gzip, chunked", "identity, chunked"] {
        let (status, head, _) = daemon.http(&format!(
            "POST /rpc HTTP/1.1\r\nHost: {}\r\n{}Transfer-Encoding: {coding}\r\n\r\n4\r\nping\r\n0\r\n\r\n",
            daemon.address,
            daemon.authorization()
        ));
        assert_eq!(status, 400, "{coding}");
        assert!(head.contains("connection: close"), "{head}");
    }
}

#[test]
fn peer_that_never_reads_is_dropped() {
    let home = Scratch::new();
    let daemon = Daemon::start_with(&home.0, &[("WRITE_TIMEOUT_MS", "300")]);
    let get = format!("GET / HTTP/1.1\r\nHost: {}\r\n\r\n", daemon.address).repeat(100);
    let mut raw = daemon.raw();
    raw.stream.set_nonblocking(true).expect("set");
    let begun = std::time::Instant::now();
    while let Ok(()) = std::io::Write::write(&mut raw.stream, get.as_bytes())
        .map(drop)
        .or_else(|error| match error.kind() {
            std::io::ErrorKind::WouldBlock => Ok(()),
            _ => Err(error),
        })
    {
        assert!(begun.elapsed() < crate::support::PATIENCE, "kept for ever");
        std::thread::yield_now();
    }
}
