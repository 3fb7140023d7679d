//! One push to one device: whether it is still to be made, and the request (RFC 8030 §5).

use std::{sync::Arc, time::Duration};

use super::{
    PushInner,
    lanes::{Job, MAX_AGE},
    outcome::{Outcome, outcome},
};
use crate::{
    clock,
    http_client::{HttpLimits, Outside, Reach},
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

/// What is told; `None` where it was read meanwhile or nobody is to be told of its conversation.
async fn payload(inner: &PushInner, job: &Job) -> Result<Option<Vec<u8>>, StoreError> {
    let news = Arc::clone(&job.waiting.news);
    let read = move |store: &crate::store::Store| store.news_of(&news.channel, &news.peer);
    let of = inner.parts.store.run_blocking(read).await?;
    let news = &job.waiting.news;
    if of.muted || of.unread == 0 && !news.is_answer {
        return Ok(None);
    }
    let about = About {
        name: of.name.as_deref(),
        unread: (!news.is_answer).then_some(of.unread),
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
