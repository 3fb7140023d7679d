//! The installed daemon as commands see it.
//!
//! - `installation` knows where it is and how to reach it, and changes it.
//! - `options` are the options of the commands about it.
//! - `machine_home` says when the daemon of the whole machine is meant.
//! - `findings` is the state of an installation; `report` prints what was done with one.
//!
//! Not here: installing and uninstalling (`service`).

mod findings;
mod installation;
mod machine_home;
mod options;
mod report;

pub(crate) use self::{
    findings::Findings,
    installation::Installation,
    machine_home::with_home_meant,
    options::{DRY_RUN, FORCE, SYSTEM, ServiceOptions, TASK, VERBOSE},
};
