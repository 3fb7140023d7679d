//! `cleudocodebot`: many clients and many services on one bus, in one small binary.
//!
//! This page is the map. Read it once, then open the module you need.
//!
//! # The path of a message
//!
//! A client writes `{"type":"command","action":"send",…}` on its WebSocket. [`gateway`] reads it: the
//! socket was accepted and upgraded in `gateway::http`, and `gateway::session` hands each text to
//! [`protocol`], which parses it, and to `gateway::actions`, which asks [`router`] whether the channel
//! exists and gives the message to the [`store`]. The store's writer thread commits it together with
//! whatever else arrived meanwhile. Only after the fsync does the client get `queued`, every
//! subscriber get `message.status`, and the delivery worker in [`daemon`] wake up. The worker passes
//! the message to its integration ([`integrations`]) and records the outcome; each new state takes the
//! same path back up: store, bus, clients.
//!
//! A message that comes in takes that path up. Where an agent is set it also becomes a turn:
//! `daemon::turns` finds it in the store, offers it to the agent, a client like any other, and queues the
//! answer.
//!
//! # Layers
//!
//! Commands go down, events come up, imports point down only (`tests/it/architecture` checks it):
//!
//! 1. Ground, which knows nothing of messages: [`error`] (with exit codes), [`clock`], [`calendar`] (zones, cron, hours of a week), [`random`],
//!    [`suggest`], [`fs`] (private files, replaced atomically), [`backoff`], [`shutdown`], [`panics`]
//!    (containment, blocking work), [`child`] (programs that end with us), [`constant_time`], [`body`] (HTTP bodies), [`observed_io`] (streams that are watched), [`qr`] (codes to scan),
//!    [`phone`] (numbers), [`words`] (of texts, without case and accents), [`percent`] (escapes), [`cut`] (texts of bounded length), [`tar`] (archives), [`json5`] (JSON as people write it), [`file_name`] (names of files that others gave), [`redact`] (errors
//!    without secrets), [`language`] (what people read, in theirs), and on top of them [`log`].
//! 2. [`message`]: what a message is and which state may follow which. [`config`]: `.env`, read and
//!    edited by hand, with one table each of keys, limits and services. On it `certificate`: that of our port.
//! 3. [`protocol`]: the wire without sockets. `frame` and `jsonrpc` parse, `reply` writes, `describe`
//!    is the one table of actions and events, `websocket` is RFC 6455 over memory. Beside it
//!    [`http_client`]: calls of services and models, TLS included.
//! 4. [`store`] (messages on disk), [`router`] (channel to worker), [`client`] (the one client that
//!    the command line, the tests and the benches use), and on the store [`media`] (the files of
//!    messages). Beside the files [`push`]: where devices are told of new messages, and the cryptography of that. On the client also [`agents`]: those in the box that answer messages, each a process of its
//!    own (`runner` connects it; `pi`, `openai`, `exec`, `echo` answer).
//! 5. [`transcription`] (voice notes as text), and [`integrations`]: the trait, a folder for each service, `bridge` for channels whose integration
//!    is a client of the gateway, `support` for what they share.
//!    On the store and the files `backup`: all of it as an archive, and back.
//! 6. [`gateway`]: `http` → `session` → `actions`, and `clients` with the bus that events go out on; `mcp` and
//!    `openai` are doors for programs that bring a model, or want one.
//!    Beside it [`service`]: installing the daemon on every system, text in and commands out.
//! 7. [`daemon`]: what starts after what, `channels` and `agents` and their supervision, `delivery`, `fetching` of
//!    files that services have, `turns` (what comes in is offered to agents, their answers are queued), `push` (devices are told while their page is closed), `process`.
//! 8. [`cli`]: `parser`, `commands` (one file and one row a command), `completion` of lines, `prompt` (a line that is typed), `output`. `main.rs` only calls it, and
//!    `link` puts what the daemon's start runs side by side in the program.
//!
//! # Invariants
//!
//! - What was acknowledged is on disk, and a failing disk acknowledges nothing.
//! - A message that names a file is stored only once the file is on disk, whole.
//! - A message's state never goes backwards.
//! - Stored events carry sequence numbers without gap or repeat, across crashes.
//! - Every queue, wait, frame and count has a bound with a name. A client that reads too slowly is
//!   told so and dropped, and nobody else waits for it.
//! - Neither a token nor a message's text is in any log at the default level, or in any file but
//!   `.env` and the store; while `dashboard` opens a browser, also in the file that leads it there. What was
//!   said is also in the sessions of pi, where that answers.
//! - A panic ends one session or one attempt, never the daemon.
//! - A turn is on disk before an agent is offered it, and ends in the transaction that queues its answer.
//! - What an agent says is only ever data: never a frame, never a command.
//! - An idle session holds no buffer between two turns.
//!
//! # Recipes
//!
//! - A new action: its description in `src/protocol/describe/actions/NAME.rs`, its row in
//!   `src/protocol/describe/actions/mod.rs`, its code in `src/gateway/actions/NAME.rs`, its arm in
//!   `src/gateway/actions/mod.rs`. Without the arm the crate does not compile.
//! - A new event: its row in `src/protocol/describe/events.rs`, and the call that publishes it. An event
//!   without a row does not compile; a payload that its row does not describe fails in debug builds.
//! - A new setting: its row in `src/config/keys.rs` (a limit: in `src/config/limits.rs`, a service's: in
//!   `src/config/services.rs`), its typed field in `src/config/mod.rs` where it is no limit, and
//!   `UPDATE_DOCUMENTS=1 cargo test` for `.env.example` and the README.
//! - A new integration: its folder `src/integrations/NAME/mod.rs` with the trait `Integration`, its row
//!   in `src/config/services.rs`, the module in `src/integrations/mod.rs`, its plan in
//!   `src/integrations/plan.rs`. What only it has: spellings of addresses in `src/integrations/addresses.rs`, of the
//!   entries of an allow-list in `src/integrations/allow_list.rs`, a dialect in `src/integrations/support/markup/mod.rs`,
//!   limits of files in `src/integrations/support/files/limits.rs`; on the page its name in `src/web/app/channels.js`, its
//!   dialog in `src/web/connect`. Then its rows in `src/manual/integrations.md` and `src/manual/files.md`, and its fake in `tests/it/support`.
//! - A new tool of MCP: its row in `src/gateway/mcp/tools/table.rs`, of an action that is described.
//! - A new command: its file in `src/cli/commands/SUBJECT/NAME.rs` and its row in `src/cli/commands/mod.rs`.

pub mod agents;
pub mod backoff;
#[cfg(feature = "store")]
pub mod backup;
pub mod body;
pub mod calendar;
#[cfg(feature = "tls")]
pub mod certificate;
pub mod child;
pub mod cli;
pub mod client;
pub mod clock;
#[cfg(any(test, feature = "nats"))]
pub mod cluster;
pub mod config;
pub mod constant_time;
pub mod cut;
pub mod daemon;
pub mod error;
pub mod file_name;
pub mod fs;
pub mod gateway;
pub mod http_client;
pub mod integrations;
pub mod json5;
pub mod keys;
pub mod language;
pub mod log;
#[cfg(doc)]
pub mod manual;
pub mod media;
pub mod message;
pub mod observed_io;
pub mod panics;
pub mod percent;
pub mod phone;
pub mod protocol;
pub mod push;
pub mod qr;
pub mod random;
pub mod redact;
pub mod router;
pub mod service;
pub mod shutdown;
pub mod store;
pub mod suggest;
pub mod tar;
pub mod transcription;
pub mod words;
