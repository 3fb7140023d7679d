//! Access to the machine: running commands, writing files, asking the gateway, and the facts about
//! platform and user. Tests replace it at two traits, `CommandRunner` and `GatewayProbe`.
//!
//! Not here: which commands and files (`launchers`), and in which sequence (`install` and the other
//! procedures).

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
