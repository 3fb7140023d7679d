//! The stateless era: revision 2026-07-28, with the errors of its headers and versions.

use serde_json::{Value, json};

use super::{ACCEPT, Answer, STATELESS, post};
use crate::support::{Gateway, Shared};

/// The envelope of a request that names this version.
fn meta(version: &str) -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": version,
        "io.modelcontextprotocol/clientInfo": {"name": "x", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    })
}

fn ask(gateway: &Gateway, headers: &[&str], method: &str, mut params: Value) -> Answer {
    params["_meta"] = meta(STATELESS);
    let body = json!({"jsonrpc": "2.0", "id": 0, "method": method, "params": params});
    post(gateway, headers, &body.to_string())
}

/// A request with the headers it must have.
fn rightly(gateway: &Gateway, method: &str, name: Option<&str>, params: Value) -> Answer {
    let version = format!("MCP-Protocol-Version: {STATELESS}");
    let method_header = format!("Mcp-Method: {method}");
    let name = name.map(|name| format!("Mcp-Name: {name}"));
    let mut headers = vec![ACCEPT, &version, &method_header];
    headers.extend(name.as_deref());
    ask(gateway, &headers, method, params)
}

#[test]
fn each_request_stands_for_itself() {
    let daemon = Shared::daemon();
    let discovered = rightly(&daemon, "server/discover", None, json!({}));
    let result = &discovered.body["result"];
    assert_eq!(result["supportedVersions"], json!([STATELESS]));
    let us = &result["_meta"]["io.modelcontextprotocol/serverInfo"];
    assert_eq!(us["name"], "cleudocodebot");
    for (method, name, params, is_kept) in [
        ("server/discover", None, json!({}), true),
        ("tools/list", None, json!({}), true),
        ("resources/list", None, json!({}), true),
        ("resources/templates/list", None, json!({}), true),
        (
            "tools/call",
            Some("channels"),
            json!({"name": "channels"}),
            false,
        ),
        ("ping", None, json!({}), false),
    ] {
        let answer = rightly(&daemon, method, name, params);
        assert_eq!(answer.status, 200, "{method}: {}", answer.body);
        let result = &answer.body["result"];
        assert_eq!(result["resultType"], "complete", "{method}");
        assert_eq!(result["ttlMs"].is_u64(), is_kept, "{method}: {result}");
        assert_eq!(result["cacheScope"] == "private", is_kept, "{method}");
    }
}

#[test]
fn what_fails_is_told_as_the_protocol_has_it() {
    let daemon = Shared::daemon();
    let unknown = rightly(&daemon, "prompts/list", None, json!({}));
    assert_eq!((unknown.status, unknown.code()), (404, -32601));
    for (tool, arguments) in [
        ("nonsense", json!({})),
        ("send_message", json!({"channel": "webchat"})),
        (
            "send_message",
            json!({"channel": "none-such", "to": "ana", "text": "x"}),
        ),
    ] {
        let params = json!({"name": tool, "arguments": arguments});
        let failed = rightly(&daemon, "tools/call", Some(tool), params);
        assert_eq!(failed.status, 200, "{}", failed.body);
        assert_eq!(failed.body["result"]["isError"], true, "{}", failed.body);
        assert_eq!(failed.body["result"]["resultType"], "complete");
    }
    let uri = "cleudocodebot://conversation/webchat/nobody-at-all";
    let missing = rightly(&daemon, "resources/read", Some(uri), json!({"uri": uri}));
    assert_eq!((missing.status, missing.code()), (400, -32602));
}

#[test]
fn headers_that_contradict_the_body_are_refused() {
    let daemon = Shared::daemon();
    let version = "MCP-Protocol-Version: 2026-07-28";
    for headers in [
        &[ACCEPT][..],
        &[ACCEPT, version],
        &[ACCEPT, "Mcp-Method: tools/list"],
        &[ACCEPT, version, "Mcp-Method: tools/call"],
        &[ACCEPT, version, "Mcp-Method: TOOLS/LIST"],
        &[
            ACCEPT,
            "MCP-Protocol-Version: 2025-11-25",
            "Mcp-Method: tools/list",
        ],
        &[ACCEPT, version, version, "Mcp-Method: tools/list"],
        &[
            ACCEPT,
            version,
            "Mcp-Method: tools/list",
            "Mcp-Method: tools/call",
        ],
    ] {
        let answer = ask(&daemon, headers, "tools/list", json!({}));
        assert_eq!((answer.status, answer.code()), (400, -32020), "{headers:?}");
        assert_eq!(answer.body["id"], 0);
    }
    let call = json!({"name": "channels"});
    for name in [None, Some("send_message"), Some("=?base64?***?=")] {
        let answer = rightly(&daemon, "tools/call", name, call.clone());
        assert_eq!((answer.status, answer.code()), (400, -32020), "{name:?}");
    }
    let encoded = rightly(&daemon, "tools/call", Some("=?base64?Y2hhbm5lbHM=?="), call);
    assert_eq!(encoded.status, 200, "{}", encoded.body);
}

#[test]
fn versions_that_are_not_spoken_are_told_which_are() {
    let daemon = Shared::daemon();
    for version in ["2030-01-01", "2025-11-25", "latest"] {
        let params = json!({"_meta": meta(version)});
        let body = json!({"jsonrpc": "2.0", "id": 5, "method": "tools/list", "params": params});
        let header = format!("MCP-Protocol-Version: {version}");
        let headers = [ACCEPT, &header, "Mcp-Method: tools/list"];
        let answer = post(&daemon, &headers, &body.to_string());
        assert_eq!((answer.status, answer.code()), (400, -32022), "{version}");
        let expected = json!({"supported": [STATELESS], "requested": version});
        assert_eq!(answer.body["error"]["data"], expected);
    }
    let bare = json!({"jsonrpc": "2.0", "id": 5, "method": "tools/list"});
    let headers = [
        ACCEPT,
        "MCP-Protocol-Version: 2026-07-28",
        "Mcp-Method: tools/list",
    ];
    let answer = post(&daemon, &headers, &bare.to_string());
    assert_eq!(
        (answer.status, answer.code()),
        (400, -32602),
        "{}",
        answer.body
    );
    let said = answer.body["error"]["message"].as_str().expect("a text");
    assert!(
        said.contains("io.modelcontextprotocol/protocolVersion"),
        "{said}"
    );
}

#[test]
fn who_cannot_read_the_answer_is_not_served() {
    let daemon = Shared::daemon();
    let version = "MCP-Protocol-Version: 2026-07-28";
    for (accept, status) in [
        ("Accept: application/json", 406),
        ("Accept: text/html", 406),
        ("Accept: application/json, text/event-stream", 200),
        ("Accept: */*", 200),
        ("X-None: 1", 200),
    ] {
        let headers = [accept, version, "Mcp-Method: tools/list"];
        let answer = ask(&daemon, &headers, "tools/list", json!({}));
        assert_eq!(answer.status, status, "{accept}");
    }
    let notification =
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#;
    let headers = [ACCEPT, version, "Mcp-Method: notifications/cancelled"];
    assert_eq!(post(&daemon, &headers, notification).status, 202);
}
