//! The daemon as a process: one instance per home folder, signals, systemd's readiness and watchdog
//! protocol, panics in the log, updates that were left behind.

pub(super) mod instance;
pub(super) mod restart;
pub(super) mod sd_notify;
pub(super) mod signals;
pub(super) mod updates;
pub(super) mod watchdog;
