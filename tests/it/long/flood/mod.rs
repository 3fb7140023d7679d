//! A flood of webhook requests with repeats, in random order, while the daemon is killed: each message is
//! stored once, only what is stored is answered with 200, and no receipt moves a state backwards.
//!
//! The full size: `cargo test --release --test it -- --ignored --nocapture flood`.

mod posts;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    net::SocketAddr,
    sync::{Condvar, Mutex, MutexGuard},
    thread,
    time::{Duration, Instant},
};

use cleudocodebot::message::State;
use serde_json::{Value, json};

use self::posts::{Flood, HOOK_SECRET};
use crate::support::{
    Daemon, Scratch, assert_field, daemon_command,
    dice::Dice,
    fake::{Fake, Reply, Request},
    poster::Poster,
    services::{CLOUD_SECRET, use_cloud, use_evolution},
};

/// More than half of the posts may take.
const LONGEST: Duration = Duration::from_secs(300);

/// Threads that post.
const POSTER_THREADS: usize = 16;

#[test]
fn two_thousand_posts_stored_once() {
    run(2_000);
}

#[test]
#[ignore = "takes a minute"]
fn fifty_thousand_posts_stored_once() {
    run(50_000);
}

fn run(count: usize) {
    let dice = Dice::thrown("flood");
    let sent = count / 100;
    let flood = Flood::new(count, sent, &dice);
    let (home, fake) = (Scratch::new(), Fake::start(answer));
    let mut daemon = start(&home, &fake);
    send(&daemon, sent);
    let posters = Posters::new(&flood, daemon.address);
    let begun = Instant::now();
    let mut cpu = -daemon.cpu_ticks();
    thread::scope(|scope| {
        for _ in 0..POSTER_THREADS {
            scope.spawn(|| posters.post_all());
        }
        posters.await_taken(count / 2);
        cpu += daemon.cpu_ticks();
        // Posts under way are cut off, and no new one begins before the daemon is back.
        posters.state().address = None;
        daemon.kill();
        let before = posters.await_quiet();
        daemon = start(&home, &fake);
        let stored = Stored::read(&daemon);
        let missing = before
            .iter()
            .find(|name| !stored.inbound.contains_key(*name));
        assert_eq!(missing, None, "answered with 200 and gone");
        posters.go_on(daemon.address);
    });
    cpu += daemon.cpu_ticks();
    let took = begun.elapsed().as_secs_f64();
    let tries = posters.state().tries;
    println!(
        "{count} posts, {tries} tries with the kill: {:.0} posts/s, {:.0} µs of server CPU a post",
        count as f64 / took,
        cpu * 10_000.0 / count as f64
    );
    let stored = Stored::read(&daemon);
    assert_eq!(stored.inbound, flood.inbound, "each message once");
    assert_eq!(stored.read, 2 * sent, "every message sent is read at last");
}

fn answer(request: &Request) -> Reply {
    let number = |text: &Value| text.as_str().unwrap_or_default().replace("out ", "OUT");
    if request.path.ends_with("/messages") {
        let id = format!("wamid.{}", number(&request.body["text"]["body"]));
        return Reply::Json(200, json!({"messages": [{"id": id}]}));
    }
    if request.path.contains("sendText") {
        return Reply::Json(201, json!({"key": {"id": number(&request.body["text"])}}));
    }
    Reply::Json(200, json!({"id": "555", "instance": {"state": "open"}}))
}

fn start(home: &Scratch, fake: &Fake) -> Daemon {
    let mut command = daemon_command(&home.0);
    use_evolution(&mut command, fake)
        .env("WHATSAPP_WEBHOOK_SECRET", HOOK_SECRET)
        .env("WHATSAPP_ALLOW_FROM", "*")
        .env("WHATSAPP_RATE", "0");
    use_cloud(&mut command, fake)
        .env("WHATSAPP_CLOUD_APP_SECRET", CLOUD_SECRET)
        .env("WHATSAPP_CLOUD_ALLOW_FROM", "*")
        .env("WHATSAPP_CLOUD_RATE", "0");
    Daemon::from_command(command, &home.0)
}

/// Sends `count` messages on each channel and waits until they are sent.
fn send(daemon: &Daemon, count: usize) {
    let mut raw = daemon.raw_websocket(true);
    for number in 0..count {
        for channel in ["whatsapp", "whatsapp-cloud"] {
            let payload = json!({"channel": channel, "to": "551133330000", "text": format!("out {number}"), "wait": true});
            raw.command("send", &payload);
        }
    }
    for _ in 0..2 * count {
        assert_field(&raw.json()["payload"], "state", "sent");
    }
}

