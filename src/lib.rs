//! `cleudocodebot`: many clients and many services on one bus, in one small binary.
//!
//! This page is the map of the house. Read it once, then open the room you need.
//!
//! # The way of a message
//!
//! A client writes `{"type":"command","action":"send",…}` on its WebSocket. [`gateway`] read it
//! from the socket that `gateway::accept` took in and `gateway::http` upgraded; its session hands
//! the text to [`protocol`], which says what it means, and to `gateway::dispatch`, which asks
//! [`router`] whether such a channel exists and gives the message to the [`store`]. One thread
//! commits it together with whatever else came meanwhile, and only after the fsync the client hears
//! `queued`, everyone who subscribed hears `message.status`, and the channel's worker in [`daemon`]
//! hears that there is work. The worker hands it to its integration ([`integrations`]) and writes
//! down what became of it, and each new state goes the same way up: store, bus, clients.
//!
//! # Floors
//!
//! Commands go down, events come up, imports point down only (`tests/it/house.rs` keeps it):
//!
//! 1. Ground, knowing nothing of messages: [`error`] (and exit codes), [`clock`],
//!    [`random`], [`suggest`], [`fs`] (private files, replaced whole), [`backoff`], [`shutdown`], [`panics`] (panics, what blocks), [`body`] (of HTTP),
//!    [`qr`] (codes to scan), [`phone`] (numbers), and on it [`log`].
//! 2. [`message`]: what a message is and which state may follow which. [`config`]: `.env`, read and
//!    edited by hand, and the one table of keys.
//! 3. [`protocol`]: the wire without sockets. `frame` and `jsonrpc` read, `reply` writes, `describe`
//!    is the one table of actions and events, `websocket` is RFC 6455 over memory.
//! 4. [`store`] (messages on disk), [`router`] (channel → worker), [`client`] (the one client that
//!    the command line, the tests and the benches use).
//! 5. [`integrations`]: the trait and one file or folder for each service; `bridge` is for those that are
//!    clients of the gateway themselves.
//! 6. [`gateway`]: accept → http → session → dispatch, and the bus that events go out on.
//!    Beside it [`service`]: installing the daemon, text in and commands out, on every system.
//! 7. [`daemon`]: what starts after what, supervision, delivery, signals.
//! 8. [`cli`]: one file a command, from one table. `main.rs` only calls it.
//!
//! # What always holds
//!
//! - What was acknowledged is on disk, and a failing disk acknowledges nothing.
//! - A message's state never goes backwards.
//! - Stored events carry sequence numbers without gap or repeat, across crashes.
//! - Every queue, wait, frame and count has a bound with a name; who reads too slowly is told and
//!   dropped, and nobody else waits for it.
//! - A token or a message's text is in no log at the default level, and in no file but `.env` and
//!   the store; for the moment in which `dashboard` opens a browser, also in one that leads it there.
//! - A panic ends one session or one attempt, never the daemon.
//! - Between two turns an idle session holds no buffer.

pub mod backoff;
pub mod body;
pub mod cli;
pub mod client;
pub mod clock;
pub mod config;
pub mod constant_time;
pub mod daemon;
pub mod error;
pub mod fs;
pub mod gateway;
pub mod integrations;
pub mod log;
pub mod message;
pub mod panics;
pub mod phone;
pub mod protocol;
pub mod qr;
pub mod random;
pub mod router;
pub mod service;
pub mod shutdown;
pub mod store;
pub mod suggest;
