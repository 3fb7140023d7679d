//! What the headers of a request say to the checks and to the upgrade, gathered in one pass.
//!
//! Not here: what may be in them (`guard`, `upgrade`).

use hyper::{
    HeaderMap,
    header::{AUTHORIZATION, HOST, ORIGIN, TRANSFER_ENCODING},
};

use super::{occurrence::Occurrence, upgrade::Opening};

/// The headers that decide who is answered. Each may span several lines.
#[derive(Debug, Default)]
pub(super) struct Head<'h> {
    pub(super) host: Occurrence<'h>,
    pub(super) origin: Occurrence<'h>,
    pub(super) authorization: Occurrence<'h>,
    pub(super) coding: Occurrence<'h>,
    pub(super) opening: Opening<'h>,
}

impl<'h> Head<'h> {
    /// Of these headers.
    pub(super) fn of(headers: &'h HeaderMap) -> Self {
        let mut head = Self::default();
        for (name, value) in headers {
            if name == HOST {
                head.host.note(value);
            } else if name == AUTHORIZATION {
                head.authorization.note(value);
            } else if name == ORIGIN {
                head.origin.note(value);
            } else {
                if name == TRANSFER_ENCODING {
                    head.coding.note(value);
                }
                head.opening.note(name, value);
            }
        }
        head
    }
}
