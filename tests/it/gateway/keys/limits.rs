//! A key that is limited to some conversations: all else is as if it were not there.

use serde_json::{Value, json};

use super::{asked, bearer, done, mcp, refusal};
use crate::support::{Daemon, Frame, Gateway, Scratch};

/// A daemon with a message of Ana and one of Bia, to and from each.
struct House {
    daemon: Daemon,
    /// What Bia wrote.
    of_bia: String,
    of_ana: String,
    _home: Scratch,
}

impl House {
    fn new() -> Self {
        let home = Scratch::new();
        let daemon = Daemon::start(&home.0);
        let wrote = |peer: &str| {
            let payload = json!({"channel": "webchat", "peer": peer, "text": format!("of {peer}")});
            let answer = done(&daemon, "receive", &payload);
            let sent = json!({"channel": "webchat", "to": peer, "text": format!("to {peer}")});
            done(&daemon, "send", &sent);
            answer["message_id"].as_str().expect("an id").to_owned()
        };
        let (of_ana, of_bia) = (wrote("ana"), wrote("bia"));
        Self {
            daemon,
            of_bia,
            of_ana,
            _home: home,
        }
    }

    fn limited(&self, role: &str) -> Gateway {
        let more = json!({"role": role, "peers": ["webchat/ana"]});
        bearer(&self.daemon, &format!("ana's {role}"), &more)
    }
}

/// Fails where an answer has a word of Bia in it.
fn assert_without_bia(answer: &Value) {
    assert!(!answer.to_string().contains("bia"), "{answer}");
}

#[test]
fn reading_shows_only_what_is_within_the_limits() {
    let house = House::new();
    let key = house.limited("operator");
    for (action, payload) in [
        ("history", json!({})),
        ("history", json!({"contains": "of"})),
        ("conversations", json!({})),
        ("outbox", json!({})),
        ("agents", json!({})),
        ("turns", json!({})),
        ("status", json!({})),
        ("integrations", json!({})),
    ] {
        assert_without_bia(&done(&key, action, &payload));
    }
    let outside = done(
        &key,
        "history",
        &json!({"channel": "webchat", "peer": "bia"}),
    );
    assert_eq!(outside["messages"], json!([]));
    let history = done(&key, "history", &json!({}));
    assert_eq!(
        history["messages"].as_array().map(Vec::len),
        Some(2),
        "{history}"
    );
    let conversations = done(&key, "conversations", &json!({}));
    assert_eq!(conversations["conversations"][0]["peer"], "ana");
    let status = done(&key, "status", &json!({}));
    assert!(
        status["store"].is_null() && status["home"].is_null(),
        "{status}"
    );
}

#[test]
fn a_message_outside_is_answered_as_one_that_never_was() {
    let house = House::new();
    let key = house.limited("operator");
    for action in ["message", "cancel", "retry", "delete", "media.fetch"] {
        let outside = refusal(&key, action, &json!({"message_id": house.of_bia}));
        let unknown = refusal(&key, action, &json!({"message_id": "m-999999"}));
        assert_eq!(outside, unknown, "{action}");
        assert_eq!(outside.0, "not_found", "{action}");
    }
    let own = done(&key, "message", &json!({"message_id": house.of_ana}));
    assert_eq!(own["message"]["text"], "of ana");
}

#[test]
fn sending_elsewhere_is_refused_with_the_limit() {
    let house = House::new();
    let key = house.limited("send");
    let send = |to: &str| {
        refusal(
            &key,
            "send",
            &json!({"channel": "webchat", "to": to, "text": "x"}),
        )
    };
    assert_eq!(send("ana").0, "");
    let expected = (
        "forbidden".to_owned(),
        "this key is limited to webchat/ana".to_owned(),
    );
    assert_eq!(send("bia"), expected);
    let typing = refusal(&key, "typing", &json!({"channel": "webchat", "to": "bia"}));
    assert_eq!(typing, expected);
    let history = done(
        &house.daemon,
        "history",
        &json!({"channel": "webchat", "peer": "bia"}),
    );
    assert_eq!(history["messages"].as_array().map(Vec::len), Some(2));
}

#[test]
fn only_conversations_within_the_limits_are_kept_apart_or_heard_of() {
    let house = House::new();
    let key = house.limited("operator");
    let mut socket = key.raw_websocket(true);
    socket.call("subscribe", &json!({"topics": ["conversation.*"]}));
    let pin = |peer: &str| json!({"channel": "webchat", "peer": peer, "pinned": true});
    let (code, words) = refusal(&key, "conversation.set", &pin("bia"));
    assert_eq!(code, "forbidden", "{words}");
    // One that is there and one that is not are refused alike.
    assert_eq!(
        refusal(&key, "conversation.set", &pin("nobody")),
        (code, words)
    );
    let pinned = || done(&house.daemon, "conversations", &json!({"only": "pinned"}));
    assert_eq!(pinned()["conversations"], json!([]));
    done(&house.daemon, "conversation.set", &pin("bia"));
    done(&key, "conversation.set", &pin("ana"));
    let Some(Frame::Text(text)) = socket.frame() else {
        panic!("the socket ended");
    };
    assert!(
        text.contains("conversation.changed") && text.contains("ana"),
        "{text}"
    );
    let seen = done(&key, "conversations", &json!({"only": "pinned"}));
    assert_without_bia(&seen);
    assert_eq!(seen["conversations"][0]["peer"], "ana");
    let reader = house.limited("read");
    let (code, _) = refusal(&reader, "conversation.set", &pin("ana"));
    assert_eq!(code, "forbidden");
}

