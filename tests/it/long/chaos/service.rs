//! Fakes of an Evolution API, a Cloud API and a Bot API, each with the trouble that the test sets; and what
//! every service of the chaos can do.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::ledger::Ledger;
use crate::support::{
    dice::Dice,
    fake::{Fake, Reply, Request},
};

/// How many of a hundred calls fail while a service is in trouble.
pub(super) const FAILING_PERCENT: usize = 20;

/// How a service fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    None,
    Fails,
    Hangs,
    BreaksOff,
    IsBusy,
    /// Says no with what may pass, or is not what answers.
    Refuses,
    /// Stops and starts again; the test does that itself.
    Restarts,
    /// Is there, and for a while not connected to what it sends by; after that, now and then.
    Disconnects,
}

impl Trouble {
    /// The troubles that take turns.
    pub(crate) const ROUND: [Self; 7] = [
        Self::Fails,
        Self::Refuses,
        Self::Hangs,
        Self::BreaksOff,
        Self::IsBusy,
        Self::Restarts,
        Self::Disconnects,
    ];
}

/// A service of the chaos.
pub(crate) trait Faulty {
    fn set_trouble(&self, trouble: Trouble);

    /// Stops: every connection ends and no new one is accepted.
    fn vanish(&self);

    /// Starts again where it stopped.
    fn come_back(&self);

    fn is_running(&self) -> bool;

    /// Waits until the connections of a killed daemon have ended and what came by them is handled.
    fn await_quiet(&self);

    /// Calls to send or to search, answered or not.
    fn calls(&self) -> usize;
}

/// The trouble that a service has, and since when.
pub(super) struct InTrouble(Mutex<(Trouble, Instant)>);

impl InTrouble {
    pub(super) fn none() -> Self {
        Self(Mutex::new((Trouble::None, Instant::now())))
    }

    pub(super) fn set(&self, trouble: Trouble) {
        *self.0.lock().expect("not poisoned") = (trouble, Instant::now());
    }

    pub(super) fn get(&self) -> Trouble {
        self.0.lock().expect("not poisoned").0
    }

    /// Whether it is disconnected without a break: for twice the silence at first.
    pub(super) fn is_cut_off(&self, silence: Duration) -> bool {
        let (trouble, since) = *self.0.lock().expect("not poisoned");
        trouble == Trouble::Disconnects && since.elapsed() <= 2 * silence
    }
}

/// A service that is asked by HTTP, and its fake.
pub(crate) struct FaultyService {
    fake: Fake,
    shared: Arc<ServiceState>,
}

/// What the fake's threads share.
struct ServiceState {
    channel: &'static str,
    trouble: InTrouble,
    ledger: Arc<Ledger>,
    dice: Arc<Dice>,
    silence: Duration,
    next_id: AtomicU64,
    calls: AtomicUsize,
    /// What a search finds: peer, id and text, newest last.
    sent: Mutex<Vec<(String, String, String)>>,
    posts: Mutex<Option<std::sync::mpsc::Sender<String>>>,
}

impl FaultyService {
    pub(crate) fn start(
        channel: &'static str,
        ledger: &Arc<Ledger>,
        dice: &Arc<Dice>,
        silence: Duration,
    ) -> Self {
        let shared = Arc::new(ServiceState {
            channel,
            trouble: InTrouble::none(),
            ledger: Arc::clone(ledger),
            dice: Arc::clone(dice),
            silence,
            next_id: AtomicU64::new(1),
            calls: AtomicUsize::new(0),
            sent: Mutex::default(),
            posts: Mutex::default(),
        });
        let asked = Arc::clone(&shared);
        let fake = Fake::start(move |request| asked.answer(request));
        Self { fake, shared }
    }

    pub(crate) fn fake(&self) -> &Fake {
        &self.fake
    }

    /// The name of every text sent goes to this channel.
    pub(crate) fn report_sent(&self, posts: std::sync::mpsc::Sender<String>) {
        *self.shared.posts.lock().expect("not poisoned") = Some(posts);
    }
}

impl Faulty for FaultyService {
    fn set_trouble(&self, trouble: Trouble) {
        self.shared.trouble.set(trouble);
    }

    fn vanish(&self) {
        self.fake.vanish();
    }

    fn come_back(&self) {
        self.fake.come_back();
    }

    fn is_running(&self) -> bool {
        self.fake.is_running()
    }

    fn await_quiet(&self) {
        self.fake.await_quiet();
    }

    fn calls(&self) -> usize {
        self.shared.calls.load(Ordering::Relaxed)
    }
}

