//! What a backup is made of: the names of its files, and what they say.

use serde_json::{Value, json};

use super::BackupError;
use crate::{
    message::text_at,
    store::{self, cluster_files},
};

/// The form of the archive. Another one cannot be read by versions that do not know it.
const FORMAT: u64 = 1;

/// The folder that all is in.
pub(super) const FOLDER: &str = "cleudocodebot-backup/";

pub(super) const MANIFEST: &str = "manifest.json";
pub(super) const END: &str = "end.json";
pub(super) const ROWS: &str = "store/";
pub(super) const MEDIA: &str = "media/";
pub(super) const HOME: &str = "home/";

/// The settings, which go with the others only where that was asked for: they are secrets.
pub(super) const ENV: &str = ".env";

/// Files of the home folder that go with the messages: who was let in, the bridges, the receivers of events, by what
/// devices know us that are pushed to, and what other machines of a cluster know of this one.
pub(super) const HOME_FILES: [&str; 5] = [
    "pairing.json",
    "external.json",
    "webhooks.json",
    "push.key",
    cluster_files::KEPT,
];

/// Longest of them that is read.
pub(super) const MAX_HOME_FILE: u64 = 64 * 1024 * 1024;

/// What a backup says at its beginning.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Manifest {
    /// The version of the program that made it.
    pub version: String,
    /// The version of the rows.
    pub schema: u64,
    /// When it was made, in ms since 1970.
    pub created_ms: u64,
    /// The last sequence number.
    pub seq: u64,
    /// How many messages there are.
    pub messages: u64,
    /// How many rows there are.
    pub rows: u64,
    /// How many files are kept.
    pub files: u64,
    /// How many bytes these have.
    pub file_bytes: u64,
    /// How many more files are on other machines of the cluster, and not in it.
    pub elsewhere: u64,
    /// How many bytes it will have, about.
    pub expected_bytes: u64,
    /// Whether the settings are in it.
    pub with_secrets: bool,
}

impl Manifest {
    /// As it is written, and told.
    pub fn json(&self) -> Value {
        json!({
            "format": FORMAT, "version": self.version, "schema": self.schema, "created_ms": self.created_ms,
            "seq": self.seq, "messages": self.messages, "rows": self.rows, "files": self.files,
            "file_bytes": self.file_bytes, "elsewhere": self.elsewhere, "expected_bytes": self.expected_bytes,
            "with_secrets": self.with_secrets,
        })
    }

    /// Reads one; fails where this version cannot read what follows.
    pub fn read(text: &[u8]) -> Result<Self, BackupError> {
        let json: Value = serde_json::from_slice(text).unwrap_or_default();
        let number = |name: &str| json[name].as_u64();
        let wrong = || BackupError::Damaged("its manifest cannot be read".to_owned());
        let version = text_at(&json, "version").ok_or_else(wrong)?.to_owned();
        let (format, schema) = (
            number("format").ok_or_else(wrong)?,
            number("schema").ok_or_else(wrong)?,
        );
        if format > FORMAT || schema > store::SCHEMA {
            return Err(BackupError::Newer(format!(
                "version {version}, format {format} and schema {schema}, this one knows {FORMAT} and {}",
                store::SCHEMA
            )));
        }
        let count = |name: &str| number(name).unwrap_or_default();
        Ok(Self {
            version,
            schema,
            created_ms: count("created_ms"),
            seq: count("seq"),
            messages: count("messages"),
            rows: count("rows"),
            files: count("files"),
            file_bytes: count("file_bytes"),
            elsewhere: count("elsewhere"),
            expected_bytes: count("expected_bytes"),
            with_secrets: json["with_secrets"] == true,
        })
    }
}

/// Appends a row: the lengths of its key and its value, then both.
pub(super) fn put_row(out: &mut Vec<u8>, key: &[u8], value: &[u8]) {
    for part in [key, value] {
        // A row is far smaller than 4 GiB: a message of the largest size has a few MB.
        let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
        out.extend_from_slice(&length.to_be_bytes());
    }
    out.extend_from_slice(key);
    out.extend_from_slice(value);
}

/// Takes the first row off; `None` where the bytes end within it.
pub(super) fn take_row<'b>(bytes: &mut &'b [u8]) -> Option<(&'b [u8], &'b [u8])> {
    let mut length = || -> Option<usize> {
        let (number, rest) = bytes.split_first_chunk()?;
        *bytes = rest;
        usize::try_from(u32::from_be_bytes(*number)).ok()
    };
    let (key, value) = (length()?, length()?);
    let (key, rest) = bytes.split_at_checked(key)?;
    let (value, rest) = rest.split_at_checked(value)?;
    *bytes = rest;
    Some((key, value))
}