#[test]
fn an_address_that_an_action_does_not_read_opens_nothing() {
    let house = House::new();
    let key = house.limited("operator");
    let payload =
        json!({"channel": "webchat", "peer": "cleo", "dedup_key": "c-1", "text": "of cleo"});
    done(&house.daemon, "receive", &payload);
    for (action, payload) in [
        (
            "receive",
            json!({"channel": "webchat", "peer": "bia", "to": "ana", "text": "x"}),
        ),
        (
            "read",
            json!({"channel": "webchat", "peer": "bia", "to": "ana"}),
        ),
        (
            "agent.takeover",
            json!({"channel": "webchat", "peer": "bia", "to": "ana"}),
        ),
        (
            "conversation.set",
            json!({"channel": "webchat", "peer": "bia", "to": "ana", "pinned": true}),
        ),
        (
            "send",
            json!({"channel": "webchat", "to": "bia", "peer": "ana", "text": "x"}),
        ),
        (
            "revise",
            json!({"channel": "webchat", "dedup_key": "c-1", "peer": "ana", "text": "x"}),
        ),
    ] {
        assert_eq!(refusal(&key, action, &payload).0, "forbidden", "{action}");
    }
}

#[test]
fn what_is_of_the_whole_gateway_is_not_for_a_limited_key_of_any_role() {
    let house = House::new();
    let key = house.limited("owner");
    for action in [
        "clients",
        "logs",
        "config",
        "config.check",
        "config.set",
        "reload",
        "shutdown",
        "pairing",
        "keys",
        "media.list",
    ] {
        let (code, words) = refusal(&key, action, &json!({}));
        assert_eq!(code, "forbidden", "{action}");
        assert!(words.contains("limited to webchat/ana"), "{words}");
    }
    let (code, _) = refusal(&key, "key.add", &json!({"name": "more", "role": "owner"}));
    assert_eq!(code, "forbidden");
    let (status, ..) = key.get("GET", "/metrics", &key.authorization());
    assert_eq!(status, 403);
    let seen = done(&key, "describe", &json!({}));
    assert!(!seen["actions"].to_string().contains("\"shutdown\""));
}

#[test]
fn events_and_replays_outside_are_not_heard() {
    let house = House::new();
    let key = house.limited("operator");
    let mut socket = key.raw_websocket(true);
    let answer = socket.call("subscribe", &json!({"topics": ["*"], "since": 0}));
    assert_eq!(answer["topics"], json!(["*"]), "{answer}");
    for peer in ["bia", "ana"] {
        let payload = json!({"channel": "webchat", "peer": peer, "text": format!("now {peer}")});
        done(&house.daemon, "receive", &payload);
    }
    loop {
        let Some(Frame::Text(text)) = socket.frame() else {
            panic!("the socket ended");
        };
        assert!(!text.contains("bia"), "{text}");
        if text.contains("now ana") {
            break;
        }
    }
}

#[test]
fn a_topic_of_which_a_role_hears_nothing_is_refused() {
    let house = House::new();
    let key = bearer(&house.daemon, "a reader", &json!({"role": "read"}));
    let mut socket = key.raw_websocket(true);
    for (topic, may) in [
        ("log", false),
        ("client.*", false),
        ("message.*", true),
        ("*", true),
        ("app.x", true),
    ] {
        let answer = socket.call("subscribe", &json!({"topics": [topic]}));
        assert_eq!(answer["code"] != "forbidden", may, "{topic}: {answer}");
    }
}

#[test]
fn tools_and_resources_show_only_what_is_within_the_limits() {
    let house = House::new();
    let key = house.limited("operator");
    let tool = |name: &str, arguments: Value| {
        mcp(
            &key,
            "tools/call",
            &json!({"name": name, "arguments": arguments}),
        )
    };
    for (name, arguments) in [
        ("list_conversations", json!({})),
        (
            "read_messages",
            json!({"channel": "webchat", "peer": "bia"}),
        ),
        ("search", json!({"words": "of"})),
        ("wait_for_messages", json!({"since": 0, "timeout_s": 1})),
    ] {
        let answer = tool(name, arguments);
        assert_eq!(answer["isError"], false, "{name}: {answer}");
        let structured = answer["structuredContent"].to_string();
        assert!(
            !structured.contains("of bia") && !structured.contains("to bia"),
            "{structured}"
        );
    }
    let listed = mcp(&key, "resources/list", &json!({}));
    assert_without_bia(&listed["resources"]);
    let uri = json!({"uri": "cleudocodebot://conversation/webchat/bia"});
    assert!(mcp(&key, "resources/read", &uri).is_null());
    let sent = tool(
        "send_message",
        json!({"channel": "webchat", "to": "bia", "text": "x"}),
    );
    assert_eq!(sent["isError"], true, "{sent}");
}

