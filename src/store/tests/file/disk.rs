//! Disks that lie: syncs that fail and forget, and a file that is no longer at its place.

use std::{io, path::Path, sync::atomic::AtomicBool};

use ::redb::StorageBackend;

use super::super::*;
use crate::{fs, store::backend::redb::Redb};

/// A disk behind a cache, as the system has one: after a failed sync what was written stays in the cache
/// but is never written to the disk.
#[derive(Debug, Clone)]
struct ForgetfulDisk(Arc<DiskState>);

#[derive(Debug)]
struct DiskState {
    cache: Mutex<Vec<u8>>,
    disk: Mutex<Vec<u8>>,
    unwritten: Mutex<Vec<(usize, usize)>>,
    fails: AtomicBool,
    syncs: AtomicUsize,
}

impl ForgetfulDisk {
    fn with(content: Vec<u8>) -> Self {
        Self(Arc::new(DiskState {
            cache: Mutex::new(content.clone()),
            disk: Mutex::new(content),
            unwritten: Mutex::default(),
            fails: AtomicBool::new(false),
            syncs: AtomicUsize::new(0),
        }))
    }

    /// What is there after a power cut.
    fn after_power_cut(&self) -> Vec<u8> {
        let mut disk = self.0.disk.lock().expect("whole").clone();
        disk.resize(self.0.cache.lock().expect("whole").len(), 0);
        disk
    }
}

fn index(offset: u64) -> usize {
    usize::try_from(offset).expect("small")
}

impl StorageBackend for ForgetfulDisk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.cache.lock().expect("whole").len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let cache = self.0.cache.lock().expect("whole");
        let read = cache.get(index(offset)..index(offset) + out.len());
        out.copy_from_slice(read.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.0.cache.lock().expect("whole").resize(index(length), 0);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.syncs.fetch_add(1, Ordering::Relaxed);
        let unwritten = std::mem::take(&mut *self.0.unwritten.lock().expect("whole"));
        if self.0.fails.load(Ordering::Relaxed) {
            return Err(io::Error::other("input/output error"));
        }
        let (cache, mut disk) = (
            self.0.cache.lock().expect("whole"),
            self.0.disk.lock().expect("whole"),
        );
        disk.resize(cache.len(), 0);
        for (start, end) in unwritten {
            let end = end.min(cache.len());
            disk[start..end].copy_from_slice(&cache[start..end]);
        }
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let (start, end) = (index(offset), index(offset) + data.len());
        self.0.cache.lock().expect("whole")[start..end].copy_from_slice(data);
        self.0.unwritten.lock().expect("whole").push((start, end));
        Ok(())
    }
}

/// A store on a forgetful disk.
fn on(disk: &ForgetfulDisk, fixture: &Fixture) -> Store {
    let file = Redb::open_with(&fixture.options.path, Box::new(disk.clone())).expect("opened");
    let store = Store::start(Box::new(file), fixture.options.clone(), Box::new(|_| ()));
    store.expect("started")
}

fn forgetful(fixture: &Fixture) -> ForgetfulDisk {
    fixture.open().close();
    ForgetfulDisk::with(std::fs::read(&fixture.options.path).expect("read"))
}

/// Opens what a power cut left and returns the texts in it.
fn texts_after_power_cut(disk: &ForgetfulDisk) -> Vec<String> {
    let after = Fixture::new(BackendKind::File);
    write_private(&after.options.path, &disk.after_power_cut());
    let history = after.open().history(&crate::store::HistoryQuery::default());
    let messages = history.expect("readable").messages;
    messages.into_iter().map(|message| message.text).collect()
}

fn write_private(path: &Path, content: &[u8]) {
    fs::write_atomic(path, content).expect("written");
}

#[test]
fn what_a_failed_sync_dropped_is_written_again_before_anything_is_acknowledged() {
    let fixture = Fixture::new(BackendKind::File);
    let disk = forgetful(&fixture);
    let store = on(&disk, &fixture);
    let mut acknowledged = Vec::new();
    for round in 0..12 {
        queue(&store, &format!("before {round}"));
        acknowledged.push(format!("before {round}"));
        disk.0.fails.store(true, Ordering::Relaxed);
        let refused = answer(store.queue(draft("telegram", "ana", "refused")));
        assert!(refused.is_err());
        disk.0.fails.store(false, Ordering::Relaxed);
        fixture.pass(1000);
        queue(&store, &format!("after {round}"));
        acknowledged.push(format!("after {round}"));
        let found = texts_after_power_cut(&disk);
        let lost = acknowledged.iter().find(|text| !found.contains(text));
        assert_eq!(lost, None, "round {round}");
    }
}

