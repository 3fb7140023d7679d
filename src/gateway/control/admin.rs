//! The daemon itself as clients steer it.

use crate::config::Setting;

/// The daemon itself: its settings and its end.
pub trait Admin: Send + Sync {
    /// Every setting as `.env` and the environment have it now; the error says why they cannot be read.
    fn settings(&self) -> Result<Vec<Setting>, String>;

    /// Reads `.env` again; the error says what is wrong with it.
    fn reload(&self) -> Result<Reloaded, String>;

    /// Begins the shutdown; with `restart`, the exit code asks for a new start.
    fn shutdown(&self, restart: bool);
}

/// What a reload did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reloaded {
    /// Keys that took effect.
    pub changed: Vec<String>,
    /// Keys that take effect at the next start.
    pub needs_restart: Vec<String>,
}
