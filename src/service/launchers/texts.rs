//! The functions that render the text of each artefact, in one place for the golden files.

pub use super::{
    autostart::entry as desktop_entry,
    launchd::plist::plist,
    systemd::unit::{system as system_unit, user as user_unit},
    windows::{
        batch::{daemon as daemon_bat, startup as startup_bat},
        run_key::{command as run_value, unfit as run_value_unfit},
        task_xml::task as task_xml,
    },
};
