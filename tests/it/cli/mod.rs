//! The command line: what a person types, and what comes back.

mod commands;
#[cfg(unix)]
mod completion;
mod dashboard;
mod import;
mod language;
mod pairing;
mod qr;
#[cfg(all(feature = "tls", unix))]
mod reach;
mod schedules;
#[cfg(unix)]
mod terminal;
