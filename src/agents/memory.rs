//! What agents in the box keep of conversations below the home folder, as pi does: each file has the name of its
//! session in its own. Here they are found and removed.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::error::{Error, Result};

/// The folder of the agents in the home folder.
const FOLDER: &str = "agents";

/// How deep folders are looked into.
const MAX_DEPTH: usize = 6;

/// The files of the conversations whose sessions begin with one of these stems. Blocks.
pub fn files_of(home: &Path, stems: &[String]) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    look_into(&home.join(FOLDER), stems, MAX_DEPTH, &mut found)?;
    Ok(found)
}

fn look_into(
    folder: &Path,
    stems: &[String],
    depth: usize,
    found: &mut Vec<PathBuf>,
) -> Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other.map_err(Error::file("read the folder", folder))?,
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let Ok(kind) = entry.file_type() else {
            continue;
        };
        if kind.is_dir() && depth > 0 {
            look_into(&path, stems, depth - 1, found)?;
        } else if kind.is_file() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if stems.iter().any(|stem| is_of(&name, stem)) {
                found.push(path);
            }
        }
    }
    Ok(())
}

/// Whether a name has this stem and a number behind it.
fn is_of(name: &str, stem: &str) -> bool {
    let behind = name
        .match_indices(stem)
        .map(|(at, _)| &name[at + stem.len()..]);
    let mut numbers = behind.filter_map(|rest| rest.strip_prefix('-'));
    numbers.any(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fs::scratch::Scratch, message::session_stem};

    #[test]
    fn files_of_a_conversation_are_found_wherever_they_lie() {
        let scratch = Scratch::new();
        let home = scratch.path().join("home");
        let stems = [session_stem("telegram", "42")];
        assert!(files_of(&home, &stems).expect("none").is_empty());
        let (ana, rui) = (&stems[0], session_stem("telegram", "421"));
        let sessions = home.join("agents/pi/sessions/--work--");
        fs::create_dir_all(&sessions).expect("made");
        for name in [
            format!("2026_{ana}-0.jsonl"),
            format!("{ana}-12"),
            format!("{rui}-0"),
            ana.clone(),
        ] {
            fs::write(sessions.join(name), "x").expect("written");
        }
        let mut found = files_of(&home, &stems).expect("found");
        found.sort();
        let expected = [format!("2026_{ana}-0.jsonl"), format!("{ana}-12")];
        assert_eq!(found, expected.map(|name| sessions.join(name)));
    }
}
