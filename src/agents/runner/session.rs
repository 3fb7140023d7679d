//! One connection of an agent: turns come in, pieces and answers go out. Everything is one task but the turns
//! themselves, each of which has its own.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    sync::{Notify, mpsc, oneshot},
    task::{AbortHandle, JoinError, JoinSet},
    time::{Instant, sleep_until},
};

use super::{
    Ended, RunOptions,
    endings::{Ending, Endings},
};
use crate::{
    agents::{
        Agent, Answer, Failure, MAX_ANSWER_BYTES, Turn,
        journal::Journal,
        reply::{Call, CallError, Reply},
    },
    client::{Client, Endpoint, ServerMessage},
    cut,
    error::Error,
    message::{MARKDOWN, text_at},
    panics::contained,
    protocol::error_code::close,
    shutdown::Shutdown,
};

/// Calls of agents that wait to go out.
const MAX_CALLS: usize = 64;

/// How often the gateway is asked whether it is there, where it does not say what it expects.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// How many connections there were in this process.
static CONNECTIONS: AtomicU64 = AtomicU64::new(1);

type Outcome = Result<Answer, Failure>;

/// What the gateway's answer to a call of ours is for.
enum Waiting {
    /// An agent waits for it.
    Agent(oneshot::Sender<Result<Value, CallError>>),
    /// The next piece of this turn may follow.
    Piece(String),
    /// The end of a turn.
    End(Ending),
    /// Whether the gateway is there.
    Heartbeat,
}

/// A turn under way.
struct Running {
    /// Tells it from an earlier one of the same id.
    number: u64,
    task: AbortHandle,
    reply: Reply,
    /// A piece was sent and not answered yet.
    sending: bool,
}

pub(super) struct Session {
    agent: Arc<dyn Agent>,
    turns: usize,
    journal: Journal,
    endpoint: Endpoint,
    /// Tells it from the connections before.
    number: u64,
    client: Client,
    running: BTreeMap<String, Running>,
    tasks: JoinSet<(String, u64, Outcome)>,
    waiting: HashMap<u64, Waiting>,
    last_id: u64,
    wake: Arc<Notify>,
    calls: (mpsc::Sender<Call>, mpsc::Receiver<Call>),
    /// Ends that the gateway had no room for.
    endings: Endings,
}

impl Session {
    pub(super) fn new(
        agent: Arc<dyn Agent>,
        options: &RunOptions,
        endpoint: Endpoint,
        client: Client,
    ) -> Self {
        Self {
            agent,
            turns: options.turns,
            journal: options.journal.clone(),
            endpoint,
            number: CONNECTIONS.fetch_add(1, Relaxed),
            client,
            running: BTreeMap::new(),
            tasks: JoinSet::new(),
            waiting: HashMap::new(),
            last_id: 0,
            wake: Arc::default(),
            calls: mpsc::channel(MAX_CALLS),
            endings: Endings::default(),
        }
    }

    /// Takes turns until the connection ends. The turns end with it.
    pub(super) async fn run(mut self, hello: &Value, shutdown: &Shutdown) -> Ended {
        let told = hello["limits"]["heartbeat_ms"].as_u64();
        let heartbeat = told.map_or(HEARTBEAT, |ms| Duration::from_millis(ms.max(1000)));
        let ended = self.serve(heartbeat, shutdown).await;
        self.tasks.shutdown().await;
        if matches!(ended, Ended::Stopped) {
            self.client.close().await;
        }
        ended
    }

