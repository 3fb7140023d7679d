//! Which home folder a command uses: the user's, or that of the machine's daemon.

use crate::{
    cli::common_options::CommonOptions,
    config::{Environment, keys},
    service::{launchers::systemd, system::platform::System, target::MACHINE_HOME},
};

/// The common options, with the home folder of the machine's daemon filled in if that is meant:
/// because the command asks for that daemon, or because root has no other, so that `sudo
/// cleudocodebot logs` finds the logs.
pub(crate) fn with_home_meant(
    common: &CommonOptions,
    is_about_the_machine: bool,
    environment: &Environment,
) -> CommonOptions {
    let mut common = common.clone();
    let is_named = common.overrides.home.is_some()
        || common.overrides.env_file.is_some()
        || environment
            .get(keys::HOME)
            .is_some_and(|home| !home.is_empty());
    let is_meant =
        is_about_the_machine || !is_named && common.host.is_none() && systemd::is_of_the_machine();
    if is_meant && common.overrides.home.is_none() && System::current() == System::Linux {
        common.set_home(MACHINE_HOME.into());
    }
    common
}
