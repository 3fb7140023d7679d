//! Starting, stopping and restarting an installed daemon.

use std::time::Duration;

use super::{
    door::{Answer, Identity},
    hand::Hand,
    note::{self, Note},
    report::{Outcome, Report},
    run::Order,
    settings,
    site::{Site, System},
    state::port_trouble,
    verify::{is_home, verify},
    way::{self, Way},
};
use crate::error::{Error, Result};

/// How often the end of the daemon is looked for.
const LOOKS: u32 = 200;

/// The pause between two looks.
const LOOK: Duration = Duration::from_millis(50);

/// Starts the installed daemon and waits until it answers.
pub fn start(site: &Site, hand: &mut Hand<'_>) -> Result<Report> {
    settings::refuse_wrong_user(site)?;
    let way = installed(site, hand)?;
    let answer = hand.ask();
    if let Some(identity) = own(site, &answer) {
        let report = Report::of(Outcome::AlreadyRunning, way.kind(), Some(identity));
        return Ok(report);
    }
    if let Some(trouble) = port_trouble(site, hand, &answer) {
        return Err(trouble);
    }
    begin(site, hand, way.as_ref(), None, Outcome::Started)
}

/// Stops the daemon, installed or not, and waits until it has gone.
pub fn stop(site: &Site, hand: &mut Hand<'_>) -> Result<Report> {
    settings::refuse_wrong_user(site)?;
    let way = find(site, hand);
    let stopped = halt(site, hand, way.as_deref())?;
    let outcome = if stopped {
        Outcome::Stopped
    } else {
        Outcome::NotRunning
    };
    Ok(Report {
        outcome,
        kind: way.map(|way| way.kind()),
        identity: None,
    })
}

/// Starts the installed daemon anew.
pub fn restart(site: &Site, hand: &mut Hand<'_>) -> Result<Report> {
    settings::refuse_wrong_user(site)?;
    let way = installed(site, hand)?;
    let answer = hand.ask();
    let former = own(site, &answer).map(|identity| identity.pid);
    if former.is_none()
        && let Some(trouble) = port_trouble(site, hand, &answer)
    {
        return Err(trouble);
    }
    let watched = way.condition(site, hand).pid;
    if watched.is_none() || watched != former {
        halt(site, hand, Some(way.as_ref()))?;
    }
    begin(site, hand, way.as_ref(), former, Outcome::Restarted)
}

fn begin(
    site: &Site,
    hand: &mut Hand<'_>,
    way: &dyn Way,
    former: Option<u32>,
    outcome: Outcome,
) -> Result<Report> {
    way.start(site, hand)?;
    if hand.manner.dry {
        return Ok(Report::of(Outcome::Planned, way.kind(), None));
    }
    let identity = verify(site, hand, way, former)?;
    Ok(Report::of(outcome, way.kind(), Some(identity)))
}

/// The way that is registered.
pub(super) fn find(site: &Site, hand: &Hand<'_>) -> Option<Box<dyn Way>> {
    let mut ways = way::all(site).into_iter();
    ways.find(|way| way.registration(site, hand).is_ours())
}

fn installed(site: &Site, hand: &Hand<'_>) -> Result<Box<dyn Way>> {
    find(site, hand).ok_or_else(|| {
        Error::Failed(format!(
            "the daemon is not installed; run: {}, or in the foreground: cleudocodebot daemon",
            site.command("install")
        ))
    })
}

/// The daemon of this home folder, where that is who answers.
fn own(site: &Site, answer: &Answer) -> Option<Identity> {
    match answer {
        Answer::Ours(identity) if is_home(site, &identity.home) => Some(identity.clone()),
        _ => None,
    }
}

/// Stops whatever daemon has this home folder, and whoever would bring it back. True where there was
/// one.
pub(super) fn halt(site: &Site, hand: &mut Hand<'_>, way: Option<&dyn Way>) -> Result<bool> {
    let mut stopped = false;
    if let Some(way) = way
        && way.condition(site, hand).active
    {
        way.stop(site, hand)?;
        stopped = true;
    }
    let held = note::is_held(&site.home)?;
    if held && !(stopped && hand.manner.dry) {
        let agreed = own(site, &hand.ask()).is_some() && hand.shut_down();
        stopped = true;
        if !agreed && site.system != System::Windows {
            end_process(site, hand)?;
        }
    }
    if let Some(way) = way
        && site.system == System::Windows
    {
        way.stop(site, hand)?;
    }
    await_end(site, hand)?;
    Ok(stopped)
}

/// A daemon that does not know our token has to be told by the system.
fn end_process(site: &Site, hand: &mut Hand<'_>) -> Result<()> {
    let Some(note) = Note::read(&site.home) else {
        return Ok(());
    };
    hand.demand(&Order::changes("kill", [&note.pid.to_string()]))
}

fn await_end(site: &Site, hand: &Hand<'_>) -> Result<()> {
    if hand.manner.dry {
        return Ok(());
    }
    for _ in 0..LOOKS {
        if !note::is_held(&site.home)? {
            return Ok(());
        }
        (hand.world.pause)(LOOK);
    }
    let pid =
        Note::read(&site.home).map_or_else(String::new, |note| format!(" (pid {})", note.pid));
    Err(Error::Failed(format!(
        "the daemon of {}{pid} does not end within {} s; see its log: {}",
        site.home.display(),
        (LOOK * LOOKS).as_secs(),
        site.logs().join("daemon.log").display()
    )))
}
