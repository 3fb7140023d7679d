//! What the headers of a request say to the checks and to the upgrade, gathered in one pass.
//!
//! Not here: what may be in them (`guard`, `upgrade`).

use hyper::{
    HeaderMap,
    header::{AUTHORIZATION, HOST, HeaderValue, ORIGIN, TRANSFER_ENCODING},
};

use super::upgrade::Opening;

/// The headers that decide who is answered. Each may span several lines.
#[derive(Debug, Default)]
pub(super) struct Head<'h> {
    pub(super) host: Occurrence<'h>,
    pub(super) origin: Occurrence<'h>,
    pub(super) authorization: Occurrence<'h>,
    pub(super) coding: Occurrence<'h>,
    pub(super) opening: Opening<'h>,
}

/// How often a header is there that may be there once.
#[derive(Debug, Clone, Copy, Default)]
pub(super) enum Occurrence<'h> {
    #[default]
    Never,
    Once(&'h HeaderValue),
    Again,
}

impl<'h> Occurrence<'h> {
    pub(super) fn note(&mut self, value: &'h HeaderValue) {
        *self = match self {
            Self::Never => Self::Once(value),
            Self::Once(_) | Self::Again => Self::Again,
        };
    }

    /// The value where there is exactly one.
    pub(super) fn only(self) -> Option<&'h HeaderValue> {
        match self {
            Self::Once(value) => Some(value),
            Self::Never | Self::Again => None,
        }
    }
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
