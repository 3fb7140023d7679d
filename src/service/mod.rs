//! Installing the daemon so that it comes back by itself, and everything that can be said of an
//! installation.
//!
//! # The way through it
//!
//! [`site`] knows the surroundings, [`way`] the ways of being started at log-on: a systemd unit, a
//! desktop's autostart entry, a launch agent, and three ways of Windows. A way names its files (pure
//! functions of a few paths, the same on every system, which golden files hold to the byte) and its
//! commands. [`install`], [`uninstall`] and [`power`] put them in order; [`verify`] asks the gateway
//! itself whether it worked. [`state`] gathers what stands there and [`diagnosis`] tells what is
//! wrong with it.
//!
//! # What holds everywhere
//!
//! - Files and commands pass through one [`hand`], which keeps account and can be told to do nothing.
//! - Every step looks before it acts. So a second run changes no byte, and one after a kill repairs.
//! - Commands are judged by their exit code; their words are only quoted.
//! - No artefact and no command holds a secret: port and token stand in `.env` and nowhere else.
//!
//! Not here: questions to the user and the printing of reports (`cli`).

pub mod diagnosis;
pub mod install;
pub mod launchers;
pub mod lifecycle;
pub mod report;
pub mod settings;
pub mod state;
pub mod system;
pub mod target;
pub mod uninstall;
pub mod verify;
