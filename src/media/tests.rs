//! Files taken in, kept, found, removed.

use std::{fs, io::Read as _, path::Path, time::Duration};

use serde_json::json;

use super::*;
use crate::{
    fs::create_private_dir,
    fs::scratch::Scratch,
    message::Kind,
    store::{Draft, Store, StoreOptions},
};

struct Fixture {
    home: Scratch,
    store: Store,
    media: Media,
}

const QUOTA: u64 = 1 << 20;

impl Fixture {
    fn new() -> Self {
        let home = Scratch::new();
        let options = StoreOptions {
            path: home.path().join("messages.redb"),
            ..StoreOptions::default()
        };
        let store = Store::open(options, |_| {}).expect("a store");
        let media = Media::open(home.path(), store.clone(), 200_000, QUOTA).expect("a folder");
        Self { home, store, media }
    }

    async fn keep(&self, bytes: &[u8]) -> Result<KeptMedia, MediaError> {
        self.media.keep_bytes(bytes, About::default()).await
    }

    fn files(&self) -> Vec<MediaId> {
        self.media.0.folder.list().expect("listed")
    }

    async fn send(&self, id: MediaId) {
        let draft = Draft {
            channel: "telegram".to_owned(),
            peer: "ana".to_owned(),
            media: Some(json!({"media_id": id.to_string()})),
            ..Draft::default()
        };
        self.store
            .queue(draft)
            .expect("room")
            .await
            .expect("stored");
    }
}

type Result<T, E> = std::result::Result<T, E>;

async fn read(media: &Media, id: MediaId) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut opened = media.open_file(id).await.expect("kept");
    opened.file.read_to_end(&mut bytes).expect("read");
    bytes
}

#[tokio::test]
async fn a_file_in_pieces_is_kept_whole_under_its_hash() {
    let fixture = Fixture::new();
    let bytes: Vec<u8> = (0..150_000u32)
        .flat_map(u32::to_le_bytes)
        .take(150_001)
        .collect();
    let mut intake = fixture.media.intake(u64::MAX, 0).await.expect("room");
    for piece in bytes.chunks(7_001) {
        intake.write(piece).await.expect("written");
    }
    let about = About {
        name: Some("../a/conta.pdf".to_owned()),
        mime: Some("application/pdf".to_owned()),
        ..About::default()
    };
    let kept = intake.finish(about).await.expect("kept");
    let hash: [u8; 32] = <sha2::Sha256 as sha2::Digest>::digest(&bytes).into();
    assert_eq!(kept.row.id, MediaId(hash));
    assert_eq!(kept.row.name.as_deref(), Some("conta.pdf"));
    assert_eq!((kept.row.bytes, kept.row.kind), (150_001, Kind::Document));
    assert_eq!(read(&fixture.media, kept.row.id).await, bytes);
    assert!(!kept.duplicate && fixture.keep(&bytes).await.expect("kept").duplicate);
    assert_eq!(fixture.files(), [kept.row.id]);
    let foreign = crate::fs::foreign_permissions(&fixture.media.0.folder.place(kept.row.id));
    assert_eq!(foreign.expect("there"), None);
}

#[tokio::test]
async fn what_is_too_large_empty_or_dropped_leaves_nothing() {
    let fixture = Fixture::new();
    let too_large = fixture.media.intake(u64::MAX, 200_001).await;
    assert_eq!(too_large.err(), Some(MediaError::TooLarge(200_000)));
    let mut intake = fixture.media.intake(99, 0).await.expect("room");
    intake.write(&[1; 99]).await.expect("room");
    assert_eq!(intake.write(&[1]).await, Err(MediaError::TooLarge(99)));
    drop(intake);
    assert_eq!(fixture.keep(b"").await, Err(MediaError::Empty));
    let other = About {
        sha256: Some([0; 32]),
        ..About::default()
    };
    let lied = fixture.media.keep_bytes(b"abc", other).await;
    assert_eq!(lied, Err(MediaError::Different));
    assert_eq!(
        (fixture.files().len(), fixture.media.totals().files),
        (0, 0)
    );
    let incoming = left_in(fixture.home.path());
    assert_eq!(incoming, 0);
}

