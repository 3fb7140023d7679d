//! The type of the rows in the tables of settings.
//!
//! Not here: the rows (`keys`, `limits`, `services`) and the parsing of values (`values`).

use super::values::Kind;

/// One setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// The name, as in `.env` and in the environment.
    pub name: &'static str,
    /// The default, as written in `.env`; empty for none.
    pub default: &'static str,
    /// One line on what it does.
    pub doc: &'static str,
    /// Whether the value is shown masked.
    pub secret: bool,
    /// What values it accepts.
    pub kind: Kind,
}

/// A setting that is shown as it is.
pub(super) const fn key(
    name: &'static str,
    default: &'static str,
    kind: Kind,
    doc: &'static str,
) -> Key {
    Key {
        name,
        default,
        doc,
        secret: false,
        kind,
    }
}

/// A setting that is shown masked. It has no default.
pub(super) const fn secret(name: &'static str, doc: &'static str) -> Key {
    Key {
        secret: true,
        ..key(name, "", Kind::Token, doc)
    }
}

/// A whole number from `least` to `most`.
pub(super) const fn number(least: u64, most: u64) -> Kind {
    Kind::Number { least, most }
}