impl ServiceState {
    fn answer(&self, request: &Request) -> Reply {
        let path = request.path.as_str();
        if path.ends_with("/getUpdates") {
            return Reply::Hang;
        }
        let is_search = path.contains("findMessages");
        let is_send = ["/sendMessage", "/messages", "/message/sendText/Cleudocode"]
            .iter()
            .any(|end| path.ends_with(end));
        let trouble = self.trouble.get();
        let is_connected = !self.trouble.is_cut_off(self.silence);
        if !is_search && !is_send {
            let state = if is_connected { "open" } else { "connecting" };
            return Reply::Json(
                200,
                json!({"ok": true, "result": {"id": 1}, "id": "555",
                "instance": {"state": state}}),
            );
        }
        self.calls.fetch_add(1, Ordering::Relaxed);
        let fails_now = self.dice.percent(FAILING_PERCENT);
        match trouble {
            Trouble::Fails if fails_now => Reply::Json(500, self.refusal()),
            Trouble::Disconnects if is_send && (fails_now || !is_connected) => self.unconnected(),
            Trouble::Refuses if fails_now => self.no(is_search),
            Trouble::IsBusy if fails_now => Reply::Busy(1, self.refusal()),
            Trouble::Hangs if fails_now => {
                // Some hang before the message is sent and some after.
                if self.dice.percent(50) {
                    self.done(request, is_search, false);
                }
                Reply::Silence(self.silence)
            }
            Trouble::BreaksOff if fails_now => {
                self.done(request, is_search, false);
                Reply::Half
            }
            _ => self.done(request, is_search, true),
        }
    }

    /// An Evolution API without its connection, and what a proxy before it says; others are just busy.
    fn unconnected(&self) -> Reply {
        if self.channel != "whatsapp" {
            return Reply::Busy(1, self.refusal());
        }
        let said = |message: Value| json!({"response": {"message": message}});
        let undefined = "TypeError: Cannot read properties of undefined (reading 'id')";
        match self.dice.below(5) {
            0 => Reply::Json(400, said(json!(["Error: Connection Closed"]))),
            1 => Reply::Json(500, said(json!("Connection Closed"))),
            2 => Reply::Json(400, said(json!([undefined]))),
            3 => Reply::Json(404, json!("404 page not found")),
            _ => Reply::Json(503, json!({"code": "LICENSE_REQUIRED"})),
        }
    }

    fn refusal(&self) -> Value {
        match self.channel {
            "telegram" => json!({"ok": false, "description": "in trouble"}),
            "whatsapp-cloud" => json!({"error": {"message": "in trouble"}}),
            _ => json!({"response": {"message": "in trouble"}}),
        }
    }

    /// Refusals that say nothing of the message: from a proxy and, to a send, in words that nobody knows.
    fn no(&self, is_search: bool) -> Reply {
        let words = "Error: nobody has seen this";
        let body = match self.channel {
            "telegram" => json!({"ok": false, "error_code": 400, "description": words}),
            "whatsapp-cloud" => json!({"error": {"message": words, "code": 131_000}}),
            _ => json!({"status": 400, "response": {"message": [words]}}),
        };
        // The others look again only after seconds where something else answers for them.
        let has_proxy = self.channel == "whatsapp";
        match self.dice.below(if is_search { 2 } else { 6 }) {
            0 | 1 if !has_proxy => Reply::Json(400, body),
            0 => Reply::Text(404, "404 page not found\n"),
            1 => Reply::Text(503, "<html>Service Unavailable</html>"),
            _ => Reply::Json(400, body),
        }
    }

    fn done(&self, request: &Request, is_search: bool, answered: bool) -> Reply {
        let body = &request.body;
        if is_search {
            return self.found(body);
        }
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let (peer, text, answer) = match self.channel {
            "telegram" => {
                let result = json!({"message_id": id, "chat": {"id": body["chat_id"]}});
                (
                    body["chat_id"].to_string(),
                    &body["text"],
                    json!({"ok": true, "result": result}),
                )
            }
            "whatsapp-cloud" => {
                let answer = json!({"messages": [{"id": format!("wamid.{id}")}]});
                (string(&body["to"]), &body["text"]["body"], answer)
            }
            _ => {
                let answer = json!({"key": {"id": format!("E{id}")}});
                (string(&body["number"]), &body["text"], answer)
            }
        };
        let text = string(text);
        let mut sent = self.sent.lock().expect("not poisoned");
        self.ledger.note(self.channel, &peer, &text, answered);
        if self.channel == "whatsapp" {
            sent.push((peer, format!("E{id}"), text));
        }
        let posts = self.posts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(posts) = &*posts {
            let _ = posts.send(format!("E{id}"));
        }
        Reply::Json(if self.channel == "whatsapp" { 201 } else { 200 }, answer)
    }

    fn found(&self, body: &Value) -> Reply {
        let jid = string(&body["where"]["key"]["remoteJid"]);
        let sent = self.sent.lock().expect("not poisoned");
        let of_peer = sent
            .iter()
            .rev()
            .filter(|(peer, ..)| jid == format!("{peer}@s.whatsapp.net"));
        let records = of_peer.take(50).map(|(_, id, text)| {
            json!({"key": {"id": id}, "message": {"conversation": text}, "messageTimestamp": 4_000_000_000_u64})
        });
        let records: Vec<Value> = records.collect();
        Reply::Json(200, json!({"messages": {"records": records}}))
    }
}

fn string(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
