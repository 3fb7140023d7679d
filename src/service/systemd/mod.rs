//! systemd: a unit of the user's own manager, or of the machine's.

mod quote;
mod session;
pub(super) mod unit;

use std::path::{Path, PathBuf};

pub use self::session::is_lingering;
use super::{
    artefact::{self, Artefact, Standing},
    hand::Hand,
    run::{Order, Outcome},
    site::{MACHINE_HOME, Scope, Site},
    way::{self, Condition, Kind, Registration, Way},
};
use crate::error::{Error, Result};

/// The unit's name.
const UNIT: &str = "cleudocodebot.service";

/// The state folder below `/var/lib`, and the account.
const NAME: &str = "cleudocodebot";

/// A configuration error of the daemon: no restart mends it.
const CONFIG_ERROR: i32 = 78;

/// A unit, of the user's manager or of the machine's; the site has the same scope.
pub(super) struct Unit(pub(super) Scope);

impl Unit {
    fn path(site: &Site) -> PathBuf {
        let folder = match site.scope {
            Scope::User => site.folders.config.join("systemd/user"),
            Scope::Machine => site.folders.root.join("etc/systemd/system"),
        };
        folder.join(UNIT)
    }

    /// Where the daemon's program stands: a sandboxed daemon cannot see home folders, so one that
    /// stands there is copied.
    fn program(site: &Site) -> PathBuf {
        let own = |folder: &str| site.program.starts_with(folder);
        if site.scope == Scope::User
            || ["/usr", "/opt", "/bin", "/nix", "/gnu"]
                .into_iter()
                .any(own)
        {
            return site.program.clone();
        }
        site.folders
            .root
            .join("usr/local/lib")
            .join(NAME)
            .join(NAME)
    }

    fn looks<const N: usize>(site: &Site, args: [&str; N]) -> Order {
        session::addressed(site, Order::looks("systemctl", args))
    }

    fn changes<const N: usize>(site: &Site, args: [&str; N]) -> Order {
        session::addressed(site, Order::changes("systemctl", args))
    }

    /// The properties of the unit, which are not translated, unlike what `status` prints.
    fn show(site: &Site, hand: &Hand<'_>) -> Properties {
        const WANTED: &str = "--property=LoadState,ActiveState,MainPID,Result,ExecMainStatus,\
                              ExecMainCode,NeedDaemonReload";
        Properties(hand.look(&Self::looks(site, ["show", UNIT, WANTED])))
    }
}

/// `Name=value` lines.
struct Properties(Outcome);

impl Properties {
    fn get(&self, name: &str) -> Option<String> {
        let text = self.0.text();
        let value = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        value.map(str::to_owned)
    }

    fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.get(name)?.parse().ok()
    }

    fn is(&self, name: &str, value: &str) -> bool {
        self.get(name).as_deref() == Some(value)
    }
}

impl Way for Unit {
    fn kind(&self) -> Kind {
        match self.0 {
            Scope::User => Kind::UserUnit,
            Scope::Machine => Kind::MachineUnit,
        }
    }

    fn artefacts(&self, site: &Site) -> Result<Vec<Artefact>> {
        let program = Self::program(site);
        let program = Site::text(&program)?;
        let home = Site::text(&site.home)?;
        let text = match site.scope {
            Scope::User => unit::user(program, home),
            Scope::Machine => unit::system(program, home, NAME),
        };
        Ok(vec![Artefact::text(Self::path(site), &text)])
    }

    fn copies(&self, site: &Site) -> Vec<(PathBuf, PathBuf)> {
        let program = Self::program(site);
        if program == site.program {
            return Vec::new();
        }
        vec![(site.program.clone(), program)]
    }

    fn open(&self, site: &Site, hand: &mut Hand<'_>) -> Result<()> {
        match site.scope {
            Scope::User => session::open(site, hand),
            Scope::Machine => open_machine(site, hand),
        }
    }

