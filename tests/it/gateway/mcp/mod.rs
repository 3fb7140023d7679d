//! `POST /mcp` and the command `mcp`, as clients of both eras write to them, and as nobody should.

mod handshake;
mod hostile;
mod places;
mod stateless;
mod stdio;
mod tools;
mod waiting;

use serde_json::{Value, json};

use crate::support::{Gateway, Raw};

/// Headers that every client of the protocol sends.
const ACCEPT: &str = "Accept: application/json, text/event-stream";

/// The revision without a handshake.
const STATELESS: &str = "2026-07-28";

/// An answer: its status, its head in lower case, its body.
struct Answer {
    status: u16,
    head: String,
    body: Value,
}

impl Answer {
    fn code(&self) -> i64 {
        self.body["error"]["code"].as_i64().unwrap_or_default()
    }
}

/// Posts with the token and these header lines.
fn post(gateway: &Gateway, headers: &[&str], body: &str) -> Answer {
    let (status, head, body) = gateway.http(&request(gateway, headers, body));
    Answer {
        status,
        head,
        body: serde_json::from_str(&body).unwrap_or_default(),
    }
}

/// The text of a request.
fn request(gateway: &Gateway, headers: &[&str], body: &str) -> String {
    let mut more = String::new();
    for header in headers {
        more.push_str(header);
        more.push_str("\r\n");
    }
    format!(
        "POST /mcp HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: application/json\r\n\
         {}{more}Content-Length: {}\r\n\r\n{body}",
        gateway.address,
        gateway.authorization(),
        body.len()
    )
}

/// A request of the era with a handshake; its result.
fn ask(gateway: &Gateway, method: &str, params: &Value) -> Value {
    let body = json!({"jsonrpc": "2.0", "id": 0, "method": method, "params": params});
    let headers = [ACCEPT, "MCP-Protocol-Version: 2025-11-25"];
    let mut answer = post(gateway, &headers, &body.to_string());
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(
        (&answer.body["jsonrpc"], &answer.body["id"]),
        (&json!("2.0"), &json!(0))
    );
    answer.body["result"].take()
}

/// Calls a tool; its result.
fn call(gateway: &Gateway, tool: &str, arguments: &Value) -> Value {
    ask(
        gateway,
        "tools/call",
        &json!({"name": tool, "arguments": arguments}),
    )
}

/// Calls a tool that must succeed; its structured answer, which the text repeats.
fn done(gateway: &Gateway, tool: &str, arguments: &Value) -> Value {
    let mut result = call(gateway, tool, arguments);
    assert_eq!(result["isError"], json!(false), "{result}");
    let text = result["content"][0]["text"].as_str().expect("a text");
    let text: Value = serde_json::from_str(text).expect("JSON");
    assert_eq!(text, result["structuredContent"]);
    result["structuredContent"].take()
}

/// Calls a tool that must fail; what it says of that.
fn failed(gateway: &Gateway, tool: &str, arguments: &Value) -> String {
    let result = call(gateway, tool, arguments);
    assert_eq!(result["isError"], json!(true), "{result}");
    result["content"][0]["text"]
        .as_str()
        .expect("a text")
        .to_owned()
}

/// Calls a tool on a connection that nobody reads yet.
fn begin_call(gateway: &Gateway, id: &str, tool: &str, arguments: &Value) -> Raw {
    let params = json!({"name": tool, "arguments": arguments});
    let body = json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params});
    let mut raw = gateway.raw();
    raw.send(request(gateway, &[ACCEPT], &body.to_string()).as_bytes());
    raw
}

/// What such a call is answered.
fn answer_of(mut raw: Raw) -> Value {
    use std::io::Read as _;

    let (status, head) = raw.head();
    assert_eq!(status, 200, "{head}");
    let mut body = std::mem::take(&mut raw.rest);
    raw.stream.read_to_end(&mut body).expect("an answer");
    let mut body: Value = serde_json::from_slice(&body).expect("JSON");
    body["result"].take()
}

/// A message of `peer` comes in on webchat.
fn comes_in(gateway: &Gateway, peer: &str, text: &str) {
    let payload = json!({"channel": "webchat", "peer": peer, "text": text});
    let command = json!({"type": "command", "action": "receive", "payload": payload});
    let (status, answer) = gateway.rpc(&command.to_string());
    assert_eq!(status, 200, "{answer}");
}

/// The texts of messages.
fn texts(answer: &Value) -> Vec<&str> {
    let messages = answer["messages"].as_array().expect("messages");
    let texts = messages.iter().map(|message| message["text"].as_str());
    texts.map(|text| text.expect("a text")).collect()
}
