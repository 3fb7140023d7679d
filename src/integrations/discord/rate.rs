//! How often the API may be called (<https://docs.discord.com/developers/topics/rate-limits>). The service tells it
//! in the head of each answer: a bucket that several routes may share, one for each channel or server, and how
//! many calls it still takes until when. Nothing of it is known beforehand.
//!
//! Whoever is refused too often (401, 403, 429) is cut off by address for an hour and more, so those are counted too.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde_json::Value;
use tokio::time::{Duration, Instant};

use crate::http_client::HttpAnswer;

/// Routes and buckets that are remembered. What has been reset is forgotten first.
const MAX_KNOWN: usize = 1024;

/// Longest wait that an answer may ask for.
const LONGEST: Duration = Duration::from_secs(3600);

/// Refused calls in ten minutes after which nothing is asked any more until these are over: a tenth of
/// what the service takes from one address.
const MAX_REFUSED: u32 = 1000;

/// The time in which refusals are counted.
const REFUSAL_WINDOW: Duration = Duration::from_secs(600);

/// A route: what its limit is known by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Route {
    /// Method and path, with the ids left out.
    pub(super) template: &'static str,
    /// The channel it is about; 0 for none.
    pub(super) of: u64,
}

/// The limits of one bot.
#[derive(Debug, Default)]
pub(super) struct Rates(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// The bucket of each route.
    routes: HashMap<&'static str, String>,
    buckets: HashMap<(String, u64), Bucket>,
    /// Until when nothing at all may be asked.
    global: Option<Instant>,
    refused: u32,
    refused_since: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    left: u32,
    reset: Instant,
}