#[test]
fn pages_go_on_behind_what_a_limited_key_does_not_see() {
    let house = House::new();
    for number in 0..30 {
        let payload = json!({"channel": "webchat", "peer": format!("p{number}"), "text": "x"});
        done(&house.daemon, "receive", &payload);
    }
    let key = house.limited("read");
    let page = done(&key, "history", &json!({"limit": 1}));
    assert_eq!(page["messages"][0]["text"], "to ana");
    let page = done(
        &key,
        "history",
        &json!({"limit": 1, "before": page["next"]}),
    );
    assert_eq!(page["messages"][0]["text"], "of ana");
    let page = done(&key, "conversations", &json!({"limit": 1}));
    assert_eq!(page["conversations"][0]["peer"], "ana");
}

#[test]
fn wrong_limits_and_roles_are_told() {
    let house = House::new();
    for (payload, word) in [
        (json!({"name": "a", "role": "root"}), "read, send, operator"),
        (json!({"name": "a", "role": "bridge"}), "channels"),
        (json!({"name": "a", "peers": ["ana"]}), "CHANNEL/PEER"),
        (json!({"name": "k-3"}), "name"),
        (json!({"name": " "}), "name"),
    ] {
        let answer = asked(&house.daemon, "key.add", &payload);
        assert_eq!(answer["payload"]["code"], "bad_payload", "{answer}");
        assert!(
            answer["payload"]["message"].to_string().contains(word),
            "{answer}"
        );
    }
    bearer(&house.daemon, "twice", &json!({}));
    let (code, words) = refusal(&house.daemon, "key.add", &json!({"name": "twice"}));
    assert_eq!(code, "conflict");
    assert!(words.contains("another name"), "{words}");
}

#[test]
fn what_a_limited_key_waited_for_is_still_new_to_the_owner() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let limited = bearer(
        &daemon,
        "limited",
        &json!({"role": "read", "peers": ["webchat/ana"]}),
    );
    let wait = |gateway: &Gateway| {
        let call = json!({"name": "wait_for_messages", "arguments": {"timeout_s": 0}});
        let answer = mcp(gateway, "tools/call", &call);
        answer["structuredContent"]["messages"].clone()
    };
    // Both begin here.
    assert_eq!((wait(&daemon), wait(&limited)), (json!([]), json!([])));
    let said = json!({"channel": "webchat", "peer": "bia", "text": "for the owner"});
    done(&daemon, "receive", &said);
    assert_eq!(wait(&limited), json!([]));
    assert_eq!(wait(&daemon)[0]["text"], "for the owner");
}

#[test]
fn names_of_repeats_are_each_limited_keys_own() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let more = json!({"role": "operator", "peers": ["webchat/ana"]});
    let limited = bearer(&daemon, "limited", &more);
    let receive = |gateway: &Gateway, peer: &str, text: &str| {
        let said = json!({"channel": "webchat", "peer": peer, "text": text, "dedup_key": "1"});
        done(gateway, "receive", &said)
    };
    let of_bia = receive(&daemon, "bia", "for the owner");
    let of_ana = receive(&limited, "ana", "hello");
    assert_ne!(of_ana["message_id"], of_bia["message_id"]);
    assert_eq!(of_ana["duplicate"], false, "{of_ana}");
    assert_eq!(receive(&limited, "ana", "hello")["duplicate"], true);
    let send = |gateway: &Gateway, peer: &str, text: &str| {
        let message =
            json!({"channel": "webchat", "to": peer, "text": text, "idempotency_key": "k"});
        asked(gateway, "send", &message)["type"].clone()
    };
    assert_eq!(send(&limited, "ana", "taken"), "response");
    assert_eq!(send(&daemon, "bia", "the owner's own"), "response");
    assert_eq!(send(&daemon, "bia", "another text"), "error");
}

#[test]
fn the_history_of_a_foreign_conversation_is_that_of_none() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let limited = bearer(
        &daemon,
        "limited",
        &json!({"role": "read", "peers": ["webchat/ana"]}),
    );
    for at in 0..60 {
        let said = json!({"channel": "webchat", "peer": "bia", "text": format!("message {at}")});
        done(&daemon, "receive", &said);
    }
    let page = |peer: &str| {
        let mut page = done(
            &limited,
            "history",
            &json!({"channel": "webchat", "peer": peer, "limit": 1}),
        );
        page["peer"].take();
        page
    };
    assert_eq!(page("bia"), page("nobody"));
    assert_eq!(page("bia"), json!({"messages": [], "peer": null}));
}
