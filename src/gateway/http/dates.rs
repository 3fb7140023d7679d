//! Whether HTTP can be answered at this date. hyper writes `Date` into its answers and panics where the
//! wall clock stands before 1970 or after 9999, for which HTTP has no date.
//!
//! Not here: anything else that a wrong clock may mean (`store::time`).

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// The first second of the year 10000, in seconds since 1970.
const END_S: u64 = 253_402_300_800;

/// The answer while there is no date.
pub(super) const NO_DATE: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\n\
    Content-Type: text/plain\r\nContent-Length: 94\r\n\r\n\
    the clock of this machine shows a date that HTTP does not know; set it, and all goes on by it\n";

/// What is known of the dates.
#[derive(Debug, Default)]
pub(in crate::gateway) struct HttpDates {
    /// Whether hyper has formatted a date: it keeps that one while the clock is behind it.
    known: AtomicBool,
    /// Whether the lack of one was reported.
    reported: AtomicBool,
}

impl HttpDates {
    /// Whether a connection can be served now.
    pub(super) fn can_serve(&self, now: SystemTime) -> bool {
        let has_date = now >= UNIX_EPOCH && now < UNIX_EPOCH + Duration::from_secs(END_S);
        if has_date {
            self.known.store(true, Ordering::Relaxed);
            self.reported.store(false, Ordering::Relaxed);
        }
        has_date || (now < UNIX_EPOCH && self.known.load(Ordering::Relaxed))
    }

    /// Whether this is the first connection that cannot be served since the last that could.
    pub(super) fn is_news(&self) -> bool {
        !self.reported.swap(true, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn before_1970_only_who_has_a_date_serves() {
        let dates = HttpDates::default();
        let before = UNIX_EPOCH - Duration::from_secs(1);
        assert!(!dates.can_serve(before));
        assert!(dates.is_news() && !dates.is_news());
        assert!(dates.can_serve(UNIX_EPOCH));
        assert!(
            dates.can_serve(before),
            "the clock was set back while it runs"
        );
        assert!(!dates.can_serve(UNIX_EPOCH + Duration::from_secs(END_S)));
        assert!(dates.is_news());
    }

    #[test]
    fn the_answer_is_as_long_as_it_says() {
        let text = std::str::from_utf8(NO_DATE).expect("text");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
        assert!(
            head.contains(&format!("Content-Length: {}", body.len())),
            "{}",
            body.len()
        );
    }
}
