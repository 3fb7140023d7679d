//! The process environment as a value, so that only `main` reads the real one and tests never do.

use std::{
    collections::{BTreeSet, HashMap},
    ffi::OsString,
    fmt,
};

/// The variables of a process. On Windows names ignore case, as the system does.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Environment {
    values: HashMap<String, String>,
    unreadable: BTreeSet<String>,
}

impl Environment {
    /// The environment of this process.
    pub fn from_process() -> Self {
        Self::from_os_pairs(std::env::vars_os())
    }

    /// An environment of exactly these pairs; the last value of a name counts.
    pub fn from_pairs<K: Into<String>, V: Into<String>>(
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let os = |(name, value): (K, V)| (name.into().into(), value.into().into());
        Self::from_os_pairs(pairs.into_iter().map(os))
    }

    pub(super) fn from_os_pairs(pairs: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let mut environment = Self::default();
        for (name, value) in pairs {
            // All names we look up are Unicode, so a name that is not can be dropped.
            let Ok(name) = name.into_string().map(|name| as_compared(&name)) else {
                continue;
            };
            match value.into_string() {
                Ok(value) => drop(environment.values.insert(name, value)),
                Err(_) => drop(environment.unreadable.insert(name)),
            }
        }
        environment
    }

    /// The same without the names that begin with `prefix`.
    #[must_use]
    pub fn without(&self, prefix: &str) -> Self {
        let mut rest = self.clone();
        rest.values.retain(|name, _| !name.starts_with(prefix));
        rest.unreadable.retain(|name| !name.starts_with(prefix));
        rest
    }

    /// The value of a variable; may be empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(&as_compared(name)).map(String::as_str)
    }

    /// Every name with a Unicode value, in no order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// The names whose values are not Unicode, sorted.
    pub fn unreadable(&self) -> impl Iterator<Item = &str> {
        self.unreadable.iter().map(String::as_str)
    }
}

fn as_compared(name: &str) -> String {
    if cfg!(windows) {
        name.to_ascii_uppercase()
    } else {
        name.to_owned()
    }
}

impl fmt::Debug for Environment {
    /// The number of variables only: values of other programs may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Environment({} variables)", self.values.len())
    }
}
