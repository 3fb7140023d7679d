//! A Discord on loopback: its REST API and its gateway, on one port. Whatever a test makes it tell and whatever
//! it is asked is held against the service's own description (`contract`); what does not fit fails the test.

mod contract;
mod objects;
mod reply;
mod rest;
mod shape;
mod socket;

use std::{
    collections::{HashMap, VecDeque},
    io::Write as _,
    net::TcpStream,
    process::Command,
    sync::{Arc, Mutex, MutexGuard, OnceLock, mpsc},
    thread,
};

use serde_json::{Value, json};

use self::{
    objects::bot_user,
    socket::{FakeSession, Live},
};
pub(crate) use self::{
    objects::{direct_channel, message, user},
    reply::DiscordReply,
};
use super::{
    PATIENCE,
    fake::{Fake, Reply, Request},
};

/// The token of the fake bot.
pub(crate) const DISCORD_TOKEN: &str = "MTIz.discord-token.of-the-test";

/// The id of the bot, and of its application.
pub(crate) const BOT: u64 = 1_000_000_000_000_000_001;

/// Somebody who writes.
pub(crate) const ANA: &str = "80351110224678912";

/// Points the daemon at a fake Discord.
pub(crate) fn use_discord<'c>(command: &'c mut Command, fake: &DiscordFake) -> &'c mut Command {
    command
        .env("DISCORD_BOT_TOKEN", DISCORD_TOKEN)
        .env("DISCORD_BASE_URL", fake.url())
}

/// A running fake.
pub(crate) struct DiscordFake {
    /// Its ports and connections.
    pub server: Fake,
    shared: Arc<Shared>,
    /// Bodies of requests, with method and path.
    asked: Mutex<mpsc::Receiver<(String, Request)>>,
    said: Mutex<mpsc::Receiver<(u64, Value)>>,
}

struct Shared {
    /// Where it says that its gateway is.
    url: Mutex<String>,
    state: Mutex<State>,
    asked: Mutex<mpsc::Sender<(String, Request)>>,
    said: mpsc::Sender<(u64, Value)>,
    watch: OnceLock<Box<dyn Watch>>,
}

/// Who decides on every call that no test scripted, and is told what is posted.
pub(crate) trait Watch: Send + Sync {
    /// The answer to a call (`POST /channels/42/messages`), if not its own.
    fn asked(&self, call: &str) -> Option<DiscordReply>;

    /// A message was made; whether the caller hears of it.
    fn posted(&self, channel: &str, text: &str, is_answered: bool);
}

struct State {
    session: FakeSession,
    live: Option<Live>,
    sessions: usize,
    connections: usize,
    interval_ms: u64,
    /// Heartbeats are not answered.
    is_deaf: bool,
    /// Upgrades are refused.
    is_away: bool,
    /// The next identify is answered by closing with this code.
    close_next: Option<u16>,
    sessions_left: u64,
    flags: u64,
    guilds: Vec<Value>,
    channels: HashMap<String, Value>,
    messages: Vec<Value>,
    files: HashMap<String, &'static str>,
    answers: VecDeque<(String, DiscordReply)>,
    number: u64,
    faults: Vec<String>,
}

impl State {
    fn new() -> Self {
        Self {
            session: FakeSession::default(),
            live: None,
            sessions: 0,
            connections: 0,
            interval_ms: 45_000,
            is_deaf: false,
            is_away: false,
            close_next: None,
            sessions_left: 1000,
            flags: 1 << 19,
            guilds: Vec::new(),
            channels: HashMap::new(),
            messages: Vec::new(),
            files: HashMap::new(),
            answers: VecDeque::new(),
            number: 0,
            faults: Vec::new(),
        }
    }

    /// Tells an event in the session, now or when it is resumed.
    fn tell(&mut self, event: &str, data: &Value) {
        let known = contract::EVENTS.iter().find(|(name, _)| *name == event);
        let mut found = Vec::new();
        match known {
            Some((_, fields)) => shape::misfits_of_fields(data, fields, event, &mut found),
            None => found.push(format!("{event} is no event of the contract")),
        }
        self.faults.extend(found);
        self.session.told.push((event.to_owned(), data.clone()));
        let sequence = self.session.told.len();
        if let Some(live) = &mut self.live {
            live.send(&json!({"op": 0, "t": event, "s": sequence, "d": data}));
        }
    }

