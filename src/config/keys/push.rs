//! Keys of what devices are told of new messages while their page is closed.
//!
//! Not here: reading them (`config::push`).

use crate::config::{
    key::{Key, key, number},
    values::Kind,
};

pub(in crate::config) const PREVIEW: &str = "PUSH_PREVIEW";
pub(in crate::config) const CONTACT: &str = "PUSH_CONTACT";
pub(in crate::config) const PRIVATE_HOSTS: &str = "PUSH_PRIVATE_HOSTS";

/// The keys, in the order of `.env.example`.
pub(in crate::config) const KEYS: &[Key] = &[
    key(
        PREVIEW,
        "1",
        number(0, 1),
        "Whether a notification shows the first words of a message; 0 shows only who wrote.",
    ),
    key(
        CONTACT,
        "",
        Kind::Contact,
        "Where push services may reach you if something is wrong, as mailto:you@example.org or an https address.",
    ),
    key(
        PRIVATE_HOSTS,
        "",
        Kind::Hosts,
        "Push services in your own network, separated by commas; any other must be on the public internet.",
    ),
];
