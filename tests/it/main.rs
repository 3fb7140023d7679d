//! What the program does, seen from outside: a real daemon on a free port, in a home of its own.
//!
//! The folders mirror those of `src`; `long` holds the tests that take minutes at full size, `support`
//! what all of them share.

#![allow(
    clippy::format_push_string,
    reason = "what a test writes down is short"
)]

mod support;

mod architecture;
#[cfg(feature = "schedule")]
mod calendar;
mod cli;
mod daemon;
mod documents;
mod gateway;
mod integrations;
mod language;
mod long;
mod protocol;
mod push;
mod service;
mod store;
