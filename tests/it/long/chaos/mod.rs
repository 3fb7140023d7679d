//! Everything fails at once: services answer with errors, hang, break off, are busy and restart, and the
//! daemon is killed again and again. Nothing may be lost or come out of order, and nothing may be sent
//! twice unless an answer was lost.
//!
//! The full size: `cargo test --release --test it -- --ignored --nocapture chaos`.

mod bridge;
mod discord;
mod ledger;
mod outage;
mod sender;
mod service;

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, mpsc},
    thread,
    time::{Duration, Instant},
};

use cleudocodebot::message::State;
use serde_json::{Value, json};

use self::{
    bridge::{BRIDGE, FaultyBridge},
    discord::FaultyDiscord,
    ledger::Ledger,
    sender::Sender,
    service::{Faulty, FaultyService, Trouble},
};
use crate::support::{
    Daemon, Scratch, daemon_command,
    dice::Dice,
    discord::use_discord,
    poster::Poster,
    services::{use_cloud, use_evolution, use_telegram},
};

const CHANNELS: [&str; 5] = ["whatsapp", "whatsapp-cloud", "telegram", "discord", BRIDGE];

/// Those that know a message again, so that nothing may come twice.
const KNOWING: [&str; 2] = ["whatsapp", "discord"];

const SECRET: &str = "webhook-secret-of-the-chaos";

/// How long the poster of receipts waits for one before it looks for a new daemon.
const RECEIPT_WAIT: Duration = Duration::from_millis(50);

/// The size of a run.
struct Size {
    /// Messages in each phase.
    messages: usize,
    /// Phases; in each of them every service has a different trouble.
    phases: usize,
    /// How many phases, from the first on, end with a kill of the daemon.
    kills: usize,
    /// Peers of each channel.
    peers: usize,
    /// How long a hanging call lasts before its connection ends.
    silence: Duration,
}

#[test]
fn hundreds_survive_three_kills() {
    run(&Size {
        messages: 60,
        phases: 7,
        kills: 3,
        peers: 7,
        silence: Duration::from_millis(200),
    });
}

#[test]
#[ignore = "takes minutes"]
fn ten_thousand_survive_twenty_kills() {
    run(&Size {
        messages: 500,
        phases: 20,
        kills: 20,
        peers: 40,
        silence: Duration::from_secs(2),
    });
}

/// The services, the daemon's home and the records of a run.
struct ChaosRun {
    home: Scratch,
    /// An Evolution API, a Cloud API and a Bot API.
    asked: [FaultyService; 3],
    discord: FaultyDiscord,
    bridge: FaultyBridge,
    ledger: Arc<Ledger>,
    dice: Arc<Dice>,
    /// Where receipts are posted to.
    address: Arc<Mutex<Option<SocketAddr>>>,
}

fn run(size: &Size) {
    let begun = Instant::now();
    let dice = Arc::new(Dice::thrown("chaos"));
    let ledger = Arc::new(Ledger::default());
    let asked = ["whatsapp", "whatsapp-cloud", "telegram"];
    let chaos = ChaosRun {
        home: Scratch::new(),
        asked: asked.map(|channel| FaultyService::start(channel, &ledger, &dice, size.silence)),
        discord: FaultyDiscord::start(&ledger, &dice, size.silence),
        bridge: FaultyBridge::start(&ledger, &dice, size.silence),
        ledger,
        dice,
        address: Arc::default(),
    };
    let mut sender = Sender::default();
    let mut daemon = chaos.daemon();
    chaos.bridge.await_attached();
    let receipts = chaos.post_receipts();
    for phase in 0..size.phases {
        daemon = chaos.phase(size, phase, daemon, &mut sender);
    }
    for service in chaos.services() {
        service.set_trouble(Trouble::None);
    }
    let events = replay(&daemon, &sender);
    println!(
        "{} messages, {} kills: {events} events in {:.1} s",
        sender.acknowledged.len(),
        size.kills,
        begun.elapsed().as_secs_f64()
    );
    chaos.settle(&sender);
    *chaos.address.lock().expect("not poisoned") = None;
    receipts.join().expect("the receipts were posted");
}

impl ChaosRun {
    fn daemon(&self) -> Daemon {
        let [evolution, cloud, telegram] = self.asked.each_ref().map(FaultyService::fake);
        let mut command = daemon_command(&self.home.0);
        use_evolution(&mut command, evolution)
            .env("WHATSAPP_WEBHOOK_SECRET", SECRET)
            .env("WHATSAPP_RATE", "0");
        use_cloud(&mut command, cloud).env("WHATSAPP_CLOUD_RATE", "0");
        use_discord(&mut command, &self.discord.fake).env("DISCORD_RATE", "0");
        use_telegram(&mut command, telegram)
            .env("TELEGRAM_RATE", "0")
            .env("CLEUDOCODEBOT_HEARTBEAT_MS", "3600000")
            .env(
                "CLEUDOCODEBOT_RETRY_DELAYS",
                "50ms,100ms,200ms,400ms,800ms,1s,2s,2s,4s,4s",
            );
        let daemon = Daemon::from_command(command, &self.home.0);
        *self.address.lock().expect("not poisoned") = Some(daemon.address);
        self.bridge.finds(&daemon);
        daemon
    }

    fn services(&self) -> [&dyn Faulty; 5] {
        let [evolution, cloud, telegram] = &self.asked;
        [evolution, cloud, telegram, &self.discord, &self.bridge]
    }

