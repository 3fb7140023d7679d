//! Installing: from whatever stands there to a daemon that answers and comes back.
//!
//! Every step looks before it acts, so a second run finds nothing to do and a run after one that was
//! killed goes on where that one ended.

use super::{
    artefact::Standing,
    door::{Answer, Identity},
    hand::Hand,
    note,
    power::halt,
    report::{Outcome, Report},
    settings,
    site::{Site, System},
    state::port_trouble,
    verify::{VERSION, is_home, verify},
    way::{self, Kind, Registration, Way},
};
use crate::error::{Error, Result};

/// What the user wishes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wish {
    /// A scheduled task in place of the Run value.
    pub task: bool,
    /// The settings were changed, so a daemon that runs has to start anew.
    pub restart: bool,
}

/// Installs the daemon, starts it and waits until it answers.
pub fn install(site: &Site, hand: &mut Hand<'_>, wish: Wish) -> Result<Report> {
    settings::refuse_wrong_user(site)?;
    settings::ensure(site, hand)?;
    let answer = hand.ask();
    if let Some(trouble) = port_trouble(site, hand, &answer) {
        return Err(trouble);
    }
    let mut refusals = Vec::new();
    for way in candidates(site, hand, wish) {
        match way.open(site, hand) {
            Err(error @ (Error::Usage(_) | Error::Config(_))) => return Err(error),
            Err(error) => refusals.push((way.kind(), error)),
            Ok(()) => match put(site, hand, way.as_ref(), &answer, wish) {
                Err(Refused::By(error)) => refusals.push((way.kind(), error)),
                Err(Refused::Failed(error)) => return Err(error),
                Ok(report) => {
                    explain(hand, &refusals, way.kind());
                    return Ok(report);
                }
            },
        }
    }
    let reasons: Vec<_> = refusals
        .iter()
        .map(|(kind, error)| format!("{}: {error}", kind.title()))
        .collect();
    Err(Error::Failed(format!(
        "the daemon cannot be installed here: {}; in the foreground it runs with: cleudocodebot daemon",
        reasons.join("; ")
    )))
}

