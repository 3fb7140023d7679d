//! HTTP on the gateway's port: taking connections in, the checks before anything is answered, the
//! upgrade to WebSocket, and the few paths that answer without one.
//!
//! Reading order: `accept` → `connection` → `guard` (with `origin` and `admission`) → `upgrade`; then
//! what is served: `rpc`, `webhook`, `page`, `status_page`. What a WebSocket says is not here
//! (`session`).

pub mod accept;
pub(super) mod admission;
mod connection;
pub(super) mod dates;
mod guard;
mod origin;
mod page;
mod respond;
mod rpc;
mod status_page;
mod upgrade;
mod webhook;
