//! What a client is by a key (a bridge, an agent, somebody in the middle of a request) ends with that key.

use cleudocodebot::config::dotenv;
use serde_json::{Value, json};

use super::{bearer, done};
use crate::support::{Daemon, Scratch};

fn state_of(daemon: &Daemon, name: &str) -> Value {
    let all = done(daemon, "integrations", &json!({}));
    let all = all["integrations"].as_array().expect("a list").iter();
    let mut found = all.filter(|one| one["name"] == name);
    found.next().map_or(Value::Null, |one| one["state"].clone())
}

#[test]
fn a_key_that_is_limited_to_a_conversation_is_no_agent_of_all() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let agent = json!({"client": {"kind": "agent", "name": "clerk"}});
    for more in [
        json!({"role": "agent", "channels": ["webchat"], "peers": ["webchat/ana"]}),
        json!({"role": "owner", "peers": ["webchat/ana"]}),
    ] {
        let name = format!("limited {}", more["role"]);
        let mut socket = bearer(&daemon, &name, &more).raw_websocket(true);
        let answer = socket.call("auth", &agent);
        assert_eq!(answer["code"], "forbidden", "{more}: {answer}");
    }
    let mut socket = bearer(&daemon, "whole", &json!({"role": "agent"})).raw_websocket(true);
    assert_eq!(socket.call("auth", &agent)["code"], Value::Null);
}

#[test]
fn a_bridge_that_shows_another_key_is_the_bridge_no_longer() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let bridge = bearer(
        &daemon,
        "bridge",
        &json!({"role": "bridge", "channels": ["desk"]}),
    );
    let reader = bearer(&daemon, "reader", &json!({"role": "read"}));
    let announced = json!({"client": {"kind": "integration"}, "channel": "desk"});
    let mut socket = bridge.raw_websocket(true);
    assert_eq!(socket.call("auth", &announced)["code"], Value::Null);
    assert_eq!(state_of(&daemon, "desk"), "running");
    // The same key once more changes nothing.
    let again =
        json!({"token": bridge.token, "client": {"kind": "integration"}, "channel": "desk"});
    assert_eq!(socket.call("auth", &again)["code"], Value::Null);
    assert_eq!(state_of(&daemon, "desk"), "running");
    let other = socket.call("auth", &json!({"token": reader.token}));
    assert_eq!(other["role"], "read", "{other}");
    assert_eq!(state_of(&daemon, "desk"), "away");
}

#[test]
fn a_request_of_the_former_token_is_not_done_by_the_new_one() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let body = json!({"type": "command", "action": "key.add", "id": 1,
        "payload": {"name": "ghost", "role": "owner"}})
    .to_string();
    let mut late = daemon.raw();
    let head = format!(
        "POST /rpc HTTP/1.1\r\nHost: {}\r\n{}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        daemon.gateway.address,
        daemon.authorization(),
        body.len()
    );
    late.send(head.as_bytes());
    let (begun, rest) = body.as_bytes().split_at(10);
    late.send(begun);
    // The gateway has the beginning once it answered somebody who came later.
    done(&daemon, "ping", &json!({}));
    let token = "another-token-that-is-long-enough";
    dotenv::edit_file(&home.0.join(".env"), |document| {
        document.set("CLEUDOCODEBOT_TOKEN", token)
    })
    .expect("written");
    done(&daemon, "reload", &json!({}));
    late.send(rest);
    assert_eq!(late.head().0, 401);
    let owner = crate::support::Gateway {
        token: token.to_owned(),
        ..daemon.gateway.clone()
    };
    let keys = done(&owner, "keys", &json!({}));
    assert_eq!(keys["keys"], json!([]), "{keys}");
}
