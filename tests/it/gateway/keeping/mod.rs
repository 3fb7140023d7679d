//! People are forgotten and old messages purged, as clients and the command line see it.

mod export;

use std::{fs, path::Path};

use cleudocodebot::{client::Client, message::session_name};
use serde_json::{Value, json};

use super::media::{DOT, kept};
use crate::support::{
    Daemon, Gateway, PATIENCE, Scratch, assert_field, event_where, program, refusal, run,
};

/// Each of these is part of nothing else.
const PERSON: &str = "visitor-qzx-42";
const NAME: &str = "Wilhelmina Qzx";
const WORDS: &str = "xylophone and zither";

/// Which of the person's words are in which files below a folder, in their names too.
fn left_below(folder: &Path, left: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("listed").flatten() {
        let path = entry.path();
        let name = path.display().to_string();
        if path.is_dir() {
            left_below(&path, left);
            continue;
        }
        let bytes = fs::read(&path).unwrap_or_default();
        for word in [PERSON, NAME, WORDS, "visitorqzx42", "zither.png"] {
            let is_in = bytes
                .windows(word.len())
                .any(|part| part == word.as_bytes());
            if is_in || name.contains(word) {
                left.push(format!("{word} in {name}"));
            }
        }
    }
}

fn left_in(home: &Path) -> Vec<String> {
    let mut left = Vec::new();
    left_below(home, &mut left);
    left
}

async fn call(client: &mut Client, action: &str, payload: Value) -> Value {
    let answer = tokio::time::timeout(PATIENCE, client.call(action, &payload));
    answer.await.expect("in time").expect("done")
}

/// A person who wrote, was written to, is sent something every day, has a file, and left traces elsewhere.
async fn meet(daemon: &Gateway, client: &mut Client, home: &Path) -> String {
    let picture = kept(
        daemon,
        DOT,
        "Content-Disposition: attachment; filename=\"zither.png\"\r\n",
    );
    let shared = kept(daemon, b"both have this", "");
    for (text, media) in [
        (WORDS, json!({"media_id": picture})),
        ("again", json!({"media_id": shared})),
    ] {
        let message = json!({"channel": "webchat", "peer": PERSON, "text": text, "media": media,
            "meta": {"name": NAME}, "dedup_key": format!("{PERSON}-{text}")});
        call(client, "receive", message).await;
    }
    let other = json!({"channel": "webchat", "peer": "rui", "text": "hello", "media": {"media_id": shared}});
    call(client, "receive", other).await;
    let in_group = json!({"channel": "webchat", "peer": "party", "sender": PERSON, "text": WORDS});
    call(client, "receive", in_group).await;
    call(
        client,
        "send",
        json!({"channel": "webchat", "to": PERSON, "text": WORDS}),
    )
    .await;
    let later = json!({"channel": "webchat", "to": PERSON, "text": WORDS, "in": "3d"});
    call(client, "send", later).await;
    let daily = json!({"name": "daily", "cron": "0 8 * * *", "send": {"channel": "webchat", "to": PERSON, "text": WORDS}});
    call(client, "schedule.add", daily).await;
    call(
        client,
        "conversation.set",
        json!({"channel": "webchat", "peer": PERSON, "pinned": true}),
    )
    .await;
    let log = home.join("logs/daemon.log");
    let lines = fs::read_to_string(&log).expect("a log");
    fs::write(&log, format!("{lines}… cannot send to {PERSON}\n")).expect("written");
    let session = session_name("webchat", PERSON, 0);
    let memory = home.join("agents/pi/sessions");
    fs::create_dir_all(&memory).expect("made");
    fs::write(memory.join(format!("1_{session}.jsonl")), WORDS).expect("written");
    fs::write(home.join("messages.redb.damaged-1"), WORDS).expect("written");
    picture
}

