//! The runner against a gateway of few words, over a real socket.

use std::sync::Mutex;

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinHandle,
};
use tokio_tungstenite::{
    WebSocketStream, accept_async,
    tungstenite::{
        Message,
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};

use super::*;
use crate::{
    agents::{Answer, BoxFuture, Failure, MAX_ANSWER_BYTES, Reply, Turn, echo::Echo},
    shutdown::{self, Trigger},
};

/// An agent that runs in the background, and the gateway it comes to.
struct Stage {
    listener: TcpListener,
    trigger: Trigger,
    agent: JoinHandle<Result<()>>,
    lines: Arc<Mutex<Vec<String>>>,
}

/// The gateway's end of one connection.
struct Gateway(WebSocketStream<TcpStream>);

impl Stage {
    async fn new(agent: Arc<dyn Agent>, turns: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let (trigger, shutdown) = shutdown::channel();
        let lines: Arc<Mutex<Vec<String>>> = Arc::default();
        let kept = Arc::clone(&lines);
        let endpoint = Endpoint {
            host: "127.0.0.1".to_owned(),
            port,
            token: None,
        };
        let options = RunOptions {
            name: "tried".to_owned(),
            turns,
            endpoints: Box::new(move || Ok(vec![endpoint.clone()])),
            journal: Journal::to(move |line| kept.lock().expect("fine").push(line.to_owned())),
        };
        Self {
            listener,
            trigger,
            agent: tokio::spawn(run(agent, options, shutdown)),
            lines,
        }
    }

    /// The agent's next connection, announced and greeted.
    async fn gateway(&self) -> Gateway {
        let (stream, _) = self.listener.accept().await.expect("the agent");
        let mut gateway = Gateway(accept_async(stream).await.expect("a WebSocket"));
        let auth = gateway.next("auth").await;
        assert_eq!(auth["payload"]["client"]["kind"], "agent");
        assert_eq!(auth["payload"]["client"]["name"], "tried");
        gateway
            .answer(&auth, &json!({"limits": {"heartbeat_ms": 30_000}}))
            .await;
        gateway
    }

    async fn end(self) -> Result<()> {
        self.trigger.begin("test");
        self.agent.await.expect("no panic")
    }
}

impl Gateway {
    async fn say(&mut self, frame: &Value) {
        self.0
            .send(Message::text(frame.to_string()))
            .await
            .expect("sent");
    }

    async fn answer(&mut self, command: &Value, payload: &Value) {
        let frame = json!({"type": "response", "id": command["id"], "payload": payload});
        self.say(&frame).await;
    }

    async fn event(&mut self, action: &str, payload: Value) {
        self.say(&json!({"type": "event", "action": action, "payload": payload}))
            .await;
    }

    async fn offer(&mut self, id: &str, text: &str) {
        let turn = json!({"turn_id": id, "session": "webchat.ana", "message": text,
            "kind": "text", "attempt": 1, "group": false});
        self.event("agent.turn", turn).await;
    }

    /// The next command that is none of `agent.delta`.
    async fn next_end(&mut self) -> Value {
        loop {
            let command = self.command().await;
            if command["action"] != "agent.delta" {
                return command;
            }
        }
    }

    /// The next command, which is this one.
    async fn next(&mut self, action: &str) -> Value {
        let command = self.command().await;
        assert_eq!(command["action"], action, "{command}");
        command
    }

    async fn command(&mut self) -> Value {
        loop {
            let message = self.0.next().await.expect("a message").expect("read");
            let Message::Text(text) = message else {
                continue;
            };
            return serde_json::from_str(&text).expect("JSON");
        }
    }
}

#[tokio::test]
async fn a_turn_is_shown_and_answered() {
    let stage = Stage::new(Arc::new(Echo), 4).await;
    let mut gateway = stage.gateway().await;
    for id in ["t-1", "t-2"] {
        gateway.offer(id, "olá").await;
        let done = gateway.next_end().await;
        assert_eq!(done["action"], "agent.done");
        assert_eq!(done["payload"], json!({"turn_id": id, "text": "olá"}));
        gateway.answer(&done, &json!({"state": "done"})).await;
    }
    stage.end().await.expect("an orderly end");
}

/// Shows two pieces, asks, and waits until it is dropped or told to go on.
#[derive(Default)]
struct Slow {
    go_on: Notify,
    dropped: Arc<Notify>,
    closed: Mutex<bool>,
}

struct TellsDrop(Arc<Notify>);

impl Drop for TellsDrop {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

impl Agent for Slow {
    fn answer<'a>(
        &'a self,
        turn: &'a Turn,
        reply: &'a Reply,
    ) -> BoxFuture<'a, Result<Answer, Failure>> {
        Box::pin(async move {
            let _told = TellsDrop(Arc::clone(&self.dropped));
            assert_ne!(turn.message, "panic", "as asked");
            reply.delta("one");
            reply.delta(" two");
            self.go_on.notified().await;
            reply.delta(" three");
            let asked = reply.call("history", json!({"limit": 1})).await;
            Ok(Answer::text(format!("{asked:?}")))
        })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        *self.closed.lock().expect("fine") = true;
        Box::pin(std::future::ready(()))
    }
}

