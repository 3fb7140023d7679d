//! What the program does, seen from outside: a real daemon on a free port and a home of its own.

mod support;

mod allocations;
mod auth;
#[cfg(feature = "store")]
mod browser;
#[cfg(feature = "store")]
mod chaos;
mod clients;
mod cloud;
mod commands;
mod conversations;
#[cfg(feature = "store")]
mod crash;
mod dashboard;
#[cfg(feature = "store")]
mod dice;
mod documents;
mod events;
mod evolution;
mod external;
mod fake;
#[cfg(feature = "store")]
mod flood;
mod frames;
mod handshake;
mod house;
mod http;
mod hush;
mod isolation;
mod jsonrpc;
mod lifecycle;
mod messages;
mod outbox;
mod page;
#[cfg(feature = "store")]
mod poll;
mod post;
mod qr;
mod scan;
mod secrets;
mod service;
mod slash;
mod stalls;
mod telegram;
#[cfg(feature = "tls")]
mod tls;
