//! Who installs: the user's name and number, or on Windows the security identifier.

use super::{
    command::{CommandRunner, SystemCommand},
    platform::{Folders, System},
};
use crate::config::Environment;

/// The user who installs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Account {
    /// The name; on Windows the security identifier. Empty where it is unknown.
    pub name: String,
    /// The user id on Unix.
    pub uid: Option<u32>,
    /// The user who called `sudo`.
    pub through_sudo: Option<String>,
}

impl Account {
    /// Asks the system. `$USER` may be inherited from somebody else, so it is the fallback only.
    pub(in crate::service) fn of(
        system: System,
        folders: &Folders,
        environment: &Environment,
        runner: &dyn CommandRunner,
    ) -> Self {
        if system == System::Windows {
            return Self {
                name: own_sid(folders, runner).unwrap_or_default(),
                ..Self::default()
            };
        }
        let id = |flag: &str| {
            let outcome = runner.run(&SystemCommand::read_only("id", [flag]));
            outcome
                .succeeded()
                .then(|| outcome.text().trim().to_owned())
        };
        let inherited = || environment.get("USER").unwrap_or_default().to_owned();
        let sudo = environment.get("SUDO_USER").filter(|name| !name.is_empty());
        Self {
            name: id("-un").unwrap_or_else(inherited),
            uid: id("-u").and_then(|text| text.parse().ok()),
            through_sudo: sudo.filter(|name| *name != "root").map(str::to_owned),
        }
    }
}

/// The security identifier of the user who runs this.
fn own_sid(folders: &Folders, runner: &dyn CommandRunner) -> Option<String> {
    let program = folders.windows_command("whoami.exe");
    let command = SystemCommand::read_only(&program, ["/user", "/fo", "csv", "/nh"]);
    let outcome = runner.run(&command);
    outcome.succeeded().then(|| sid_in(&outcome.text()))?
}

/// The last field of `"name","S-1-5-…"`. The name may be in any code page; the identifier is ASCII.
fn sid_in(csv: &str) -> Option<String> {
    let (_, sid) = csv.trim().trim_end_matches('"').rsplit_once('"')?;
    let is_sid = sid.starts_with("S-1-")
        && sid[4..]
            .split('-')
            .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    is_sid.then(|| sid.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sid_is_found_behind_any_name() {
        for (csv, expected) in [
            (
                "\"box\\j\u{fffd}rg\",\"S-1-5-21-1-2-3-1001\"\r\n",
                Some("S-1-5-21-1-2-3-1001"),
            ),
            ("\"a\",\"b\",\"S-1-5-18\"", Some("S-1-5-18")),
            ("\"box\\me\",\"\"", None),
            ("S-1-5-18", None),
            ("\"x\",\"S-1-5-\u{fffd}\"", None),
        ] {
            assert_eq!(sid_in(csv).as_deref(), expected, "{csv}");
        }
    }
}
