//! Every key with its value and who set it, for people to read.

use super::{
    Overrides,
    environment::Environment,
    keys::{self, KEYS},
    lookup::{Source, gather},
    shown::mask,
};
use crate::error::Result;

/// A line of `config show`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its name.
    pub key: &'static str,
    /// Its value as it was written, masked where it is secret.
    pub value: String,
    /// Who set it.
    pub source: Source,
    /// True where the value is masked.
    pub secret: bool,
    /// One line on what it does.
    pub doc: &'static str,
}

/// Every known key in the order of the table. Values are shown even where [`load`](super::load)
/// would refuse them: this is where one looks when it does.
pub fn explain(overrides: &Overrides, environment: &Environment) -> Result<Vec<Setting>> {
    let gathered = gather(overrides, environment)?;
    let settings = KEYS.iter().map(|key| {
        let (value, source) = if key.name == keys::HOME {
            (gathered.home.display().to_string(), gathered.home_source)
        } else {
            let (value, source) = gathered.lookup.known(key);
            (value.to_owned(), source)
        };
        Setting {
            key: key.name,
            value: if key.secret { mask(&value) } else { value },
            source,
            secret: key.secret,
            doc: key.doc,
        }
    });
    Ok(settings.collect())
}
