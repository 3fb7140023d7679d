//! Subscriptions: kept over a restart, replaced, bounded, and ended with their owner.

use std::path::PathBuf;

use super::*;
use crate::{
    fs::{self, scratch::Scratch},
    http_client::OutsideUrl,
    keys::KeyId,
    push::subscription::Receiver,
};

/// A folder for the file of the subscriptions; removed on drop.
struct Folder(Scratch);

impl Folder {
    fn new() -> Self {
        Self(Scratch::new())
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("push.json")
    }

    fn open(&self) -> PushRegistry {
        let storage = RowStorage::File(self.file());
        let (registry, unread) = PushRegistry::open(storage, self.0.path()).expect("a registry");
        assert_eq!(unread, 0);
        registry
    }
}

fn key(number: u64) -> Owner {
    Owner::Key {
        id: KeyId(number),
        created_ms: 1,
    }
}

fn new(endpoint: &str, owner: Owner) -> NewSubscription {
    let mut public = [7; 65];
    public[0] = 4;
    NewSubscription {
        endpoint: endpoint.to_owned(),
        url: OutsideUrl::parse(endpoint).expect("an address"),
        receiver: Receiver {
            public,
            auth: [9; 16],
        },
        topics: Vec::new(),
        quiet: None,
        language: None,
        owner,
    }
}

fn endpoint(number: usize) -> String {
    format!("https://push.example/{number}")
}

#[tokio::test]
async fn subscriptions_outlive_a_restart_until_they_are_ended() {
    let folder = Folder::new();
    let registry = folder.open();
    assert!(registry.is_empty() && !folder.file().exists());
    let one = registry.add(new(&endpoint(1), key(1)), 5).await;
    let one = one.expect("a subscription");
    assert!(registry.has(&one) && !registry.is_empty());
    assert_eq!(
        fs::foreign_permissions(&folder.file()).expect("its mode"),
        None
    );
    let registry = folder.open();
    let one = registry.at(&endpoint(1)).expect("it, after a restart");
    registry.remove(&one).await.expect("removed");
    assert!(registry.is_empty() && !registry.has(&one));
    assert!(folder.open().is_empty());
}

#[tokio::test]
async fn the_same_address_again_replaces_and_keeps_its_id() {
    let folder = Folder::new();
    let registry = folder.open();
    let before = registry.add(new(&endpoint(1), key(1)), 5).await;
    let before = before.expect("a subscription");
    let mut again = new(&endpoint(1), key(2));
    again.language = Some("pt".to_owned());
    let after = registry.add(again, 9).await.expect("replaced");
    assert_eq!((after.id, after.created_ms), (before.id, 5));
    assert_eq!(registry.count(), 1);
    assert!(registry.has(&after) && !registry.has(&before));
    registry.remove(&before).await.expect("nothing to do");
    let kept = folder.open().all();
    assert_eq!(kept[0].told, after.told, "the newer one stays");
}

#[tokio::test]
async fn they_are_bounded_by_owner_and_in_all() {
    let folder = Folder::new();
    let registry = folder.open();
    for number in 0..MAX_SUBSCRIPTIONS {
        let owner = key((number / MAX_OF_OWNER) as u64);
        let added = registry.add(new(&endpoint(number), owner), 5).await;
        added.expect("room");
    }
    let one_more = new(&endpoint(1_000), key(99));
    let refused = registry.add(one_more.clone(), 5).await;
    assert_eq!(refused.err(), Some(PushError::Full));
    registry
        .add(new(&endpoint(1), key(0)), 6)
        .await
        .expect("the same again");
    let last = registry.at(&endpoint(MAX_SUBSCRIPTIONS - 1)).expect("one");
    registry.remove(&last).await.expect("removed");
    let refused = registry.add(new(&endpoint(1_000), key(0)), 5).await;
    assert_eq!(refused.err(), Some(PushError::FullOfOwner));
    registry.add(one_more, 5).await.expect("room");
}

#[tokio::test]
async fn those_of_an_owner_who_is_gone_end_together() {
    let folder = Folder::new();
    let registry = folder.open();
    for number in 0..4 {
        let added = registry
            .add(new(&endpoint(number), key(number as u64 % 2)), 5)
            .await;
        added.expect("room");
    }
    let ended = registry.retain(|one| one.told.owner != key(1)).await;
    assert_eq!(ended, Ok(2));
    let left = folder.open().all();
    assert_eq!(left.len(), 2);
    assert!(left.iter().all(|one| one.told.owner == key(0)));
}

#[tokio::test]
async fn what_is_added_is_told() {
    let folder = Folder::new();
    let registry = folder.open();
    let told = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&told);
    registry.on_added(move || {
        counted.fetch_add(1, Relaxed);
    });
    registry
        .add(new(&endpoint(1), key(1)), 5)
        .await
        .expect("room");
    assert_eq!(told.load(Relaxed), 1);
}
