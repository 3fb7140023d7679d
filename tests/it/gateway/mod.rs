//! The gateway on its port: HTTP, the upgrade, sessions, events, and the page it serves.

mod admission;
mod agents;
mod allocations;
mod auth;
#[cfg(feature = "store")]
mod browser;
mod clients;
mod conversations;
mod events;
mod flags;
mod handshake;
mod http;
#[cfg(feature = "store")]
mod keeping;
mod keys;
mod leniency;
mod mcp;
mod media;
mod messages;
mod openai;
mod page;
mod stalls;
#[cfg(feature = "tls")]
mod tls;