#[test]
fn while_a_failed_sync_cannot_be_made_up_for_messages_are_read_but_none_is_taken() {
    let fixture = Fixture::new(BackendKind::File);
    let disk = forgetful(&fixture);
    let store = on(&disk, &fixture);
    let first = queue(&store, "before");
    disk.0.fails.store(true, Ordering::Relaxed);
    for _ in 0..3 {
        assert!(answer(store.queue(draft("telegram", "ana", "refused"))).is_err());
        assert!(store.message(first).expect("readable").is_some());
        fixture.pass(1000);
    }
    disk.0.fails.store(false, Ordering::Relaxed);
    queue(&store, "after");
    assert!(texts_after_power_cut(&disk).contains(&"after".to_owned()));
}

#[test]
fn whoever_reads_while_the_disk_fails_does_not_keep_others_from_reading() {
    let fixture = Fixture::new(BackendKind::File);
    let disk = forgetful(&fixture);
    let store = on(&disk, &fixture);
    let first = queue(&store, "before");
    let (reading, begun) = std::sync::mpsc::channel();
    let syncs = disk.0.syncs.load(Ordering::Relaxed);
    let reader = {
        let (store, disk) = (store.clone(), disk.clone());
        std::thread::spawn(move || {
            let contents = store.contents().expect("readable");
            reading.send(()).expect("heard");
            // Until the sync has failed, and the file is to be opened anew.
            while disk.0.syncs.load(Ordering::Relaxed) == syncs {
                std::thread::yield_now();
            }
            drop(contents);
        })
    };
    begun.recv().expect("reading");
    disk.0.fails.store(true, Ordering::Relaxed);
    assert!(answer(store.queue(draft("telegram", "ana", "refused"))).is_err());
    assert!(store.message(first).expect("readable").is_some());
    reader.join().expect("no panic");
}

#[test]
fn a_process_killed_after_a_failed_sync_leaves_a_marker_and_the_next_one_writes_all_again() {
    let fixture = Fixture::new(BackendKind::File);
    let disk = forgetful(&fixture);
    let marker = fixture.folder.path().join("messages.redb.unsynced");
    let store = on(&disk, &fixture);
    queue(&store, "before");
    disk.0.fails.store(true, Ordering::Relaxed);
    assert!(answer(store.queue(draft("telegram", "ana", "refused"))).is_err());
    assert!(marker.exists());
    store.close();
    drop(store);
    // The next process sees the cache, which has what the disk has not.
    disk.0.fails.store(false, Ordering::Relaxed);
    let all = disk.0.cache.lock().expect("whole").clone();
    let store = on(&disk, &fixture);
    assert!(!marker.exists());
    let rewritten = disk.after_power_cut();
    assert_eq!(rewritten.len(), all.len());
    queue(&store, "after");
    let found = texts_after_power_cut(&disk);
    assert!(found.contains(&"before".to_owned()) && found.contains(&"after".to_owned()));
}

#[cfg(unix)]
#[test]
fn a_file_that_is_deleted_or_replaced_takes_nothing_until_it_is_back() {
    let fixture = Fixture::new(BackendKind::File);
    let store = fixture.open();
    let (path, away) = (&fixture.options.path, fixture.folder.path().join("away"));
    queue(&store, "before");
    std::fs::rename(path, &away).expect("moved");
    for replaced in [false, true] {
        if replaced {
            std::fs::copy(&away, path).expect("copied");
        }
        store.look_at_place();
        let refused = answer(store.queue(draft("telegram", "ana", "refused")));
        assert!(
            matches!(refused, Err(StoreError::Failing(_))),
            "{refused:?}"
        );
        let health = store.health();
        assert_eq!(health.failing_since_ms, Some(START_MS));
        let expected = if replaced { "replaced" } else { "deleted" };
        assert!(health.error.expect("told").contains(expected));
    }
    std::fs::rename(&away, path).expect("moved back");
    store.look_at_place();
    queue(&store, "after");
    assert_eq!(store.health().error, None);
}
