//! Web push: telling devices of new messages while their page is closed, by way of the push services of browsers.
//!
//! A browser gives its page an address at its push service and keys (the W3C's Push API); the page hands both to
//! `push.subscribe`, and they are kept here as a [`Subscription`]. What is sent there is encrypted for the browser
//! alone (RFC 8291) and signed by this gateway (RFC 8292, VAPID), so that the service neither reads it nor takes
//! it from others.
//!
//! Here: the key pair and the cryptography (`crypto`, with the feature `tls`), the subscriptions and where they
//! are kept (`registry`), and what a push says (`payload`). Not here: which messages are pushed, when, and what
//! becomes of it (`daemon::push`).

mod crypto;
mod owner;
mod payload;
mod quiet;
mod registry;
mod subscription;

pub use self::{
    crypto::{VapidKey, VapidKeys, check_receiver, seal},
    owner::{Owner, Right},
    payload::{About, MAX_PAYLOAD, PushNews, topic},
    quiet::Quiet,
    registry::{PushCounters, PushError, PushRegistry},
    subscription::{
        DeliveryReport, MAX_ENDPOINT, NewSubscription, Receiver, Subscription, SubscriptionId,
    },
};
