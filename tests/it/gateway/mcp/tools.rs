//! What each tool does, and what it says where it cannot.

use data_encoding::BASE64;
use serde_json::{Value, json};

use super::{ask, call, comes_in, done, failed, texts};
use crate::support::Shared;

#[test]
fn each_tool_says_what_it_takes_and_answers() {
    let daemon = Shared::daemon();
    let listed = ask(&daemon, "tools/list", &json!({}));
    let tools = listed["tools"].as_array().expect("tools");
    let names: Vec<_> = tools
        .iter()
        .filter_map(|tool| tool["name"].as_str())
        .collect();
    assert_eq!(
        names,
        [
            "channels",
            "list_conversations",
            "read_messages",
            "search",
            "wait_for_messages",
            "get_media",
            "send_message",
            "list_scheduled",
            "cancel_message",
            "delete_message",
            "list_schedules",
            "add_schedule",
            "remove_schedule",
            "pause_sending",
            "resume_sending",
        ]
    );
    for tool in tools {
        let (input, output) = (&tool["inputSchema"], &tool["outputSchema"]);
        assert_eq!(
            (&input["type"], &output["type"]),
            (&json!("object"), &json!("object"))
        );
        assert_eq!(input["additionalProperties"], false, "{tool}");
        assert!(
            tool["description"]
                .as_str()
                .is_some_and(|text| text.len() > 20)
        );
    }
    let mut all = tools.iter();
    let send = all.find(|tool| tool["name"] == "send_message");
    let send = send.expect("send_message");
    assert_eq!(send["inputSchema"]["required"], json!(["channel", "to"]));
    assert_eq!(send["annotations"]["readOnlyHint"], false);
    assert_eq!(send["inputSchema"]["properties"].get("wait"), None);
}

#[test]
fn messages_are_sent_read_and_found() {
    let daemon = Shared::daemon();
    let first = json!({"channel": "webchat", "to": "mcp-ana", "text": "a needle of mcp", "idempotency_key": "mcp-1"});
    let sent = done(&daemon, "send_message", &first);
    assert_eq!(sent["duplicate"], false);
    let again = done(&daemon, "send_message", &first);
    assert_eq!(
        (&again["duplicate"], &again["message_id"]),
        (&json!(true), &sent["message_id"])
    );
    comes_in(&daemon, "mcp-ana", "an answer");
    let page = done(
        &daemon,
        "read_messages",
        &json!({"channel": "webchat", "peer": "mcp-ana"}),
    );
    assert_eq!(texts(&page), ["a needle of mcp", "an answer"]);
    let after = json!({"channel": "webchat", "peer": "mcp-ana", "after": sent["message_id"]});
    assert_eq!(
        texts(&done(&daemon, "read_messages", &after)),
        ["an answer"]
    );
    let found = done(&daemon, "search", &json!({"words": "MCP needle"}));
    assert_eq!(texts(&found), ["a needle of mcp"]);
    let list = done(
        &daemon,
        "list_conversations",
        &json!({"channel": "webchat"}),
    );
    let list = list["conversations"].as_array().expect("a list");
    assert!(list.iter().any(|one| one["peer"] == "mcp-ana"));
    let channels = done(&daemon, "channels", &Value::Null);
    let channels = channels["integrations"].as_array().expect("a list");
    assert!(channels.iter().any(|one| one["name"] == "webchat"));
}

#[test]
fn small_files_are_in_the_answer_and_large_ones_are_an_address() {
    let daemon = Shared::daemon();
    let picture = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4//8/AAX+Av6nLRseAAAAAElFTkSuQmCC";
    let media = json!({"data": picture, "name": "dot.png"});
    done(
        &daemon,
        "send_message",
        &json!({"channel": "webchat", "to": "mcp-pic", "media": media}),
    );
    let page = done(
        &daemon,
        "read_messages",
        &json!({"channel": "webchat", "peer": "mcp-pic"}),
    );
    let media = &page["messages"][0]["media"];
    let id = media.get(0).unwrap_or(media)["media_id"].clone();
    let shown = call(&daemon, "get_media", &json!({"media_id": id}));
    let content = &shown["content"][1];
    assert_eq!(
        (&content["type"], &content["data"]),
        (&json!("image"), &json!(picture))
    );
    assert_eq!(shown["structuredContent"]["included"], true);

    let large = "0123456789abcdef".repeat(200_000);
    let header = format!("{}Content-Type: text/plain", daemon.authorization());
    let (status, kept) = daemon.post("/media", &header, &large);
    assert_eq!(status, 201, "{kept}");
    let kept: Value = serde_json::from_str(&kept).expect("JSON");
    let shown = call(&daemon, "get_media", &json!({"media_id": kept["media_id"]}));
    assert_eq!(shown["structuredContent"]["included"], false);
    let said = shown["content"][1]["text"].as_str().expect("a text");
    let url = shown["structuredContent"]["url"]
        .as_str()
        .expect("an address");
    assert!(said.contains(url) && said.contains("Bearer"), "{said}");
    let path = url.split_once(&daemon.address.to_string()).expect("ours").1;
    let (status, _, body) = daemon.get("GET", path, &daemon.authorization());
    assert_eq!((status, body.len()), (200, large.len()));

    let (status, kept) = daemon.post(
        "/media",
        &daemon.authorization().trim_end().replace("\r\n", ""),
        &large[..3_000_000],
    );
    assert_eq!(status, 201, "{kept}");
    let kept: Value = serde_json::from_str(&kept).expect("JSON");
    let shown = call(&daemon, "get_media", &json!({"media_id": kept["media_id"]}));
    let resource = &shown["content"][1]["resource"];
    let bytes = match (resource["text"].as_str(), resource["blob"].as_str()) {
        (Some(text), _) => text.as_bytes().to_vec(),
        (None, Some(blob)) => BASE64.decode(blob.as_bytes()).expect("base64"),
        (None, None) => panic!("no bytes"),
    };
    assert!(
        bytes == large.as_bytes()[..3_000_000],
        "{} bytes",
        bytes.len()
    );
}

