//! The file: its permissions, which files are refused, and a disk that fails.

mod damage;
mod disk;
mod erasing;

use std::{io, sync::atomic::AtomicBool};

use ::redb::{
    Database, ReadableDatabase as _, StorageBackend, TableDefinition, backends::FileBackend,
};

use super::*;
use crate::{
    error::Error,
    fs,
    protocol::error_code::{ErrorCode, Fault},
    store::{
        FlagsUpdate,
        backend::{Table, meta, redb::Redb},
        rows::keys::number_key,
        schema::VERSION,
    },
};

fn refusal(fixture: &Fixture) -> Error {
    match Store::open(fixture.options.clone(), |_| ()) {
        Ok(_) => panic!("it was opened"),
        Err(error) => error,
    }
}

#[test]
fn the_file_is_the_owners_alone_and_nothing_else_is_left() {
    let fixture = Fixture::new(BackendKind::File);
    std::fs::write(
        fixture.folder.path().join("messages.redb.new"),
        "left by a crash",
    )
    .expect("written");
    let store = Store::open(fixture.options.clone(), |_| ()).expect("opened");
    queue(&store, "hello");
    assert_eq!(
        fs::foreign_permissions(&fixture.options.path).expect("seen"),
        None
    );
    assert_eq!(
        std::fs::read_dir(fixture.folder.path())
            .expect("listed")
            .count(),
        1
    );
}

/// What is refused in the place of the file, and left as it is.
#[test]
fn an_empty_file_or_a_folder_is_refused_and_left_alone() {
    let fixture = Fixture::new(BackendKind::File);
    std::fs::write(&fixture.options.path, "").expect("written");
    let error = refusal(&fixture);
    assert_eq!(error.exit_code(), 78);
    assert!(error.to_string().contains("empty"), "{error}");
    assert_eq!(
        std::fs::metadata(&fixture.options.path)
            .expect("there")
            .len(),
        0
    );
    std::fs::remove_file(&fixture.options.path).expect("removed");
    std::fs::create_dir(&fixture.options.path).expect("made");
    assert_eq!(refusal(&fixture).exit_code(), 78);
}

#[cfg(unix)]
#[test]
fn a_link_to_nowhere_and_a_pipe_are_refused_at_once() {
    let fixture = Fixture::new(BackendKind::File);
    let path = &fixture.options.path;
    std::os::unix::fs::symlink("/nonexistent/x", path).expect("linked");
    let error = refusal(&fixture);
    assert_eq!(error.exit_code(), 78);
    assert!(error.to_string().contains("link"), "{error}");
    std::fs::remove_file(path).expect("removed");
    let made = std::process::Command::new("mkfifo").arg(path).status();
    if made.is_ok_and(|status| status.success()) {
        assert_eq!(refusal(&fixture).exit_code(), 78);
    }
}

#[test]
fn a_file_of_a_newer_version_is_refused() {
    let fixture = Fixture::new(BackendKind::File);
    fixture.open().close();
    let file = Redb::open(&fixture.options.path).expect("opened");
    let newer = number_key(VERSION + 1);
    file.transact(&mut |rows| rows.put(Table::Meta, meta::SCHEMA, &newer).map(|()| true))
        .expect("written");
    drop(file);
    let error = refusal(&fixture);
    assert_eq!(error.exit_code(), 78);
    let text = error.to_string();
    let newer = format!("schema {}", VERSION + 1);
    let names_both = text.contains(&newer) && text.contains(&format!("knows {VERSION}"));
    assert!(text.contains("messages.redb") && names_both, "{text}");
}