/// The threads that post, and what is left to post.
struct Posters<'f> {
    flood: &'f Flood,
    state: Mutex<Posting>,
    changed: Condvar,
}

struct Posting {
    /// Indices of the posts that were not accepted yet.
    open: Vec<usize>,
    /// Posts under way.
    busy: usize,
    taken: Vec<usize>,
    tries: usize,
    /// `None` while no daemon runs.
    address: Option<SocketAddr>,
}

impl<'f> Posters<'f> {
    fn new(flood: &'f Flood, address: SocketAddr) -> Self {
        let state = Posting {
            open: (0..flood.posts.len()).collect(),
            busy: 0,
            taken: Vec::new(),
            tries: 0,
            address: Some(address),
        };
        Self {
            flood,
            state: Mutex::new(state),
            changed: Condvar::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, Posting> {
        self.state.lock().expect("not poisoned")
    }

    fn post_all(&self) {
        let mut poster: Option<(SocketAddr, Poster)> = None;
        while let Some((place, address)) = self.next() {
            let post = &self.flood.posts[place];
            let (_, open) = match poster.take() {
                Some(open) if open.0 == address => poster.insert(open),
                _ => poster.insert((address, Poster::to(address))),
            };
            let status = open.post(post.path, &post.header, &post.body);
            self.done(place, status);
        }
    }

    /// Waits for a daemon and returns the next post; `None` once all were accepted.
    fn next(&self) -> Option<(usize, SocketAddr)> {
        let mut state = self.state();
        loop {
            let open = state.address.and_then(|at| Some((state.open.pop()?, at)));
            if open.is_some() {
                state.busy += 1;
                state.tries += 1;
                return open;
            }
            if state.address.is_some() && state.busy == 0 {
                return None;
            }
            state = self.changed.wait(state).expect("not poisoned");
        }
    }

    fn done(&self, place: usize, status: Option<u16>) {
        let mut state = self.state();
        state.busy -= 1;
        match status {
            Some(200) => state.taken.push(place),
            Some(503) => state.open.insert(0, place),
            None => state.open.push(place),
            Some(other) => panic!("answered with {other}"),
        }
        self.changed.notify_all();
    }

    fn await_taken(&self, count: usize) {
        let state = self.state();
        let seen = self
            .changed
            .wait_timeout_while(state, LONGEST, |state| state.taken.len() < count);
        assert!(
            !seen.expect("not poisoned").1.timed_out(),
            "half was never taken"
        );
    }

    /// Waits until no post is under way; the message ids in what was accepted so far.
    fn await_quiet(&self) -> HashSet<String> {
        let state = self.state();
        let state = self.changed.wait_while(state, |state| state.busy > 0);
        let state = state.expect("not poisoned");
        let posts = state.taken.iter().map(|place| &self.flood.posts[*place]);
        posts.flat_map(|post| post.names.clone()).collect()
    }

    fn go_on(&self, address: SocketAddr) {
        self.state().address = Some(address);
        self.changed.notify_all();
    }
}

/// What is stored, read from the event log.
#[derive(Default)]
struct Stored {
    /// Channel and text of inbound messages, by the service's id.
    inbound: BTreeMap<String, (&'static str, String)>,
    /// Outbound messages that were read.
    read: usize,
}

impl Stored {
    /// Fails on a message stored twice and on a state that goes backwards.
    fn read(daemon: &Daemon) -> Self {
        let mut raw = daemon.raw_websocket(true);
        let last = raw.replay_messages();
        let mut states: HashMap<String, State> = HashMap::new();
        let mut stored = Self::default();
        for seq in 1..=last {
            let event = raw.json()["payload"].take();
            assert_eq!(event["seq"], seq, "no gap and no repeat");
            if event["direction"] == "in" {
                stored.came_in(&event);
                continue;
            }
            let id = event["message_id"].as_str().expect("an id").to_owned();
            let named = |state: &State| event["state"] == state.as_str();
            let state = State::ALL.into_iter().find(named).expect("a state");
            let before = states.insert(id, state);
            let is_onward = before.is_none_or(|before| before.may_become(state));
            assert!(is_onward, "{before:?} and then {event}");
            stored.read += usize::from(state == State::Read);
        }
        stored
    }

    fn came_in(&mut self, event: &Value) {
        let name = event["meta"]["id"].as_str().expect("a name").to_owned();
        let channels = ["whatsapp", "whatsapp-cloud"];
        let channel = channels.into_iter().find(|one| event["channel"] == *one);
        let text = event["text"].as_str().expect("a text").to_owned();
        let twice = self
            .inbound
            .insert(name, (channel.expect("a channel"), text));
        assert_eq!(twice, None, "stored twice");
    }
}
