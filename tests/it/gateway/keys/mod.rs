//! Keys of clients: what each role may do by every door, what a limited key sees, revoking, expiring, and how
//! another device gets one.

mod leases;
mod limits;
mod pairing;
mod revoking;
mod roles;
mod traces;

use serde_json::{Value, json};

use crate::support::Gateway;

/// Makes a key with the owner's token: the gateway as its bearer sees it.
fn bearer(gateway: &Gateway, name: &str, more: &Value) -> Gateway {
    let mut payload = json!({"name": name});
    let more = more.as_object().cloned().expect("an object");
    payload.as_object_mut().expect("an object").extend(more);
    let answer = done(gateway, "key.add", &payload);
    Gateway {
        token: answer["token"].as_str().expect("a token").to_owned(),
        ..gateway.clone()
    }
}

/// One command by `POST /rpc`; its whole answer.
fn asked(gateway: &Gateway, action: &str, payload: &Value) -> Value {
    let command = json!({"type": "command", "action": action, "id": 1, "payload": payload});
    gateway.rpc(&command.to_string()).1
}

/// The payload of one that must succeed.
fn done(gateway: &Gateway, action: &str, payload: &Value) -> Value {
    let mut answer = asked(gateway, action, payload);
    assert_eq!(answer["type"], "response", "{action} {payload}: {answer}");
    answer["payload"].take()
}

/// The code and the words of a refusal; both empty where there is none.
fn refusal(gateway: &Gateway, action: &str, payload: &Value) -> (String, String) {
    let answer = asked(gateway, action, payload);
    let text = |name: &str| {
        answer["payload"][name]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    match answer["type"].as_str() {
        Some("error") => (text("code"), text("message")),
        _ => (String::new(), String::new()),
    }
}

/// A call of the Model Context Protocol; its result.
fn mcp(gateway: &Gateway, method: &str, params: &Value) -> Value {
    let body = json!({"jsonrpc": "2.0", "id": 0, "method": method, "params": params});
    let header = format!(
        "{}Accept: application/json\r\nMCP-Protocol-Version: 2025-11-25",
        gateway.authorization()
    );
    let (_, answer) = gateway.post("/mcp", &header, &body.to_string());
    let mut answer: Value = serde_json::from_str(&answer).unwrap_or_default();
    answer["result"].take()
}
