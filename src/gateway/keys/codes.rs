//! Codes for another device: each is good once and for five minutes, in memory alone, and stands for a key that is
//! made when it is shown.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

use crate::{
    gateway::permissions::Shown,
    keys::{NewKey, base58},
    random,
};

/// How long a code is good.
pub(in crate::gateway) const MAX_LIFE: Duration = Duration::from_secs(300);

/// Codes that are good at a time; one more takes the place of the oldest.
const MAX_CODES: usize = 16;

/// Digits of the 128 random bits of a code.
const DIGITS: usize = 22;

/// A code that was shown.
#[derive(Debug, Clone)]
pub(in crate::gateway) struct OpenCode {
    /// The key that it stands for.
    pub(in crate::gateway) new: NewKey,
    /// What the one who made it showed: with that the code ends.
    maker: Shown,
    /// The hash of it: looking for it takes no time that tells of the others.
    hash: [u8; 32],
    until: Instant,
}

/// The codes that are good.
#[derive(Debug, Default)]
pub(in crate::gateway) struct PairingCodes(Mutex<Vec<OpenCode>>);

impl PairingCodes {
    fn open(&self) -> MutexGuard<'_, Vec<OpenCode>> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        open.retain(|code| now < code.until && !code.maker.is_over());
        open
    }

    /// A new code for this key, good while its maker is let in.
    pub(in crate::gateway) fn add(&self, new: NewKey, maker: Shown) -> String {
        let code = base58(&random::bytes::<16>(), DIGITS);
        let mut open = self.open();
        if open.len() >= MAX_CODES {
            open.remove(0);
        }
        open.push(OpenCode {
            new,
            maker,
            hash: hash(&code),
            until: Instant::now() + MAX_LIFE,
        });
        code
    }

    /// Takes the code out, if it is good: it is not from here on.
    pub(in crate::gateway) fn take(&self, code: &str) -> Option<OpenCode> {
        let hash = hash(code);
        let mut open = self.open();
        let at = open.iter().position(|one| one.hash == hash)?;
        Some(open.remove(at))
    }

    /// Puts a code back that could not be exchanged, for the rest of its time.
    pub(in crate::gateway) fn put_back(&self, code: OpenCode) {
        self.open().push(code);
    }
}

fn hash(code: &str) -> [u8; 32] {
    Sha256::digest(code).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        gateway::permissions::{Access, OwnerToken},
        message::ConversationSet,
        protocol::role::Role,
    };

    fn owner() -> Shown {
        Shown::of(&Access::Owner, &OwnerToken::default()).expect("the owner")
    }

    fn new(name: &str) -> NewKey {
        NewKey {
            name: name.to_owned(),
            role: Role::Operator,
            conversations: ConversationSet::default(),
            expires_ms: None,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_code_is_good_once_and_for_five_minutes() {
        let codes = PairingCodes::default();
        let (used, late) = (codes.add(new("a"), owner()), codes.add(new("b"), owner()));
        assert_eq!(used.len(), DIGITS);
        assert!(codes.take("1111111111111111111111").is_none());
        let taken = codes.take(&used).expect("a code");
        assert_eq!(taken.new.name, "a");
        assert!(codes.take(&used).is_none(), "twice");
        codes.put_back(taken);
        assert!(codes.take(&used).is_some(), "put back");
        tokio::time::advance(MAX_LIFE).await;
        assert!(codes.take(&late).is_none(), "too late");
    }

    #[tokio::test(start_paused = true)]
    async fn codes_are_bounded() {
        let codes = PairingCodes::default();
        let all: Vec<_> = (0..=MAX_CODES)
            .map(|_| codes.add(new("a"), owner()))
            .collect();
        assert!(codes.take(&all[0]).is_none());
        assert!(codes.take(&all[1]).is_some() && codes.take(&all[MAX_CODES]).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_code_ends_with_what_its_maker_showed() {
        let (codes, token) = (PairingCodes::default(), OwnerToken::default());
        let shown = || Shown::of(&Access::Owner, &token).expect("the owner");
        let of_former = codes.add(new("a"), shown());
        token.changed();
        let of_present = codes.add(new("b"), shown());
        assert!(codes.take(&of_former).is_none());
        assert!(codes.take(&of_present).is_some());
    }
}
