//! JSON-RPC 2.0: the examples of its specification, on the socket.

use serde_json::{Value, json};

use crate::support::{Shared, assert_field, assert_fields};

#[test]
fn specification_examples() {
    let daemon = Shared::daemon();
    let mut raw = daemon.raw_websocket(true);
    let mut ask = |text: &str| -> Value {
        raw.text(text);
        raw.json()
    };
    let pong = ask(r#"{"jsonrpc":"2.0","method":"ping","params":{"a":[1]},"id":"1"}"#);
    assert_fields(&pong, &json!({"id": "1", "result.echo": {"a": [1]}}));
    for (text, code, id) in [
        (
            r#"{"jsonrpc":"2.0","method":"foobar","id":"1"}"#,
            -32601,
            json!("1"),
        ),
        (
            r#"{"jsonrpc":"2.0","method":1,"params":"bar"}"#,
            -32600,
            Value::Null,
        ),
        (
            r#"{"jsonrpc":"2.0","method":"ping","params":[1,2],"id":3}"#,
            -32602,
            json!(3),
        ),
        (
            r#"{"jsonrpc":"2.0","method":"send","params":{},"id":3.5}"#,
            -32602,
            json!(3.5),
        ),
        (
            r#"[{"jsonrpc":"2.0","method":"ping","id":"1"},{"jsonrpc":"2.0","method""#,
            -32700,
            Value::Null,
        ),
        ("[]", -32600, Value::Null),
    ] {
        let answer = ask(text);
        assert_eq!(
            (&answer["error"]["code"], &answer["id"]),
            (&json!(code), &id),
            "{text}"
        );
        assert_field(&answer, "jsonrpc", "2.0");
        assert!(
            answer["error"]["message"].is_string() && answer["error"]["data"]["code"].is_string()
        );
    }
    let errors = ask("[1,2,3]");
    assert_eq!(errors.as_array().map(Vec::len), Some(3));
    assert!(
        errors
            .as_array()
            .expect("an array")
            .iter()
            .all(|error| error["error"]["code"] == -32600)
    );
}

#[test]
fn notifications_get_no_answer() {
    let daemon = Shared::daemon();
    let mut raw = daemon.raw_websocket(true);
    raw.text(r#"{"jsonrpc":"2.0","method":"send","params":{"channel":"webchat","to":"notified","text":"quiet"}}"#);
    raw.text(r#"{"jsonrpc":"2.0","method":"nothing"}"#);
    raw.text(r#"{"jsonrpc":"2.0","method":"ping","params":[1]}"#);
    raw.text(r#"[{"jsonrpc":"2.0","method":"ping"},{"jsonrpc":"2.0","method":"ping"}]"#);
    raw.text(r#"{"jsonrpc":"2.0","method":"history","params":{"channel":"webchat","peer":"notified"},"id":1}"#);
    let history = raw.json();
    assert_eq!(
        (&history["id"], &history["result"]["messages"][0]["text"]),
        (&json!(1), &json!("quiet"))
    );
}

#[test]
fn mixed_batch_keeps_order() {
    let daemon = Shared::daemon();
    let mut raw = daemon.raw_websocket(true);
    raw.text(
        r#"[{"jsonrpc":"2.0","method":"send","params":{"channel":"webchat","to":"a","text":"x"},"id":1},
            {"jsonrpc":"2.0","method":"ping"},
            {"jsonrpc":"2.0","method":"ping","id":2},
            {"foo":"boo"},
            {"jsonrpc":"2.0","method":"history","id":3}]"#,
    );
    raw.text(r#"{"jsonrpc":"2.0","method":"ping","id":4}"#);
    let answers = raw.json();
    let ids: Vec<_> = answers
        .as_array()
        .expect("an array")
        .iter()
        .map(|answer| &answer["id"])
        .collect();
    assert_eq!(ids, [&json!(1), &json!(2), &Value::Null, &json!(3)]);
    assert_field(&raw.json(), "id", 4);
}

#[test]
fn batch_is_bounded() {
    let daemon = Shared::daemon();
    let mut raw = daemon.raw_websocket(true);
    let batch = |count: usize| -> String {
        let call = json!({"jsonrpc": "2.0", "method": "describe", "id": 1});
        Value::from(vec![call; count]).to_string()
    };
    raw.text(&batch(257));
    assert_field(&raw.json()["error"]["data"], "code", "too_large");
    raw.text(&batch(256));
    let answers = raw.json();
    assert_eq!(answers.as_array().map(Vec::len), Some(256));
    assert_eq!(
        answers[255]["error"]["data"]["code"], "too_large",
        "the rest is told, not shown"
    );
}

#[test]
fn waiting_batch_blocks_nothing() {
    let daemon = Shared::daemon();
    let mut raw = daemon.raw_websocket(true);
    raw.text(
        r#"[{"jsonrpc":"2.0","method":"send","params":{"channel":"webchat","to":"away","text":"x","wait":true},"id":1},
            {"jsonrpc":"2.0","method":"ping","id":2}]"#,
    );
    raw.text(r#"{"jsonrpc":"2.0","method":"ping","id":3}"#);
    assert_field(&raw.json(), "id", 3);
    let mut peer = daemon.raw_websocket(true);
    peer.text(r#"{"type":"command","action":"subscribe","payload":{"topics":["message.*@webchat/away"]}}"#);
    assert_field(&raw.json()[1], "id", 2);
}