#[tokio::test]
async fn nothing_of_a_forgotten_person_is_in_any_file_of_the_home() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let mut client = daemon.client().await;
    let picture = meet(&daemon, &mut client, &home.0).await;
    let mut listener = daemon.listener(&["conversation.forgotten"]).await;
    let asked = json!({"channel": "webchat", "peer": PERSON});
    call(&mut client, "agent.takeover", asked.clone()).await;
    let plan = call(&mut client, "forget", asked.clone()).await;
    for (field, expected) in [
        ("messages", json!(5)),
        ("in_groups", json!(1)),
        ("waiting", json!(2)),
        ("files", json!(2)),
        ("schedules", json!(["daily"])),
        ("called", json!([NAME])),
        ("agent_files", json!(1)),
        ("done", json!(false)),
    ] {
        assert_field(&plan, field, expected);
    }
    assert!(left_in(&home.0).len() > 5, "a plan removes nothing");
    let confirmed = json!({"channel": "webchat", "peer": PERSON, "confirm": true});
    let done = call(&mut client, "forget", confirmed.clone()).await;
    assert_field(&done, "done", true);
    assert_field(&done, "messages", 5);
    // The other file is also somebody else's.
    assert_field(&done, "files", 1);
    assert_field(&done, "log_lines", 1);
    assert_eq!(left_in(&home.0), Vec::<String>::new());
    let agents = call(&mut client, "agents", json!({})).await;
    assert_eq!(agents["held"], json!([]), "a person answers nobody");
    let told = event_where(&mut listener, |event| event["peer"] == PERSON).await;
    assert_field(&told, "channel", "webchat");
    let media = call(&mut client, "media.list", json!({})).await;
    assert_eq!(media["files"], 1, "{media}");
    assert!(
        !home
            .0
            .join("media")
            .join(&picture[..2])
            .join(&picture)
            .exists()
    );
    let history = call(&mut client, "history", json!({})).await;
    assert_eq!(history["messages"].as_array().expect("rows").len(), 1);
    let again = call(&mut client, "forget", confirmed).await;
    assert_field(&again, "messages", 0);
    drop(daemon);
    assert_eq!(left_in(&home.0), Vec::<String>::new());
    let daemon = Daemon::start(&home.0);
    let mut client = daemon.client().await;
    let history = call(&mut client, "history", json!({})).await;
    assert_field(&history["messages"][0], "text", "hello");
}

#[tokio::test]
async fn commands_say_what_goes_and_remove_it_only_when_told() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let mut client = daemon.client().await;
    let message = json!({"channel": "webchat", "peer": PERSON, "text": WORDS});
    call(&mut client, "receive", message).await;
    let (code, shown, told) = run(program(&home.0, &["forget", PERSON, "-c", "webchat"]));
    assert!(code == 0 && shown.contains("1 message"), "{shown}{told}");
    assert!(told.contains("nothing was removed yet"), "{told}");
    assert!(!left_in(&home.0).is_empty());
    let (code, shown, told) = run(program(
        &home.0,
        &["forget", PERSON, "-c", "webchat", "--yes"],
    ));
    assert!(code == 0 && told.contains("forgotten"), "{shown}{told}");
    assert_eq!(left_in(&home.0), Vec::<String>::new());
    for sure in [
        &["forget", PERSON, "-c", "webchat"][..],
        &["forget", PERSON, "-c", "webchat", "--yes"],
    ] {
        let (code, _, told) = run(program(&home.0, sure));
        assert!(code == 0 && told.contains("nothing is kept"), "{told}");
    }
    let (code, _, told) = run(program(&home.0, &["forget", PERSON]));
    assert!(code == 2 && told.contains("--channel"), "{told}");
    let message = json!({"channel": "webchat", "peer": "rui", "text": "young"});
    call(&mut client, "receive", message).await;
    let (code, shown, told) = run(program(&home.0, &["purge", "--before", "1d"]));
    assert!(code == 0 && shown.contains("0 messages"), "{shown}{told}");
    let (code, _, told) = run(program(&home.0, &["purge"]));
    assert!(code == 2 && told.contains("--before"), "{told}");
    let wrong = json!({"before": "2999-01-01"});
    assert_eq!(refusal(&mut client, "purge", wrong).await, "bad_payload");
    let mut listener = daemon.listener(&["history.purged"]).await;
    let all = json!({"before": "0s", "confirm": true});
    let purged = call(&mut client, "purge", all).await;
    assert_field(&purged, "messages", 1);
    event_where(&mut listener, |event| event["before_ms"].is_u64()).await;
    let history = call(&mut client, "history", json!({})).await;
    assert_eq!(history["messages"], json!([]));
}
