//! The connected clients as the rest of the gateway sees them: a handle with a bounded mailbox each,
//! the bus that finds those who subscribed, those that serve a channel as its bridge, those that are agents, and
//! those who wait for messages without a subscription (`arrivals`).
//!
//! Nothing here reads or writes a socket (`session` does).

pub(super) mod agent;
pub(super) mod arrivals;
mod audiences;
pub(super) mod bridge;
mod bus;
pub(super) mod cursors;
pub(super) mod event_frames;
pub(super) mod handle;
pub(super) mod mailbox;
mod typing;
pub(super) mod waiters;

pub use self::bus::Bus;
