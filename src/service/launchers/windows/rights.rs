//! Who may open the home folder: the user, the system and the administrators, by their security
//! identifiers, which are the same in every language.

use std::path::Path;

use crate::service::{
    system::command::{Runner, SystemCommand},
    target::Folders,
};

/// `SYSTEM` and `Administrators`: well-known SIDs, [MS-DTYP] 2.4.2.4.
const OTHERS: [&str; 2] = ["S-1-5-18", "S-1-5-32-544"];

/// The identifier of the user who runs this.
pub(crate) fn own_sid(folders: &Folders, runner: &dyn Runner) -> Option<String> {
    let program = folders.windows_command("whoami.exe");
    let command = SystemCommand::looks(&program, ["/user", "/fo", "csv", "/nh"]);
    let outcome = runner.run(&command);
    outcome.succeeded().then(|| sid_in(&outcome.text()))?
}

/// The last field of `"name","S-1-5-…"`: the name is in any code page, the identifier is ASCII.
fn sid_in(csv: &str) -> Option<String> {
    let (_, sid) = csv.trim().trim_end_matches('"').rsplit_once('"')?;
    let is_sid = sid.starts_with("S-1-")
        && sid[4..]
            .split('-')
            .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    is_sid.then(|| sid.to_owned())
}

/// Takes a folder or a file from everybody else. What is made in the folder later inherits that.
pub(crate) fn close(folders: &Folders, path: &Path, sid: &str) -> SystemCommand {
    let program = folders.windows_command("icacls.exe");
    let mut command =
        SystemCommand::changes(&program, [&path.display().to_string(), "/inheritance:r"]);
    let inherited = if path.is_dir() { "(OI)(CI)" } else { "" };
    for sid in std::iter::once(sid).chain(OTHERS) {
        command.args.push("/grant:r".to_owned());
        command.args.push(format!("*{sid}:{inherited}F"));
    }
    command.args.push("/q".to_owned());
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_identifier_is_found_behind_any_name() {
        for (csv, sid) in [
            ("\"box\\j\u{fffd}rg\",\"S-1-5-21-1-2-3-1001\"\r\n", true),
            ("\"a\",\"b\",\"S-1-5-18\"", true),
            ("\"box\\me\",\"\"", false),
            ("S-1-5-18", false),
            ("\"x\",\"S-1-5-\u{fffd}\"", false),
        ] {
            assert_eq!(sid_in(csv).is_some(), sid, "{csv}");
        }
    }
}
