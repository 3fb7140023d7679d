//! Every key with its value and source, for `config show`.

use super::{
    Overrides,
    environment::Environment,
    keys::{self, Key},
    lookup::{Lookup, gather},
    shown::{is_hidden, mask},
    source::Source,
};
use crate::error::Result;

/// A line of `config show` and a row of the action `config`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its name.
    pub key: String,
    /// Its value as written, masked if it is secret. Keys of other programs count as secret, because we
    /// cannot know.
    pub value: String,
    /// Its source.
    pub source: Source,
    /// Whether the value is masked.
    pub secret: bool,
    /// One line on what it does; `None` for keys of other programs.
    pub doc: Option<&'static str>,
    /// Its row in the tables; `None` for keys of other programs.
    pub row: Option<&'static Key>,
}

impl Setting {
    fn new(key: &str, value: &str, source: Source, row: Option<&'static Key>) -> Self {
        let secret = row.is_none_or(|row| row.secret) || is_hidden(key, value);
        Self {
            key: key.to_owned(),
            value: if secret {
                mask(value)
            } else {
                value.to_owned()
            },
            source,
            secret,
            doc: row.map(|row| row.doc),
            row,
        }
    }
}

/// Every known key in the order of the table, then the other keys in the file. Invalid values are shown
/// too, because this is what the user looks at when [`load`](super::load) refuses them.
pub fn explain(overrides: &Overrides, environment: &Environment) -> Result<Vec<Setting>> {
    let gathered = gather(overrides, environment)?;
    let ours = keys::all().map(|key| {
        let home = gathered.home.display().to_string();
        let (value, source) = if key.name == keys::HOME {
            (home.as_str(), gathered.home_source)
        } else {
            gathered.lookup.known(key)
        };
        Setting::new(key.name, value, source, Some(key))
    });
    Ok(ours.chain(foreign(&gathered.lookup)).collect())
}

/// Keys in the file that are not in our table.
fn foreign(lookup: &Lookup) -> impl Iterator<Item = Setting> {
    let names = lookup.names_in_file().into_iter();
    names
        .filter(|name| keys::find(name).is_none())
        .filter_map(|name| {
            let (value, source) = lookup.find(name)?;
            // A numbered or an older name of a service's key has the row of that key.
            Some(Setting::new(name, value, source, keys::row(name)))
        })
}
