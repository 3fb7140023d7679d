//! A watch over the socket of a service: a limit on what comes before the head of an answer, and a count of
//! what was written. Interim answers (1xx, RFC 9110 §15.2) may be any number: without this limit one service
//! could send them without end, and reading them would leave no time for anything else.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    task::Poll,
};

use crate::observed_io::Observer;

/// Bytes that may come before an answer's head is complete, interim answers and what comes behind the
/// head in the same piece included.
const MAX_BYTES: usize = 128 * 1024;

/// What one connection may still receive before the head it waits for, and how much was written on it.
#[derive(Debug, Clone, Default)]
pub(super) struct Watch(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    head_left: AtomicUsize,
    written: AtomicU64,
}

impl Watch {
    /// A request goes out: its answer's head may take so much.
    pub(super) fn begin(&self) {
        self.0.head_left.store(MAX_BYTES, Relaxed);
    }

    /// The head is here; its body has limits of its own.
    pub(super) fn end(&self) {
        self.0.head_left.store(usize::MAX, Relaxed);
    }

    /// Bytes written so far.
    pub(super) fn written(&self) -> u64 {
        self.0.written.load(Relaxed)
    }
}

/// Fails where more comes before a head than may.
impl Observer for Watch {
    fn read(&self, bytes: usize) -> io::Result<()> {
        let left = self.0.head_left.load(Relaxed);
        if left == usize::MAX {
            return Ok(());
        }
        let left = left.checked_sub(bytes);
        self.0.head_left.store(left.unwrap_or(0), Relaxed);
        left.map(drop)
            .ok_or_else(|| io::Error::other("too much came before the answer"))
    }

    fn wrote(&self, written: &Poll<io::Result<usize>>) {
        if let Poll::Ready(Ok(bytes)) = written {
            self.0.written.fetch_add(*bytes as u64, Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;

    use super::*;
    use crate::observed_io::Observed;

    #[tokio::test]
    async fn what_comes_before_a_head_ends_and_a_body_does_not() {
        let watch = Watch::default();
        let mut stream = Observed::new(tokio::io::repeat(b'x'), watch.clone());
        let mut piece = vec![0; 1024];
        watch.begin();
        for _ in 0..MAX_BYTES / piece.len() {
            stream.read_exact(&mut piece).await.expect("allowed");
        }
        assert!(stream.read_exact(&mut piece).await.is_err());
        watch.end();
        for _ in 0..2 * MAX_BYTES / piece.len() {
            stream.read_exact(&mut piece).await.expect("a body");
        }
    }
}
