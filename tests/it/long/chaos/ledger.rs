//! The texts that the services sent on, in order, and the check that none is missing or repeated.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Condvar, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use crate::support::PATIENCE;

/// All text sent to each peer of each channel.
pub(crate) type Texts = BTreeMap<(&'static str, String), String>;

/// One text that a service sent on to a peer.
#[derive(Debug, Clone)]
struct Call {
    text: String,
    /// Restarts before it: answers of an epoch may be lost when the next one begins.
    epoch: usize,
    /// Whether the service meant to answer in full.
    answered: bool,
}

/// The calls of all services, by channel and peer.
#[derive(Default)]
pub(crate) struct Ledger {
    calls: Mutex<HashMap<(&'static str, String), Vec<Call>>>,
    count: AtomicUsize,
    epoch: AtomicUsize,
    grown: Condvar,
}

/// Texts that were sent more than once.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Duplicates {
    /// Repeated because the service did not answer in full.
    pub unanswered: usize,
    /// Repeated because the daemon or the service was restarted around the answer.
    pub cut_off: usize,
}

impl Ledger {
    pub(crate) fn note(&self, channel: &'static str, peer: &str, text: &str, answered: bool) {
        let call = Call {
            text: text.to_owned(),
            epoch: self.epoch.load(Ordering::SeqCst),
            answered,
        };
        let mut calls = self.calls.lock().expect("not poisoned");
        calls
            .entry((channel, peer.to_owned()))
            .or_default()
            .push(call);
        self.count.fetch_add(1, Ordering::SeqCst);
        self.grown.notify_all();
    }

    /// Call when the daemon or a service is restarted: answers under way are lost.
    pub(crate) fn begin_epoch(&self) {
        self.epoch.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }

    /// Waits until so many texts were sent on.
    pub(crate) fn await_count(&self, wanted: usize) {
        let calls = self.calls.lock().expect("not poisoned");
        let seen = self
            .grown
            .wait_timeout_while(calls, PATIENCE, |_| self.count() < wanted);
        let is_late = seen.expect("not poisoned").1.timed_out();
        assert!(!is_late, "only {} of {wanted} texts came", self.count());
    }

    /// The texts sent to each peer, once each, and how many were repeated. Fails where one was repeated
    /// without need or came out of order.
    pub(crate) fn settle(&self) -> (Texts, BTreeMap<&'static str, Duplicates>) {
        let calls = self.calls.lock().expect("not poisoned");
        let mut texts = BTreeMap::new();
        let mut again: BTreeMap<&'static str, Duplicates> = BTreeMap::new();
        for ((channel, peer), calls) in &*calls {
            let mut sent = String::new();
            let mut last: Option<&Call> = None;
            for call in calls {
                match last.filter(|last| last.text == call.text) {
                    None => sent = sent + call.text.trim() + " ",
                    Some(last) => {
                        let of = again.entry(channel).or_default();
                        let is_lost = !last.answered;
                        let is_cut = last.epoch != call.epoch;
                        assert!(
                            is_lost || is_cut,
                            "{channel} {peer} again: {call:?} after {last:?}"
                        );
                        of.unanswered += usize::from(is_lost);
                        of.cut_off += usize::from(!is_lost);
                    }
                }
                last = Some(call);
            }
            texts.insert((*channel, peer.clone()), sent);
        }
        (texts, again)
    }
}
