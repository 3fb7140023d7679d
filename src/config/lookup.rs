//! Looks settings up in all sources, in this order: command line, environment, `.env`, default.
//!
//! Not here: parsing of the values (`values`).

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    path::{Path, PathBuf},
};

use super::{
    Overrides, dotenv,
    dotenv::Document,
    environment::Environment,
    home,
    keys::{self, Key},
    services::Service,
    shown::complaint,
    source::Source,
};
use crate::error::{Error, Result};

/// All values from all sources. Integrations read their own keys from it.
#[derive(Clone, Default)]
pub struct Lookup {
    command_line: HashMap<String, String>,
    environment: Environment,
    file: BTreeMap<String, dotenv::Value>,
    env_file: PathBuf,
}

impl Lookup {
    /// The value of any key, ours or not. `None` if it is unset or empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.find(name).map(|(value, _)| value)
    }

    /// The same, with its source; never [`Source::Default`].
    ///
    /// An empty value in the environment or in `.env` counts as unset, because container tools pass
    /// unset variables on as empty ones. Lists are the exception: they can be empty on purpose.
    pub fn find(&self, name: &str) -> Option<(&str, Source)> {
        let row = keys::row(name);
        let may_be_empty = row.is_some_and(|key| key.kind.has_empty_value());
        let counts = |(value, _): &(&str, Source)| may_be_empty || !value.is_empty();
        let typed = self.command_line.get(name);
        let inherited = self.environment.get(name);
        let in_file = self.file.get(name);
        typed
            .map(|value| (value.as_str(), Source::CommandLine))
            .or_else(|| {
                inherited
                    .map(|value| (value, Source::Environment))
                    .filter(counts)
            })
            .or_else(|| {
                in_file
                    .map(|value| (value.text.as_str(), Source::EnvFile { line: value.line }))
                    .filter(counts)
            })
            .map(|(value, source)| (bare(row, value), source))
            .filter(|found| found.1 == Source::CommandLine || counts(found))
    }

    /// A warning for each secret with white space or a line end around it, as secret files of container
    /// tools often have.
    fn untrimmed(&self) -> Vec<String> {
        let mut names: Vec<&str> = self.names().map(|(name, _)| name).collect();
        names.sort_unstable();
        names.dedup();
        let told = names.into_iter().filter_map(|name| {
            let raw = self.raw(name)?;
            let is_bare = bare(keys::row(name), raw) == raw;
            let (_, source) = self.find(name)?;
            (!is_bare).then(|| {
                format!(
                    "{}: {name} has white space or a line end around it, which is left out",
                    self.origin(source)
                )
            })
        });
        told.collect()
    }

    /// The value of a key, untrimmed.
    fn raw(&self, name: &str) -> Option<&str> {
        let typed = self.command_line.get(name).map(String::as_str);
        let set = |value: &&str| !value.is_empty();
        typed
            .or_else(|| self.environment.get(name).filter(set))
            .or_else(|| self.file.get(name).map(|value| value.text.as_str()))
    }

    /// The errors in the settings of a service, one text per key.
    pub fn complaints(&self, service: &Service) -> Vec<String> {
        let mut names: Vec<&str> = self.names().map(|(name, _)| name).collect();
        names.sort_unstable();
        names.dedup();
        let of_service = names
            .into_iter()
            .filter_map(|name| Some((name, service.row(name)?)));
        of_service
            .filter_map(|(name, key)| self.complaint(name, key))
            .collect()
    }

    /// Whether a key has a value that it cannot have.
    pub(super) fn is_wrong(&self, name: &str) -> bool {
        keys::find(name).is_some_and(|key| self.complaint(name, key).is_some())
    }

    /// The error in the value of a key, if any.
    pub(super) fn complaint(&self, name: &str, key: &Key) -> Option<String> {
        let (value, source) = self.find(name)?;
        let expected = key.kind.check(value).err()?;
        Some(complaint(name, value, &self.origin(source), &expected))
    }

    /// Every key that is set, with its source. A key set by two sources comes twice.
    fn names(&self) -> impl Iterator<Item = (&str, Source)> {
        let in_file = self.file.iter().map(|(name, value)| {
            let source = Source::EnvFile { line: value.line };
            (name.as_str(), source)
        });
        let inherited = self.environment.names().map(|n| (n, Source::Environment));
        let typed = self.command_line.keys();
        let typed = typed.map(|n| (n.as_str(), Source::CommandLine));
        typed.chain(inherited).chain(in_file)
    }

    /// The keys in the file, in its order.
    pub(super) fn names_in_file(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.file.iter().collect();
        names.sort_by_key(|(_, value)| value.line);
        names.into_iter().map(|(name, _)| name.as_str()).collect()
    }

    /// The value of a key of ours, or its default.
    pub(super) fn known(&self, key: &'static Key) -> (&str, Source) {
        self.find(key.name)
            .unwrap_or((key.default, Source::Default))
    }

    /// The value or default of a key in the table; `None` if it is empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        let key = keys::find(name)?;
        Some(self.known(key).0).filter(|text| !text.is_empty())
    }

    /// The value of a key in the table, or its default where it is unset or wrong.
    pub(super) fn valid_text(&self, name: &str) -> &str {
        let Some(key) = keys::find(name) else {
            return "";
        };
        let (value, _) = self.known(key);
        if key.kind.check(value).is_ok() {
            value
        } else {
            key.default
        }
    }

    /// The value or default of a numeric key in the table; `None` for any other key.
    pub fn number(&self, name: &str) -> Option<u64> {
        let key = keys::find(name)?;
        key.kind.number(self.known(key).0).ok()
    }

    /// The source for an error message, with file and line.
    pub(super) fn origin(&self, source: Source) -> String {
        match source {
            Source::EnvFile { line } => format!("{}:{line}", self.env_file.display()),
            _ => source.to_string(),
        }
    }

    /// A warning for each key with our prefix that is not in the table, and for each in the file that is all
    /// but one of ours. The environment is full of keys of other programs.
    fn unknown(&self) -> Vec<String> {
        let mut unknown: Vec<_> = self
            .names()
            .filter(|(name, _)| keys::row(name).is_none() && *name != keys::CLIENT_URL)
            .filter(|(name, source)| {
                let is_in_file = matches!(source, Source::EnvFile { .. });
                name.starts_with(keys::PREFIX) || is_in_file && keys::is_near_miss(name)
            })
            .map(|(name, source)| format!("{}: {}", self.origin(source), keys::unknown(name)))
            .collect();
        // The environment has no order; keep the output stable from run to run.
        unknown.sort();
        unknown
    }
}

