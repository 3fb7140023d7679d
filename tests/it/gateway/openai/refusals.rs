//! What is refused, in the shape that clients of `OpenAI` read.

use serde_json::{Value, json};

use super::{AGENT, agent, ask, asked, daemon, next, request};
use crate::support::{Raw, Scratch, Shared};

fn error(status: u16, body: &str) -> (u16, Value) {
    let body: Value = serde_json::from_str(body).unwrap_or_else(|_| panic!("no JSON: {body}"));
    let error = &body["error"];
    assert!(
        error["message"]
            .as_str()
            .is_some_and(|text| !text.is_empty()),
        "{body}"
    );
    (status, error["type"].clone())
}

#[test]
fn refusals_that_all_paths_share_have_the_shape_of_this_one() {
    let daemon = Shared::daemon();
    let chat = "/v1/chat/completions";
    let right = daemon.authorization();
    for (method, path, more, status, kind) in [
        ("POST", chat, "", 401, "authentication_error"),
        (
            "POST",
            chat,
            "Authorization: Bearer wrong\r\n",
            401,
            "authentication_error",
        ),
        ("GET", "/v1/models", "", 401, "authentication_error"),
        ("GET", chat, &*right, 405, "invalid_request_error"),
        ("POST", "/v1/models", &*right, 405, "invalid_request_error"),
        (
            "POST",
            "/v1/embeddings",
            &*right,
            404,
            "invalid_request_error",
        ),
        (
            "GET",
            "/v1/models/none-such",
            &*right,
            404,
            "invalid_request_error",
        ),
    ] {
        let (got, head, body) = daemon.get(method, path, more);
        assert_eq!(error(got, &body), (status, json!(kind)), "{method} {path}");
        assert_eq!(
            head.contains("www-authenticate: bearer"),
            status == 401,
            "{head}"
        );
        assert_eq!(head.contains("allow: "), status == 405, "{head}");
    }
    let foreign = format!("{right}Origin: https://evil.example\r\n");
    let (status, _, body) = daemon.get("POST", chat, &foreign);
    assert_eq!(error(status, &body), (403, json!("permission_error")));
    let long = json!({"messages": "x".repeat(1_100_000)});
    let (status, _, answer) = ask(&daemon, &long);
    assert_eq!(
        (status, &answer["error"]["type"]),
        (413, &json!("invalid_request_error"))
    );
    for body in ["", "{", "[1]", "\u{0}"] {
        let (status, answer) = daemon.post(chat, right.trim_end(), body);
        assert_eq!(
            error(status, &answer),
            (400, json!("invalid_request_error")),
            "{body}"
        );
    }
}

#[test]
fn models_are_the_agents_and_others_do_not_exist() {
    let home = Scratch::new();
    let daemon = daemon(&home, &[]);
    let _events = agent(&daemon);
    let (status, _, listed) = daemon.get("GET", "/v1/models", &daemon.authorization());
    let listed: Value = serde_json::from_str(&listed).expect("JSON");
    assert_eq!((status, &listed["object"]), (200, &json!("list")));
    let ids: Vec<_> = listed["data"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| one["id"].clone())
        .collect();
    assert_eq!(ids, [json!("default"), json!(AGENT)]);
    let path = format!("/v1/models/{AGENT}");
    assert_eq!(daemon.get("GET", &path, &daemon.authorization()).0, 200);
    let mut body = asked("say x");
    body["model"] = json!("gpt-5");
    let (status, _, answer) = ask(&daemon, &body);
    assert_eq!(
        (status, &answer["error"]["code"]),
        (404, &json!("model_not_found"))
    );
    let said = answer["error"]["message"].as_str().expect("a text");
    assert!(said.contains("there are default, scripted"), "{said}");
    for (field, value) in [
        ("n", json!(2)),
        ("tools", json!([{"type": "function"}])),
        ("messages", json!([])),
    ] {
        let mut body = asked("say x");
        body[field] = value;
        let (status, _, answer) = ask(&daemon, &body);
        assert_eq!(
            (status, &answer["error"]["param"]),
            (400, &json!(field)),
            "{answer}"
        );
    }
}

#[test]
fn a_hundred_at_a_time_are_bounded_and_told_when_to_come_back() {
    let home = Scratch::new();
    let daemon = daemon(&home, &[]);
    let events = agent(&daemon);
    let waiting: Vec<Raw> = (0..64)
        .map(|_| {
            let mut raw = daemon.raw();
            raw.send(request(&daemon, &asked("wait")).as_bytes());
            next(&events, "agent.turn");
            raw
        })
        .collect();
    for _ in 0..36 {
        let (status, head, answer) = ask(&daemon, &asked("say x"));
        assert_eq!(
            (status, &answer["error"]["type"]),
            (429, &json!("rate_limit_error")),
            "{answer}"
        );
        assert!(head.contains("retry-after: 1"), "{head}");
    }
    drop(waiting);
    for _ in 0..64 {
        next(&events, "agent.abort");
    }
    let (status, _, answer) = ask(&daemon, &asked("say there is room"));
    assert_eq!(status, 200, "{answer}");
}