fn left_in(home: &Path) -> usize {
    if cfg!(feature = "store") {
        fs::read_dir(home.join("media/incoming"))
            .expect("there")
            .count()
    } else {
        0
    }
}

#[tokio::test]
async fn beyond_the_quota_unused_files_go_and_used_ones_stay() {
    let fixture = Fixture::new();
    let mut kept = Vec::new();
    for n in 0..5u8 {
        kept.push(fixture.keep(&vec![n; 200_000]).await.expect("room").row.id);
    }
    for id in &kept {
        fixture.send(*id).await;
    }
    let refused = fixture.keep(&vec![9; 100_000]).await;
    assert_eq!(refused.map(|_| ()), Err(MediaError::QuotaReached(QUOTA)));
    fixture.media.set_bounds(200_000, 2 * QUOTA);
    fixture.keep(&vec![9; 100_000]).await.expect("room now");
    assert_eq!(fixture.files().len(), 6);
    let swept = fixture.media.prune(Duration::ZERO).await.expect("pruned");
    assert_eq!((swept.files, swept.bytes), (1, 100_000));
    assert_eq!(
        (fixture.files().len(), fixture.media.totals().files),
        (5, 5)
    );
}

#[tokio::test]
async fn a_file_without_a_row_is_swept_and_a_row_without_a_file_is_told() {
    let fixture = Fixture::new();
    let stays = fixture.keep(b"stays").await.expect("kept").row.id;
    let lost = fixture.keep(b"lost").await.expect("kept").row.id;
    let folder = &fixture.media.0.folder;
    let stray = MediaId([0xee; 32]);
    create_private_dir(folder.place(stray).parent().expect("a folder")).expect("made");
    fs::write(folder.place(stray), b"left by a crash").expect("written");
    fs::remove_file(folder.place(lost)).expect("removed");
    let swept = fixture.media.tidy().await.expect("tidied");
    assert_eq!((swept.files, swept.missing), (1, 1));
    assert_eq!(fixture.files(), [stays]);
    let gone = fixture.media.open_file(lost).await.expect_err("gone");
    assert_eq!(gone, MediaError::Gone(lost));
    let handed_in_again = fixture.keep(b"lost").await.expect("kept");
    assert!(handed_in_again.duplicate);
    assert_eq!(read(&fixture.media, lost).await, b"lost");
}

#[cfg(feature = "store")]
#[tokio::test]
async fn what_a_crash_left_half_is_gone_after_the_next_start() {
    let fixture = Fixture::new();
    let half = fixture
        .home
        .path()
        .join("media/incoming/0123456789abcdef01234567");
    fs::write(&half, b"half").expect("written");
    let again = Media::open(fixture.home.path(), fixture.store.clone(), 1, 1).expect("opened");
    assert!(!half.exists());
    assert_eq!(again.max_bytes(), 1);
}

#[cfg(all(feature = "store", unix))]
#[tokio::test]
async fn files_that_somebody_else_put_there_are_left_alone() {
    let fixture = Fixture::new();
    let (home, incoming) = (
        fixture.home.path(),
        fixture.home.path().join("media/incoming"),
    );
    let elsewhere = home.join("elsewhere");
    fs::create_dir(&elsewhere).expect("a folder");
    for file in [incoming.join("notes.txt"), elsewhere.join("photo.jpg")] {
        fs::write(file, b"mine").expect("written");
    }
    let open = || Media::open(home, fixture.store.clone(), 1, 1).map(drop);
    open().expect("opened");
    assert!(incoming.join("notes.txt").exists());
    fs::remove_dir_all(&incoming).expect("removed");
    std::os::unix::fs::symlink(&elsewhere, &incoming).expect("a link");
    let refused = open().expect_err("a link");
    assert_eq!(refused.exit_code(), 78, "{refused}");
    assert!(elsewhere.join("photo.jpg").exists());
}

#[tokio::test]
async fn a_file_cut_short_is_not_handed_out() {
    let fixture = Fixture::new();
    let id = fixture.keep(b"whole").await.expect("kept").row.id;
    fs::write(fixture.media.0.folder.place(id), b"who").expect("written");
    let opened = fixture.media.open_file(id).await.map(|_| ());
    assert_eq!(opened, Err(MediaError::Gone(id)));
}

