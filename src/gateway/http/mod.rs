//! HTTP on the gateway's port: taking connections in, the checks before anything is answered, the
//! upgrade to WebSocket, and the few paths that answer without one.
//!
//! Reading order: `accept` → `serve` (with `progress`) → `connection` → `head` → `guard` (with
//! `origin`) → `upgrade`; then what is served, in `routes`. Who may come in
//! (`admission`) and what a WebSocket says (`session`) are not here.

pub mod accept;
mod connection;
pub(super) mod dates;
mod guard;
mod head;
mod occurrence;
mod origin;
mod progress;
mod respond;
mod routes;
mod serve;
mod upgrade;

pub(super) use self::origin::own_host;
