//! Who has the port in place of the daemon of this home folder.

use super::{
    system::{executor::Executor, port_owner, probe::GatewayAnswer, runtime_file},
    target::InstallTarget,
};
use crate::error::Error;

/// Who has the port, where it is not a daemon of this home folder.
pub fn other_owner(
    target: &InstallTarget,
    answer: &GatewayAnswer,
    address: &str,
) -> Option<String> {
    match answer {
        GatewayAnswer::Ours(other) if target.is_home(&other.home) => None,
        // It does not know our token, but a daemon holds our home: that is the one, started before
        // the token in `.env` was changed.
        GatewayAnswer::OtherToken if runtime_file::is_held(&target.home).unwrap_or(false) => None,
        other => describe_owner(other, address),
    }
}

/// Why a daemon of this home folder could not listen on its port.
pub(super) fn port_error(
    target: &InstallTarget,
    executor: &Executor<'_>,
    answer: &GatewayAnswer,
) -> Option<Error> {
    if let GatewayAnswer::Unknown(why) = answer {
        return Some(Error::Config(why.clone()));
    }
    let address = executor.world.probe.address();
    let who = other_owner(target, answer, &address)?;
    Some(Error::Failed(format!(
        "{address} is taken by {who}; stop that, or take another port: {}",
        target.command("onboard --port PORT")
    )))
}

/// Whoever answered, as part of a sentence; `None` where nobody did.
pub(super) fn describe_owner(answer: &GatewayAnswer, address: &str) -> Option<String> {
    let process = || port_owner::find(address).map_or_else(String::new, |who| format!(" ({who})"));
    match answer {
        GatewayAnswer::Ours(other) => Some(format!(
            "a cleudocodebot with another home (pid {}, version {}, home {})",
            other.pid, other.version, other.home
        )),
        GatewayAnswer::OtherToken => Some(format!(
            "a cleudocodebot with another token, so of another home or user{}",
            process()
        )),
        GatewayAnswer::Stranger(_) => Some(format!("another program{}", process())),
        GatewayAnswer::Nobody | GatewayAnswer::Unknown(_) => None,
    }
}
