//! A backup is what there was, or it is nothing.

use std::{
    fs,
    io::{self, Read as _, Write},
    path::Path,
};

use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::*;
use crate::{
    fs::{create_private_dir, scratch::Scratch},
    message::{Kind, MediaId, MessageId},
    store::{
        self, Draft, HistoryQuery, Inbound, MediaRow, NumberedTable, SendAt, Store, StoreOptions,
        Taken, cluster_files,
    },
};

fn open(home: &Path) -> Store {
    let options = StoreOptions {
        path: home.join(store::FILE),
        ..StoreOptions::default()
    };
    Store::open(options, |_| ()).expect("opened")
}

const PICTURE: &[u8] = b"not really a picture";

/// A home with something of everything, and its store.
fn filled(home: &Path) -> Store {
    let store = open(home);
    let id = MediaId(Sha256::digest(PICTURE).into());
    let name = HEXLOWER.encode(&id.0);
    let folder = home.join("media").join(&name[..2]);
    create_private_dir(&folder).expect("made");
    fs::write(folder.join(&name), PICTURE).expect("written");
    let row = MediaRow::new(id, PICTURE.len() as u64, "image/png", Kind::Image);
    store
        .keep_media(row)
        .expect("queued")
        .blocking_recv()
        .expect("kept");
    for number in 0..300 {
        let message = Inbound {
            channel: "telegram".to_owned(),
            peer: format!("peer-{}", number % 7),
            text: format!("message {number}"),
            media: (number == 5).then(|| json!({"media_id": name})),
            dedup_key: Some(format!("key-{number}")),
            ..Inbound::default()
        };
        store
            .receive(message)
            .expect("queued")
            .blocking_recv()
            .expect("stored");
    }
    let scheduled = SendAt {
        at_ms: 4_000_000_000_000,
        grace_ms: 1,
    };
    store
        .queue(draft("later", Some(scheduled)))
        .expect("queued")
        .blocking_recv()
        .expect("stored");
    store
        .queue(draft("hello", None))
        .expect("queued")
        .blocking_recv()
        .expect("stored");
    let row = Some(b"a schedule".to_vec());
    let put = store.put_numbered_row(NumberedTable::Schedules, 1, row);
    put.expect("queued").blocking_recv().expect("stored");
    fs::write(home.join("pairing.json"), "{\"approved\":{}}").expect("written");
    fs::write(home.join(".env"), "CLEUDOCODEBOT_TOKEN=of-a-test\n").expect("written");
    store
}

fn draft(text: &str, at: Option<SendAt>) -> Draft {
    Draft {
        channel: "telegram".to_owned(),
        peer: "ana".to_owned(),
        text: text.to_owned(),
        idempotency_key: Some(format!("once-{text}")),
        at,
        ..Draft::default()
    }
}

fn source(home: &Path, store: &Store, with_secrets: bool) -> BackupSource {
    BackupSource {
        store: store.clone(),
        home: home.to_owned(),
        env_file: with_secrets.then(|| home.join(".env")),
    }
}

/// A backup of a filled home.
fn made(with_secrets: bool) -> (Vec<u8>, Summary) {
    let home = Scratch::new();
    let store = filled(home.path());
    let mut bytes = Vec::new();
    let summary = write_backup(
        &source(home.path(), &store, with_secrets),
        &mut bytes,
        |_| (),
    );
    (bytes, summary.expect("made"))
}

fn texts(store: &Store) -> Vec<(MessageId, String)> {
    let query = HistoryQuery {
        limit: 1000,
        max_bytes: usize::MAX,
        ..HistoryQuery::default()
    };
    let page = store.history(&query).expect("readable");
    page.messages
        .into_iter()
        .map(|one| (one.id, one.text))
        .collect()
}

#[test]
fn a_restored_home_is_the_same_home() {
    let (home, other) = (Scratch::new(), Scratch::new());
    let store = filled(home.path());
    let mut bytes = Vec::new();
    let mut expected = None;
    let summary = write_backup(
        &source(home.path(), &store, false),
        &mut bytes,
        |manifest| {
            expected = Some(manifest.clone());
        },
    );
    let summary = summary.expect("made");
    assert_eq!(Some(&summary.manifest), expected.as_ref());
    assert_eq!(
        (summary.manifest.messages, summary.files, summary.missing),
        (302, 1, 0)
    );
    assert_eq!(summary.bytes, bytes.len() as u64);
    assert_eq!(verify(&bytes[..]).expect("whole"), summary);
    let restored = restore(&bytes[..], other.path(), Taken::All, 0, |_| ()).expect("restored");
    assert_eq!((restored.summary, restored.aside), (summary, None));
    assert!(
        !other.path().join(".env").exists(),
        "secrets were not asked for"
    );
    let again = open(other.path());
    assert_eq!(texts(&again), texts(&store));
    assert_eq!(again.head_seq(), store.head_seq());
    assert_eq!(again.outbox_depth(), store.outbox_depth());
    assert_eq!(again.media_totals(), store.media_totals());
    assert_eq!(again.next_scheduled(), Ok(Some(4_000_000_000_000)));
    let schedules = again
        .numbered_rows(NumberedTable::Schedules)
        .expect("readable");
    assert_eq!(schedules, [b"a schedule"]);
    let repeated = again
        .queue(draft("hello", None))
        .expect("queued")
        .blocking_recv();
    assert!(repeated.expect("known").duplicate, "the key holds");
    let next = again
        .queue(draft("next", None))
        .expect("queued")
        .blocking_recv()
        .expect("stored");
    assert_eq!(next.message.id.0, store.head_seq() + 1);
    let name = HEXLOWER.encode(&Sha256::digest(PICTURE));
    let kept = fs::read(other.path().join("media").join(&name[..2]).join(&name));
    assert_eq!(kept.expect("there"), PICTURE);
    let pairing = fs::read_to_string(other.path().join("pairing.json")).expect("there");
    assert_eq!(pairing, "{\"approved\":{}}");
}

