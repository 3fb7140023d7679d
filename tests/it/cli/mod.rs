//! The command line: what a person types, and what comes back.

mod commands;
mod dashboard;
mod language;
mod pairing;
mod qr;
#[cfg(all(feature = "tls", unix))]
mod reach;
