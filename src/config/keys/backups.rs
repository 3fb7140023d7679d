//! Keys of the backups that the daemon makes by itself.
//!
//! Not here: reading them (`config::reach::backups`).

use crate::config::{
    key::{Key, key, number},
    values::Kind,
};

pub(in crate::config) const DIR: &str = "BACKUP_DIR";
pub(in crate::config) const EVERY: &str = "BACKUP_EVERY";
pub(in crate::config) const KEEP: &str = "BACKUP_KEEP";

/// The keys, in the order of `.env.example`.
pub(in crate::config) const KEYS: &[Key] = &[
    key(
        DIR,
        "",
        Kind::File,
        "Folder for backups that the daemon makes by itself, best on another disk; empty makes none. Settings and tokens are not in them.",
    ),
    key(
        EVERY,
        "24h",
        Kind::Wait,
        "Time between two of these backups, up to 7d; 0 makes none.",
    ),
    key(
        KEEP,
        "7",
        number(1, 1000),
        "How many of them are kept; the oldest go first.",
    ),
];
