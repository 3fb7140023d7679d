//! The `.env` that the first start writes: a fresh token and two lines of comment.

use std::path::Path;

use super::{dotenv, keys::TOKEN};
use crate::{
    error::{Error, Result},
    random,
};

/// Writes a new `.env` with a fresh token, readable by the owner only, and returns the token. Creates
/// the folder if needed. Refuses to overwrite an existing file or link.
///
/// Two processes must not do this at once: the second would replace the first one's token. The daemon
/// holds the lock on its home folder while it calls this.
pub fn create_env_file(path: &Path) -> Result<String> {
    if path.symlink_metadata().is_ok() {
        return Err(Error::Config(format!(
            "{} exists already and is not overwritten; remove it or set {TOKEN} in it",
            path.display()
        )));
    }
    let token = random::token();
    dotenv::write(path, &first_content(&token))?;
    Ok(token)
}

fn first_content(token: &str) -> String {
    format!(
        "# Settings of cleudocodebot. All keys, their values and defaults: cleudocodebot config show\n\
         # Keep this file to yourself: whoever has the token can read and send your messages.\n\
         {TOKEN}={token}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::{self, scratch::Scratch};

    #[test]
    fn the_first_file_is_private_holds_the_token_and_is_written_once() {
        let folder = Scratch::new();
        let file = folder.path().join("home").join(".env");
        let token = create_env_file(&file).expect("created");
        let document = dotenv::read_file(&file).expect("private").expect("there");
        assert_eq!(document.get(TOKEN), Some(token));
        let home = file.parent().expect("a folder");
        assert_eq!(fs::foreign_permissions(home).expect("seen"), None);
        assert!(matches!(create_env_file(&file), Err(Error::Config(_))));
    }

    #[cfg(unix)]
    #[test]
    fn a_dangling_link_is_not_written_over() {
        let folder = Scratch::new();
        let link = folder.path().join(".env");
        std::os::unix::fs::symlink("/nonexistent", &link).expect("linked");
        assert!(create_env_file(&link).is_err());
        assert!(link.is_symlink());
    }
}