impl Rates {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes one call of what is left, or how long to wait before there may be one.
    pub(super) fn take(&self, route: &Route) -> Result<(), Duration> {
        let (mut known, now) = (self.known(), Instant::now());
        if let Some(until) = known.blocked_until(now) {
            return Err(until - now);
        }
        let Some(bucket) = known.routes.get(route.template).cloned() else {
            return Ok(());
        };
        match known.buckets.get_mut(&(bucket, route.of)) {
            Some(bucket) if bucket.reset > now && bucket.left == 0 => Err(bucket.reset - now),
            Some(bucket) => {
                bucket.left = bucket.left.saturating_sub(1);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Notes what an answer tells.
    pub(super) fn note(&self, route: &Route, answer: &HttpAnswer) {
        let (mut known, now) = (self.known(), Instant::now());
        let scope = answer.header("x-ratelimit-scope").unwrap_or_default();
        if matches!(answer.status, 401 | 403) || (answer.status == 429 && scope != "shared") {
            known.count_refusal(now);
        }
        let wait = (answer.status == 429).then(|| wait_of(answer));
        if let Some(wait) = wait.filter(|_| is_global(answer, scope)) {
            known.global = Some(now + wait);
            return;
        }
        let reset = answer.header("x-ratelimit-reset-after").and_then(seconds);
        let left = answer.header("x-ratelimit-remaining");
        let left = left.and_then(|left| left.parse().ok());
        let (Some(bucket), Some(reset)) = (answer.header("x-ratelimit-bucket"), wait.or(reset))
        else {
            // Without a bucket, what was refused waits by its route.
            if let Some(wait) = wait {
                known.set(
                    route,
                    route.template,
                    Bucket {
                        left: 0,
                        reset: now + wait,
                    },
                );
            }
            return;
        };
        let left = left.filter(|_| wait.is_none()).unwrap_or(0);
        known.set(
            route,
            bucket,
            Bucket {
                left,
                reset: now + reset,
            },
        );
    }

    #[cfg(test)]
    fn count(&self) -> usize {
        self.known().buckets.len()
    }
}

impl Known {
    fn set(&mut self, route: &Route, bucket: &str, state: Bucket) {
        let key = (bucket.to_owned(), route.of);
        if self.buckets.len() >= MAX_KNOWN && !self.buckets.contains_key(&key) {
            let now = Instant::now();
            self.buckets.retain(|_, bucket| bucket.reset > now);
            if self.buckets.len() >= MAX_KNOWN {
                self.buckets.clear();
            }
        }
        self.routes.insert(route.template, bucket.to_owned());
        self.buckets.insert(key, state);
    }

    fn blocked_until(&mut self, now: Instant) -> Option<Instant> {
        let window_end = self.refused_since.map(|since| since + REFUSAL_WINDOW);
        if window_end.is_some_and(|end| end <= now) {
            (self.refused, self.refused_since) = (0, None);
        }
        let cut_off = window_end.filter(|_| self.refused >= MAX_REFUSED);
        self.global.max(cut_off).filter(|until| *until > now)
    }

    fn count_refusal(&mut self, now: Instant) {
        self.blocked_until(now);
        self.refused_since.get_or_insert(now);
        self.refused += 1;
    }
}

/// How long a refused call is to wait. The body has fractions of a second, the head has not.
pub(super) fn wait_of(answer: &HttpAnswer) -> Duration {
    let body: Value = answer.json();
    let told = body["retry_after"].as_f64().and_then(span);
    told.or(answer.retry_after)
        .unwrap_or(Duration::from_secs(5))
        .min(LONGEST)
}

fn is_global(answer: &HttpAnswer, scope: &str) -> bool {
    let body: Value = answer.json();
    // Whoever stands before the API refuses without its JSON, and for all of it.
    scope == "global" || answer.header("x-ratelimit-global").is_some() || body["global"] != false
}

fn seconds(text: &str) -> Option<Duration> {
    span(text.parse().ok()?)
}

fn span(seconds: f64) -> Option<Duration> {
    let span = Duration::try_from_secs_f64(seconds).ok()?;
    Some(span.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use hyper::header::{HeaderName, HeaderValue};
    use serde_json::json;
    use tokio::time::advance;

    use super::*;

    const MESSAGES: &str = "POST /channels/{}/messages";

    fn route(of: u64) -> Route {
        Route {
            template: MESSAGES,
            of,
        }
    }

    fn answer(status: u16, headers: &[(&'static str, &str)], body: &Value) -> HttpAnswer {
        let mut answer = HttpAnswer::new(status, body.to_string());
        for (name, value) in headers {
            let value = HeaderValue::from_str(value).expect("a value");
            answer.headers.insert(HeaderName::from_static(name), value);
        }
        answer
    }

    fn left(count: &str, after: &str) -> HttpAnswer {
        let headers = [
            ("x-ratelimit-bucket", "b1"),
            ("x-ratelimit-remaining", count),
            ("x-ratelimit-reset-after", after),
        ];
        answer(200, &headers, &json!({}))
    }

    #[tokio::test(start_paused = true)]
    async fn an_empty_bucket_waits_until_it_is_reset_and_others_do_not() {
        let rates = Rates::default();
        assert_eq!(rates.take(&route(1)), Ok(()));
        rates.note(&route(1), &left("1", "1.5"));
        assert_eq!(rates.take(&route(1)), Ok(()));
        assert_eq!(rates.take(&route(1)), Err(Duration::from_millis(1500)));
        assert_eq!(rates.take(&route(2)), Ok(()));
        advance(Duration::from_millis(1500)).await;
        assert_eq!(rates.take(&route(1)), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_global_limit_stops_every_route() {
        let rates = Rates::default();
        let body =
            json!({"message": "You are being rate limited.", "retry_after": 2.5, "global": true});
        rates.note(
            &route(1),
            &answer(429, &[("x-ratelimit-scope", "global")], &body),
        );
        assert_eq!(rates.take(&route(2)), Err(Duration::from_millis(2500)));
        let body = json!({"message": "…", "retry_after": 64.57, "global": false});
        let headers = [("x-ratelimit-bucket", "b1"), ("x-ratelimit-scope", "user")];
        advance(Duration::from_millis(2500)).await;
        rates.note(&route(1), &answer(429, &headers, &body));
        assert_eq!(rates.take(&route(1)), Err(Duration::from_millis(64_570)));
        assert_eq!(rates.take(&route(2)), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_is_refused_again_and_again_asks_no_more_for_a_while() {
        let rates = Rates::default();
        let refused = answer(
            403,
            &[],
            &json!({"code": 50001, "message": "Missing Access"}),
        );
        for _ in 0..MAX_REFUSED - 1 {
            rates.note(&route(1), &refused);
        }
        assert_eq!(rates.take(&route(1)), Ok(()));
        rates.note(&route(1), &refused);
        assert_eq!(rates.take(&route(9)), Err(REFUSAL_WINDOW));
        advance(REFUSAL_WINDOW).await;
        assert_eq!(rates.take(&route(9)), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_buckets_are_remembered_than_there_is_room_for() {
        let rates = Rates::default();
        for of in 0..3 * MAX_KNOWN as u64 {
            rates.note(&route(of), &left("0", "60"));
            assert!(rates.count() <= MAX_KNOWN);
        }
    }
}
