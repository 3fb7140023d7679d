//! The daemon as a process of its system: one instance a home folder, signals, readiness and the
//! watchdog of systemd, panics into the log.

pub(super) mod instance;
pub(super) mod sd_notify;
pub(super) mod signals;
pub(super) mod watchdog;
