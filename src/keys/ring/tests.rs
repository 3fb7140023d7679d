//! The ring of keys: found, kept over a restart, renamed, revoked, expired, lent.

use std::{
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
};

use super::*;
use crate::{
    fs::{self, scratch::Scratch},
    message::ConversationSet,
    protocol::role::Role,
};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A folder for the file of the keys; removed on drop.
struct Folder(Scratch);

impl Folder {
    fn new() -> Self {
        Self(Scratch::new())
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("keys.json")
    }

    fn open(&self) -> Arc<Keyring> {
        let (ring, unread) = Keyring::open(RowStorage::File(self.file())).expect("a ring");
        assert_eq!(unread, 0);
        Arc::new(ring)
    }
}

fn new(name: &str) -> NewKey {
    NewKey {
        name: name.to_owned(),
        role: Role::Send,
        conversations: ConversationSet::default(),
        expires_ms: None,
    }
}

#[tokio::test]
async fn a_key_is_found_by_its_token_and_after_a_restart_until_it_is_revoked() {
    let folder = Folder::new();
    let ring = folder.open();
    let (key, token) = ring.add(new("phone"), 5).await.expect("a key");
    assert_eq!(ring.find(&token, 6).expect("it").id, key.id);
    assert_eq!(ring.named("phone").expect("it").id, key.id);
    assert_eq!(ring.named("k-1").expect("it").id, key.id);
    let ring = folder.open();
    let key = ring.find(&token, 6).expect("it, after a restart");
    ring.revoke(&key).await.expect("revoked");
    assert_eq!(ring.find(&token, 6).err(), Some(TokenFault::Unknown));
    assert_eq!(folder.open().list().len(), 0);
}

#[tokio::test]
async fn no_file_has_a_token_and_only_its_owner_reads_it() {
    let folder = Folder::new();
    let (_, token) = folder.open().add(new("phone"), 5).await.expect("a key");
    let text = std::fs::read_to_string(folder.file()).expect("the file");
    assert!(!text.contains(&token[4..20]), "{text}");
    assert_eq!(
        fs::foreign_permissions(&folder.file()).expect("its mode"),
        None
    );
}

#[tokio::test]
async fn names_are_unique_and_change_alone() {
    let folder = Folder::new();
    let ring = folder.open();
    let (phone, _) = ring.add(new("phone"), 5).await.expect("a key");
    let (tablet, token) = ring.add(new("tablet"), 5).await.expect("a key");
    let in_use = Err(KeyError::NameTaken("phone".to_owned()));
    assert_eq!(ring.rename(&tablet, "phone").await, in_use);
    assert_eq!(ring.add(new("phone"), 5).await.map(drop), in_use);
    ring.rename(&phone, "phone").await.expect("its own name");
    ring.rename(&tablet, "desk").await.expect("a free one");
    assert_eq!(folder.open().find(&token, 6).expect("it").name(), "desk");
}

#[tokio::test]
async fn what_cannot_be_kept_is_not_there() {
    let folder = Folder::new();
    let ring = folder.open();
    std::fs::create_dir(folder.file()).expect("something in the way");
    let refused = ring.add(new("phone"), 5).await;
    assert!(matches!(
        refused,
        Err(KeyError::NotKept(crate::store::StoreError::Failing(_)))
    ));
    assert!(ring.list().is_empty());
}

#[tokio::test]
async fn expired_keys_open_nothing_and_are_taken_out() {
    let folder = Folder::new();
    let ring = folder.open();
    let short = NewKey {
        expires_ms: Some(10),
        ..new("short")
    };
    let (key, token) = ring.add(short, 5).await.expect("a key");
    ring.add(new("long"), 5).await.expect("a key");
    assert_eq!(ring.next_expiry(), Some(10));
    assert!(ring.find(&token, 9).is_ok());
    assert_eq!(ring.find(&token, 10).err(), Some(TokenFault::Unknown));
    assert!(ring.take_expired(9).is_empty());
    assert_eq!(ring.take_expired(10)[0].id, key.id);
    assert_eq!((ring.list().len(), ring.next_expiry()), (1, None));
}

