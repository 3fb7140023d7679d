//! launchd: an agent of the user who installs it.

pub(super) mod plist;

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    artefact::Artefact,
    hand::Hand,
    run::{Order, Outcome},
    site::Site,
    way::{self, Condition, Kind, Registration, Way},
};
use crate::{
    config::Environment,
    error::{Error, Result},
};

/// The agent's name.
pub const LABEL: &str = "com.cleudocodebot.daemon";

/// Where launchd puts what the agent says.
const LOG: &str = "launchd.log";

/// `EIO`: launchd answers so while it still takes down the agent's former self.
const STILL_BUSY: i32 = 5;

/// How often a busy launchd is asked again, and how often a stopped agent is looked for.
const LOOKS: u32 = 60;

/// The pause between two looks.
const LOOK: Duration = Duration::from_millis(500);

/// True where launchd started this process as the agent.
pub fn started_us(environment: &Environment) -> bool {
    environment.get("XPC_SERVICE_NAME") == Some(LABEL)
}

/// Longest file of what the daemon says outside of its own log, in bytes.
const MAX_LOG: u64 = 1 << 20;

/// Empties the file that launchd keeps open for the agent, when it has become long. A file with another
/// name would go on growing, because launchd does not look.
pub fn trim_log(home: &Path) {
    let log = home.join("logs").join(LOG);
    let file = std::fs::OpenOptions::new().write(true).open(log);
    if let Ok(file) = file
        && file.metadata().is_ok_and(|data| data.len() > MAX_LOG)
    {
        let _ = file.set_len(0);
    }
}

/// launchd never gives up on a process that fails, so one that no restart can mend says why and ends
/// as if it had succeeded.
pub fn as_it_understands(ended: Result<()>) -> Result<()> {
    match ended {
        Err(Error::Config(why)) => {
            let _ = writeln!(std::io::stderr(), "cleudocodebot: not started: {why}");
            Ok(())
        }
        ended => ended,
    }
}

/// An agent in `~/Library/LaunchAgents`.
pub(super) struct LaunchAgent;

impl LaunchAgent {
    fn path(site: &Site) -> PathBuf {
        let name = format!("{LABEL}.plist");
        site.folders.user.join("Library/LaunchAgents").join(name)
    }

    /// `gui/501` where the user sits in front of the machine, `user/501` over SSH.
    fn domain(site: &Site, hand: &Hand<'_>) -> String {
        let uid = site.account.uid.unwrap_or_default();
        let gui = format!("gui/{uid}");
        if hand
            .look(&Order::looks("launchctl", ["print", &gui]))
            .succeeded()
        {
            return gui;
        }
        format!("user/{uid}")
    }

    fn target(site: &Site, hand: &Hand<'_>) -> String {
        format!("{}/{LABEL}", Self::domain(site, hand))
    }

    fn print(site: &Site, hand: &Hand<'_>) -> Outcome {
        let target = Self::target(site, hand);
        hand.look(&Order::looks("launchctl", ["print", &target]))
    }

    /// Loads the agent, which starts it: it runs at load.
    fn load(site: &Site, hand: &mut Hand<'_>) -> Result<()> {
        let (domain, path) = (Self::domain(site, hand), Self::path(site));
        let order = Order::changes("launchctl", ["bootstrap", &domain, Site::text(&path)?]);
        let mut outcome = hand.attempt(&order);
        for _ in 1..LOOKS {
            if !matches!(outcome, Outcome::Exited { code, .. } if code == STILL_BUSY) {
                break;
            }
            (hand.world.pause)(LOOK);
            outcome = hand.attempt(&order);
        }
        if outcome.succeeded() {
            return Ok(());
        }
        let complaint = outcome.complaint();
        Err(Error::Failed(format!("`{order}` failed: {complaint}")))
    }

    /// Unloads the agent and waits until it has gone.
    fn unload(site: &Site, hand: &mut Hand<'_>) -> Result<()> {
        if !Self::print(site, hand).succeeded() {
            return Ok(());
        }
        let target = Self::target(site, hand);
        let order = Order::changes("launchctl", ["bootout", &target]);
        let outcome = hand.attempt(&order);
        for _ in 0..LOOKS {
            if hand.manner.dry || !Self::print(site, hand).succeeded() {
                return Ok(());
            }
            (hand.world.pause)(LOOK);
        }
        let complaint = outcome.complaint();
        Err(Error::Failed(format!(
            "the agent does not go away after `{order}`: {complaint}"
        )))
    }
}

