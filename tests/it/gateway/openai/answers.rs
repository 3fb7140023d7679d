//! Answers, whole and as they grow.

use serde_json::{Value, json};

use super::{AGENT, agent, ask, asked, daemon, next, request};
use crate::support::{Gateway, Scratch};

/// The events of a stream: JSON, and the mark of its end.
fn streamed(gateway: &Gateway, body: &Value) -> Vec<Value> {
    let (status, head, text) = gateway.http(&request(gateway, body));
    assert_eq!(status, 200, "{text}");
    assert!(head.contains("content-type: text/event-stream"), "{head}");
    // Chunks of the transfer are taken apart by their events: none here has a line of its own but these.
    let events = text.lines().filter_map(|line| line.strip_prefix("data: "));
    events
        .map(|data| serde_json::from_str(data).unwrap_or_else(|_| json!(data)))
        .collect()
}

fn content(chunks: &[Value]) -> String {
    let pieces = chunks
        .iter()
        .filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str());
    pieces.collect()
}

#[test]
fn an_answer_is_whole_and_says_who_gave_it() {
    let home = Scratch::new();
    let daemon = daemon(&home, &[]);
    let events = agent(&daemon);
    for model in [AGENT, "default"] {
        let mut body = asked("say olá, tudo bem?");
        body["model"] = json!(model);
        let (status, _, answer) = ask(&daemon, &body);
        assert_eq!(status, 200, "{answer}");
        assert_eq!(
            (&answer["object"], &answer["model"]),
            (&json!("chat.completion"), &json!(AGENT))
        );
        let choice = &answer["choices"][0];
        assert_eq!(choice["message"]["content"], "olá, tudo bem?");
        assert_eq!(
            (&choice["message"]["role"], &choice["finish_reason"]),
            (&json!("assistant"), &json!("stop"))
        );
        assert!(
            answer["id"]
                .as_str()
                .is_some_and(|id| id.starts_with("chatcmpl-"))
        );
        assert_eq!(answer.get("usage"), None, "nobody knows what was used");
    }
    let turn = next(&events, "agent.turn");
    assert_eq!(
        turn["prompt"],
        json!([{"role": "user", "content": "say olá, tudo bem?"}])
    );
    assert_eq!(turn.get("channel"), None);
    let (_, _, silent) = ask(&daemon, &asked("silently"));
    assert_eq!(silent["choices"][0]["message"]["content"], "");
}

#[test]
fn a_stream_has_the_answer_in_pieces_and_its_end() {
    let home = Scratch::new();
    let daemon = daemon(&home, &[]);
    let _events = agent(&daemon);
    let mut body = asked("say one two three");
    body["stream"] = json!(true);
    let chunks = streamed(&daemon, &body);
    assert_eq!(content(&chunks), "one two three");
    assert_eq!(chunks[0]["choices"][0]["delta"]["role"], "assistant");
    let (done, others) = chunks.split_last().expect("chunks");
    assert_eq!(done, "[DONE]");
    let id = &others[0]["id"];
    for chunk in others {
        assert_eq!(
            (&chunk["object"], &chunk["id"]),
            (&json!("chat.completion.chunk"), id)
        );
        assert_eq!(chunk["model"], AGENT);
        assert_eq!(chunk.get("usage"), None);
    }
    assert_eq!(
        others.last().expect("one")["choices"][0]["finish_reason"],
        "stop"
    );

    body["stream_options"] = json!({"include_usage": true});
    let chunks = streamed(&daemon, &body);
    let usage = &chunks[chunks.len() - 2];
    assert_eq!(
        (&usage["choices"], &usage["usage"]["total_tokens"]),
        (&json!([]), &json!(0))
    );

    let silent = json!({"model": AGENT, "stream": true, "messages": [{"role": "user", "content": "silently said"}]});
    assert_eq!(
        content(&streamed(&daemon, &silent)),
        "said",
        "without pieces"
    );
}

#[test]
fn a_failure_has_a_status_until_something_was_said_and_ends_the_stream_then() {
    let home = Scratch::new();
    let daemon = daemon(&home, &[("AGENT_READY_TIMEOUT", "200ms")]);
    let (status, head, error) = ask(&daemon, &asked("say nobody is there"));
    assert_eq!(
        (status, &error["error"]["type"]),
        (502, &json!("server_error")),
        "{error}"
    );
    assert!(head.contains("x-should-retry: false"), "{head}");
    let _events = agent(&daemon);
    for stream in [false, true] {
        let mut body = asked("fail");
        body["stream"] = json!(stream);
        let (status, _, error) = ask(&daemon, &body);
        assert_eq!(status, 502, "{error}");
        assert!(
            error["error"]["message"]
                .as_str()
                .is_some_and(|text| text.contains("no luck")),
            "{error}"
        );
    }
    let mut body = asked("half of it");
    body["stream"] = json!(true);
    let chunks = streamed(&daemon, &body);
    assert_eq!(content(&chunks), "of it");
    let last = chunks.last().expect("chunks");
    assert!(
        last["error"]["message"]
            .as_str()
            .is_some_and(|text| text.contains("no luck")),
        "{last}"
    );
}

#[test]
fn a_client_that_leaves_ends_the_turn() {
    let home = Scratch::new();
    let daemon = daemon(&home, &[]);
    let events = agent(&daemon);
    for stream in [false, true] {
        let mut body = asked("wait");
        body["stream"] = json!(stream);
        let mut raw = daemon.raw();
        raw.send(request(&daemon, &body).as_bytes());
        let turn = next(&events, "agent.turn");
        drop(raw);
        let aborted = next(&events, "agent.abort");
        assert_eq!(aborted["turn_id"], turn["turn_id"]);
    }
}

#[test]
fn a_user_has_a_session_and_pictures_are_files_of_the_turn() {
    let home = Scratch::new();
    let daemon = daemon(&home, &[]);
    let events = agent(&daemon);
    let session = |user: Option<&str>| {
        let mut body = asked("say x");
        body["user"] = json!(user);
        assert_eq!(ask(&daemon, &body).0, 200);
        next(&events, "agent.turn")["session"].clone()
    };
    let (ana, again, bia) = (
        session(Some("ana@example.org")),
        session(Some("ana@example.org")),
        session(Some("bia")),
    );
    assert_eq!(ana, again);
    assert_ne!(ana, bia);
    assert_ne!(session(None), session(None));

    let url = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4//8/AAX+Av6nLRseAAAAAElFTkSuQmCC";
    let parts = json!([{"type": "text", "text": "say look"}, {"type": "image_url", "image_url": {"url": url}}]);
    let body = json!({"model": AGENT, "messages": [{"role": "user", "content": parts}]});
    let (status, _, answer) = ask(&daemon, &body);
    assert_eq!(
        (status, &answer["choices"][0]["message"]["content"]),
        (200, &json!("look")),
        "{answer}"
    );
    let turn = next(&events, "agent.turn");
    let file = &turn["media"][0];
    assert_eq!(
        (&file["kind"], &file["mime"]),
        (&json!("image"), &json!("image/png")),
        "{turn}"
    );
    let path = format!("/media/{}", file["media_id"].as_str().expect("an id"));
    assert_eq!(daemon.get("GET", &path, &daemon.authorization()).0, 200);
    assert_eq!(turn["prompt"][0]["content"], parts);
}