#[test]
fn what_is_wrong_is_said_so_that_a_model_can_mend_it() {
    let daemon = Shared::daemon();
    for (tool, arguments, said) in [
        (
            "nonsense",
            json!({}),
            "there is no tool \"nonsense\"; there are channels, ",
        ),
        (
            "send\u{1b}[31m",
            json!({}),
            "there is no tool \"send\\u{1b}[31m\"",
        ),
        (
            "send_message",
            json!({"channel": "webchat", "to": "a", "message": "x"}),
            "no argument \"message\"; it takes channel, to, text, ",
        ),
        (
            "send_message",
            json!({"to": "a", "text": "x"}),
            "\"channel\" must be a string of 1 to 256 bytes without control characters, not left out",
        ),
        (
            "send_message",
            json!({"channel": "webchat", "to": "a"}),
            "a message needs a text or a file",
        ),
        (
            "send_message",
            json!({"channel": "webchat", "to": "a\u{7}b", "text": "x"}),
            "without control characters",
        ),
        (
            "send_message",
            json!({"channel": "none-such", "to": "a", "text": "x"}),
            "(unknown_channel)",
        ),
        (
            "send_message",
            json!({"channel": "webchat", "to": [7], "text": "x"}),
            "not an array of 1",
        ),
        (
            "send_message",
            json!({"channel": "webchat", "to": "a", "media": {"data": "***"}}),
            "base64",
        ),
    ] {
        let answer = failed(&daemon, tool, &arguments);
        assert!(answer.contains(said), "{tool}: {answer}");
    }
}

#[test]
fn so_it_is_where_nothing_is_sent() {
    let daemon = Shared::daemon();
    for (tool, arguments, said) in [
        (
            "read_messages",
            json!({"channel": "webchat"}),
            "\"peer\" must be",
        ),
        (
            "read_messages",
            json!({"channel": "webchat", "peer": "a", "limit": 5000}),
            "a whole number from 1 to 1000, not 5000",
        ),
        ("search", json!({}), "\"words\" must be"),
        (
            "get_media",
            json!({"media_id": "../../.env"}),
            "64 hexadecimal digits",
        ),
        (
            "get_media",
            json!({"media_id": "0".repeat(64)}),
            "(not_found)",
        ),
        (
            "wait_for_messages",
            json!({"peer": "a"}),
            "\"channel\" must be given with peer",
        ),
        (
            "wait_for_messages",
            json!({"channel": "none-such"}),
            "(unknown_channel)",
        ),
        (
            "wait_for_messages",
            json!({"timeout_s": 301}),
            "a whole number from 0 to 280, not 301",
        ),
        (
            "wait_for_messages",
            json!({"timeout_s": -1}),
            "a whole number from 0 to 280, not -1",
        ),
        (
            "wait_for_messages",
            json!({"since": (1_u64 << 53) - 1}),
            "at most, the number of the last event",
        ),
        (
            "channels",
            json!({"all": true}),
            "no argument \"all\"; it takes none",
        ),
    ] {
        let answer = failed(&daemon, tool, &arguments);
        assert!(answer.contains(said), "{tool}: {answer}");
    }
}

#[test]
fn control_characters_in_texts_come_back_as_they_were() {
    let daemon = Shared::daemon();
    let text = "a\u{0}b\u{1b}[31mc\u{7f}\u{202e}d\r\ne\u{feff}";
    done(
        &daemon,
        "send_message",
        &json!({"channel": "webchat", "to": "mcp-control", "text": text}),
    );
    let page = done(
        &daemon,
        "read_messages",
        &json!({"channel": "webchat", "peer": "mcp-control"}),
    );
    assert_eq!(texts(&page), [text]);
}
