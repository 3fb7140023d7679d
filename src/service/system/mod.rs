//! What an installation reaches the machine through: commands, files, the gateway's port.
//!
//! Not here: which commands and files (`launchers`), and in which sequence (`install` and its
//! siblings).

pub mod account;
pub mod artefact;
pub mod change;
pub mod command;
pub mod executor;
pub(super) mod files;
pub mod platform;
pub mod port_owner;
pub mod probe;
pub mod runtime_file;
pub mod this_machine;
pub mod utf16;
pub(super) mod xml;
