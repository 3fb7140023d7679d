//! The integration against a fake of the Bot API, and every kind of message through it.

#![allow(
    clippy::needless_pass_by_value,
    reason = "JSON is written where it is handed over"
)]

mod answers;
mod coming;
mod conversations;
mod files;
mod kinds;
mod sending;
mod stage;
