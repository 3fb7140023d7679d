//! The process environment as a value, so that only `main` and nobody's test depends on the real one.

use std::{
    collections::{BTreeSet, HashMap},
    ffi::OsString,
    fmt,
};

/// Names and values as the process was given them. On Windows names ignore case, as the system does.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Environment {
    values: HashMap<String, String>,
    unreadable: BTreeSet<String>,
}

impl Environment {
    /// What this process was started with.
    pub fn from_process() -> Self {
        Self::from_os_pairs(std::env::vars_os())
    }

    /// An environment of exactly these pairs; of a name that comes twice, the last.
    pub fn from_pairs<K: Into<String>, V: Into<String>>(
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let os = |(name, value): (K, V)| (name.into().into(), value.into().into());
        Self::from_os_pairs(pairs.into_iter().map(os))
    }

    pub(super) fn from_os_pairs(pairs: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let mut environment = Self::default();
        for (name, value) in pairs {
            // Every name asked for here is plain text, so one that is not is nobody's.
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

    /// The same without the names that begin so.
    #[must_use]
    pub fn without(&self, prefix: &str) -> Self {
        let mut rest = self.clone();
        rest.values.retain(|name, _| !name.starts_with(prefix));
        rest.unreadable.retain(|name| !name.starts_with(prefix));
        rest
    }

    /// The value of a name, empty ones included.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(&as_compared(name)).map(String::as_str)
    }

    /// Every name with a readable value, in no order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// Names whose values are not Unicode text, sorted.
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
    /// How many there are: the values of other programs are none of a log's business.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Environment({} variables)", self.values.len())
    }
}
