//! Files of messages: sent, handed in by bridges, fetched when somebody asks, by the command line too.

use serde_json::{Value, json};

use super::{DOT, get, kept};
use crate::support::{
    Daemon, Raw, Scratch, Shared, assert_field, assert_mentions, done, program, run, run_with_input,
};

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
    let unknown = send(json!({"media_id": "0".repeat(64)}));
    assert_field(&unknown, "code", "not_found");
    assert_mentions(&unknown, "message", "no file is kept");
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
    let get = ["media", "get", voice, "-o", path];
    done(&home.0, &get);
    assert_eq!(std::fs::read(&got).expect("there"), b"OggS and so on");
    std::fs::write(&got, b"meant for something else").expect("written");
    let (code, _, told) = run(program(&home.0, &get));
    assert!(
        code == 1 && told.contains("replace it with --force"),
        "{told}"
    );
    assert!(std::fs::read(&got).expect("there").starts_with(b"meant"));
    done(&home.0, &[&get[..], &["--force"]].concat());
    assert_eq!(std::fs::read(&got).expect("there"), b"OggS and so on");
    let shown = done(&home.0, &["media", "get", voice, "-o", "-"]);
    assert_eq!(shown, "OggS and so on");
    let listed = done(&home.0, &["media", "list"]);
    assert!(listed.contains("card.png"), "{listed}");
    assert!(listed.contains("1 message"), "{listed}");
    let pruned = done(&home.0, &["media", "prune"]);
    assert_eq!(pruned, "removed 0 files, 0 B\n");
    let missing = ["media", "get", &"0".repeat(64), "-o", path, "--force"];
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
