//! Installing the daemon so that it is started at log-on or at boot, controlling it, and diagnosing an
//! installation.
//!
//! # Where to start reading
//!
//! [`target`] holds the facts about machine and user. A launcher (in [`launchers`]) is one thing that
//! starts the daemon: a systemd unit, a desktop's autostart entry, a launch agent, or one of three on
//! Windows. It names its files and its commands; the text of the files is a pure function of a few
//! paths, the same on every system, which golden files pin to the byte. [`install`], [`uninstall`]
//! and [`lifecycle`] call the launchers in the right sequence, and [`update`] puts another program in
//! their place; [`verify`] asks the gateway whether
//! that worked. [`state`] collects what is found on the machine and [`diagnosis`] derives what is
//! wrong with it.
//!
//! # Invariants
//!
//! - Every change goes through one [`executor`](system::executor), which records it and makes none in
//!   a dry run.
//! - Every step looks before it changes anything. So a second run changes no byte, and a run after one
//!   that was killed completes it.
//! - Decisions are based on the exit code of a command; its output is in the user's language and only
//!   quoted.
//! - No artefact and no command holds a secret: port and token are in `.env` and nowhere else.
//!
//! Not here: questions to the user and the printing of reports (`cli`).

pub mod diagnosis;
pub mod install;
pub mod launchers;
pub mod lifecycle;
pub mod port_conflict;
pub mod reach;
pub mod report;
pub mod settings;
pub mod state;
pub mod system;
pub mod target;
pub mod uninstall;
pub mod update;
pub mod verify;
