//! The life of the daemon and of its channels: start, stop, reload, and one channel in trouble.

mod isolation;
mod lifecycle;
mod outbox;