    /// An id of now.
    fn next_id(&mut self) -> String {
        const EPOCH_MS: u64 = 1_420_070_400_000;
        self.number += 1;
        let now = cleudocodebot::clock::now_ms() - EPOCH_MS;
        ((now << 22) + self.number).to_string()
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("not poisoned")
    }

    fn fault(&self, fault: String) {
        self.state().faults.push(fault);
    }

    fn gateway_url(&self) -> String {
        self.url.lock().expect("not poisoned").clone()
    }

    /// The next scripted answer to such a call.
    fn scripted(&self, method: &str, path: &str) -> Option<DiscordReply> {
        let call = format!("{method} {path}");
        let answers = &mut self.state().answers;
        let mut all = answers.iter();
        let place = all.position(|(to, _)| call.starts_with(to.as_str()));
        let scripted = place.and_then(|place| answers.remove(place));
        match scripted {
            Some((_, reply)) => Some(reply),
            None => self.watch.get()?.asked(&call),
        }
    }

    fn answer(self: &Arc<Self>, request: &Request) -> Reply {
        let reply = rest::answer(self, request);
        let call = format!("{} {}", request.method(), request.path);
        let asked = self.asked.lock().expect("not poisoned");
        let _ = asked.send((call, request.clone()));
        reply.into_reply()
    }

    fn upgrade(self: &Arc<Self>, request: &Request, mut stream: &TcpStream) {
        if self.state().is_away {
            let _ = stream.write_all(b"HTTP/1.1 503 Away\r\nContent-Length: 0\r\n\r\n");
            return;
        }
        socket::serve(self, &request.head, stream);
    }
}

impl DiscordFake {
    pub(crate) fn start() -> Self {
        let (asked_sender, asked) = mpsc::channel();
        let (said_sender, said) = mpsc::channel();
        let shared = Arc::new(Shared {
            url: Mutex::default(),
            state: Mutex::new(State::new()),
            asked: Mutex::new(asked_sender),
            said: said_sender,
            watch: OnceLock::new(),
        });
        let (answering, upgrading) = (Arc::clone(&shared), Arc::clone(&shared));
        let server = Fake::with_upgrade(
            move |request| answering.answer(request),
            move |request, stream| upgrading.upgrade(request, stream),
        );
        *shared.url.lock().expect("not poisoned") = format!("ws://{}", server.address);
        Self {
            server,
            shared,
            asked: Mutex::new(asked),
            said: Mutex::new(said),
        }
    }

    pub(crate) fn url(&self) -> String {
        self.server.url()
    }

    /// Its port.
    #[cfg(feature = "tls")]
    pub(crate) fn port(&self) -> String {
        self.server.address.port().to_string()
    }

    /// Says from now on that its gateway is there.
    #[cfg(feature = "tls")]
    pub(crate) fn is_reached_at(&self, url: &str) {
        url.clone_into(&mut self.shared.url.lock().expect("not poisoned"));
    }