#[test]
fn a_file_of_an_older_version_gains_the_tables_it_lacks() {
    const MARKS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("marks");
    const TIMES: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("times");
    const FLAGS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("flags");
    let fixture = Fixture::new(BackendKind::File);
    let store = fixture.open();
    let id = queue(&store, "kept");
    store.close();
    let database = Database::open(&fixture.options.path).expect("opened");
    let transaction = database.begin_write().expect("begun");
    assert!(transaction.delete_table(MARKS).expect("deleted"));
    assert!(transaction.delete_table(TIMES).expect("deleted"));
    assert!(transaction.delete_table(FLAGS).expect("deleted"));
    transaction.commit().expect("committed");
    drop(database);
    let store = fixture.open();
    done(store.mark_read("telegram", "ana", id));
    let pin = FlagsUpdate {
        pinned: Some(true),
        ..FlagsUpdate::default()
    };
    assert!(done(store.set_flags("telegram", "ana", pin)).after.pinned);
    assert!(store.message(id).expect("readable").is_some());
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_alone() {
    for content in [
        b"not a database".to_vec(),
        vec![0; 4096],
        vec![0xff; 100_000],
    ] {
        let fixture = Fixture::new(BackendKind::File);
        std::fs::write(&fixture.options.path, &content).expect("written");
        let error = refusal(&fixture);
        assert_eq!(error.exit_code(), 78);
        assert!(error.to_string().contains("messages.redb"), "{error}");
        assert_eq!(std::fs::read(&fixture.options.path).expect("read"), content);
    }
}

/// A storage that panics over its rows, as redb may over those of a damaged file.
struct Panicking;

impl Backend for Panicking {
    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        panic!("on purpose")
    }

    fn transact(&self, _: &mut Work<'_>) -> Result<(), StoreError> {
        Ok(())
    }

    fn recover(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn close(&self) {}
}

#[test]
fn rows_that_make_the_storage_panic_are_told_as_damage() {
    let fixture = Fixture::new(BackendKind::File);
    let opened = Store::start(Box::new(Panicking), fixture.options.clone(), Box::new(drop));
    let Err(error) = opened else {
        panic!("it was opened")
    };
    assert_eq!(error.exit_code(), 78);
    assert!(error.to_string().contains("messages.redb"), "{error}");
}

#[test]
fn a_database_of_another_program_is_refused_and_not_filled() {
    const THEIRS: TableDefinition<'_, u64, u64> = TableDefinition::new("theirs");
    let fixture = Fixture::new(BackendKind::File);
    let database = Database::create(&fixture.options.path).expect("made");
    let transaction = database.begin_write().expect("begun");
    transaction.open_table(THEIRS).expect("made");
    transaction.commit().expect("committed");
    drop(database);
    assert_eq!(refusal(&fixture).exit_code(), 78);
    let database = Database::open(&fixture.options.path).expect("still theirs");
    let tables = database
        .begin_read()
        .expect("begun")
        .list_tables()
        .expect("listed")
        .count();
    assert_eq!(tables, 1);
}

#[test]
fn a_file_in_use_is_not_opened_twice() {
    let fixture = Fixture::new(BackendKind::File);
    let _store = fixture.open();
    let error = refusal(&fixture);
    assert!(error.to_string().contains("in use"), "{error}");
}

#[test]
fn a_missing_folder_is_named() {
    let mut fixture = Fixture::new(BackendKind::File);
    fixture.options.path = fixture.folder.path().join("nowhere/messages.redb");
    assert!(refusal(&fixture).to_string().contains("nowhere"));
}

fn file_backend(path: &std::path::Path) -> FileBackend {
    let file = std::fs::File::options().read(true).write(true).open(path);
    FileBackend::new(file.expect("opened")).expect("usable")
}

/// A file on a disk that may be full.
#[derive(Debug)]
struct FullDisk {
    file: FileBackend,
    is_full: Arc<AtomicBool>,
}

impl FullDisk {
    fn check(&self) -> io::Result<()> {
        if self.is_full.load(Ordering::Relaxed) {
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        Ok(())
    }
}

impl StorageBackend for FullDisk {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.check()?;
        self.file.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.check()?;
        self.file.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.check()?;
        self.file.write(offset, data)
    }
}

#[test]
fn after_the_disk_was_full_the_store_goes_on_where_it_stood() {
    let fixture = Fixture::new(BackendKind::File);
    fixture.open().close();
    let is_full = Arc::new(AtomicBool::new(false));
    let disk = FullDisk {
        file: file_backend(&fixture.options.path),
        is_full: Arc::clone(&is_full),
    };
    let file = Redb::open_with(&fixture.options.path, Box::new(disk)).expect("opened");
    let store = Store::start(Box::new(file), fixture.options.clone(), Box::new(|_| ()));
    let store = store.expect("started");
    let first = queue(&store, "before");

    is_full.store(true, Ordering::Relaxed);
    for (text, expected) in [("maybe", true), ("surely not", false)] {
        let refused = answer(store.queue(draft("telegram", "ana", text)));
        let Err(StoreError::DiskFull { may_be_stored, .. }) = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(may_be_stored, expected);
        let fault = Fault::from(refused.expect_err("refused"));
        assert_eq!(fault.code, ErrorCode::QueueFull);
        assert_eq!(fault.retry_after_ms, Some(1000));
    }
    assert_eq!(store.health().failing_since_ms, Some(START_MS));

    is_full.store(false, Ordering::Relaxed);
    fixture.pass(1000);
    assert_eq!(queue(&store, "after").0, first.0 + 1);
    assert_eq!(store.health().failing_since_ms, None);
    assert!(store.message(first).expect("readable").is_some());
    store.close();
    assert_eq!(fixture.open().health().messages, 2);
}
