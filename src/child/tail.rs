//! The end of what a program says, where only that is of use.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// As much is kept, in bytes.
const MAX_TAIL: usize = 4 * 1024;

/// The last bytes of a stream. Clones are of the same one, so that it can be looked at while it is read.
#[derive(Debug, Clone, Default)]
pub struct Tail(Arc<Mutex<Vec<u8>>>);

impl Tail {
    /// Reads a stream to its end. All of it is read: a full pipe would hold the program up.
    pub async fn follow(&self, mut stream: impl AsyncRead + Unpin) {
        let mut piece = Vec::with_capacity(MAX_TAIL);
        while matches!(stream.read_buf(&mut piece).await, Ok(1..)) {
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            kept.append(&mut piece);
            let surplus = kept.len().saturating_sub(MAX_TAIL);
            kept.drain(..surplus);
        }
    }

    /// The last line that is not empty and that is `wanted`, without white space around it.
    pub fn last_line(&self, wanted: impl Fn(&str) -> bool) -> Option<String> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&kept);
        let mut lines = text.lines().rev().map(str::trim);
        let last = lines.find(|line| !line.is_empty() && wanted(line));
        last.map(str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_last_line_is_known_and_little_is_kept() {
        let tail = Tail::default();
        assert_eq!(tail.last_line(|_| true), None);
        let flood = format!("{}\n fim \nWarning: x\n\n", "á".repeat(100_000));
        tail.follow(flood.as_bytes()).await;
        assert!(tail.0.lock().expect("fine").len() <= MAX_TAIL);
        assert_eq!(tail.last_line(|_| true).as_deref(), Some("Warning: x"));
        let fim = tail.last_line(|line| !line.starts_with("Warning"));
        assert_eq!(fim.as_deref(), Some("fim"));
    }
}
