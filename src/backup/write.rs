//! Making a backup.

use std::{
    fs::File,
    io::{self, BufWriter, Read as _, Write},
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use serde_json::json;

use super::{
    BackupError, Summary,
    digest::Digested,
    paced::{Pace, Paced},
    parts::{
        END, ENV, FOLDER, HOME, HOME_FILES, MANIFEST, MAX_HOME_FILE, MEDIA, Manifest, ROWS, put_row,
    },
};
use crate::{
    clock,
    fs::open_regular,
    message::MediaId,
    store::{self, Store, StoreContents},
    tar::TarWriter,
};

/// How many bytes of rows are in one file of the archive, about.
const SLICE_BYTES: usize = 1024 * 1024;

/// Copied at a time, and gathered before something is written.
const PIECE: usize = 256 * 1024;

/// What a file of the archive takes besides its bytes.
const ENTRY_BYTES: u64 = 1024;

/// What a backup is made of.
pub struct BackupSource {
    /// The store, open.
    pub store: Store,
    /// The home folder.
    pub home: PathBuf,
    /// The settings, where they are to be in it.
    pub env_file: Option<PathBuf>,
}

type Archive<'p, W> = TarWriter<Paced<'p, Digested<BufWriter<W>>>>;

/// Rows between two looks at whether it is time to rest.
const ROWS_AT_A_TIME: u64 = 32;

/// Writes a backup of this moment. `begun` is told what it will hold before the first byte. Blocks.
pub fn write_backup<W: Write>(
    source: &BackupSource,
    out: W,
    begun: impl FnOnce(&Manifest),
) -> Result<Summary, BackupError> {
    let contents = source.store.contents()?;
    let files = contents.files()?;
    let manifest = manifest(source, &contents, &files)?;
    begun(&manifest);
    let pace = Pace::new(&source.store);
    let out = Digested::new(BufWriter::with_capacity(PIECE, out));
    let mut writing = Writing {
        tar: TarWriter::new(Paced::new(out, &pace)),
        pace: &pace,
        mtime_s: manifest.created_ms / 1000,
        summary: Summary::default(),
    };
    let text = format!("{}\n", manifest.json());
    writing
        .whole(MANIFEST, text.as_bytes())
        .map_err(BackupError::Write)?;
    writing.rows(&contents)?;
    // The moment is over: what follows does not change, or is small.
    drop(contents);
    for (id, bytes) in files {
        writing.file(&source.home, id, bytes)?;
    }
    writing.home_files(source)?;
    writing.summary.manifest = manifest;
    writing.end().map_err(BackupError::Write)
}

fn manifest(
    source: &BackupSource,
    contents: &StoreContents<'_>,
    files: &[(MediaId, u64)],
) -> Result<Manifest, BackupError> {
    let file_bytes: u64 = files.iter().map(|(_, bytes)| bytes).sum();
    let entries = files.len() as u64 * ENTRY_BYTES;
    Ok(Manifest {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        schema: store::SCHEMA,
        created_ms: clock::now_ms(),
        seq: contents.head_seq()?,
        messages: contents.messages()?,
        rows: contents.rows()?,
        files: files.len() as u64,
        file_bytes,
        elsewhere: contents.all_files()? - files.len() as u64,
        expected_bytes: source.store.file_bytes() + file_bytes + entries,
        with_secrets: source.env_file.is_some(),
    })
}

struct Writing<'p, W: Write> {
    tar: Archive<'p, W>,
    pace: &'p Pace<'p>,
    mtime_s: u64,
    summary: Summary,
}

impl<W: Write> Writing<'_, W> {
    fn whole(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.tar
            .whole(&format!("{FOLDER}{name}"), bytes, self.mtime_s)
    }

    /// Writes the rows, those of a table in files of their own.
    fn rows(&mut self, contents: &StoreContents<'_>) -> Result<(), BackupError> {
        let (mut slice, mut of, mut number) = (Vec::with_capacity(2 * SLICE_BYTES), "", 0);
        let mut failed = None;
        contents.each_row(&mut |table, key, value| {
            if table != of || slice.len() >= SLICE_BYTES {
                if let Err(error) = self.slice(of, number, &slice) {
                    failed = Some(error);
                    return ControlFlow::Break(());
                }
                slice.clear();
                number = if table == of { number + 1 } else { 0 };
                of = table;
            }
            put_row(&mut slice, key, value);
            self.summary.rows += 1;
            if self.summary.rows.is_multiple_of(ROWS_AT_A_TIME) {
                self.pace.rest();
            }
            ControlFlow::Continue(())
        })?;
        match failed {
            Some(error) => Err(BackupError::Write(error)),
            None => self.slice(of, number, &slice).map_err(BackupError::Write),
        }
    }

    fn slice(&mut self, table: &str, number: u64, rows: &[u8]) -> io::Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        self.whole(&format!("{ROWS}{table}/{number:06}"), rows)
    }

    /// Writes a kept file. One that is gone, or is not whole, is counted: the others are worth the backup.
    fn file(&mut self, home: &Path, id: MediaId, bytes: u64) -> Result<(), BackupError> {
        let name = id.to_string();
        let place = format!("{MEDIA}{}/{name}", &name[..2]);
        let is_whole = |file: &File| file.metadata().is_ok_and(|about| about.len() == bytes);
        let opened = File::open(home.join(&place)).ok().filter(is_whole);
        let Some(file) = opened else {
            self.summary.missing += 1;
            return Ok(());
        };
        let begun = self
            .tar
            .begin(&format!("{FOLDER}{place}"), bytes, self.mtime_s);
        begun.map_err(BackupError::Write)?;
        let copied = io::copy(&mut file.take(bytes), &mut self.tar);
        if copied.map_err(BackupError::Write)? < bytes {
            let text = format!("{place} was cut while it was copied");
            return Err(BackupError::Read(io::Error::other(text)));
        }
        self.summary.files += 1;
        Ok(())
    }

    fn home_files(&mut self, source: &BackupSource) -> Result<(), BackupError> {
        let of_home = HOME_FILES.map(|name| (name, source.home.join(name)));
        let settings = source.env_file.iter().map(|path| (ENV, path.clone()));
        for (name, path) in of_home.into_iter().chain(settings) {
            let mut bytes = Vec::new();
            match open_regular(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(BackupError::Read(error)),
                Ok(file) => {
                    let read = file.take(MAX_HOME_FILE).read_to_end(&mut bytes);
                    read.map_err(BackupError::Read)?;
                }
            }
            let written = self.whole(&format!("{HOME}{name}"), &bytes);
            written.map_err(BackupError::Write)?;
        }
        Ok(())
    }

    /// Says what there was, and that there is no more.
    fn end(mut self) -> io::Result<Summary> {
        let summary = &self.summary;
        let end = json!({
            "rows": summary.rows, "files": summary.files, "missing": summary.missing,
            "sha256": self.tar.get_ref().get_ref().hex(),
        });
        self.whole(END, format!("{end}\n").as_bytes())?;
        let out = self.tar.finish()?;
        self.summary.bytes = out.get_ref().bytes();
        Ok(self.summary)
    }
}