impl fmt::Debug for Lookup {
    /// The keys in the file only: values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.file.keys()).finish()
    }
}

/// Trims a secret, since no valid one has white space around it; other values stay as they are.
fn bare<'a>(row: Option<&Key>, value: &'a str) -> &'a str {
    match row {
        Some(key) if key.kind.is_trimmed() => value.trim(),
        _ => value,
    }
}

/// Reads all sources without validating the values, for callers that need single keys.
pub fn look_up(overrides: &Overrides, environment: &Environment) -> Result<Lookup> {
    Ok(gather(overrides, environment)?.lookup)
}

/// The content of all sources, before validation.
pub(super) struct Gathered {
    pub(super) home: PathBuf,
    pub(super) home_source: Source,
    pub(super) env_file: PathBuf,
    pub(super) lookup: Lookup,
    pub(super) warnings: Vec<String>,
}

/// Finds the home folder and reads its `.env`, or the one given by `--env-file`.
pub(super) fn gather(overrides: &Overrides, environment: &Environment) -> Result<Gathered> {
    gather_edited(overrides, environment, &|_| Ok(()))
}

/// The same, as it will be once `edit` has changed the file.
pub(super) fn gather_edited(
    overrides: &Overrides,
    environment: &Environment,
    edit: &dyn Fn(&mut Document) -> Result<()>,
) -> Result<Gathered> {
    refuse_unreadable(environment)?;
    let (home, home_source) = home::home(overrides, environment)?;
    let env_file = home::env_file(overrides, &home)?;
    let document = dotenv::read_file(&env_file)?;
    let mut warnings: Vec<String> = home::permission_warning(&home).into_iter().collect();
    if document.is_none() && overrides.env_file.is_some() {
        warnings.push(format!(
            "there is no {}; continuing without it",
            env_file.display()
        ));
    }
    let mut document = document.unwrap_or_default();
    edit(&mut document)?;
    warnings.extend(warnings_about(&document, &env_file));
    warnings.extend(unexpanded(&document, environment, &env_file));
    let lookup = Lookup {
        command_line: overrides.settings.iter().cloned().collect(),
        file: values(&document, environment, &env_file)?,
        environment: environment.clone(),
        env_file: env_file.clone(),
    };
    warnings.extend(lookup.unknown());
    warnings.extend(lookup.untrimmed());
    Ok(Gathered {
        home,
        home_source,
        env_file,
        lookup,
        warnings,
    })
}

/// A setting of ours that is not Unicode must not be treated as unset.
fn refuse_unreadable(environment: &Environment) -> Result<()> {
    let ours = environment
        .unreadable()
        .find(|name| name.starts_with(keys::PREFIX));
    ours.map_or(Ok(()), |name| {
        Err(Error::Config(format!(
            "{name} (environment) is not Unicode text; set it again, as UTF-8"
        )))
    })
}

fn values(
    document: &Document,
    environment: &Environment,
    env_file: &Path,
) -> Result<BTreeMap<String, dotenv::Value>> {
    let mut values = document
        .values(&|name| environment.get(name).map(str::to_owned))
        .map_err(|error| dotenv::in_file(env_file, &error))?;
    values.remove(keys::HOME);
    Ok(values)
}

/// `$NAME` is not expanded. If such a variable exists, warn: the user probably meant `${NAME}`.
fn unexpanded(document: &Document, environment: &Environment, env_file: &Path) -> Vec<String> {
    let exists = |name: &str| document.get(name).is_some() || environment.get(name).is_some();
    let found = document.bare_variables().into_iter();
    found
        .filter(|(_, _, name)| exists(name))
        .map(|(line, key, name)| {
            let shown = env_file.display();
            format!(
                "{shown}:{line}: ${name} in {key} stays as it is written; \
                 write ${{{name}}} for the value of {name}, or single quotes if it is meant so"
            )
        })
        .collect()
}

fn warnings_about(document: &Document, env_file: &Path) -> Vec<String> {
    let shown = env_file.display();
    let mut warnings: Vec<String> = document
        .duplicates()
        .iter()
        .map(|twice| {
            let (line, key, counts) = (twice.line, &twice.key, twice.counts);
            format!("{shown}:{line}: {key} is set again on line {counts}, which counts; remove one")
        })
        .collect();
    if document.get(keys::HOME).is_some() {
        warnings.push(format!(
            "{shown}: {} is ignored here, because it decides which .env is read; \
             set it in the environment or use --home",
            keys::HOME
        ));
    }
    warnings
}
