//! Reading a backup from front to back, checking all of it.

use std::io::{self, BufReader, Read};

use data_encoding::HEXLOWER;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{
    BackupError, Summary,
    digest::Digested,
    is_about_content,
    parts::{END, FOLDER, HOME, MANIFEST, MAX_HOME_FILE, MEDIA, Manifest, ROWS, take_row},
    reading,
};
use crate::{
    message::MediaId,
    tar::{Entry, TarReader},
};

/// Largest file of the archive that is read into memory: some rows, of which one may be large.
const MAX_WHOLE: u64 = 512 * 1024 * 1024;

/// Read at a time.
const PIECE: usize = 256 * 1024;

/// Who is told what a backup holds, in the order of the archive.
pub(super) trait Visitor {
    /// What it says at its beginning.
    fn begin(&mut self, manifest: &Manifest) -> Result<(), BackupError>;

    /// A row of a table.
    fn row(&mut self, table: &str, key: &[u8], value: &[u8]) -> Result<(), BackupError>;

    /// A file of the home folder.
    fn home_file(&mut self, name: &str, bytes: &[u8]) -> Result<(), BackupError>;

    /// A kept file: where its bytes go to.
    fn media(&mut self, id: MediaId, bytes: u64) -> Result<Box<dyn io::Write>, BackupError>;
}

/// Looks at all and keeps nothing.
struct Checked;

impl Visitor for Checked {
    fn begin(&mut self, _: &Manifest) -> Result<(), BackupError> {
        Ok(())
    }

    fn row(&mut self, _: &str, _: &[u8], _: &[u8]) -> Result<(), BackupError> {
        Ok(())
    }

    fn home_file(&mut self, _: &str, _: &[u8]) -> Result<(), BackupError> {
        Ok(())
    }

    fn media(&mut self, _: MediaId, _: u64) -> Result<Box<dyn io::Write>, BackupError> {
        Ok(Box::new(io::sink()))
    }
}

/// Whether this begins as a backup does, whole or not. Blocks.
pub fn is_backup(input: impl Read) -> io::Result<bool> {
    match TarReader::new(input).next_entry() {
        Ok(first) => Ok(is_manifest(first.as_ref())),
        Err(error) if is_about_content(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Reads a backup and fails unless it is whole and as it was written. Blocks.
pub fn verify(input: impl Read) -> Result<Summary, BackupError> {
    read(input, &mut Checked)
}

type Archive<R> = TarReader<Digested<BufReader<R>>>;

/// Reads a backup. What a visitor was told counts only once this has returned: the end says whether it is true.
pub(super) fn read(input: impl Read, visitor: &mut dyn Visitor) -> Result<Summary, BackupError> {
    let input = BufReader::with_capacity(PIECE, input);
    let mut tar = TarReader::new(Digested::new(input));
    let mut summary = Summary::default();
    let first = tar.next_entry().map_err(not_ours)?;
    if !is_manifest(first.as_ref()) {
        let text = "it is no backup of cleudocodebot".to_owned();
        return Err(BackupError::Damaged(text));
    }
    summary.manifest = Manifest::read(&whole(&mut tar, MAX_HOME_FILE)?)?;
    visitor.begin(&summary.manifest)?;
    loop {
        tar.skip_rest().map_err(reading)?;
        let so_far = tar.get_ref().hex();
        let Some(entry) = tar.next_entry().map_err(reading)? else {
            return Err(BackupError::Damaged("it has no end".to_owned()));
        };
        let name = entry.name.strip_prefix(FOLDER).unwrap_or(&entry.name);
        if name == END {
            let end = whole(&mut tar, MAX_HOME_FILE)?;
            check_end(&end, &so_far, &mut summary)?;
            if tar.next_entry().map_err(reading)?.is_some() {
                return Err(BackupError::Damaged("something follows its end".to_owned()));
            }
            summary.bytes = tar.get_ref().bytes();
            tar.expect_end().map_err(reading)?;
            return Ok(summary);
        } else if let Some(rows) = name.strip_prefix(ROWS) {
            let table = rows.split('/').next().unwrap_or_default().to_owned();
            let rows = whole(&mut tar, MAX_WHOLE)?;
            summary.rows += visit_rows(&table, &rows, visitor)?;
        } else if let Some(name) = name.strip_prefix(HOME) {
            let name = name.to_owned();
            let bytes = whole(&mut tar, MAX_HOME_FILE)?;
            visitor.home_file(&name, &bytes)?;
        } else if let Some(place) = name.strip_prefix(MEDIA) {
            let id = place.rsplit('/').next().and_then(|id| id.parse().ok());
            let wrong = || BackupError::Damaged(format!("{place} is no kept file"));
            media(&mut tar, id.ok_or_else(wrong)?, entry.size, visitor)?;
            summary.files += 1;
        } else {
            return Err(BackupError::Damaged(format!("it has a file {name:?}")));
        }
    }
}

/// Whether the first file of an archive is that of a backup.
fn is_manifest(first: Option<&Entry>) -> bool {
    first.is_some_and(|entry| entry.name == format!("{FOLDER}{MANIFEST}"))
}

/// What does not even begin as an archive is something else, not a damaged one.
fn not_ours(error: io::Error) -> BackupError {
    match error.kind() {
        io::ErrorKind::InvalidData => {
            BackupError::Damaged("it is no backup of cleudocodebot, or compressed".to_owned())
        }
        _ => reading(error),
    }
}

fn whole<R: Read>(tar: &mut Archive<R>, most: u64) -> Result<Vec<u8>, BackupError> {
    let mut bytes = Vec::new();
    tar.take(most + 1)
        .read_to_end(&mut bytes)
        .map_err(reading)?;
    if bytes.len() as u64 > most {
        return Err(BackupError::Damaged("a part of it is too large".to_owned()));
    }
    Ok(bytes)
}

fn visit_rows(table: &str, mut rows: &[u8], visitor: &mut dyn Visitor) -> Result<u64, BackupError> {
    let mut count = 0;
    while !rows.is_empty() {
        let row = take_row(&mut rows);
        let broken = || BackupError::Damaged(format!("a row of {table} is cut"));
        let (key, value) = row.ok_or_else(broken)?;
        visitor.row(table, key, value)?;
        count += 1;
    }
    Ok(count)
}

/// A kept file is named by the checksum of its bytes.
fn media<R: Read>(
    tar: &mut Archive<R>,
    id: MediaId,
    size: u64,
    visitor: &mut dyn Visitor,
) -> Result<(), BackupError> {
    let mut out = visitor.media(id, size)?;
    let (mut hash, mut piece) = (Sha256::new(), vec![0; PIECE]);
    loop {
        let read = tar.read(&mut piece).map_err(reading)?;
        if read == 0 {
            break;
        }
        hash.update(&piece[..read]);
        out.write_all(&piece[..read]).map_err(BackupError::Write)?;
    }
    out.flush().map_err(BackupError::Write)?;
    if HEXLOWER.encode(&hash.finalize()) != id.to_string() {
        return Err(BackupError::Damaged(format!("the file {id} was changed")));
    }
    Ok(())
}

fn check_end(text: &[u8], so_far: &str, summary: &mut Summary) -> Result<(), BackupError> {
    let end: Value = serde_json::from_slice(text).unwrap_or_default();
    if end["sha256"] != so_far {
        return Err(BackupError::Damaged("its checksum is another".to_owned()));
    }
    summary.missing = end["missing"].as_u64().unwrap_or(0);
    if end["rows"] != summary.rows || end["files"] != summary.files {
        return Err(BackupError::Damaged(
            "something of it is missing".to_owned(),
        ));
    }
    Ok(())
}
