//! The installed daemon on machines that exist in memory only: every artefact to the byte, every
//! sequence of commands, and every command that fails.
//!
//! The real machines are in `tests/service`.

mod commands;
mod diagnosis;
mod failures;
mod golden;
mod life;
mod machine;
mod runs;
mod surroundings;
mod update;
mod windows;
