//! The check of the message file: who may write it, and, while no daemon has it open, whether it is
//! damaged.

use std::path::Path;

use super::check::Check;
use crate::{error::Error, service::system::runtime_file, store};

const NAME: &str = "message file";

pub(super) fn check(home: &Path) -> Check {
    let path = home.join(store::FILE);
    // A daemon has verified it when it opened it, and says itself what it came upon since.
    if runtime_file::is_held(home).unwrap_or(false) {
        return in_use(&path);
    }
    match store::check_file(&path) {
        Ok(None) => Check::fine(NAME, "no message yet"),
        Ok(Some(notes)) if notes.is_empty() => {
            Check::fine(NAME, format!("{}, verified", path.display()))
        }
        Ok(Some(notes)) => Check::doubtful(NAME, notes.join("\n"), ""),
        Err(Error::Config(text)) => Check::broken(NAME, text, ""),
        Err(error) => Check::doubtful(NAME, error.to_string(), ""),
    }
}

fn in_use(path: &Path) -> Check {
    match store::open_to_others(path) {
        Some(warning) => Check::doubtful(NAME, warning, ""),
        None => Check::fine(NAME, format!("{}, in use by the daemon", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::check::CheckResult, *};
    use crate::{fs, random};

    #[test]
    fn a_file_that_cannot_be_used_is_told_before_the_daemon_starts() {
        let folder = std::env::temp_dir().join(format!("cleudocodebot-file-{}", random::token()));
        fs::create_private_dir(&folder).expect("made");
        assert_eq!(check(&folder).result, CheckResult::Fine);
        fs::write_atomic(&folder.join(store::FILE), b"").expect("written");
        let check = check(&folder);
        assert_eq!(check.result, CheckResult::Broken);
        assert!(check.text.contains("empty"), "{}", check.text);
        std::fs::remove_dir_all(folder).expect("removed");
    }
}
