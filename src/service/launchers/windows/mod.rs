//! Windows: three launchers, a Run value, an entry in the Start-up folder, a scheduled task. Each starts
//! `daemon.bat` in the home folder without a window; the batch file runs the daemon and restarts it
//! after a crash.
//!
//! The program is copied into the home folder: `cmd` reads a batch file in the code page of the console,
//! so the batch file can only name what it finds relative to its own folder.

pub(super) mod batch;
#[cfg(test)]
mod cmd_model;
mod files;
pub mod layout;
mod reg_file;
mod registry;
pub mod rights;
pub(super) mod run_key;
pub mod starter;
pub(super) mod startup_folder;
mod supervisor;
mod supervisor_log;
pub(super) mod task;
pub(super) mod task_xml;
