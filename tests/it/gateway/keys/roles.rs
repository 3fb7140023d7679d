//! Every action with every role, by every door there is.

use std::collections::BTreeSet;

use cleudocodebot::protocol::{
    describe::{ACTIONS, EVENTS},
    role::Role,
};
use serde_json::{Value, json};

use super::{bearer, done, mcp, refusal};
use crate::support::{Daemon, Gateway, Scratch};

/// The tools of the Model Context Protocol, each with its action.
const TOOLS: [(&str, &str); 15] = [
    ("channels", "integrations"),
    ("list_conversations", "conversations"),
    ("read_messages", "history"),
    ("search", "history"),
    ("wait_for_messages", "history"),
    ("get_media", "media"),
    ("send_message", "send"),
    ("list_scheduled", "scheduled"),
    ("cancel_message", "cancel"),
    ("delete_message", "delete"),
    ("list_schedules", "schedules"),
    ("add_schedule", "schedule.add"),
    ("remove_schedule", "schedule.remove"),
    ("pause_sending", "pause"),
    ("resume_sending", "resume"),
];

/// The ways in besides actions, and the least role with those beside the ladder.
const DOORS: [(&str, &str, &[Role]); 6] = [
    (
        "GET",
        "/metrics",
        &[
            Role::Read,
            Role::Send,
            Role::Operator,
            Role::Agent,
            Role::Owner,
        ],
    ),
    (
        "POST",
        "/media",
        &[
            Role::Send,
            Role::Operator,
            Role::Bridge,
            Role::Agent,
            Role::Owner,
        ],
    ),
    (
        "GET",
        "/media/0000000000000000000000000000000000000000000000000000000000000000",
        &Role::ALL,
    ),
    (
        "POST",
        "/send/webchat/ana",
        &[Role::Send, Role::Operator, Role::Owner],
    ),
    ("GET", "/v1/models", &[Role::Operator, Role::Owner]),
    (
        "POST",
        "/v1/chat/completions",
        &[Role::Operator, Role::Owner],
    ),
];

/// A gateway as each role sees it.
fn bearers(gateway: &Gateway) -> Vec<(Role, Gateway)> {
    let each = Role::ALL.into_iter().map(|role| {
        let channels = if role == Role::Bridge {
            json!(["desk"])
        } else {
            Value::Null
        };
        let mut more = json!({"role": role.as_str()});
        if channels.is_array() {
            more["channels"] = channels;
        }
        (
            role,
            bearer(gateway, &format!("a {}", role.as_str()), &more),
        )
    });
    each.collect()
}

#[test]
fn every_action_is_done_or_refused_as_the_table_says_by_socket_and_rpc() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    for (role, gateway) in bearers(&daemon) {
        let mut socket = gateway.raw_websocket(true);
        // What it does cannot be undone, and auth is for whoever has no role yet.
        let actions = ACTIONS.iter().filter(|action| action.name != "auth");
        let actions = actions.filter(|action| action.name != "shutdown" || role != Role::Owner);
        for action in actions {
            let expected = action.least.admits(role);
            let what = format!("{} by {}", action.name, role.as_str());
            let (code, words) = refusal(&gateway, action.name, &json!({}));
            assert_eq!(
                code != "forbidden",
                expected,
                "{what} by /rpc: {code} {words}"
            );
            let answer = socket.call(action.name, &json!({}));
            assert_eq!(
                answer["code"] != "forbidden",
                expected,
                "{what} by socket: {answer}"
            );
        }
    }
}

#[test]
fn what_a_role_may_not_do_or_hear_is_not_described_to_it() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    for (role, gateway) in bearers(&daemon) {
        let seen = done(&gateway, "describe", &json!({}));
        let names = |list: &str| -> BTreeSet<String> {
            let rows = seen[list].as_array().expect("rows").iter();
            rows.map(|row| row["name"].as_str().expect("a name").to_owned())
                .collect()
        };
        let actions = ACTIONS.iter().filter(|row| row.least.admits(role));
        let actions: BTreeSet<_> = actions.map(|row| row.name.to_owned()).collect();
        assert_eq!(names("actions"), actions, "{role:?}");
        let events = EVENTS.iter().filter(|row| row.least.admits(role));
        let events: BTreeSet<_> = events.map(|row| row.name.to_owned()).collect();
        assert_eq!(names("events"), events, "{role:?}");
    }
}

