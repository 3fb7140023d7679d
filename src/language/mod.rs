//! The languages of what people read: English, as the sentences stand in the code, and Brazilian
//! Portuguese, by a table whose keys are those sentences.
//!
//! Everything inside the program stays English: the wire, logs, codes, keys, `--json`. A text is
//! translated where a person reads it, as a whole sentence that is already written out, because many of
//! them come from the daemon that way. [`Translator`] finds the sentence in the table, or the one that it
//! is made of.
//!
//! - `po` reads the table, `pt_BR.po`, in the format of GNU gettext, so that translators' programs open it; `cluster_pt_BR.po` goes on
//!   with the sentences of a build with the feature `nats`.
//! - `template` is a sentence with placeholders, `table` holds all of them, `reading` takes a text apart for `translator`.
//! - `tag` knows names of languages, `user` finds out which one the user of this machine reads, `peer`
//!   that of somebody on a channel.
//!
//! Not here: which texts are sentences (whoever prints them says so), and times.

mod json;
mod peer;
mod po;
mod reading;
mod table;
mod tag;
mod template;
mod translator;
mod user;

pub use self::{
    json::portuguese_json,
    peer::Peer,
    po::{PoEntry, entries},
    tag::Language,
    translator::{Translator, translated},
    user::of_user,
};

/// The Portuguese table, as it is in the source, and behind it what the systems say of their errors.
#[cfg(not(feature = "nats"))]
pub const PORTUGUESE: &str = concat!(include_str!("pt_BR.po"), include_str!("system_pt_BR.po"));
/// With what only a build with the feature `nats` says.
#[cfg(feature = "nats")]
pub const PORTUGUESE: &str = concat!(
    include_str!("pt_BR.po"),
    include_str!("cluster_pt_BR.po"),
    include_str!("system_pt_BR.po"),
);
