//! What the program does, seen from outside: a real daemon on a free port, in a home of its own.
//!
//! The folders mirror those of `src`; `long` holds the tests that take minutes at full size, `support`
//! what all of them share.

mod support;

mod architecture;
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
