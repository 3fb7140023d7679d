//! The state of an installation: everything that `status` and `doctor` go by, gathered by looking.

use std::path::PathBuf;

use super::{
    launchers::{
        self,
        launcher::{Condition, Kind, Registration},
        systemd,
    },
    system::{
        artefact::Standing,
        executor::Executor,
        port_owner,
        probe::{Answer, Identity},
        runtime_file::{self, RuntimeFile},
    },
    target::InstallTarget,
    verify::is_home,
};
use crate::error::Error;

/// One way of starting that the system knows of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// Which one.
    pub kind: Kind,
    /// What the system knows.
    pub registration: Registration,
    /// Its files, by path, and what stands there.
    pub files: Vec<(String, Standing)>,
    /// Whether a copied program is not this one.
    pub stale_program: bool,
    /// What the system says of the daemon.
    pub condition: Condition,
}

/// Everything there is to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// The ways the system knows of; more than one is one too many.
    pub installed: Vec<Installed>,
    /// Ways that start the daemon of another home.
    pub elsewhere: Vec<Kind>,
    /// Who answers on the port.
    pub answer: Answer,
    /// Where that is.
    pub address: String,
    /// Whether a daemon has the home folder.
    pub held: bool,
    /// What the last daemon wrote about itself.
    pub note: Option<RuntimeFile>,
    /// Whether the user's services outlive a log-out, where that is a question.
    pub lingers: Option<bool>,
    /// Settings of this command's environment or command line, which the daemon does not see.
    pub overruled: Vec<String>,
    /// Why the registration could not be looked at.
    pub unreachable: Option<String>,
}

impl State {
    /// Looks at everything; changes nothing.
    pub fn gather(target: &InstallTarget, executor: &Executor<'_>, overruled: Vec<String>) -> Self {
        let installed = installed(target, executor);
        let is_user_unit = |installed: &Installed| installed.kind == Kind::UserUnit;
        let lingers = installed
            .iter()
            .any(is_user_unit)
            .then(|| systemd::is_lingering(target));
        Self {
            answer: executor.ask(),
            address: executor.world.probe.address(),
            held: runtime_file::is_held(&target.home).unwrap_or(false),
            note: RuntimeFile::read(&target.home),
            lingers,
            overruled,
            unreachable: unreachable(target, executor, &installed),
            installed,
            elsewhere: elsewhere(target, executor),
        }
    }

    /// The daemon of this home folder, where it answers.
    pub fn running(&self, target: &InstallTarget) -> Option<&Identity> {
        match &self.answer {
            Answer::Ours(identity) if is_home(target, &identity.home) => Some(identity),
            _ => None,
        }
    }
}

fn installed(target: &InstallTarget, executor: &Executor<'_>) -> Vec<Installed> {
    launchers::all(target)
        .iter()
        .filter_map(|launcher| {
            let registration = launcher.registration(target, executor);
            if !registration.is_ours() {
                return None;
            }
            let artefacts = launcher.artefacts(target).unwrap_or_default();
            let files = artefacts.iter().map(|artefact| {
                let standing = artefact.standing().unwrap_or(Standing::Foreign);
                (artefact.path.display().to_string(), standing)
            });
            let differs =
                |(from, to): &(PathBuf, PathBuf)| executor.differs(from, to).unwrap_or(true);
            Some(Installed {
                kind: launcher.kind(),
                registration,
                files: files.collect(),
                stale_program: launcher.copies(target).iter().any(differs),
                condition: launcher.condition(target, executor),
            })
        })
        .collect()
}

fn elsewhere(target: &InstallTarget, executor: &Executor<'_>) -> Vec<Kind> {
    let ways = launchers::all(target);
    let ways = ways
        .iter()
        .filter(|launcher| launcher.registration(target, executor) == Registration::Elsewhere);
    ways.map(|launcher| launcher.kind()).collect()
}

/// An installed unit that cannot be asked about looks like one that is broken.
fn unreachable(
    target: &InstallTarget,
    executor: &Executor<'_>,
    installed: &[Installed],
) -> Option<String> {
    let is_unit = |one: &Installed| matches!(one.kind, Kind::UserUnit | Kind::MachineUnit);
    if !installed.iter().any(is_unit) {
        return None;
    }
    systemd::unreachable(target, executor)
}

/// Who has the port in place of a daemon of this home folder.
pub fn port_holder(target: &InstallTarget, answer: &Answer, address: &str) -> Option<String> {
    match answer {
        Answer::Ours(other) if is_home(target, &other.home) => None,
        Answer::OtherToken if runtime_file::is_held(&target.home).unwrap_or(false) => None,
        other => stranger(other, address),
    }
}

/// Why a daemon of this home folder cannot have the port, if that is so.
pub(super) fn port_trouble(
    target: &InstallTarget,
    executor: &Executor<'_>,
    answer: &Answer,
) -> Option<Error> {
    if let Answer::Unknown(why) = answer {
        return Some(Error::Config(why.clone()));
    }
    let address = executor.world.probe.address();
    let who = port_holder(target, answer, &address)?;
    Some(Error::Failed(format!(
        "{address} is taken by {who}; stop that, or take another port: {}",
        target.command("onboard --port PORT")
    )))
}

/// Who has the port in place of us.
pub(super) fn stranger(answer: &Answer, address: &str) -> Option<String> {
    let owner = || port_owner::find(address).map_or_else(String::new, |who| format!(" ({who})"));
    match answer {
        Answer::Ours(other) => Some(format!(
            "a cleudocodebot with another home (pid {}, version {}, home {})",
            other.pid, other.version, other.home
        )),
        Answer::OtherToken => Some(format!(
            "a cleudocodebot with another token, so of another home or user{}",
            owner()
        )),
        Answer::Stranger(_) => Some(format!("another program{}", owner())),
        Answer::Nobody | Answer::Unknown(_) => None,
    }
}