    async fn serve(&mut self, heartbeat: Duration, shutdown: &Shutdown) -> Ended {
        let mut stopped = Box::pin(shutdown.begun());
        let mut due = Instant::now() + heartbeat;
        loop {
            self.send_pieces();
            let wake = Arc::clone(&self.wake);
            tokio::select! {
                received = self.client.receive() => {
                    due = Instant::now() + heartbeat;
                    if let Some(ended) = self.received(received) {
                        return ended;
                    }
                }
                Some(call) = self.calls.1.recv() => {
                    self.call(call.action, &call.payload, Waiting::Agent(call.answer));
                }
                Some(ended) = self.tasks.join_next() => self.ended(ended),
                ending = self.endings.due() => self.say(ending),
                () = wake.notified() => {}
                () = sleep_until(due) => {
                    let asks = |waiting: &Waiting| matches!(waiting, Waiting::Heartbeat);
                    if self.waiting.values().any(asks) {
                        return Ended::Lost("the gateway does not answer any more".to_owned());
                    }
                    self.call("ping", &json!({}), Waiting::Heartbeat);
                    due = Instant::now() + heartbeat;
                }
                _ = &mut stopped => return Ended::Stopped,
            }
        }
    }

    /// Sends what the turns have to show, one piece of each at a time: the next follows once the gateway
    /// took this one.
    fn send_pieces(&mut self) {
        let ready = self.running.iter_mut().filter(|(_, turn)| !turn.sending);
        let pieces: Vec<(String, String)> = ready
            .filter_map(|(id, turn)| {
                let piece = turn.reply.take_piece()?;
                turn.sending = true;
                Some((id.clone(), piece))
            })
            .collect();
        for (id, text) in pieces {
            let payload = json!({"turn_id": id, "text": text});
            self.call("agent.delta", &payload, Waiting::Piece(id));
        }
    }

    /// Queues a command. How many there are is bounded: one piece and one end a turn, and what agents wait
    /// for.
    fn call(&mut self, action: &str, payload: &Value, waiting: Waiting) {
        self.last_id += 1;
        let id = self.last_id;
        let command = json!({"type": "command", "action": action, "id": id, "payload": payload});
        // A connection that fails here says so at the next read.
        if self.client.queue_text(&command.to_string()).is_ok() {
            self.waiting.insert(id, waiting);
        }
    }

    fn received(&mut self, received: Result<ServerMessage, Error>) -> Option<Ended> {
        match received {
            Ok(ServerMessage::Text(text)) => {
                if let Ok(mut frame) = serde_json::from_str::<Value>(&text) {
                    self.heard(&mut frame);
                }
                None
            }
            Ok(ServerMessage::Closed(close::REPLACED, _)) => Some(Ended::Replaced),
            Ok(ServerMessage::Closed(code, reason)) => Some(Ended::Lost(format!(
                "it closed the connection: {reason} ({code})"
            ))),
            Err(error) => Some(Ended::Lost(error.to_string())),
        }
    }

    fn heard(&mut self, frame: &mut Value) {
        let payload = frame["payload"].take();
        if frame["type"] == "event" {
            match frame["action"].as_str() {
                Some("agent.turn") => self.begin(payload),
                Some("agent.abort") => self.abort(&payload),
                _ => {}
            }
            return;
        }
        let id = frame["id"].as_u64();
        let Some(waiting) = id.and_then(|id| self.waiting.remove(&id)) else {
            return;
        };
        let wait_ms = payload["retry_after_ms"].as_u64();
        let answer = if frame["type"] == "response" {
            Ok(payload)
        } else {
            let text = |name| text_at(&payload, name).unwrap_or_default().to_owned();
            Err(CallError::Refused(text("code"), text("message")))
        };
        self.answered(waiting, answer, wait_ms);
    }

    fn answered(
        &mut self,
        waiting: Waiting,
        answer: Result<Value, CallError>,
        wait_ms: Option<u64>,
    ) {
        match waiting {
            Waiting::Agent(agent) => {
                let _ = agent.send(answer);
            }
            Waiting::Piece(id) => {
                if let Some(turn) = self.running.get_mut(&id) {
                    turn.sending = false;
                }
            }
            Waiting::End(ending) => {
                let Err(error) = answer else { return };
                if let Some(ending) = self.endings.keep(ending, error.code(), wait_ms) {
                    let id = ending.turn_id;
                    self.journal
                        .warn(&format!("the end of {id} was not taken: {error}"));
                }
            }
            Waiting::Heartbeat => {}
        }
    }

