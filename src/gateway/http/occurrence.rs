//! A header that may be there once, as it is found line by line.

use hyper::header::HeaderValue;

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