#[tokio::test]
async fn a_key_for_a_turn_is_in_no_file_and_ends() {
    let folder = Folder::new();
    let ring = folder.open();
    let (key, token) = ring.pass(new("a turn"), 5).expect("a key");
    assert!(ring.find(&token, 6).is_ok() && ring.list().is_empty());
    assert!(!folder.file().exists());
    ring.end_passing(&key);
    assert!(ring.find(&token, 6).is_err() && key.is_revoked());
}

#[tokio::test]
async fn a_use_is_noted_and_written_down_now_and_then() {
    let folder = Folder::new();
    let ring = folder.open();
    let (key, _) = ring.add(new("phone"), 5).await.expect("a key");
    ring.used(&key, HERE, 1_000);
    // Behind the write that the use began.
    ring.rename(&key, "desk").await.expect("renamed");
    let kept = folder.open().list()[0].seen();
    assert_eq!(
        (kept.at_ms, kept.address.as_deref()),
        (Some(1_000), Some("127.0.0.1"))
    );
}

#[tokio::test]
async fn a_name_given_behind_a_revocation_does_not_bring_the_key_back() {
    let folder = Folder::new();
    let ring = folder.open();
    let (key, token) = ring.add(new("phone"), 5).await.expect("a key");
    let revoking = ring.revoke(&key);
    let renamed = ring.rename(&key, "ghost").await;
    assert!(matches!(renamed, Err(KeyError::Unknown(_))), "{renamed:?}");
    revoking.await.expect("removed");
    assert!(folder.open().find(&token, 6).is_err());
}

#[tokio::test]
async fn a_revocation_is_kept_even_where_nobody_waits_for_it() {
    let folder = Folder::new();
    let ring = folder.open();
    let (key, token) = ring.add(new("phone"), 5).await.expect("a key");
    let other = ring.add(new("desk"), 5).await.expect("a key").0;
    drop(ring.revoke(&key));
    // What is written next is written behind it.
    ring.rename(&other, "table").await.expect("renamed");
    let ring = folder.open();
    assert!(ring.find(&token, 6).is_err());
    assert_eq!(ring.list().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_row_that_could_not_be_removed_is_removed_later() {
    let folder = Folder::new();
    let ring = folder.open();
    let (key, token) = ring.add(new("phone"), 5).await.expect("a key");
    let aside = folder.0.path().with_extension("aside");
    std::fs::rename(folder.0.path(), &aside).expect("moved away");
    let revoked = ring.revoke(&key).await;
    assert!(
        matches!(revoked, Err(KeyError::NotRemoved(_))),
        "{revoked:?}"
    );
    std::fs::rename(&aside, folder.0.path()).expect("back");
    assert!(folder.open().find(&token, 6).is_ok(), "still on the disk");
    while folder.open().find(&token, 6).is_ok() {
        tokio::time::sleep(RETRY).await;
    }
}

#[tokio::test]
async fn a_key_that_is_lent_while_another_is_written_has_another_number() {
    let folder = Folder::new();
    let ring = folder.open();
    let added = ring.add(new("phone"), 5);
    let lent = async {
        let mut lent = Vec::new();
        // The other one is written by another thread meanwhile.
        for number in 0..8 {
            tokio::task::yield_now().await;
            lent.extend(ring.pass(new(&format!("agent {number}")), 5));
        }
        lent
    };
    let (added, lent) = tokio::join!(added, lent);
    let (kept, token) = added.expect("a key");
    assert_eq!(lent.len(), 8);
    for (key, _) in &lent {
        assert_ne!(key.id, kept.id);
        ring.end_passing(key);
    }
    assert_eq!(ring.list().len(), 1);
    assert_eq!(ring.find(&token, 6).expect("still good").id, kept.id);
}