impl Way for LaunchAgent {
    fn kind(&self) -> Kind {
        Kind::LaunchAgent
    }

    fn artefacts(&self, site: &Site) -> Result<Vec<Artefact>> {
        let log = site.logs().join(LOG);
        let text = plist::plist(
            Site::text(&site.program)?,
            Site::text(&site.home)?,
            Site::text(&log)?,
        );
        Ok(vec![Artefact::text(Self::path(site), &text)])
    }

    fn open(&self, site: &Site, hand: &mut Hand<'_>) -> Result<()> {
        let uid = site.account.uid.unwrap_or_default();
        let order = Order::looks("launchctl", ["print", &format!("user/{uid}")]);
        match hand.look(&order) {
            outcome if outcome.succeeded() => Ok(()),
            outcome => Err(Error::Failed(format!(
                "launchd cannot be reached: `{order}`: {}",
                outcome.complaint()
            ))),
        }
    }

    /// launchd keeps a copy of what it loaded, so a file that changed must be loaded again.
    fn must_rest_to_change(&self) -> bool {
        true
    }

    fn registration(&self, site: &Site, hand: &Hand<'_>) -> Registration {
        let Ok(home) = Site::text(&site.home) else {
            return Registration::None;
        };
        let standing = way::by_file(&Self::path(site), &[plist::names_home(home)]);
        if standing != Registration::Complete {
            return standing;
        }
        if Self::print(site, hand).succeeded() {
            return Registration::Complete;
        }
        Registration::Different("launchd has not loaded the agent".to_owned())
    }

    /// `bootstrap` refuses an agent that was switched off once, so it is switched on first.
    fn register(&self, site: &Site, hand: &mut Hand<'_>) -> Result<()> {
        let target = Self::target(site, hand);
        hand.demand(&Order::changes("launchctl", ["enable", &target]))?;
        Self::unload(site, hand)?;
        Self::load(site, hand)
    }

    fn unregister(&self, site: &Site, hand: &mut Hand<'_>) -> Result<()> {
        Self::unload(site, hand)
    }

    /// `launchctl print` is for people and changes; its two lines here only inform.
    fn condition(&self, site: &Site, hand: &Hand<'_>) -> Condition {
        let text = Self::print(site, hand).text();
        let value = |name: &str| {
            let mut lines = text.lines().map(str::trim);
            lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(" = "))
        };
        let pid = value("pid").and_then(|pid| pid.parse().ok());
        Condition {
            active: pid.is_some(),
            pid,
            // As in `78: EX_CONFIG`.
            last_exit: value("last exit code")
                .and_then(|code| code.split(':').next()?.trim().parse().ok()),
            gave_up: None,
        }
    }

    /// It runs at load.
    fn registering_starts(&self) -> bool {
        true
    }

    fn start(&self, site: &Site, hand: &mut Hand<'_>) -> Result<()> {
        if !Self::print(site, hand).succeeded() {
            return Self::load(site, hand);
        }
        let target = Self::target(site, hand);
        hand.demand(&Order::changes("launchctl", ["kickstart", "-k", &target]))
    }

    /// What is unloaded does not come back before the next log-on, when launchd loads the file.
    fn stop(&self, site: &Site, hand: &mut Hand<'_>) -> Result<()> {
        Self::unload(site, hand)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;

    #[test]
    fn an_error_of_the_settings_ends_as_launchd_understands() {
        assert!(as_it_understands(Err(Error::Config("no port".to_owned()))).is_ok());
        assert!(as_it_understands(Err(Error::Restart)).is_err());
        let started = |name| started_us(&Environment::from_pairs([("XPC_SERVICE_NAME", name)]));
        assert!(started(LABEL) && !started("0"));
    }

    #[test]
    fn only_a_long_log_is_emptied() {
        let home = std::env::temp_dir().join(format!("cleudocodebot-launchd-{}", random::token()));
        let log = home.join("logs").join(LOG);
        std::fs::create_dir_all(home.join("logs")).expect("made");
        let size = || std::fs::metadata(&log).expect("there").len();
        for (bytes, left) in [(10, 10), (MAX_LOG + 1, 0)] {
            let text = vec![b'x'; usize::try_from(bytes).expect("small")];
            std::fs::write(&log, text).expect("written");
            trim_log(&home);
            assert_eq!(size(), left);
        }
        std::fs::remove_dir_all(home).expect("removed");
    }
}
