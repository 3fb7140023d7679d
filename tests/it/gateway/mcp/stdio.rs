//! The command `mcp`: the same over standard input and output.

use std::{
    fmt::Write as _,
    io::{BufRead as _, BufReader, Write as _},
    net::{Ipv4Addr, SocketAddr},
    process::Stdio,
};

use serde_json::{Value, json};
use tokio::net::TcpSocket;

use super::{comes_in, done, texts};
use crate::support::{Daemon, Scratch, program, run_with_input};

/// The lines that the command writes for these, each a message. Its input ends once so many were answered: what is still
/// asked then it need not wait for.
fn written(home: &std::path::Path, arguments: &[&str], input: &str, answered: usize) -> Vec<Value> {
    let mut command = program(home, arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    let mut stdin = child.stdin.take().expect("piped");
    let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let mut lines = lines.map(|line| serde_json::from_str(&line.expect("text")).expect("JSON"));
    stdin.write_all(input.as_bytes()).expect("written");
    let mut answers: Vec<Value> = lines.by_ref().take(answered).collect();
    drop(stdin);
    answers.extend(lines);
    assert!(child.wait().expect("it ends").success(), "{answers:?}");
    answers
}

fn of_id<'a>(answers: &'a [Value], id: &Value) -> &'a Value {
    let found = answers.iter().find(|answer| answer["id"] == *id);
    found.unwrap_or_else(|| panic!("no answer to {id} in {answers:?}"))
}

#[test]
fn requests_of_both_eras_are_answered_and_nothing_else_is_written() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    comes_in(&daemon, "ana", "olá");
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let uri = "cleudocodebot://conversation/webchat/ana";
    let lines = [
        json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {"protocolVersion": "2025-11-25"}}),
        json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
        json!({"jsonrpc": "2.0", "id": "d", "method": "server/discover", "params": {"_meta": meta}}),
        json!({"jsonrpc": "2.0", "id": "c", "method": "tools/call", "params": {"name": "channels", "_meta": meta}}),
        json!({"jsonrpc": "2.0", "id": "r", "method": "resources/read", "params": {"uri": uri, "_meta": meta}}),
        json!({"jsonrpc": "2.0", "id": "ü", "method": "tools/call", "params": {"name": "ação", "_meta": meta}}),
        json!({"jsonrpc": "2.0", "id": 2, "method": "nonsense"}),
    ];
    let mut input = String::from("\n");
    for line in &lines {
        writeln!(input, "{line}").expect("a String");
    }
    input.push_str("no message\n");
    let answers = written(&home.0, &["mcp"], &input, 7);
    assert_eq!(answers.len(), 7, "{answers:?}");
    assert_eq!(
        of_id(&answers, &json!(0))["result"]["protocolVersion"],
        "2025-11-25"
    );
    assert_eq!(
        of_id(&answers, &json!("d"))["result"]["resultType"],
        "complete"
    );
    let channels = of_id(&answers, &json!("c"));
    assert_eq!(channels["result"]["isError"], false, "{channels}");
    let text = &of_id(&answers, &json!("r"))["result"]["contents"][0]["text"];
    assert!(text.as_str().is_some_and(|text| text.contains("olá")));
    assert_eq!(of_id(&answers, &json!("ü"))["result"]["isError"], true);
    assert_eq!(of_id(&answers, &json!(2))["error"]["code"], -32601);
    assert_eq!(of_id(&answers, &Value::Null)["error"]["code"], -32700);
}

#[tokio::test]
async fn without_a_daemon_each_request_is_told_so() {
    let home = Scratch::new();
    drop(Daemon::start(&home.0));
    // Bound, so that no daemon of another test gets it, and without a listener.
    let socket = TcpSocket::new_v4().expect("a socket");
    let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    socket.bind(anywhere).expect("bound");
    let port = socket.local_addr().expect("an address").port().to_string();
    let input = "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"ping\"}\n\
                 {\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n";
    let answers = written(&home.0, &["mcp", "--port", &port], input, 1);
    assert_eq!((answers.len(), &answers[0]["id"]), (1, &json!(7)));
    let said = answers[0]["error"]["message"].as_str().expect("a text");
    assert!(
        said.contains("no daemon answers at") && said.contains("start it"),
        "{said}"
    );
}

#[test]
fn a_large_answer_comes_whole_in_one_line() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let file = "0123456789abcdef".repeat(180_000);
    let (status, kept) = daemon.post(
        "/media",
        &format!("{}Content-Type: text/plain", daemon.authorization()),
        &file,
    );
    assert_eq!(status, 201, "{kept}");
    let kept: Value = serde_json::from_str(&kept).expect("JSON");
    let params = json!({"name": "get_media", "arguments": {"media_id": kept["media_id"]}});
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
    let answers = written(&home.0, &["mcp"], &format!("{call}\n"), 1);
    let resource = &answers[0]["result"]["content"][1]["resource"];
    assert_eq!(
        resource["text"].as_str().map(str::len),
        Some(file.len()),
        "{}",
        resource["mimeType"]
    );
}

#[test]
fn requests_are_answered_while_another_waits_and_the_end_of_input_ends_it() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let mut command = program(&home.0, &["mcp", "--reader", "joão"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    let mut input = child.stdin.take().expect("piped");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let mut write = |body: &Value| writeln!(input, "{body}").expect("written");
    let mut next = || {
        let line = lines.next().expect("a line").expect("text");
        serde_json::from_str::<Value>(&line).expect("JSON")
    };
    let wait = |id: i64, timeout_s: u64| {
        let params = json!({"name": "wait_for_messages", "arguments": {"timeout_s": timeout_s}});
        json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params})
    };
    write(&wait(1, 0));
    assert_eq!(next()["id"], 1);
    write(&wait(2, 100));
    write(&json!({"jsonrpc": "2.0", "id": 3, "method": "ping"}));
    assert_eq!(next()["id"], 3, "a ping does not wait for a message");
    write(
        &json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 2}}),
    );
    // An answer to what follows it: the daemon knows, before a message comes that the wait would be answered with.
    write(&json!({"jsonrpc": "2.0", "id": "after", "method": "ping"}));
    assert_eq!(next()["id"], "after");
    comes_in(&daemon, "ana", "hello");
    write(&wait(4, 100));
    let came = next();
    assert_eq!(came["id"], 4, "what was cancelled is not answered");
    assert_eq!(texts(&came["result"]["structuredContent"]), ["hello"]);
    let own = done(
        &daemon,
        "wait_for_messages",
        &json!({"reader": "joão", "timeout_s": 0}),
    );
    assert_eq!(own["timed_out"], true, "its place is that of its name");
    write(&wait(5, 200));
    drop(input);
    assert!(child.wait().expect("it ends").success());
    assert!(lines.next().is_none());
}

#[test]
fn a_name_that_is_none_is_refused() {
    let home = Scratch::new();
    for wrong in ["", "a\nb"] {
        let output = run_with_input(program(&home.0, &["mcp", "--reader", wrong]), "");
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(output.stdout.is_empty());
    }
}
