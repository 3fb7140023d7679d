//! A bridge with the trouble that the test sets. It forgets what it sent, so that what it never answered comes
//! twice, and must be told so.

use std::{
    collections::HashSet,
    io::Read as _,
    net::{Shutdown, SocketAddr, TcpStream},
    ops::ControlFlow,
    sync::{
        Arc, Condvar, Mutex, MutexGuard,
        atomic::{AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use serde_json::{Value, json};
use tungstenite::{Message, WebSocket, client::IntoClientRequest as _};

use super::{
    ledger::Ledger,
    service::{FAILING_PERCENT, Faulty, InTrouble, Trouble},
};
use crate::support::{Gateway, PATIENCE, dice::Dice};

/// The channel that the bridge is.
pub(crate) const BRIDGE: &str = "sms-bridge";

/// How long the bridge waits before it looks again whether there is a daemon to attach to.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// The bridge, and what goes wrong with it.
pub(crate) struct FaultyBridge {
    shared: Arc<BridgeState>,
    attaching: Option<JoinHandle<()>>,
}

struct BridgeState {
    trouble: InTrouble,
    ledger: Arc<Ledger>,
    dice: Arc<Dice>,
    silence: Duration,
    calls: AtomicUsize,
    standing: Mutex<Standing>,
    changed: Condvar,
}

/// Where the bridge stands.
#[derive(Default)]
struct Standing {
    /// Its address and its token.
    daemon: Option<(SocketAddr, String)>,
    live: Option<TcpStream>,
    is_away: bool,
    has_ended: bool,
}

impl FaultyBridge {
    pub(crate) fn start(ledger: &Arc<Ledger>, dice: &Arc<Dice>, silence: Duration) -> Self {
        let shared = Arc::new(BridgeState {
            trouble: InTrouble::none(),
            ledger: Arc::clone(ledger),
            dice: Arc::clone(dice),
            silence,
            calls: AtomicUsize::new(0),
            standing: Mutex::default(),
            changed: Condvar::new(),
        });
        let attaching = Arc::clone(&shared);
        let attaching = Some(thread::spawn(move || attaching.attach()));
        Self { shared, attaching }
    }

    /// The daemon to attach to from now on.
    pub(crate) fn finds(&self, daemon: &Gateway) {
        self.shared.standing().daemon = Some((daemon.address, daemon.token.clone()));
        self.shared.changed.notify_all();
    }

    /// Waits until the daemon knows it.
    pub(crate) fn await_attached(&self) {
        self.shared
            .await_standing(|standing| standing.live.is_some());
    }
}

impl Drop for FaultyBridge {
    fn drop(&mut self) {
        self.shared.standing().has_ended = true;
        self.vanish();
        let attached = self.attaching.take().expect("started").join();
        if !thread::panicking() {
            attached.expect("the bridge was treated as one");
        }
    }
}

impl Faulty for FaultyBridge {
    fn set_trouble(&self, trouble: Trouble) {
        self.shared.trouble.set(trouble);
        if trouble == Trouble::Disconnects {
            self.shared.leave();
        }
    }

    fn vanish(&self) {
        self.shared.standing().is_away = true;
        self.shared.leave();
        self.await_quiet();
    }

    fn come_back(&self) {
        self.shared.standing().is_away = false;
        self.shared.changed.notify_all();
    }

    fn is_running(&self) -> bool {
        !self.shared.standing().is_away
    }

    fn await_quiet(&self) {
        self.shared
            .await_standing(|standing| standing.live.is_none());
    }

    fn calls(&self) -> usize {
        self.shared.calls.load(Ordering::Relaxed)
    }
}

impl BridgeState {
    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().expect("not poisoned")
    }

    fn await_standing(&self, is_so: impl Fn(&Standing) -> bool) {
        let waited = self
            .changed
            .wait_timeout_while(self.standing(), PATIENCE, |standing| !is_so(standing));
        assert!(!waited.expect("not poisoned").1.timed_out(), "in vain");
    }

    /// Ends the connection, whatever is on its way.
    fn leave(&self) {
        if let Some(live) = &self.standing().live {
            let _ = live.shutdown(Shutdown::Both);
        }
    }

    /// Attaches again and again, until the end.
    fn attach(&self) {
        let mut seen = HashSet::new();
        loop {
            let standing = self.standing();
            let waited = self.changed.wait_timeout(standing, LOOK_AGAIN);
            let standing = waited.expect("not poisoned").0;
            if standing.has_ended {
                return;
            }
            let daemon = standing.daemon.clone().filter(|_| !standing.is_away);
            drop(standing);
            if let Some((at, token)) = daemon.filter(|_| !self.trouble.is_cut_off(self.silence)) {
                self.serve(at, &token, &mut seen);
                self.standing().live = None;
                self.changed.notify_all();
            }
        }
    }

    /// Is the bridge until the connection ends; returns `None` where it never stood.
    fn serve(&self, daemon: SocketAddr, token: &str, seen: &mut HashSet<String>) -> Option<()> {
        let stream = TcpStream::connect_timeout(&daemon, PATIENCE).ok()?;
        stream.set_nodelay(true).ok()?;
        let line = stream.try_clone().ok()?;
        let mut request = format!("ws://{daemon}/").into_client_request().ok()?;
        let bearer = format!("Bearer {token}").parse().expect("a value");
        request.headers_mut().insert("authorization", bearer);
        let (mut socket, _) = tungstenite::client(request, stream).ok()?;
        let who = json!({"client": {"kind": "integration", "channel": BRIDGE}});
        say(&mut socket, "auth", &who)?;
        let answer = socket.read().ok()?;
        assert!(answer.to_string().contains("protocol"), "{answer}");
        {
            let mut standing = self.standing();
            standing.live = Some(line).filter(|_| !standing.is_away);
            standing.live.as_ref()?;
        }
        self.changed.notify_all();
        loop {
            let Message::Text(text) = socket.read().ok()? else {
                continue;
            };
            let said: Value = serde_json::from_str(text.as_str()).expect("JSON");
            if said["action"] == "deliver"
                && self.deliver(&said["payload"], &mut socket, seen).is_break()
            {
                drain(socket.get_mut());
                return Some(());
            }
        }
    }

    fn deliver(
        &self,
        message: &Value,
        socket: &mut WebSocket<TcpStream>,
        seen: &mut HashSet<String>,
    ) -> ControlFlow<()> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let trouble = self.trouble.get();
        let id = &message["message_id"];
        let mut sends = |is_answered: bool| {
            let is_first = seen.insert(id.to_string());
            let is_told = message["redelivered"] == true;
            assert!(is_first || is_told, "not marked as a repeat: {message}");
            let text = |field: &str| message[field].as_str().unwrap_or_default();
            self.ledger
                .note(BRIDGE, text("peer"), text("text"), is_answered);
        };
        match trouble {
            Trouble::Fails | Trouble::Refuses | Trouble::IsBusy if self.fails() => {
                let mut failed =
                    json!({"message_id": id, "error": "in trouble", "certainty": "transient"});
                if trouble == Trouble::IsBusy {
                    failed["retry_after_ms"] = json!(200);
                }
                say(socket, "failed", &failed)
            }
            Trouble::Hangs if self.fails() => {
                // Some hang before the message is sent and some after.
                if self.dice.percent(50) {
                    sends(false);
                }
                self.hang();
                None
            }
            Trouble::BreaksOff if self.fails() => {
                sends(false);
                None
            }
            Trouble::Disconnects if self.fails() => None,
            _ => {
                sends(true);
                say(socket, "delivered", &json!({"message_id": id}))
            }
        }
        .map_or(ControlFlow::Break(()), ControlFlow::Continue)
    }

    /// Whether this one fails while there is trouble.
    fn fails(&self) -> bool {
        self.dice.percent(FAILING_PERCENT)
    }

    /// Does nothing for the time of a silence, or until the end.
    fn hang(&self) {
        let waited = self
            .changed
            .wait_timeout_while(self.standing(), self.silence, |standing| {
                !standing.has_ended && !standing.is_away
            });
        drop(waited);
    }
}

/// Sends a command; `None` where the connection has ended.
fn say(socket: &mut WebSocket<TcpStream>, action: &str, payload: &Value) -> Option<()> {
    let command = json!({"type": "command", "action": action, "payload": payload});
    socket.send(Message::text(command.to_string())).ok()
}

/// Says no more and reads to the end, so that what was said arrives.
fn drain(stream: &mut TcpStream) {
    let _ = stream.shutdown(Shutdown::Write);
    let mut rest = [0; 16 * 1024];
    while stream.read(&mut rest).is_ok_and(|count| count > 0) {}
}
