//! How many messages and bytes a page may still take.
//!
//! Not here: how many messages a search may look at (`history`).

/// What a message takes on a page besides its stored row: field names, times, ids. In bytes.
const OVERHEAD: usize = 192;

/// What a page may still take.
pub(in crate::store) struct PageBudget {
    rows: usize,
    bytes: usize,
}

impl PageBudget {
    pub(in crate::store) fn new(rows: usize, bytes: usize) -> Self {
        Self {
            rows: rows.max(1),
            bytes: bytes.max(1),
        }
    }

    /// Takes one message of this many bytes. The last may exceed the budget: it goes on the page whole, so
    /// that a large message does not stop the paging.
    pub(in crate::store) fn take(&mut self, bytes: usize) {
        self.rows -= 1;
        self.bytes = self.bytes.saturating_sub(bytes + OVERHEAD);
    }

    pub(in crate::store) fn is_used_up(&self) -> bool {
        self.rows == 0 || self.bytes == 0
    }
}
