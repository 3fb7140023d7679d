//! One push to one device: whether it is still to be made, the request (RFC 8030 §5), and what its answer means.

use std::{sync::Arc, time::Duration};

use super::{
    PushInner,
    lanes::{Job, MAX_AGE},
};
use crate::{
    clock,
    http_client::{HttpAnswer, HttpError, HttpLimits, Outside, Reach},
    push::{About, PushNews, Right, Subscription, seal, topic},
    store::StoreError,
};

/// The limits of one request. Nobody waits for it but the next push of the same device.
const LIMITS: HttpLimits = HttpLimits {
    connect: Duration::from_secs(10),
    first_byte: Duration::from_secs(20),
    body: Duration::from_secs(10),
    stall: Duration::from_secs(20),
    max_bytes: 16 * 1024,
};

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The service took it.
    Sent,
    /// There was nothing to tell any more.
    Skipped,
    /// The service no longer knows the device.
    Gone,
    /// The key whose subscription it is has ended.
    Orphaned,
    /// The service takes none that is so long.
    TooLarge,
    /// The service wants to be asked later, after this long if it said so.
    Busy(Option<Duration>),
    /// The service does not take our signature.
    Denied(String),
    /// The service does not take this push.
    Refused(String),
    /// The service was not reached, or is in trouble.
    Failed(String),
}

impl Outcome {
    /// Why an attempt failed, if it did.
    pub(super) fn failure(&self) -> Option<String> {
        match self {
            Self::Sent | Self::Skipped | Self::Gone | Self::Orphaned => None,
            Self::TooLarge => Some("the push service takes none that is so long".to_owned()),
            Self::Busy(_) => Some("the push service wants to be asked later".to_owned()),
            Self::Denied(why) | Self::Refused(why) | Self::Failed(why) => Some(why.clone()),
        }
    }
}

/// Makes one attempt.
pub(super) async fn attempt(inner: &Arc<PushInner>, client: &Outside, job: &Job) -> Outcome {
    if let Some(outcome) = not_to_be_made(inner, &job.subscription, &job.waiting.news) {
        return outcome;
    }
    match payload(inner, job).await {
        Ok(Some(payload)) => {
            let sent = send(inner, client, job, &payload).await;
            sent.unwrap_or_else(Outcome::Failed)
        }
        Ok(None) => Outcome::Skipped,
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

/// What came of it already, where it is not to be made.
pub(super) fn not_to_be_made(
    inner: &PushInner,
    subscription: &Arc<Subscription>,
    news: &PushNews,
) -> Option<Outcome> {
    let parts = &inner.parts;
    let (now_ms, place) = (clock::now_ms(), (news.channel.as_str(), news.peer.as_str()));
    if !parts.registry.has(subscription) {
        return Some(Outcome::Skipped);
    }
    let told = &subscription.told;
    let token = parts.registry.token_owner().unwrap_or(told.owner);
    match told.owner.right(&parts.keys, token, place, now_ms) {
        Right::Ended => return Some(Outcome::Orphaned),
        Right::Outside => return Some(Outcome::Skipped),
        Right::Granted => {}
    }
    let is_quiet = told.quiet.is_some_and(|quiet| quiet.covers(now_ms));
    let is_read = parts.listeners.bus.is_read(place.0, place.1);
    (is_quiet || is_read).then_some(Outcome::Skipped)
}

/// What is told; `None` where it was read meanwhile.
async fn payload(inner: &PushInner, job: &Job) -> Result<Option<Vec<u8>>, StoreError> {
    let news = Arc::clone(&job.waiting.news);
    let read = move |store: &crate::store::Store| store.name_and_unread(&news.channel, &news.peer);
    let (name, unread) = inner.parts.store.run_blocking(read).await?;
    let news = &job.waiting.news;
    if unread == 0 && !news.is_answer {
        return Ok(None);
    }
    let about = About {
        name: name.as_deref(),
        unread: (!news.is_answer).then_some(unread),
        count: job.waiting.count,
        language: job.subscription.told.language.as_deref(),
        preview: inner.parts.registry.settings().preview && !job.is_brief,
    };
    Ok(Some(news.payload(&about)))
}

async fn send(
    inner: &PushInner,
    client: &Outside,
    job: &Job,
    payload: &[u8],
) -> Result<Outcome, String> {
    let (told, news) = (&job.subscription.told, &job.waiting.news);
    let registry = &inner.parts.registry;
    let key = registry.keys().get().await?;
    let (origin, contact) = (told.url.origin(), inner.contact());
    let authorization = key.authorization(&origin, &contact, clock::now_ms())?;
    let life = MAX_AGE.as_secs().to_string();
    let topic = topic(&told.receiver, &news.channel, &news.peer);
    let headers = [
        ("authorization", authorization.as_str()),
        ("content-encoding", "aes128gcm"),
        ("ttl", &life),
        // A phone that sleeps shows others only once it wakes by itself (RFC 8030 §5.3).
        ("urgency", "high"),
        ("topic", &topic),
    ];
    let body = seal(payload, &told.receiver)?.into();
    let is_trusted = told.url.is_one_of(&registry.settings().private_hosts);
    let reach = if is_trusted {
        Reach::Anywhere
    } else {
        Reach::Outside
    };
    let answer = client.post(&told.url, &headers, body, LIMITS, reach).await;
    Ok(outcome(answer, &told.url.authority()))
}

/// What an answer means (RFC 8030 §5, §7.3, §8.4; RFC 8292 §4.2). What the service says in words is
/// not shown: it may name the address.
fn outcome(answer: Result<HttpAnswer, HttpError>, host: &str) -> Outcome {
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => return Outcome::Failed(error.to_string()),
    };
    let why = || format!("{host} answered {}", answer.status);
    match answer.status {
        200..=299 => Outcome::Sent,
        404 | 410 => Outcome::Gone,
        413 => Outcome::TooLarge,
        429 | 503 => Outcome::Busy(answer.retry_after),
        401 | 403 => Outcome::Denied(why()),
        408 | 500..=599 => Outcome::Failed(why()),
        _ => Outcome::Refused(why()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: u16, wait: Option<u64>) -> Outcome {
        let answer = HttpAnswer {
            status,
            retry_after: wait.map(Duration::from_secs),
            body: "a text".into(),
        };
        outcome(Ok(answer), "push.example")
    }

    #[test]
    fn each_answer_means_something() {
        for status in [200, 201, 202, 204] {
            assert_eq!(answered(status, None), Outcome::Sent, "{status}");
        }
        assert_eq!(answered(404, None), Outcome::Gone);
        assert_eq!(answered(410, None), Outcome::Gone);
        assert_eq!(answered(413, None), Outcome::TooLarge);
        let wait = Some(Duration::from_secs(7));
        assert_eq!(answered(429, Some(7)), Outcome::Busy(wait));
        assert_eq!(answered(503, None), Outcome::Busy(None));
        let why = |status| format!("push.example answered {status}");
        assert_eq!(answered(403, None), Outcome::Denied(why(403)));
        assert_eq!(answered(400, None), Outcome::Refused(why(400)));
        assert_eq!(answered(307, None), Outcome::Refused(why(307)));
        assert_eq!(answered(500, None), Outcome::Failed(why(500)));
        let silent = Err(HttpError::NoAnswer("push.example broke".to_owned()));
        let failed = Outcome::Failed("push.example broke".to_owned());
        assert_eq!(outcome(silent, "push.example"), failed);
    }
}
