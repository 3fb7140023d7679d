//! The daemon as a process: one instance per home folder, signals, systemd's readiness and watchdog
//! protocol, panics in the log.

pub(super) mod instance;
pub(super) mod restart;
pub(super) mod sd_notify;
pub(super) mod signals;
pub(super) mod watchdog;
