//! The life of the daemon, of its channels and of its agents: start, stop, reload, and one channel in trouble.

mod agents;
mod guide;
mod isolation;
mod lifecycle;
mod outbox;
mod settings;
mod webhooks;
