//! The access rights of the home folder: the user, the system and the administrators, by their
//! security identifiers, which do not depend on the language of the system.

use std::path::Path;

use crate::service::system::{command::SystemCommand, platform::Folders};

/// `SYSTEM` and `Administrators`: well-known SIDs, [MS-DTYP] 2.4.2.4.
const ALSO_ALLOWED: [&str; 2] = ["S-1-5-18", "S-1-5-32-544"];

/// The command that denies a folder or a file to everybody else. Files made in the folder later
/// inherit that.
pub(in crate::service) fn restrict(folders: &Folders, path: &Path, sid: &str) -> SystemCommand {
    let program = folders.windows_command("icacls.exe");
    let mut command =
        SystemCommand::modifying(&program, [&path.display().to_string(), "/inheritance:r"]);
    let inherited = if path.is_dir() { "(OI)(CI)" } else { "" };
    for sid in std::iter::once(sid).chain(ALSO_ALLOWED) {
        command.args.push("/grant:r".to_owned());
        command.args.push(format!("*{sid}:{inherited}F"));
    }
    command.args.push("/q".to_owned());
    command
}