#[test]
fn tools_are_listed_and_done_as_their_actions_are() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    for (role, gateway) in bearers(&daemon) {
        let listed = mcp(&gateway, "tools/list", &json!({}));
        let listed = listed["tools"].as_array().expect("tools").iter();
        let listed: BTreeSet<_> = listed
            .map(|tool| tool["name"].as_str().expect("a name").to_owned())
            .collect();
        let may = |action: &str| {
            let row = ACTIONS
                .iter()
                .find(|row| row.name == action)
                .expect("a row");
            row.least.admits(role)
        };
        let expected = TOOLS.iter().filter(|(_, action)| may(action));
        let expected: BTreeSet<_> = expected.map(|(tool, _)| (*tool).to_owned()).collect();
        assert_eq!(listed, expected, "{role:?}");
        for (tool, action) in TOOLS {
            // Allowed, it would wait for one.
            if may(action) && tool == "wait_for_messages" {
                continue;
            }
            let answer = mcp(
                &gateway,
                "tools/call",
                &json!({"name": tool, "arguments": {}}),
            );
            let text = answer["content"][0]["text"].as_str().unwrap_or_default();
            let is_unknown = text.starts_with("there is no tool");
            assert_eq!(is_unknown, !may(action), "{tool} by {role:?}: {text}");
        }
    }
}

#[test]
fn the_other_doors_are_open_and_shut_by_role() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    for (role, gateway) in bearers(&daemon) {
        for (method, path, roles) in DOORS {
            let header = gateway.authorization();
            let status = if method == "GET" {
                gateway.get("GET", path, &header).0
            } else {
                gateway.post(path, header.trim_end(), "{}").0
            };
            assert_eq!(
                status != 403,
                roles.contains(&role),
                "{path} by {role:?}: {status}"
            );
        }
    }
}

#[test]
fn a_bridge_and_an_agent_announce_themselves_and_nobody_else_does() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    for (role, gateway) in bearers(&daemon) {
        let announced = |payload: Value| {
            let mut socket = gateway.raw_websocket(true);
            let answer = socket.call("auth", &payload);
            answer["code"].as_str().unwrap_or_default().to_owned()
        };
        let bridge = announced(json!({"client": {"kind": "integration"}, "channel": "desk"}));
        let may = matches!(role, Role::Bridge | Role::Owner);
        assert_eq!(bridge, if may { "" } else { "forbidden" }, "{role:?}");
        let agent = announced(json!({"client": {"kind": "agent", "name": "clerk"}}));
        let may = matches!(role, Role::Agent | Role::Owner);
        assert_eq!(agent, if may { "" } else { "forbidden" }, "{role:?}");
    }
    let bridge = bearer(
        &daemon,
        "another bridge",
        &json!({"role": "bridge", "channels": ["post"]}),
    );
    let mut socket = bridge.raw_websocket(true);
    let answer = socket.call(
        "auth",
        &json!({"client": {"kind": "integration"}, "channel": "desk"}),
    );
    assert_eq!(answer["code"], "forbidden", "{answer}");
}

#[test]
fn the_document_of_the_protocol_has_what_describe_has() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    for (role, gateway) in bearers(&daemon) {
        let (status, _, body) = gateway.get("GET", "/asyncapi.json", &gateway.authorization());
        assert_eq!(status, 200, "{role:?}");
        let document: Value = serde_json::from_str(&body).expect("JSON");
        let operations = document["operations"].as_object().expect("operations");
        let mut socket = gateway.raw_websocket(true);
        let seen = socket.call("describe", &json!({}));
        let names = |of: &str| -> BTreeSet<String> {
            let rows = seen[of].as_array().expect("rows").iter();
            rows.map(|row| row["name"].as_str().expect("a name").to_owned())
                .collect()
        };
        let of = |kind: &str| -> BTreeSet<String> {
            let rows = operations.iter().filter(|(_, row)| row["action"] == kind);
            let names = rows.map(|(name, _)| name.strip_suffix(".event").unwrap_or(name));
            names.map(|name| name.replace(".any", ".*")).collect()
        };
        assert_eq!(of("receive"), names("actions"), "{role:?}");
        assert_eq!(of("send"), names("events"), "{role:?}");
    }
    assert_eq!(daemon.get("GET", "/asyncapi.json", "").0, 401);
}
