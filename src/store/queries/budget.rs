//! How much a page may still take: so many messages, so many bytes.

/// What a message weighs on a page besides its stored row: names of fields, times, ids.
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

    /// Takes one message of this many bytes, the last one whole even where it is too large.
    pub(in crate::store) fn take(&mut self, bytes: usize) {
        self.rows -= 1;
        self.bytes = self.bytes.saturating_sub(bytes + OVERHEAD);
    }

    pub(in crate::store) fn is_used_up(&self) -> bool {
        self.rows == 0 || self.bytes == 0
    }
}