    fn registration(&self, site: &Site, hand: &Hand<'_>) -> Registration {
        let Ok(home) = Site::text(&site.home) else {
            return Registration::None;
        };
        let standing = way::by_file(&Self::path(site), &[unit::names_home(home)]);
        if standing != Registration::Complete {
            return standing;
        }
        if !hand
            .look(&Self::looks(site, ["is-enabled", "--quiet", UNIT]))
            .succeeded()
        {
            return Registration::Different("the unit is not enabled".to_owned());
        }
        if Self::show(site, hand).is("NeedDaemonReload", "yes") {
            return Registration::Different("systemd has not read the unit again".to_owned());
        }
        Registration::Complete
    }

    fn register(&self, site: &Site, hand: &mut Hand<'_>) -> Result<()> {
        hand.demand(&Self::changes(site, ["daemon-reload"]))?;
        hand.demand(&Self::changes(site, ["enable", "--quiet", UNIT]))?;
        if site.scope == Scope::User {
            session::linger(site, hand);
        }
        Ok(())
    }

    fn unregister(&self, site: &Site, hand: &mut Hand<'_>) -> Result<()> {
        if Self::path(site).exists() {
            hand.attempt(&Self::changes(site, ["disable", "--quiet", UNIT]));
        }
        Ok(())
    }

    fn forget(&self, site: &Site, hand: &mut Hand<'_>) {
        hand.attempt(&Self::changes(site, ["daemon-reload"]));
        hand.attempt(&Self::changes(site, ["reset-failed", UNIT]));
    }

    fn condition(&self, site: &Site, hand: &Hand<'_>) -> Condition {
        let show = Self::show(site, hand);
        let exited = show.get("ExecMainCode").is_some_and(|code| code != "0");
        let last_exit: Option<i32> = show.number("ExecMainStatus").filter(|_| exited);
        let failed = show.is("ActiveState", "failed");
        let why = || match show.get("Result").as_deref() {
            _ if last_exit == Some(CONFIG_ERROR) => "its settings are wrong".to_owned(),
            // Whatever else ends it is tried again, until the start limit.
            result => format!(
                "it failed too often in a row (systemd: {})",
                result.unwrap_or("failed")
            ),
        };
        Condition {
            active: show.is("ActiveState", "active"),
            pid: show.number("MainPID").filter(|pid| *pid != 0),
            last_exit,
            gave_up: failed.then(why),
        }
    }

    /// `restart` starts what is stopped; a start limit that was hit would refuse it.
    fn start(&self, site: &Site, hand: &mut Hand<'_>) -> Result<()> {
        if self.condition(site, hand).gave_up.is_some() {
            hand.attempt(&Self::changes(site, ["reset-failed", UNIT]));
        }
        hand.demand(&Self::changes(site, ["restart", UNIT]))
    }

    fn stop(&self, site: &Site, hand: &mut Hand<'_>) -> Result<()> {
        hand.demand(&Self::changes(site, ["stop", UNIT]))
    }
}

/// True for root on a machine whose own manager has the daemon.
pub fn is_of_the_machine() -> bool {
    let unit = Path::new("/etc/systemd/system").join(UNIT);
    is_root()
        && matches!(
            artefact::origin_of(&unit),
            Ok(Standing::Outdated | Standing::Edited)
        )
}

#[cfg(unix)]
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

#[cfg(not(unix))]
fn is_root() -> bool {
    false
}

/// Why the manager cannot be asked, if it cannot.
pub(super) fn unreachable(site: &Site, hand: &Hand<'_>) -> Option<String> {
    if let Err(error) = session::booted(site) {
        return Some(error.to_string());
    }
    let outcome = hand.look(&Unit::looks(site, ["show-environment"]));
    let why = || {
        format!(
            "systemd cannot be reached: systemctl: {}",
            outcome.complaint()
        )
    };
    (!outcome.succeeded()).then(why)
}

fn open_machine(site: &Site, hand: &Hand<'_>) -> Result<()> {
    if site.home != site.folders.root.join(&MACHINE_HOME[1..]) {
        return Err(Error::Usage(format!(
            "a daemon of the machine keeps its home in {MACHINE_HOME}; leave out --home"
        )));
    }
    session::booted(site)?;
    let answer = hand.look(&Unit::looks(site, ["show-environment"]));
    if answer.succeeded() {
        return Ok(());
    }
    Err(Error::Failed(format!(
        "systemd cannot be reached: systemctl: {}",
        answer.complaint()
    )))
}