    /// Gives every service a trouble, sends messages, and may kill the daemon at the end.
    fn phase(&self, size: &Size, phase: usize, mut daemon: Daemon, sender: &mut Sender) -> Daemon {
        for (place, service) in self.services().into_iter().enumerate() {
            let trouble = Trouble::ROUND[(phase + place) % Trouble::ROUND.len()];
            service.set_trouble(trouble);
            if trouble == Trouble::Restarts {
                service.vanish();
                self.ledger.begin_epoch();
            }
        }
        let before = self.ledger.count();
        let mut raw = Sender::connect(&daemon);
        sender.send(&mut raw, size.messages, size.peers);
        let left = self.dice.below(sender.open());
        sender.await_answers(&mut raw, left);
        self.ledger.await_count(before + size.messages / 4);
        for service in self.services() {
            if !service.is_running() {
                service.come_back();
            }
        }
        let more = self.dice.below(size.messages / 2);
        self.ledger.await_count(before + size.messages / 4 + more);
        if phase < size.kills {
            daemon.kill();
            self.services().iter().for_each(|one| one.await_quiet());
            self.ledger.begin_epoch();
            sender.await_answers(&mut raw, 0);
            daemon = self.daemon();
            raw = Sender::connect(&daemon);
            sender.send_again(&mut raw);
        }
        sender.await_answers(&mut raw, 0);
        assert_eq!(sender.open(), 0, "every send was answered");
        daemon
    }

    /// Posts the receipts of an Evolution API for each text it sent: in random order, some twice, and again
    /// where one was not accepted. Ends once `address` is `None`.
    fn post_receipts(&self) -> thread::JoinHandle<()> {
        let (sender, names) = mpsc::channel::<String>();
        self.asked[0].report_sent(sender);
        let (dice, address) = (Arc::clone(&self.dice), Arc::clone(&self.address));
        thread::spawn(move || {
            let mut poster: Option<(SocketAddr, Poster)> = None;
            let mut waiting: Vec<(String, &str)> = Vec::new();
            while let Some(at) = *address.lock().expect("not poisoned") {
                let first = waiting
                    .is_empty()
                    .then(|| names.recv_timeout(RECEIPT_WAIT).ok());
                for name in first.flatten().into_iter().chain(names.try_iter()) {
                    let states = ["SERVER_ACK", "DELIVERY_ACK", "READ", "DELIVERY_ACK"];
                    waiting.extend(states.map(|state| (name.clone(), state)));
                }
                if waiting.is_empty() {
                    continue;
                }
                let place = dice.below(waiting.len());
                let (name, state) = &waiting[place];
                let data = json!({"keyId": name, "fromMe": true, "status": state});
                let body = json!({"event": "messages.update", "data": data}).to_string();
                let header = format!("x-cleudocodebot-secret: {SECRET}");
                let (_, open) = match poster.take().filter(|(to, _)| *to == at) {
                    Some(open) => poster.insert(open),
                    None => poster.insert((at, Poster::to(at))),
                };
                if open.post("/webhooks/whatsapp", &header, &body) == Some(200) {
                    waiting.swap_remove(place);
                }
            }
        })
    }

    fn settle(&self, sender: &Sender) {
        let (texts, again) = self.ledger.settle();
        assert_eq!(texts, sender.expected, "every text, once, in order");
        let calls: usize = self.services().iter().map(|one| one.calls()).sum();
        println!(
            "{calls} calls, {} texts sent on; sent again: {again:?}",
            self.ledger.count()
        );
        for channel in KNOWING {
            assert!(
                !again.contains_key(channel),
                "{channel} can be asked: {again:?}"
            );
        }
    }
}

/// Reads all stored events until every message is sent and those with receipts are read. Fails on a gap in
/// the numbers and on a state that goes backwards.
fn replay(daemon: &Daemon, sender: &Sender) -> u64 {
    let mut raw = daemon.raw_websocket(true);
    raw.replay_messages();
    let mut states: HashMap<String, State> = HashMap::new();
    let (mut seq, mut sent, mut read) = (0, 0, 0);
    let with_receipts = sender.acknowledged.len().div_ceil(CHANNELS.len());
    while sent < sender.acknowledged.len() || read < with_receipts {
        let event = raw.json()["payload"].take();
        seq += 1;
        assert_eq!(event["seq"], seq, "no gap and no repeat");
        let id = event["message_id"].as_str().expect("an id").to_owned();
        let state = state(&event["state"]);
        assert_ne!(state, State::Failed, "{event}");
        let before = states.insert(id, state);
        let is_another_attempt = state == State::Sending && before == Some(state);
        let is_onward = before.is_none_or(|before| before.may_become(state));
        assert!(
            is_onward || is_another_attempt,
            "{before:?} and then {event}"
        );
        let was_sent = before.is_some_and(State::has_left_the_outbox);
        read += usize::from(state == State::Read);
        sent += usize::from(state.has_left_the_outbox() && !was_sent);
    }
    for (number, id) in &sender.acknowledged {
        assert!(
            states.contains_key(id),
            "{number} was acknowledged as {id} and is gone"
        );
    }
    seq
}

fn state(name: &Value) -> State {
    let named = State::ALL.into_iter().find(|state| name == state.as_str());
    named.unwrap_or_else(|| panic!("no state: {name}"))
}