#[test]
fn another_machine_of_a_cluster_takes_the_messages_and_leaves_what_one_machine_does() {
    let (home, other) = (Scratch::new(), Scratch::new());
    let store = filled(home.path());
    let kept = json!({"instance": "0123456789abcdef", "applied": 7, "alone": []});
    fs::write(home.path().join(cluster_files::KEPT), kept.to_string()).expect("written");
    let mut bytes = Vec::new();
    let made = write_backup(&source(home.path(), &store, false), &mut bytes, |_| ());
    made.expect("made");
    // What another store knew of the cluster is aside as well.
    fs::write(other.path().join(cluster_files::KEPT), "{}").expect("written");
    fs::write(other.path().join(cluster_files::PLACES), "places").expect("written");
    assert!(is_occupied(other.path()));
    let restored = restore(&bytes[..], other.path(), Taken::Messages, 0, |_| ());
    let aside = restored.expect("restored").aside.expect("the former");
    for name in [cluster_files::KEPT, cluster_files::PLACES] {
        assert!(!other.path().join(name).exists(), "{name}");
        assert!(aside.join(name).exists(), "{name}");
    }
    let before = fs::read(other.path().join(cluster_files::BEFORE)).expect("there");
    let before: Value = serde_json::from_slice(&before).expect("JSON");
    assert_eq!(before, json!({"cluster": kept, "seq": store.head_seq()}));
    assert!(!other.path().join("pairing.json").exists());
    let again = open(other.path());
    assert_eq!(texts(&again), texts(&store));
    assert_eq!(again.outbox_depth(), store.outbox_depth());
    let schedules = again.numbered_rows(NumberedTable::Schedules);
    assert_eq!(schedules.expect("readable"), Vec::<Vec<u8>>::new());
}

#[test]
fn settings_are_in_it_only_where_that_was_asked_for() {
    let holds = |bytes: &[u8]| bytes.windows(9).any(|part| part == b"of-a-test");
    assert!(!holds(&made(false).0));
    let (bytes, summary) = made(true);
    assert!(holds(&bytes) && summary.manifest.with_secrets);
    let home = Scratch::new();
    fs::write(home.path().join(".env"), "OLD=1\n").expect("written");
    let restored = restore(&bytes[..], home.path(), Taken::All, 0, |_| ()).expect("restored");
    let aside = restored.aside.expect("the old settings");
    assert_eq!(
        fs::read_to_string(aside.join(".env")).expect("there"),
        "OLD=1\n"
    );
    let now = fs::read_to_string(home.path().join(".env")).expect("there");
    assert!(now.contains("of-a-test"), "{now}");
}

#[test]
fn what_was_there_is_moved_aside_and_works_still() {
    let (bytes, _) = made(false);
    let home = Scratch::new();
    assert!(!is_occupied(home.path()));
    let before = filled(home.path());
    let next = before
        .queue(draft("only before", None))
        .expect("queued")
        .blocking_recv();
    next.expect("stored");
    before.close();
    drop(before);
    assert!(is_occupied(home.path()));
    let restored = restore(
        &bytes[..],
        home.path(),
        Taken::All,
        1_795_777_200_000,
        |_| (),
    )
    .expect("restored");
    let aside = restored.aside.expect("moved");
    assert_eq!(
        aside,
        home.path().join("before-restore-20261127T110000000Z")
    );
    assert_eq!(texts(&open(&aside)).len(), 303);
    assert!(aside.join("media").exists());
    assert_eq!(texts(&open(home.path())).len(), 302);
}

#[test]
fn one_that_is_cut_off_or_changed_is_refused_and_leaves_nothing() {
    let (bytes, _) = made(false);
    let home = Scratch::new();
    let refused = |bytes: &[u8], what: &str| {
        let error = verify(bytes).expect_err(what);
        assert!(matches!(error, BackupError::Damaged(_)), "{what}: {error}");
        assert!(
            restore(bytes, home.path(), Taken::All, 0, |_| ()).is_err(),
            "{what}"
        );
        let left = fs::read_dir(home.path()).expect("listed").count();
        assert_eq!(left, 0, "{what}");
    };
    for part in 0..20 {
        let length = bytes.len() * part / 20;
        refused(&bytes[..length], &format!("cut at {length}"));
    }
    for part in 0..40 {
        let mut changed = bytes.clone();
        let at = bytes.len() * part / 40;
        changed[at] ^= 4;
        // What fills up the last file, and the end, means nothing.
        if at < bytes.len() - 1536 {
            refused(&changed, &format!("changed at {at}"));
        }
    }
    refused(&[&bytes[..], b"and more"].concat(), "something behind it");
    let filled = [&bytes[..], &[0; 10_240]].concat();
    verify(&filled[..]).expect("blocks of nothing");
    refused(b"PK\x03\x04 something else entirely", "no archive");
    refused(&[0x28, 0xb5, 0x2f, 0xfd].repeat(1000), "compressed");
}

