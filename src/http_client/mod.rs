//! The HTTP client of integrations and agents: HTTP/1.1 over hyper with a small pool of idle connections,
//! a limit on every wait and every body, no redirects. Files go up and down piece by piece. Errors name
//! the host but never the path, which may contain a token.

mod address;
mod call;
mod connection;
mod download;
mod json;
mod outside;
mod probe;
mod request;
mod stream;
#[cfg(test)]
mod tests;
mod tls;
mod watch;
mod websocket;

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use hyper::{Method, Request, Response, body::Incoming};
use tokio::{sync::Semaphore, time::Instant};

use self::{
    connection::{Open, Unsent, connect},
    download::{content_type, pour, redirect},
    request::{RequestBody, request},
    tls::Tls,
};
use crate::{
    body::{CollectError, collect},
    config::BaseUrl,
    redact::without_secrets,
};

pub use self::{
    call::{HttpAnswer, HttpBody, HttpCall, HttpError, HttpLimits, bearer, retry_after},
    download::{DownloadError, Downloaded, Sink},
    json::read_json,
    outside::{Outside, OutsideUrl, Reach},
    probe::{Distrust, ProbeError, Probed, probe},
    stream::{HttpStream, Streamed},
    websocket::{ServiceSocket, SocketMessage},
};

/// Idle connections kept per service.
const MAX_IDLE: usize = 32;

/// An idle connection older than this is not reused: the server may be closing it.
const MAX_IDLE_TIME: Duration = Duration::from_secs(15);

/// Files on their way up to one service at a time: each holds buffers, and together they are no faster.
const MAX_UPLOADS: usize = 4;

/// Longest refusal of a download or a stream.
const MAX_REFUSAL: usize = 256 * 1024;

/// A client of one service.
pub struct Http {
    base: BaseUrl,
    tls: Tls,
    idle: Mutex<Vec<Idle>>,
    uploads: Semaphore,
    /// Removed from every error answer.
    secrets: Vec<String>,
}

struct Idle {
    open: Open,
    since: Instant,
}

impl Http {
    /// A client of the service at `base`.
    pub fn new(base: BaseUrl) -> Self {
        Self {
            base,
            tls: Tls::default(),
            idle: Mutex::default(),
            uploads: Semaphore::new(MAX_UPLOADS),
            secrets: Vec::new(),
        }
    }

    /// The same, removing these secrets from error answers, because those are shown and logged.
    #[must_use]
    pub fn redacting<const N: usize>(mut self, secrets: [&str; N]) -> Self {
        self.secrets = secrets.map(str::to_owned).into();
        self
    }

    /// Host and port of the service, as errors name it.
    pub fn host(&self) -> &str {
        self.base.authority()
    }

    /// Makes one call. Nothing is tried twice, except that a pooled connection which turns out to be
    /// closed before anything was sent on it is replaced.
    pub async fn call(&self, call: HttpCall<'_>) -> Result<HttpAnswer, HttpError> {
        // Never closed, so there is always a permit to come.
        let _permit = match call.body {
            HttpBody::Form(_) => self.uploads.acquire().await.ok(),
            _ => None,
        };
        let limits = call.limits;
        let (response, open) = self.exchange(call).await?;
        self.read(&self.base, response, open, limits).await
    }

    /// Makes one call whose answer is a file, for `sink`.
    pub async fn download<S: Sink>(
        &self,
        call: HttpCall<'_>,
        sink: &mut S,
    ) -> Result<Downloaded, DownloadError<S::Error>> {
        let limits = call.limits;
        let (response, open) = self.exchange(call).await?;
        self.save(&self.base, response, open, limits, sink).await
    }