    /// Lets another decide on calls.
    #[cfg_attr(
        not(feature = "store"),
        allow(
            dead_code,
            reason = "only the chaos test uses it, and that needs the store"
        )
    )]
    pub(crate) fn is_watched_by(&self, watch: impl Watch + 'static) {
        let is_first = self.shared.watch.set(Box::new(watch)).is_ok();
        assert!(is_first, "one watches");
    }

    /// Tells an event: at once where the bot is connected, else when it resumes.
    pub(crate) fn tell(&self, event: &str, data: &Value) {
        self.shared.state().tell(event, data);
    }

    /// A text that Ana writes to the bot; its id.
    pub(crate) fn says(&self, text: &str) -> String {
        let id = self.shared.state().next_id();
        let channel = direct_channel(ANA)["id"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let mut said = message(&id, &channel, &user(ANA, "Ana"), text);
        said["channel_type"] = json!(1);
        self.keep(&said);
        self.tell("MESSAGE_CREATE", &said);
        id
    }

    /// Has a message that can be asked for.
    pub(crate) fn keep(&self, message: &Value) {
        self.shared.state().messages.push(message.clone());
    }

    /// Has a channel that can be asked for.
    pub(crate) fn has_channel(&self, channel: &Value) {
        let id = channel["id"].as_str().expect("an id").to_owned();
        self.shared.state().channels.insert(id, channel.clone());
    }

    /// Has a server that the bot is in.
    pub(crate) fn has_guild(&self, guild: Value) {
        self.shared.state().guilds.push(guild);
    }

    /// Has a file; its address.
    pub(crate) fn has_file(&self, name: &str, content: &'static str) -> String {
        self.shared.state().files.insert(name.to_owned(), content);
        format!("{}/attachments/{name}", self.url())
    }

    /// Answers the next call that begins so (`POST /channels/42/messages`).
    pub(crate) fn answers(&self, call: &str, reply: DiscordReply) {
        let mut state = self.shared.state();
        state.answers.push_back((call.to_owned(), reply));
    }

    /// Cuts the line; nothing is said.
    pub(crate) fn cut(&self) {
        if let Some(live) = self.shared.state().live.take() {
            live.cut();
        }
    }

    /// Says something besides events on the gateway.
    pub(crate) fn says_op(&self, payload: &Value) {
        if let Some(live) = &mut self.shared.state().live {
            live.send(payload);
        }
    }

    /// Closes the gateway with a code.
    pub(crate) fn closes(&self, code: u16) {
        if let Some(live) = &mut self.shared.state().live {
            live.close(code);
        }
    }

    /// Closes the gateway with a code where the bot identifies.
    pub(crate) fn closes_next(&self, code: u16) {
        self.shared.state().close_next = Some(code);
    }

    /// Whether upgrades are refused from now on.
    pub(crate) fn is_away(&self, is_away: bool) {
        self.shared.state().is_away = is_away;
    }

    /// Answers no heartbeats any more, or does again; asks for one so often.
    pub(crate) fn is_deaf(&self, is_deaf: bool, interval_ms: u64) {
        let mut state = self.shared.state();
        (state.is_deaf, state.interval_ms) = (is_deaf, interval_ms);
    }

    /// Knows the session no more.
    pub(crate) fn forgets_session(&self) {
        self.shared.state().session.id.clear();
    }

    /// The flags of the application.
    pub(crate) fn has_flags(&self, flags: u64) {
        self.shared.state().flags = flags;
    }

    /// Waits for the next call that begins so; skips others.
    pub(crate) fn saw(&self, call: &str) -> Request {
        loop {
            let seen = self
                .asked
                .lock()
                .expect("not poisoned")
                .recv_timeout(PATIENCE);
            let (seen, request) = seen.unwrap_or_else(|_| panic!("no {call} came"));
            if seen.replace("/api/v10", "").starts_with(call) {
                return request;
            }
        }
    }

    /// Waits until the bot says this on the gateway; skips the rest.
    pub(crate) fn heard(&self, op: u64) -> Value {
        loop {
            let said = self
                .said
                .lock()
                .expect("not poisoned")
                .recv_timeout(PATIENCE);
            let (said, data) = said.unwrap_or_else(|_| panic!("op {op} never came"));
            if said == op {
                return data;
            }
        }
    }

    /// How many messages of the bot there are.
    pub(crate) fn posted(&self) -> Vec<Value> {
        let state = self.shared.state();
        let bot = BOT.to_string();
        let all = state.messages.iter();
        all.filter(|message| message["author"]["id"] == bot.as_str())
            .cloned()
            .collect()
    }
}

impl Drop for DiscordFake {
    fn drop(&mut self) {
        self.server.vanish();
        let faults = std::mem::take(&mut self.shared.state().faults);
        if !thread::panicking() {
            assert!(
                faults.is_empty(),
                "against Discord's description: {faults:#?}"
            );
        }
    }
}
