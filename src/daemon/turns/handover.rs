//! A conversation changes hands: a person answers there for a while, or gives it back.

use serde_json::Value;
use tokio::time::Duration;

use super::{conversations::ConversationKey, inner::TurnsInner};
use crate::{
    integrations::webchat,
    message::{MessageId, TurnState},
    store::{HoldReason, Pending, StoreError, TurnUpdate},
};

/// How long a conversation is held where the settings say that writing by hand holds none.
const USUAL_HOLD: Duration = Duration::from_secs(30 * 60);

/// Why turns end where a person took over.
pub(super) const TAKEN_OVER: &str = "a person answers in this conversation";

impl TurnsInner {
    /// How long somebody's wish for quiet holds.
    pub(super) fn usual_hold(&self) -> Duration {
        let handover = self.settings().handover;
        if handover.is_zero() {
            USUAL_HOLD
        } else {
            handover
        }
    }

    /// A person answers from now on; what is under way there is stopped. The event that tells of it.
    pub(super) fn hold(
        &self,
        key: &ConversationKey,
        period: Duration,
        by: HoldReason,
    ) -> (Value, Result<Pending<()>, StoreError>) {
        let hold = self.holds.hold(key, period, by);
        let until_ms = self.holds.shown(hold.until_ms);
        let by = hold.by;
        let stored = self.store().hold(hold);
        if let Err(error) = &stored {
            self.warn(
                "cannot store that a person answers in a conversation",
                error,
            );
        }
        self.clear(key, None, TurnState::Held, TAKEN_OVER);
        (self.publish_handover(key, until_ms, by), stored)
    }

    /// Somebody wrote by hand at this client or on the phone, so long ago.
    pub(super) fn by_hand(&self, key: &ConversationKey, ago: Duration) {
        let settings = self.settings();
        let has_agent = !settings.agents_of(&key.0, &key.1).is_empty();
        let left = settings.handover.saturating_sub(ago);
        // In the page's own conversation it is the owner who asks.
        if has_agent && !left.is_zero() && key.0 != webchat::NAME {
            // What is written next is stored behind this.
            drop(self.hold(key, left, HoldReason::Hand));
        }
    }

    /// Agents answer again.
    pub(super) fn release(&self, key: &ConversationKey) -> Result<Pending<bool>, StoreError> {
        if self.holds.release(key) {
            self.publish_handover(key, 0, HoldReason::Command);
        }
        self.store().release(&key.0, &key.1)
    }

    /// Stops what is under way in a conversation, as far as it came before `up_to`; whether there was
    /// anything.
    pub(super) fn clear(
        &self,
        key: &ConversationKey,
        up_to: Option<MessageId>,
        waiting: TurnState,
        reason: &str,
    ) -> bool {
        let cleared = self.conversations().clear(key, up_to);
        let was_any = cleared.running.is_some() || !cleared.waiting.is_empty();
        for mut turn in cleared.waiting {
            let update = TurnUpdate::because(waiting, reason);
            match self.store().update_turn(turn.id, update) {
                Ok(stored) => drop(stored),
                Err(error) => self.warn("cannot store the end of a turn", &error),
            }
            turn.state = waiting;
            self.publish_status(&turn, Some(reason));
        }
        if let Some(id) = cleared.running {
            let running = self.running().get(&id.to_string()).cloned();
            if let Some(running) = running {
                running.end_soon(TurnState::Aborted, reason);
            }
        }
        was_any
    }
}