#[test]
fn one_of_a_newer_version_is_refused_and_says_so() {
    let (bytes, summary) = made(false);
    let schema = format!("\"schema\":{}", summary.manifest.schema);
    let newer = "\"schema\":9";
    let at = bytes
        .windows(schema.len())
        .position(|part| part == schema.as_bytes());
    let at = at.expect("in the manifest");
    let mut changed = bytes;
    changed[at..at + newer.len()].copy_from_slice(newer.as_bytes());
    let error = verify(&changed[..]).expect_err("refused");
    assert!(matches!(error, BackupError::Newer(_)), "{error}");
    assert!(
        error.to_string().contains("install that version"),
        "{error}"
    );
}

/// A disk with so much room.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0 == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let written = bytes.len().min(self.0);
        self.0 -= written;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_is_told_and_the_store_goes_on() {
    let home = Scratch::new();
    let store = filled(home.path());
    for room in [0, 1000, 20_000] {
        let made = write_backup(&source(home.path(), &store, false), Full(room), |_| ());
        let error = made.expect_err("no room");
        assert!(matches!(error, BackupError::Write(_)), "{error}");
    }
    assert!(
        store
            .queue(draft("on", None))
            .expect("queued")
            .blocking_recv()
            .is_ok()
    );
}

#[test]
fn files_that_are_gone_are_counted_and_the_others_are_worth_the_backup() {
    let home = Scratch::new();
    let store = filled(home.path());
    fs::remove_dir_all(home.path().join("media")).expect("removed");
    let mut bytes = Vec::new();
    let summary = write_backup(&source(home.path(), &store, false), &mut bytes, |_| ());
    let summary = summary.expect("made");
    assert_eq!((summary.files, summary.missing), (0, 1));
    assert_eq!(verify(&bytes[..]).expect("whole").missing, 1);
}

#[test]
fn a_stream_is_the_same_backup_and_ends_with_who_reads_it() {
    let home = Scratch::new();
    let store = filled(home.path());
    let (told, done) = std::sync::mpsc::channel();
    let sender = told.clone();
    let begun = BackupStream::begin(source(home.path(), &store, false), move |made| {
        let _ = sender.send(
            made.map(|summary| summary.bytes)
                .map_err(|error| error.to_string()),
        );
    });
    let (manifest, mut stream) = begun.expect("begun");
    assert_eq!(manifest.messages, 302);
    // What is stored from here on is of another moment.
    store
        .queue(draft("after", None))
        .expect("queued")
        .blocking_recv()
        .expect("stored");
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("read");
    assert_eq!(done.recv().expect("told"), Ok(bytes.len() as u64));
    assert_eq!(verify(&bytes[..]).expect("whole").manifest, manifest);
    let begun = BackupStream::begin(source(home.path(), &store, false), move |made| {
        let _ = told.send(
            made.map(|summary| summary.bytes)
                .map_err(|error| error.to_string()),
        );
    });
    drop(begun.expect("begun").1);
    // It may have been through already: this one is small.
    let _ = done.recv().expect("told");
}

#[test]
fn a_backup_under_way_holds_up_nobody_and_is_of_its_moment() {
    let home = Scratch::new();
    let store = filled(home.path());
    let writer = {
        let store = store.clone();
        std::thread::spawn(move || {
            for number in 0..500 {
                let draft = draft(&format!("meanwhile {number}"), None);
                store
                    .queue(draft)
                    .expect("queued")
                    .blocking_recv()
                    .expect("stored");
            }
        })
    };
    let mut seen = Vec::new();
    for _ in 0..5 {
        let mut bytes = Vec::new();
        let made = write_backup(&source(home.path(), &store, false), &mut bytes, |_| ());
        let manifest = made.expect("made").manifest;
        let other = Scratch::new();
        restore(&bytes[..], other.path(), Taken::All, 0, |_| ()).expect("restored");
        let restored = open(other.path());
        let all = texts(&restored);
        assert_eq!(all.len() as u64, manifest.messages);
        assert_eq!(restored.head_seq(), manifest.seq);
        let last = all.iter().map(|(id, _)| id.0).max();
        assert!(
            last <= Some(manifest.seq),
            "nothing is newer than the moment"
        );
        for (id, text) in &all {
            let (kept, _) = store.message(*id).expect("readable").expect("there");
            assert_eq!(kept.text, *text);
        }
        seen.push(manifest.messages);
    }
    writer.join().expect("no panic");
    assert!(seen.is_sorted(), "{seen:?}");
}