    fn begin(&mut self, payload: Value) {
        let id = text_at(&payload, "turn_id").unwrap_or_default().to_owned();
        let Some(turn) = Turn::parse(payload) else {
            let failure = Failure::permanent("the gateway offered a turn that cannot be read");
            return self.end(&id, &Err(failure));
        };
        self.forget(&id);
        if self.running.len() >= self.turns {
            return self.end(&id, &Err(Failure::transient("the agent has no room")));
        }
        self.last_id += 1;
        let number = self.last_id;
        let calls = self.calls.0.clone();
        let reply = Reply::new(
            &id,
            Arc::clone(&self.wake),
            calls,
            self.endpoint.clone(),
            self.number,
        );
        let (agent, its_reply) = (Arc::clone(&self.agent), reply.clone());
        let task = self.tasks.spawn(async move {
            let answered = contained(agent.answer(&turn, &its_reply)).await;
            let panicked = |panic| Err(Failure::unknown(format!("the agent panicked: {panic}")));
            (turn.id, number, answered.unwrap_or_else(panicked))
        });
        let running = Running {
            number,
            task,
            reply,
            sending: false,
        };
        self.running.insert(id, running);
    }

    fn abort(&mut self, payload: &Value) {
        let id = text_at(payload, "turn_id").unwrap_or_default();
        if self.forget(id) {
            let why = text_at(payload, "reason").unwrap_or("no reason given");
            self.journal.info(&format!("{id} was aborted: {why}"));
        }
    }

    /// Aborts a turn if it runs.
    fn forget(&mut self, id: &str) -> bool {
        self.endings.forget(id);
        let running = self.running.remove(id);
        running.is_some_and(|running| {
            running.task.abort();
            true
        })
    }

    fn ended(&mut self, ended: Result<(String, u64, Outcome), JoinError>) {
        // One that was aborted says nothing.
        let Ok((id, number, outcome)) = ended else {
            return;
        };
        let is_current = |running: &Running| running.number == number;
        if !self.running.get(&id).is_some_and(is_current) {
            return;
        }
        if let Some(running) = self.running.remove(&id)
            && outcome.is_ok()
        {
            self.send_rest(&id, &running.reply);
        }
        self.end(&id, &outcome);
    }

    /// Sends all that waits to be shown: whoever reads along has it before the end.
    fn send_rest(&mut self, id: &str, reply: &Reply) {
        while let Some(text) = reply.take_piece() {
            let payload = json!({"turn_id": id, "text": text});
            self.call("agent.delta", &payload, Waiting::Piece(id.to_owned()));
        }
    }

    fn end(&mut self, id: &str, outcome: &Outcome) {
        let (action, payload) = match outcome {
            Ok(answer) => {
                // The gateway would close the connection at what is far too long, and every turn with it.
                let text = cut::marked(answer.text.clone(), MAX_ANSWER_BYTES);
                let mut payload = json!({"turn_id": id, "text": text});
                if answer.is_markdown {
                    payload["format"] = json!(MARKDOWN);
                }
                if let Some(media) = &answer.media {
                    payload["media"] = media.clone();
                }
                ("agent.done", payload)
            }
            Err(failure) => {
                self.journal
                    .warn(&format!("{id} failed: {}", failure.error));
                let mut payload = json!({"turn_id": id, "error": failure.error,
                    "certainty": failure.certainty.as_str()});
                if let Some(wait) = failure.retry_after {
                    let wait = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
                    payload["retry_after_ms"] = json!(wait.min(super::MAX_RETRY_AFTER_MS));
                }
                ("agent.failed", payload)
            }
        };
        self.say(Ending {
            turn_id: id.to_owned(),
            action,
            payload,
            times: 0,
        });
    }

    fn say(&mut self, mut ending: Ending) {
        ending.times += 1;
        let (action, payload) = (ending.action, ending.payload.clone());
        self.call(action, &payload, Waiting::End(ending));
    }
}