    /// Makes one call whose answer is read as it comes, within `limits.stall` for each piece and
    /// `limits.body` for all of them. Dropping the answer closes its connection.
    pub async fn stream(&self, call: HttpCall<'_>) -> Result<Streamed<'_>, HttpError> {
        let limits = call.limits;
        let (response, open) = self.exchange(call).await?;
        if response.status().is_success() {
            let body = response.into_body();
            return Ok(Streamed::Pieces(HttpStream::new(self, body, open, limits)));
        }
        let answer = self.refusal(&self.base, response, open, limits).await?;
        Ok(Streamed::Refused(answer))
    }

    /// Downloads a file from an address that the service named. Another host than the service's own must
    /// speak https and, unless the service itself is inside the user's network, be outside of it.
    pub async fn download_from<S: Sink>(
        &self,
        url: &str,
        headers: &[(&'static str, &str)],
        limits: HttpLimits,
        sink: &mut S,
    ) -> Result<Downloaded, DownloadError<S::Error>> {
        let forbidden = |why: &str| {
            let base = self.base.authority();
            DownloadError::Forbidden(format!("{base} named an address for a file that {why}"))
        };
        let (host, target) = address::parsed(url).ok_or_else(|| forbidden("is none"))?;
        let deadline = Instant::now() + limits.connect;
        let addresses = match self.may_lead(&host, deadline).await? {
            Ok(addresses) => addresses,
            Err(why) => return Err(forbidden(why)),
        };
        let request = request(&host, Method::GET, target, headers, HttpBody::Empty);
        let request = request.map_err(|why| not_sent(&host, why))?;
        let open = connect(&host, addresses.as_deref(), &self.tls, deadline).await;
        let mut open = open.map_err(|why| not_sent(&host, &why))?;
        let answered = open.send(request, limits).await;
        let response = answered.map_err(|unsent| failed(&host, unsent))?;
        self.save(&host, response, open, limits, sink).await
    }

    /// The addresses of a host that the service named, none for its own; the inner error says why nothing may
    /// be asked of it.
    async fn may_lead(
        &self,
        host: &BaseUrl,
        deadline: Instant,
    ) -> Result<Result<Option<Vec<std::net::SocketAddr>>, &'static str>, HttpError> {
        if address::is_same(host, &self.base) {
            return Ok(Ok(None));
        }
        if !host.is_https() {
            return Ok(Err("is not https"));
        }
        let found = self.resolve(host, deadline).await?;
        if address::leads_inside(&found) && !self.is_inside(deadline).await? {
            return Ok(Err("leads to a private network"));
        }
        Ok(Ok(Some(found)))
    }

    async fn resolve(
        &self,
        host: &BaseUrl,
        deadline: Instant,
    ) -> Result<Vec<std::net::SocketAddr>, HttpError> {
        let found = tokio::time::timeout_at(deadline, address::resolve(host)).await;
        let found = found.map_err(|_| not_sent(host, "was not found in time"))?;
        found.map_err(|why| not_sent(host, &why))
    }

    /// Whether the service is in the user's own network.
    async fn is_inside(&self, deadline: Instant) -> Result<bool, HttpError> {
        let found = self.resolve(&self.base, deadline).await?;
        Ok(address::leads_inside(&found))
    }

    /// Sends a request and waits for the head of its answer.
    async fn exchange(&self, call: HttpCall<'_>) -> Result<(Response<Incoming>, Open), HttpError> {
        let (host, limits) = (&self.base, call.limits);
        let mut request = self.request(call)?;
        // What was not sent can go by the next connection.
        while let Some(mut kept) = self.take_idle() {
            match kept.send(request, limits).await {
                Ok(response) => return Ok((response, kept)),
                Err(Unsent::Request(unsent)) => request = *unsent,
                Err(unsent) => return Err(failed(host, unsent)),
            }
        }
        let deadline = Instant::now() + limits.connect;
        let open = connect(host, None, &self.tls, deadline).await;
        let mut open = open.map_err(|why| not_sent(host, &why))?;
        match open.send(request, limits).await {
            Ok(response) => Ok((response, open)),
            Err(unsent) => Err(failed(host, unsent)),
        }
    }

    fn request(&self, call: HttpCall<'_>) -> Result<Request<RequestBody>, HttpError> {
        let target = format!("{}{}", self.base.prefix(), call.path);
        let built = request(&self.base, call.method, &target, call.headers, call.body);
        built.map_err(|why| not_sent(&self.base, why))
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_idle(&self) -> Option<Open> {
        let mut kept = self.idle();
        kept.retain(|idle| idle.since.elapsed() < MAX_IDLE_TIME && !idle.open.is_closed());
        let place = kept.iter().rposition(|idle| idle.open.is_ready())?;
        Some(kept.swap_remove(place).open)
    }

    /// Keeps a connection to the service whose answer was read, unless that came before all of the
    /// request was sent.
    fn keep(&self, host: &BaseUrl, open: Open) {
        let is_of_service = std::ptr::eq(host, &raw const self.base);
        let mut kept = self.idle();
        if is_of_service && kept.len() < MAX_IDLE && !open.is_closed() && open.sent_all() {
            let since = Instant::now();
            kept.push(Idle { open, since });
        }
    }

    async fn read(
        &self,
        host: &BaseUrl,
        response: Response<Incoming>,
        open: Open,
        limits: HttpLimits,
    ) -> Result<HttpAnswer, HttpError> {
        let mut answer = collected(host, response, limits).await?;
        self.keep(host, open);
        answer.body = self.redacted(answer.status, answer.body);
        Ok(answer)
    }

    async fn save<S: Sink>(
        &self,
        host: &BaseUrl,
        response: Response<Incoming>,
        open: Open,
        limits: HttpLimits,
        sink: &mut S,
    ) -> Result<Downloaded, DownloadError<S::Error>> {
        if let Some(why) = redirect(host, &response) {
            return Err(DownloadError::Forbidden(why));
        }
        if !response.status().is_success() {
            let answer = self.refusal(host, response, open, limits).await?;
            return Ok(Downloaded::Refused(answer));
        }
        let mime = content_type(&response);
        pour(host, response.into_body(), limits, sink).await?;
        self.keep(host, open);
        Ok(Downloaded::Whole(mime))
    }

    /// What a service said instead of a file or a stream.
    async fn refusal(
        &self,
        host: &BaseUrl,
        response: Response<Incoming>,
        open: Open,
        limits: HttpLimits,
    ) -> Result<HttpAnswer, HttpError> {
        let limits = HttpLimits {
            max_bytes: MAX_REFUSAL,
            ..limits
        };
        self.read(host, response, open, limits).await
    }

    fn redacted(&self, status: u16, body: Bytes) -> Bytes {
        if (200..300).contains(&status) {
            return body;
        }
        let said = String::from_utf8_lossy(&body);
        without_secrets(&said, &self.secrets).into()
    }
}

/// An answer with its whole body.
async fn collected(
    host: &BaseUrl,
    response: Response<Incoming>,
    limits: HttpLimits,
) -> Result<HttpAnswer, HttpError> {
    let (head, body) = response.into_parts();
    let retry_after = head
        .headers
        .get("retry-after")
        .and_then(|value| value.to_str().ok()?.trim().parse().ok())
        .map(retry_after);
    let body = collect(body, limits.max_bytes, limits.body).await;
    let body = body.map_err(|error| {
        let what = match error {
            CollectError::TooLarge => "sent an answer that is too large",
            CollectError::TooSlow => "did not send its whole answer in time",
            CollectError::Broken => "closed the connection in the middle of its answer",
        };
        no_answer(host, what)
    })?;
    Ok(HttpAnswer {
        retry_after,
        headers: head.headers,
        ..HttpAnswer::new(head.status.as_u16(), body)
    })
}

fn not_sent(host: &BaseUrl, what: &str) -> HttpError {
    HttpError::NotSent(format!("{} {what}", host.authority()))
}

fn no_answer(host: &BaseUrl, what: &str) -> HttpError {
    HttpError::NoAnswer(format!("{} {what}", host.authority()))
}

/// What a request without an answer means. Of one whose file was not all sent, nothing can have come.
fn failed(host: &BaseUrl, unsent: Unsent) -> HttpError {
    let name = host.authority();
    match unsent {
        Unsent::Request(_) => not_sent(host, "closed the connection at once"),
        Unsent::Silent => no_answer(host, "did not answer in time"),
        Unsent::Stalled => not_sent(host, "stopped taking a file in the middle of it"),
        Unsent::Broken(error, true) => {
            HttpError::NoAnswer(format!("the connection to {name} broke: {error}"))
        }
        Unsent::Broken(error, false) => HttpError::NotSent(format!(
            "the connection to {name} broke in the middle of a file: {}",
            reason(&error)
        )),
    }
}

/// Why a request broke off: the file's own error, where that is what happened.
fn reason(error: &hyper::Error) -> String {
    let source = std::error::Error::source(error);
    match source {
        Some(source) if error.is_user() => source.to_string(),
        _ => error.to_string(),
    }
}
