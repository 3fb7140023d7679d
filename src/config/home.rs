//! The home folder and the path of `.env`.

use std::path::{Path, PathBuf};

use super::{
    Overrides, environment::Environment, keys, shown::complaint, source::Source,
    values::kind::folder,
};
use crate::{
    error::{Error, Result},
    fs,
};

/// The paths of this run, whether or not they exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// The home folder. Absolute.
    pub home: PathBuf,
    /// The `.env` that is read and edited. Absolute.
    pub env_file: PathBuf,
}

/// Finds the paths without reading `.env`, so that this works when the settings are invalid.
pub fn places(overrides: &Overrides, environment: &Environment) -> Result<Places> {
    let (home, _) = home(overrides, environment)?;
    let env_file = env_file(overrides, &home)?;
    Ok(Places { home, env_file })
}

/// The home folder and its source. It need not exist and is not created.
///
/// `--home` may be relative to the current folder, like any path on a command line. A value from the
/// environment may not, because its base would depend on where each process is started.
pub(super) fn home(overrides: &Overrides, environment: &Environment) -> Result<(PathBuf, Source)> {
    if let Some(home) = &overrides.home {
        let home = std::path::absolute(home).map_err(Error::file("find the folder", home))?;
        return Ok((home, Source::CommandLine));
    }
    let user = user_folder(environment);
    let from_environment = environment.get(keys::HOME).filter(|text| !text.is_empty());
    let (text, source) = match (overrides.setting(keys::HOME), from_environment) {
        (Some(text), _) => (text, Source::CommandLine),
        (None, Some(text)) => (text, Source::Environment),
        (None, None) => return Ok((default_home(environment, cfg!(windows))?, Source::Default)),
    };
    let folder = folder(text, user.as_deref());
    let explain =
        |expected: String| Error::Config(complaint(keys::HOME, text, source.as_str(), &expected));
    folder.map(|home| (home, source)).map_err(explain)
}

/// The `.env` to read: `--env-file`, or the one in the home folder; never one in the current folder.
pub(super) fn env_file(overrides: &Overrides, home: &Path) -> Result<PathBuf> {
    match &overrides.env_file {
        Some(named) => std::path::absolute(named).map_err(Error::file("find the file", named)),
        None => Ok(home.join(".env")),
    }
}

/// A warning about a home folder that other users can open.
pub fn permission_warning(home: &Path) -> Option<String> {
    let mode = fs::foreign_permissions(home).ok()??;
    let shown = home.display();
    Some(format!(
        "the home folder {shown} is open to others than its owner (mode {mode:o}); \
         run: chmod 700 '{shown}'"
    ))
}

fn user_folder(environment: &Environment) -> Option<PathBuf> {
    let name = if cfg!(windows) { "USERPROFILE" } else { "HOME" };
    absolute(environment, name)
}

fn absolute(environment: &Environment, name: &str) -> Option<PathBuf> {
    let path = environment.get(name).map(PathBuf::from);
    path.filter(|path| path.is_absolute())
}

fn default_home(environment: &Environment, windows: bool) -> Result<PathBuf> {
    let (base, folder) = if windows {
        ("LOCALAPPDATA", "cleudocodebot")
    } else {
        ("HOME", ".cleudocodebot")
    };
    let unset = || {
        Error::Config(format!(
            "no home folder: {base} is not set to an absolute path; set {} or use --home",
            keys::HOME
        ))
    };
    Ok(absolute(environment, base).ok_or_else(unset)?.join(folder))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn found(setting: Option<&str>, pairs: &[(&str, &str)]) -> Result<(PathBuf, Source)> {
        let home = setting.map(|value| (keys::HOME.to_owned(), value.to_owned()));
        let overrides = Overrides {
            settings: home.into_iter().collect(),
            ..Overrides::default()
        };
        home_of(&overrides, pairs)
    }

    fn home_of(overrides: &Overrides, pairs: &[(&str, &str)]) -> Result<(PathBuf, Source)> {
        home(overrides, &Environment::from_pairs(pairs.iter().copied()))
    }

    #[test]
    fn the_command_line_comes_before_the_environment_before_the_default() {
        let user = ("HOME", "/home/a");
        let from = |setting, pairs: &[_]| found(setting, pairs).expect("found");
        let expected = |path: &str, source| (PathBuf::from(path), source);
        assert_eq!(
            from(Some("/c"), &[(keys::HOME, "/e"), user]),
            expected("/c", Source::CommandLine)
        );
        assert_eq!(
            from(None, &[(keys::HOME, "~/e"), user]),
            expected("/home/a/e", Source::Environment)
        );
        assert_eq!(
            from(None, &[(keys::HOME, ""), user]),
            expected("/home/a/.cleudocodebot", Source::Default)
        );
    }

    #[test]
    fn a_typed_home_may_be_relative_and_an_inherited_one_may_not() {
        let overrides = Overrides {
            home: Some("here".into()),
            ..Overrides::default()
        };
        assert!(home_of(&overrides, &[]).expect("found").0.is_absolute());
        let error = found(None, &[(keys::HOME, "here")]).expect_err("refused");
        assert_eq!(
            error.to_string(),
            "CLEUDOCODEBOT_HOME is \"here\" (environment); expected an absolute path, \
             or one that begins with ~/ in a known home folder"
        );
    }

    #[test]
    fn without_any_home_the_error_says_what_to_set() {
        let error = found(None, &[]).expect_err("refused");
        assert!(
            error
                .to_string()
                .contains("set CLEUDOCODEBOT_HOME or use --home")
        );
        assert_eq!(error.exit_code(), 78);
    }

    #[test]
    fn windows_keeps_it_in_the_local_application_data() {
        let environment = Environment::from_pairs([("LOCALAPPDATA", "/local")]);
        let home = default_home(&environment, true).expect("found");
        assert_eq!(home, Path::new("/local/cleudocodebot"));
    }
}
