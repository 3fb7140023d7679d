//! What the program does, seen from outside: a real daemon on a free port and a home of its own.

mod support;

mod auth;
mod clients;
#[cfg(feature = "store")]
mod cloud;
mod commands;
mod crash;
mod documents;
mod events;
mod evolution;
mod fake;
mod frames;
mod handshake;
mod house;
mod http;
mod jsonrpc;
mod lifecycle;
mod messages;
mod outbox;
mod stalls;
mod telegram;