#[tokio::test]
async fn a_file_is_kept_or_removed_to_the_end_even_if_its_asker_leaves() {
    let fixture = Fixture::new();
    let is_settled = || fixture.media.totals().files == fixture.files().len() as u64;
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    for n in 0..20u8 {
        let bytes = [n; 999];
        let keeping = fixture.keep(&bytes);
        let _ = tokio::time::timeout(Duration::from_micros(50 * u64::from(n)), keeping).await;
        let pruning = fixture.media.prune(Duration::ZERO);
        let _ = tokio::time::timeout(Duration::from_micros(30 * u64::from(n)), pruning).await;
    }
    // Whoever waits for the places comes after all of them.
    drop(fixture.media.0.places.write().await);
    while !is_settled() {
        assert!(std::time::Instant::now() < deadline, "files without a row");
        tokio::task::yield_now().await;
    }
}

#[cfg(unix)]
#[tokio::test]
async fn what_is_no_file_is_not_opened() {
    let fixture = Fixture::new();
    let id = fixture.keep(b"whole").await.expect("kept").row.id;
    let place = fixture.media.0.folder.place(id);
    fs::rename(&place, fixture.home.path().join("elsewhere")).expect("moved");
    std::os::unix::fs::symlink(fixture.home.path().join("elsewhere"), &place).expect("linked");
    let opened = fixture.media.open_file(id).await.map(|_| ());
    assert_eq!(opened, Err(MediaError::Gone(id)));
    assert!(!fixture.media.is_there(id));
}

#[tokio::test]
async fn announced_bytes_count_before_they_come() {
    let fixture = Fixture::new();
    let mut begun = Vec::new();
    for _ in 0..5 {
        begun.push(fixture.media.upload(200_000).await.expect("room"));
    }
    let refused = fixture.media.upload(200_000).await.map(|_| ());
    assert_eq!(refused, Err(MediaError::QuotaReached(QUOTA)));
    drop(begun);
    fixture.media.upload(200_000).await.expect("room again");
}

/// Has a file that others lack.
#[cfg(feature = "nats")]
struct OtherMachine {
    media: Media,
    bytes: Vec<u8>,
    asked: AtomicUsize,
}

#[cfg(feature = "nats")]
impl FileSource for OtherMachine {
    fn fetch(self: Arc<Self>, id: MediaId) -> Fetching {
        self.asked.fetch_add(1, Relaxed);
        Box::pin(async move {
            let kept = self.media.keep_bytes(&self.bytes, About::default()).await?;
            assert!(kept.row.id == id && !kept.duplicate);
            Ok(())
        })
    }
}

#[cfg(feature = "nats")]
#[tokio::test]
async fn a_file_of_another_machine_takes_no_room_until_somebody_opens_it() {
    let fixture = Fixture::new();
    let media = &fixture.media;
    let bytes = vec![7; 5000];
    let id = MediaId(<sha2::Sha256 as sha2::Digest>::digest(&bytes).into());
    let row = MediaRow::new(id, 5000, "video/mp4", Kind::Video);
    media.note_elsewhere(row).await.expect("noted");
    // A message can name it, and it is not missed.
    fixture.send(id).await;
    assert_eq!((media.totals().files, media.totals().bytes), (1, 0));
    assert_eq!(media.tidy().await, Ok(Swept::default()));
    let opened = media.open_file(id).await.map(|opened| opened.row);
    assert_eq!(opened, Err(MediaError::Gone(id)), "nobody fetches");

    let other = Arc::new(OtherMachine {
        media: media.clone(),
        bytes: bytes.clone(),
        asked: AtomicUsize::new(0),
    });
    let source: Arc<dyn FileSource> = Arc::clone(&other) as _;
    media.attach(Arc::downgrade(&source));
    assert_eq!(read(media, id).await, bytes);
    assert_eq!(read(media, id).await, bytes);
    assert_eq!(other.asked.load(Relaxed), 1);
    assert_eq!((media.totals().files, media.totals().bytes), (1, 5000));
    let row = media.row(id).await.expect("read").expect("known");
    assert!(!row.is_elsewhere && row.references == 1 && row.mime == "video/mp4");
}
