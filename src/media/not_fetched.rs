//! Why a file of another machine is not here, and what is said of it.

use std::fmt;

use crate::message::MediaId;

/// Why a file of another machine is not here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotFetched {
    /// The bus is away.
    BusAway,
    /// It is still on its way.
    UnderWay,
    /// It is not on the bus any more, and no machine that is there has it.
    Nowhere,
}

impl NotFetched {
    /// What a person reads.
    pub(super) fn tell(self, id: MediaId, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BusAway => write!(
                f,
                "the file {id} is on another machine of the cluster, and the bus is away; try again once it is back"
            ),
            Self::UnderWay => write!(
                f,
                "the file {id} is on its way here from another machine; try again in a moment"
            ),
            Self::Nowhere => write!(
                f,
                "the file {id} has left the bus, and no machine that is there has it; start the one that does, or hand it in again"
            ),
        }
    }
}
