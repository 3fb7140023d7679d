//! The channels whose integrations are clients, stored by name in `external.json` in the home folder,
//! so that after a restart messages for a bridge are accepted before it reconnects.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::{Value, json};

use super::Bridge;
use crate::{config::services::SERVICES, fs};

/// The file of names, in the home folder.
pub const FILE: &str = "external.json";

/// Most bridge channels that may exist: each has a worker of its own.
pub const MAX_KNOWN: usize = 32;

/// Longest name, in bytes.
const MAX_NAME: usize = 64;

/// Names reserved for the built-in integrations, whether or not they are set up.
pub(in crate::integrations) fn built_in() -> impl Iterator<Item = &'static str> {
    let services = SERVICES.iter();
    services.flat_map(|service| service.channels.iter().copied())
}

/// Why a client may not announce a channel, or a channel cannot be forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The name is malformed.
    Malformed,
    /// The name belongs to a built-in integration.
    BuiltIn,
    /// `MAX_KNOWN` channels exist.
    TooMany,
    /// No such channel exists.
    Unknown,
    /// Its bridge is connected.
    Held,
    /// The file cannot be written, with the error.
    Unwritten(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => write!(
                f,
                "a name of 1 to {MAX_NAME} small letters, digits, - and _ that begins with a letter"
            ),
            Self::BuiltIn => f.write_str("a name that no integration of .env has"),
            Self::TooMany => write!(
                f,
                "{MAX_KNOWN} channels of bridges are known, and no more may be; \
                 one that is not wanted any more: cleudocodebot integrations forget NAME"
            ),
            Self::Unknown => f.write_str("no bridge ever announced this channel"),
            Self::Held => f.write_str("its bridge is connected; end that first"),
            Self::Unwritten(why) => write!(f, "its name cannot be kept: {why}"),
        }
    }
}

/// Whether a client may announce a channel of this name.
pub fn check_name(name: &str) -> Result<(), Refusal> {
    let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
    let first = name.starts_with(|c: char| c.is_ascii_lowercase());
    if !first || name.len() > MAX_NAME || !name.chars().all(letters) {
        return Err(Refusal::Malformed);
    }
    if built_in().any(|taken| taken == name) {
        return Err(Refusal::BuiltIn);
    }
    Ok(())
}

/// All bridge channels.
pub struct Bridges {
    path: PathBuf,
    all: Mutex<BTreeMap<String, Arc<Bridge>>>,
    /// The names on disk. Locked while the file is written. `all` is not, so that look-ups never wait for
    /// the disk; where both are needed, this one is locked first.
    written: Mutex<BTreeSet<String>>,
}

impl Bridges {
    /// Reads the file; a missing one has no names. The second value is a warning about a file that
    /// cannot be read.
    pub fn open(path: PathBuf) -> (Self, Option<String>) {
        let (names, warning) = match std::fs::read(&path) {
            Ok(text) => read(&text).map_or_else(
                || {
                    let path = path.display();
                    let text = format!(
                        "{path} is damaged; its channels come back when their bridges connect"
                    );
                    (BTreeSet::new(), Some(text))
                },
                |names| (names, None),
            ),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Default::default(),
            Err(error) => (
                BTreeSet::new(),
                Some(format!("cannot read {}: {error}", path.display())),
            ),
        };
        let of_name = |name: &String| (name.clone(), Arc::new(Bridge::new(name)));
        let bridges = Self {
            path,
            all: Mutex::new(names.iter().map(of_name).collect()),
            written: Mutex::new(names),
        };
        (bridges, warning)
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Bridge>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn written(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All names.
    pub fn names(&self) -> Vec<String> {
        self.all().keys().cloned().collect()
    }

    /// The channel of this name.
    pub fn find(&self, name: &str) -> Option<Arc<Bridge>> {
        self.all().get(name).cloned()
    }

    /// The channel of this name, created if needed, in memory only.
    pub fn adopt(&self, name: &str) -> Arc<Bridge> {
        get_or_create(&mut self.all(), name)
    }

    /// As `adopt`, but checks the name and the number of channels first.
    pub fn admit(&self, name: &str) -> Result<Arc<Bridge>, Refusal> {
        check_name(name)?;
        let mut all = self.all();
        if all.len() >= MAX_KNOWN && !all.contains_key(name) {
            return Err(Refusal::TooMany);
        }
        Ok(get_or_create(&mut all, name))
    }

    /// As `admit`, and writes the name to the file. Blocks.
    pub fn announce(&self, name: &str) -> Result<Arc<Bridge>, Refusal> {
        let mut written = self.written();
        let bridge = self.admit(name)?;
        if written.insert(name.to_owned())
            && let Err(refusal) = self.save(&written)
        {
            written.remove(name);
            return Err(refusal);
        }
        Ok(bridge)
    }

    /// Forgets a channel whose bridge is not connected. Blocks.
    pub fn forget(&self, name: &str) -> Result<(), Refusal> {
        let mut written = self.written();
        match self.find(name) {
            None => return Err(Refusal::Unknown),
            Some(bridge) if bridge.is_held() => return Err(Refusal::Held),
            Some(_) => {}
        }
        if written.remove(name)
            && let Err(refusal) = self.save(&written)
        {
            written.insert(name.to_owned());
            return Err(refusal);
        }
        self.all().remove(name);
        Ok(())
    }

    fn save(&self, names: &BTreeSet<String>) -> Result<(), Refusal> {
        let text = json!({"channels": names}).to_string();
        let saved = fs::write_atomic(&self.path, text.as_bytes());
        saved.map_err(|error| Refusal::Unwritten(error.to_string()))
    }
}

fn get_or_create(all: &mut BTreeMap<String, Arc<Bridge>>, name: &str) -> Arc<Bridge> {
    let new = || Arc::new(Bridge::new(name));
    Arc::clone(all.entry(name.to_owned()).or_insert_with(new))
}

/// The valid names in the file; `None` if it does not have our format.
fn read(text: &[u8]) -> Option<BTreeSet<String>> {
    let value: Value = serde_json::from_slice(text).ok()?;
    let names = value["channels"].as_array()?.iter();
    let names = names.filter_map(Value::as_str);
    let allowed = names.filter(|name| check_name(name).is_ok());
    Some(allowed.map(str::to_owned).collect())
}