#[tokio::test]
async fn the_next_piece_waits_until_the_gateway_took_the_one_before() {
    let slow = Arc::new(Slow::default());
    let stage = Stage::new(slow.clone(), 4).await;
    let mut gateway = stage.gateway().await;
    gateway.offer("t-1", "hi").await;
    let first = gateway.next("agent.delta").await;
    assert_eq!(
        first["payload"],
        json!({"turn_id": "t-1", "text": "one two"})
    );
    slow.go_on.notify_one();
    let asked = gateway.next("history").await;
    gateway.answer(&first, &json!({})).await;
    let second = gateway.next("agent.delta").await;
    assert_eq!(second["payload"]["text"], " three");
    let refusal = json!({"type": "error", "id": asked["id"],
        "payload": {"code": "conflict", "message": "no"}});
    gateway.say(&refusal).await;
    let done = gateway.next("agent.done").await;
    assert_eq!(done["payload"]["text"], r#"Err(Refused("conflict", "no"))"#);
    stage.end().await.expect("an orderly end");
    assert!(*slow.closed.lock().expect("fine"));
}

#[tokio::test]
async fn an_answer_that_is_too_long_for_the_gateway_is_cut() {
    let stage = Stage::new(Arc::new(Echo), 4).await;
    let mut gateway = stage.gateway().await;
    gateway
        .offer("t-1", &"a".repeat(2 * MAX_ANSWER_BYTES))
        .await;
    let done = gateway.next_end().await;
    let text = done["payload"]["text"].as_str().expect("a text");
    assert!(text.len() == MAX_ANSWER_BYTES && text.ends_with(crate::cut::MARK));
    stage.end().await.expect("an orderly end");
}

#[tokio::test]
async fn an_end_that_there_was_no_room_for_is_said_again() {
    let stage = Stage::new(Arc::new(Echo), 4).await;
    let mut gateway = stage.gateway().await;
    gateway.offer("t-1", "olá").await;
    for code in ["queue_full", "queue_full", "conflict"] {
        let done = gateway.next_end().await;
        assert_eq!(done["payload"], json!({"turn_id": "t-1", "text": "olá"}));
        let refusal = json!({"type": "error", "id": done["id"],
            "payload": {"code": code, "message": "no", "retry_after_ms": 1}});
        gateway.say(&refusal).await;
    }
    // What else is refused is not.
    gateway.offer("t-2", "oi").await;
    assert_eq!(gateway.next_end().await["payload"]["turn_id"], "t-2");
    stage.end().await.expect("an orderly end");
}

#[tokio::test]
async fn all_that_was_shown_comes_before_the_end() {
    let stage = Stage::new(Arc::new(Echo), 4).await;
    let mut gateway = stage.gateway().await;
    let long = "olá ".repeat(10_000);
    gateway.offer("t-1", long.trim()).await;
    let (mut shown, mut command) = (String::new(), gateway.command().await);
    // The gateway answers none of them, so that only the first goes out by itself.
    while command["action"] == "agent.delta" {
        shown.push_str(command["payload"]["text"].as_str().expect("a text"));
        command = gateway.command().await;
    }
    assert_eq!(command["payload"]["text"], shown);
    assert_eq!(shown, long.trim());
    stage.end().await.expect("an orderly end");
}

#[tokio::test]
async fn an_aborted_turn_is_dropped_and_says_nothing_more() {
    let slow = Arc::new(Slow::default());
    let stage = Stage::new(slow.clone(), 1).await;
    let mut gateway = stage.gateway().await;
    gateway.offer("t-1", "hi").await;
    gateway.next("agent.delta").await;
    gateway
        .event("agent.abort", json!({"turn_id": "t-1", "reason": "asked"}))
        .await;
    slow.dropped.notified().await;
    // There is room again.
    gateway.offer("t-2", "hi").await;
    let delta = gateway.next("agent.delta").await;
    assert_eq!(delta["payload"]["turn_id"], "t-2");
    stage.end().await.expect("an orderly end");
}

#[tokio::test]
async fn too_many_turns_panics_and_nonsense_are_failures_of_their_turns() {
    let slow = Arc::new(Slow::default());
    let stage = Stage::new(slow.clone(), 1).await;
    let mut gateway = stage.gateway().await;
    gateway.offer("t-1", "panic").await;
    let failed = gateway.next("agent.failed").await;
    assert_eq!(failed["payload"]["certainty"], "unknown");
    gateway
        .event("agent.turn", json!({"turn_id": "t-2", "session": "../x"}))
        .await;
    let failed = gateway.next("agent.failed").await;
    assert_eq!(failed["payload"]["turn_id"], "t-2");
    gateway.offer("t-3", "hi").await;
    gateway.next("agent.delta").await;
    gateway.offer("t-4", "hi").await;
    let failed = gateway.next("agent.failed").await;
    assert_eq!(failed["payload"]["turn_id"], "t-4");
    assert_eq!(failed["payload"]["certainty"], "transient");
    stage.end().await.expect("an orderly end");
}

#[tokio::test]
async fn a_lost_connection_ends_its_turns_and_is_opened_again() {
    let slow = Arc::new(Slow::default());
    let stage = Stage::new(slow.clone(), 4).await;
    let mut gateway = stage.gateway().await;
    gateway.offer("t-1", "hi").await;
    gateway.next("agent.delta").await;
    drop(gateway);
    slow.dropped.notified().await;
    let mut gateway = stage.gateway().await;
    gateway.offer("t-1", "hi").await;
    gateway.next("agent.delta").await;
    let lines = stage.lines.lock().expect("fine").join("\n");
    assert!(lines.contains("no connection to the gateway"), "{lines}");
    stage.end().await.expect("an orderly end");
}

#[tokio::test]
async fn one_that_is_replaced_does_not_come_back() {
    let stage = Stage::new(Arc::new(Echo), 4).await;
    let mut gateway = stage.gateway().await;
    let frame = CloseFrame {
        code: CloseCode::from(4409),
        reason: "replaced".into(),
    };
    gateway.0.close(Some(frame)).await.expect("closed");
    let ended = stage.agent.await.expect("no panic");
    let error = ended.expect_err("it ended");
    assert_eq!(error.exit_code(), 78);
    assert!(error.to_string().contains("--name"), "{error}");
}
