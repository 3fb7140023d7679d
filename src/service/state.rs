//! The state of an installation: everything that `status` and `doctor` go by, gathered by looking.

use std::path::PathBuf;

use super::{
    artefact::Standing,
    door::{Answer, Identity},
    hand::Hand,
    note::{self, Note},
    port_owner,
    site::Site,
    systemd,
    verify::is_home,
    way::{self, Condition, Kind, Registration},
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
    /// True where a copied program is not this one.
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
    /// True where a daemon has the home folder.
    pub held: bool,
    /// What the last daemon wrote about itself.
    pub note: Option<Note>,
    /// Whether the user's services outlive a log-out, where that is a question.
    pub lingers: Option<bool>,
    /// Settings of this command's environment or command line, which the daemon does not see.
    pub overruled: Vec<String>,
    /// Why the registration could not be looked at.
    pub unreachable: Option<String>,
}

impl State {
    /// Looks at everything; changes nothing.
    pub fn gather(site: &Site, hand: &Hand<'_>, overruled: Vec<String>) -> Self {
        let installed = installed(site, hand);
        let is_user_unit = |installed: &Installed| installed.kind == Kind::UserUnit;
        let lingers = installed
            .iter()
            .any(is_user_unit)
            .then(|| systemd::is_lingering(site));
        Self {
            answer: hand.ask(),
            address: hand.world.door.address(),
            held: note::is_held(&site.home).unwrap_or(false),
            note: Note::read(&site.home),
            lingers,
            overruled,
            unreachable: unreachable(site, hand, &installed),
            installed,
            elsewhere: elsewhere(site, hand),
        }
    }

    /// The daemon of this home folder, where it answers.
    pub fn running(&self, site: &Site) -> Option<&Identity> {
        match &self.answer {
            Answer::Ours(identity) if is_home(site, &identity.home) => Some(identity),
            _ => None,
        }
    }
}

fn installed(site: &Site, hand: &Hand<'_>) -> Vec<Installed> {
    way::all(site)
        .iter()
        .filter_map(|way| {
            let registration = way.registration(site, hand);
            if !registration.is_ours() {
                return None;
            }
            let artefacts = way.artefacts(site).unwrap_or_default();
            let files = artefacts.iter().map(|artefact| {
                let standing = artefact.standing().unwrap_or(Standing::Foreign);
                (artefact.path.display().to_string(), standing)
            });
            let differs = |(from, to): &(PathBuf, PathBuf)| hand.differs(from, to).unwrap_or(true);
            Some(Installed {
                kind: way.kind(),
                registration,
                files: files.collect(),
                stale_program: way.copies(site).iter().any(differs),
                condition: way.condition(site, hand),
            })
        })
        .collect()
}

fn elsewhere(site: &Site, hand: &Hand<'_>) -> Vec<Kind> {
    let ways = way::all(site);
    let ways = ways
        .iter()
        .filter(|way| way.registration(site, hand) == Registration::Elsewhere);
    ways.map(|way| way.kind()).collect()
}

/// An installed unit that cannot be asked about looks like one that is broken.
fn unreachable(site: &Site, hand: &Hand<'_>, installed: &[Installed]) -> Option<String> {
    let is_unit = |one: &Installed| matches!(one.kind, Kind::UserUnit | Kind::MachineUnit);
    if !installed.iter().any(is_unit) {
        return None;
    }
    systemd::unreachable(site, hand)
}

/// Who has the port in place of a daemon of this home folder.
pub fn port_holder(site: &Site, answer: &Answer, address: &str) -> Option<String> {
    match answer {
        Answer::Ours(other) if is_home(site, &other.home) => None,
        Answer::OtherToken if note::is_held(&site.home).unwrap_or(false) => None,
        other => stranger(other, address),
    }
}

/// Why a daemon of this home folder cannot have the port, if that is so.
pub(super) fn port_trouble(site: &Site, hand: &Hand<'_>, answer: &Answer) -> Option<Error> {
    if let Answer::Unknown(why) = answer {
        return Some(Error::Config(why.clone()));
    }
    let address = hand.world.door.address();
    let who = port_holder(site, answer, &address)?;
    Some(Error::Failed(format!(
        "{address} is taken by {who}; stop that, or take another port: {}",
        site.command("onboard --port PORT")
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
