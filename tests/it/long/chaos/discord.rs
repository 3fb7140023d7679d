//! A Discord with the trouble that the test sets: it knows a nonce again, so that nothing may come twice.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::json;

use super::{
    ledger::Ledger,
    service::{FAILING_PERCENT, Faulty, InTrouble, Trouble},
};
use crate::support::{
    dice::Dice,
    discord::{DiscordFake, DiscordReply, Watch},
};

/// The fake, and what goes wrong with it.
pub(crate) struct FaultyDiscord {
    pub fake: DiscordFake,
    shared: Arc<DiscordState>,
}

struct DiscordState {
    trouble: InTrouble,
    ledger: Arc<Ledger>,
    dice: Arc<Dice>,
    silence: Duration,
    calls: AtomicUsize,
}

impl FaultyDiscord {
    pub(crate) fn start(ledger: &Arc<Ledger>, dice: &Arc<Dice>, silence: Duration) -> Self {
        let shared = Arc::new(DiscordState {
            trouble: InTrouble::none(),
            ledger: Arc::clone(ledger),
            dice: Arc::clone(dice),
            silence,
            calls: AtomicUsize::new(0),
        });
        let fake = DiscordFake::start();
        fake.is_watched_by(Arc::clone(&shared));
        Self { fake, shared }
    }
}

impl Faulty for FaultyDiscord {
    fn set_trouble(&self, trouble: Trouble) {
        self.shared.trouble.set(trouble);
        if trouble == Trouble::Disconnects {
            self.fake.forgets_session();
            self.fake.cut();
        }
    }

    fn vanish(&self) {
        self.fake.server.vanish();
    }

    fn come_back(&self) {
        self.fake.server.come_back();
    }

    fn is_running(&self) -> bool {
        self.fake.server.is_running()
    }

    fn await_quiet(&self) {
        self.fake.server.await_quiet();
    }

    fn calls(&self) -> usize {
        self.shared.calls.load(Ordering::Relaxed)
    }
}

impl Watch for Arc<DiscordState> {
    fn asked(&self, call: &str) -> Option<DiscordReply> {
        if !call.starts_with("POST /channels/") || !call.ends_with("/messages") {
            return None;
        }
        self.calls.fetch_add(1, Ordering::Relaxed);
        if !self.dice.percent(FAILING_PERCENT) {
            return None;
        }
        let proxy = "<html>Service Unavailable</html>";
        Some(match self.trouble.get() {
            Trouble::Fails | Trouble::Disconnects => {
                DiscordReply::new(500, json!({"message": "in trouble", "code": 0}))
            }
            Trouble::Refuses if self.dice.percent(50) => DiscordReply::text(503, proxy),
            Trouble::Refuses => DiscordReply::text(502, proxy),
            // Some hang before the message is made and some after.
            Trouble::Hangs => DiscordReply::silence(self.silence, self.dice.percent(50)),
            Trouble::BreaksOff => DiscordReply::lost(),
            Trouble::IsBusy => {
                let wait = json!({"message": "slow down", "retry_after": 0.2, "global": false});
                DiscordReply::new(429, wait).with("Retry-After", "1")
            }
            Trouble::Restarts | Trouble::None => return None,
        })
    }

    fn posted(&self, channel: &str, text: &str, is_answered: bool) {
        let text = text.replace('\\', "");
        self.ledger.note("discord", channel, &text, is_answered);
    }
}