/// Why a way did not work out.
enum Refused {
    /// The system refused to register it: another way may do.
    By(Error),
    /// Nothing else would do better.
    Failed(Error),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

fn explain(hand: &mut Hand<'_>, refusals: &[(Kind, Error)], chosen: Kind) {
    for (kind, error) in refusals {
        hand.note(format!(
            "no {}, but a {}: {error}",
            kind.title(),
            chosen.title()
        ));
    }
    if chosen == Kind::Autostart {
        hand.note(
            "the daemon runs in the background now and nothing brings it back after a crash; \
             in the foreground it runs with: cleudocodebot daemon",
        );
    }
}

/// The ways to try, in order. What is there already is kept, unless another is wished for.
fn candidates(site: &Site, hand: &Hand<'_>, wish: Wish) -> Vec<Box<dyn Way>> {
    let mut ways = way::all(site);
    if site.system != System::Windows {
        return ways;
    }
    let keeps_task = || {
        let known = |kind: Kind| {
            let way = ways.iter().find(|way| way.kind() == kind);
            way.is_some_and(|way| way.registration(site, hand).is_ours())
        };
        known(Kind::Task) && !known(Kind::RunKey)
    };
    if wish.task || keeps_task() {
        ways.rotate_right(1);
    } else {
        ways.retain(|way| way.kind() != Kind::Task);
    }
    ways
}

fn put(
    site: &Site,
    hand: &mut Hand<'_>,
    way: &dyn Way,
    answer: &Answer,
    wish: Wish,
) -> Result<Report, Refused> {
    for artefact in &way.artefacts(site)? {
        hand.may_write(artefact)?;
    }
    refuse_to_displace(site, hand, way)?;
    let done_before = hand.deeds().len();
    let running = match answer {
        Answer::Ours(identity) if is_home(site, &identity.home) => Some(identity),
        _ => None,
    };
    let fresh = place(site, hand, way)?;
    if way.registering_starts() {
        make_room(site, hand, way, running)?;
    }
    let registered = register(site, hand, way, fresh)?;
    remove_others(site, hand, way.kind())?;
    let is_well = running.is_some_and(|identity| serves(site, hand, way, identity));
    let changed = fresh || registered || hand.manner.force || wish.restart;
    if is_well && !changed {
        let outcome = if hand.deeds().len() > done_before {
            Outcome::Repaired
        } else {
            Outcome::AlreadyInstalled
        };
        return Ok(Report::of(outcome, way.kind(), running.cloned()));
    }
    if hand.manner.dry {
        way.start(site, hand)?;
        return Ok(Report::of(Outcome::Planned, way.kind(), None));
    }
    let identity = begin(site, hand, way, running, registered)?;
    Ok(Report::of(Outcome::Installed, way.kind(), Some(identity)))
}

/// There is room for one daemon a user; another home's must not vanish by accident.
fn refuse_to_displace(site: &Site, hand: &Hand<'_>, way: &dyn Way) -> Result<()> {
    if hand.manner.force || way.registration(site, hand) != Registration::Elsewhere {
        return Ok(());
    }
    Err(Error::Config(format!(
        "a daemon of another home is installed already (as a {}), and there is room for one: \
         uninstall that, or take its place with --force",
        way.kind().title()
    )))
}

/// Writes the files, with the daemon at rest where that matters. True where one was not as it should.
fn place(site: &Site, hand: &mut Hand<'_>, way: &dyn Way) -> Result<bool> {
    let artefacts = way.artefacts(site)?;
    let mut differs = false;
    for artefact in &artefacts {
        differs |= artefact.standing()? != Standing::Same;
    }
    for (from, to) in way.copies(site) {
        differs |= hand.differs(&from, &to)?;
    }
    if differs && way.must_rest_to_change() {
        halt(site, hand, Some(way))?;
    }
    for (from, to) in way.copies(site) {
        hand.copy(&from, &to)?;
    }
    for artefact in &artefacts {
        hand.write(artefact)?;
    }
    Ok(differs)
}

/// True where something had to be registered.
fn register(site: &Site, hand: &mut Hand<'_>, way: &dyn Way, fresh: bool) -> Result<bool, Refused> {
    let wanted = match way.registration(site, hand) {
        Registration::Complete => fresh || hand.manner.force,
        Registration::SwitchedOff(by) if !hand.manner.force => {
            hand.note(format!(
                "you switched the entry off in {by}, so it does not start at log-on; \
                 on again: {}",
                site.command("install --force")
            ));
            false
        }
        _ => true,
    };
    if wanted {
        way.register(site, hand).map_err(Refused::By)?;
    }
    Ok(wanted)
}

/// Only one way is left installed.
fn remove_others(site: &Site, hand: &mut Hand<'_>, chosen: Kind) -> Result<()> {
    let ways = way::all(site);
    let kept: Vec<_> = ways
        .iter()
        .filter(|way| way.kind() == chosen)
        .map(|way| way.artefacts(site))
        .collect::<Result<Vec<_>>>()?
        .concat();
    for other in ways.iter().filter(|way| way.kind() != chosen) {
        if !other.registration(site, hand).is_ours() {
            continue;
        }
        other.unregister(site, hand)?;
        for artefact in other.artefacts(site)? {
            if kept.iter().all(|kept| kept.path != artefact.path) {
                hand.take_back(&artefact)?;
            }
        }
    }
    Ok(())
}

/// True where the daemon that answers needs nothing: right version and port, and started by
/// this way where that can be told.
fn serves(site: &Site, hand: &Hand<'_>, way: &dyn Way, identity: &Identity) -> bool {
    let watches = matches!(
        way.kind(),
        Kind::UserUnit | Kind::MachineUnit | Kind::LaunchAgent
    );
    let started_here = !watches || way.condition(site, hand).pid == Some(identity.pid);
    let where_it_should = identity.address == hand.world.door.address();
    identity.version == VERSION && started_here && where_it_should
}

/// Starts the daemon, in place of one that runs from elsewhere.
fn begin(
    site: &Site,
    hand: &mut Hand<'_>,
    way: &dyn Way,
    running: Option<&Identity>,
    registered: bool,
) -> Result<Identity> {
    if !(registered && way.registering_starts()) {
        make_room(site, hand, way, running)?;
        way.start(site, hand)?;
    }
    verify(site, hand, way, running.map(|identity| identity.pid))
}

/// Ends a daemon that was not started by this way: a home has room for one.
fn make_room(
    site: &Site,
    hand: &mut Hand<'_>,
    way: &dyn Way,
    running: Option<&Identity>,
) -> Result<()> {
    let watched = way.condition(site, hand).pid;
    let is_other = running.is_some_and(|identity| watched != Some(identity.pid));
    if note::is_held(&site.home)? && (watched.is_none() || is_other) {
        halt(site, hand, None)?;
    }
    Ok(())
}
