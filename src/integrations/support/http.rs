//! The HTTP client of the integrations: HTTP/1.1 over hyper with a small pool of idle connections,
//! a limit on every wait and every body, no redirects. Errors name the host and never the path,
//! which may hold a token.

use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use hyper::{
    Method, Request, Response,
    body::Incoming,
    client::conn::http1::{self, SendRequest},
    header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue, USER_AGENT},
};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{
    net::TcpStream,
    time::{Instant, timeout, timeout_at},
};

use super::{redact::without_secrets, tls::Tls};
use crate::{
    body::{CollectError, Whole, collect},
    config::BaseUrl,
};

/// Idle connections kept for each host.
const MAX_IDLE: usize = 32;

/// An idle connection older than this is not used again: the other side may be closing it.
const MAX_IDLE_TIME: Duration = Duration::from_secs(15);

/// How long the parts of a call may take.
#[derive(Debug, Clone, Copy)]
pub struct HttpLimits {
    /// Until there is a connection, TLS included.
    pub connect: Duration,
    /// From the connection to the first byte of the answer.
    pub first_byte: Duration,
    /// For the body of the answer.
    pub body: Duration,
    /// Longest body of an answer, in bytes.
    pub max_bytes: usize,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            first_byte: Duration::from_secs(30),
            body: Duration::from_secs(30),
            max_bytes: 4 << 20,
        }
    }
}

/// One call.
pub struct HttpCall<'a> {
    /// Its method.
    pub method: Method,
    /// The path and query behind the base.
    pub path: &'a str,
    /// Headers besides the usual ones; values that may be secret.
    pub headers: &'a [(&'static str, &'a str)],
    /// The body, sent as JSON; none where it is null.
    pub json: &'a Value,
    /// How long it may take.
    pub limits: HttpLimits,
}

/// What a service answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpAnswer {
    /// The status.
    pub status: u16,
    /// `Retry-After`, where it was given in seconds.
    pub retry_after: Option<Duration>,
    /// The body.
    pub body: Bytes,
}

impl HttpAnswer {
    /// The body as JSON, null where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HttpError {
    /// The request did not leave.
    NotSent(String),
    /// It may have left; no whole answer came.
    NoAnswer(String),
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSent(why) | Self::NoAnswer(why) => f.write_str(why),
        }
    }
}

impl From<HttpError> for crate::integrations::DeliveryError {
    fn from(error: HttpError) -> Self {
        match error {
            HttpError::NotSent(why) => Self::Transient(why, None),
            HttpError::NoAnswer(why) => Self::Unknown(why),
        }
    }
}

/// A client of one service.
pub struct Http {
    base: BaseUrl,
    tls: Tls,
    idle: Mutex<Vec<Idle>>,
    /// What no answer may repeat.
    secrets: Vec<String>,
}

struct Idle {
    sender: SendRequest<Whole>,
    since: Instant,
}

impl Http {
    /// A client of the service at `base`.
    pub fn new(base: BaseUrl) -> Self {
        Self {
            base,
            tls: Tls::default(),
            idle: Mutex::default(),
            secrets: Vec::new(),
        }
    }

    /// The same for a service that is shown these secrets: where one stands in a refusal, it is
    /// taken out, because refusals are told and logged.
    #[must_use]
    pub fn redacting<const N: usize>(mut self, secrets: [&str; N]) -> Self {
        self.secrets = secrets.map(str::to_owned).into();
        self
    }

    fn redacted(&self, status: u16, body: Vec<u8>) -> Bytes {
        if (200..300).contains(&status) {
            return body.into();
        }
        let said = String::from_utf8_lossy(&body);
        without_secrets(&said, &self.secrets).into()
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes one call. A connection that turns out to be closed before anything was sent on it is
    /// replaced; nothing else is tried twice.
    pub async fn call(&self, call: HttpCall<'_>) -> Result<HttpAnswer, HttpError> {
        let mut request = self.request(&call)?;
        while let Some(mut kept) = self.take_idle() {
            match timeout(call.limits.first_byte, kept.try_send_request(request)).await {
                Err(_) => return Err(self.silent()),
                Ok(Ok(response)) => return self.read(response, kept, call.limits).await,
                Ok(Err(mut error)) => match error.take_message() {
                    Some(unsent) => request = unsent,
                    None => return Err(self.broken(error.error())),
                },
            }
        }
        let mut sender = self.connect(call.limits.connect).await?;
        match timeout(call.limits.first_byte, sender.try_send_request(request)).await {
            Err(_) => Err(self.silent()),
            Ok(Ok(response)) => self.read(response, sender, call.limits).await,
            Ok(Err(mut error)) => Err(match error.take_message() {
                Some(_) => self.not_sent("closed the connection at once"),
                None => self.broken(error.error()),
            }),
        }
    }

    fn request(&self, call: &HttpCall<'_>) -> Result<Request<Whole>, HttpError> {
        let body = match call.json {
            Value::Null => Whole::default(),
            json => Whole::new(json.to_string()),
        };
        let target = format!("{}{}", self.base.prefix(), call.path);
        let built = Request::builder()
            .method(call.method.clone())
            .uri(target)
            .body(body);
        let mut request = built.map_err(|_| self.not_sent("cannot be asked for such a path"))?;
        let headers = request.headers_mut();
        let bad = |_| self.not_sent("cannot be asked with such a header");
        let host = HeaderValue::from_str(self.base.authority()).map_err(bad)?;
        headers.insert(HOST, host);
        let agent = concat!("cleudocodebot/", env!("CARGO_PKG_VERSION"));
        headers.insert(USER_AGENT, HeaderValue::from_static(agent));
        if !call.json.is_null() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        for (name, value) in call.headers {
            let mut value = HeaderValue::from_str(value).map_err(bad)?;
            value.set_sensitive(true);
            headers.insert(HeaderName::from_static(name), value);
        }
        Ok(request)
    }

    fn take_idle(&self) -> Option<SendRequest<Whole>> {
        let mut kept = self.idle();
        kept.retain(|idle| idle.since.elapsed() < MAX_IDLE_TIME && !idle.sender.is_closed());
        let place = kept.iter().rposition(|idle| idle.sender.is_ready())?;
        Some(kept.swap_remove(place).sender)
    }

    fn keep(&self, sender: SendRequest<Whole>) {
        let mut kept = self.idle();
        if kept.len() < MAX_IDLE && !sender.is_closed() {
            let since = Instant::now();
            kept.push(Idle { sender, since });
        }
    }

    async fn connect(&self, limit: Duration) -> Result<SendRequest<Whole>, HttpError> {
        let deadline = Instant::now() + limit;
        let slow = |_| self.not_sent("did not take the connection in time");
        let tcp = TcpStream::connect(self.base.address());
        let tcp = timeout_at(deadline, tcp).await.map_err(slow)?;
        let tcp = tcp.map_err(|error| self.not_sent(&format!("is not there: {error}")))?;
        let _ = tcp.set_nodelay(true);
        let refused = |why: String| self.not_sent(&why);
        if self.base.is_https() {
            let wrapped = self.tls.wrap(self.base.host(), tcp);
            let stream = timeout_at(deadline, wrapped).await.map_err(slow)?;
            open(stream.map_err(refused)?).await.map_err(refused)
        } else {
            open(tcp).await.map_err(refused)
        }
    }

    async fn read(
        &self,
        response: Response<Incoming>,
        sender: SendRequest<Whole>,
        limits: HttpLimits,
    ) -> Result<HttpAnswer, HttpError> {
        let status = response.status().as_u16();
        let retry_after = response
            .headers()
            .get("retry-after")
            .and_then(|value| value.to_str().ok()?.trim().parse().ok())
            .map(Duration::from_secs);
        let body = collect(response.into_body(), limits.max_bytes, limits.body).await;
        let body = body.map_err(|error| {
            HttpError::NoAnswer(format!(
                "{} {}",
                self.base.authority(),
                match error {
                    CollectError::TooLarge => "sent a body that is too large",
                    CollectError::TooSlow => "did not send its whole answer in time",
                    CollectError::Broken => "closed in the middle of its answer",
                }
            ))
        })?;
        self.keep(sender);
        Ok(HttpAnswer {
            status,
            retry_after,
            body: self.redacted(status, body),
        })
    }

    fn not_sent(&self, what: &str) -> HttpError {
        HttpError::NotSent(format!("{} {what}", self.base.authority()))
    }

    fn silent(&self) -> HttpError {
        HttpError::NoAnswer(format!("{} did not answer in time", self.base.authority()))
    }

    fn broken(&self, error: &hyper::Error) -> HttpError {
        let authority = self.base.authority();
        HttpError::NoAnswer(format!("{authority} broke off: {error}"))
    }
}

/// A connection whose other half runs in a task of its own until it closes.
async fn open<S>(stream: S) -> Result<SendRequest<Whole>, String>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let opened = http1::handshake(TokioIo::new(stream)).await;
    let (sender, connection) = opened.map_err(|error| error.to_string())?;
    tokio::spawn(async move {
        // How it ended is told to whoever waits for an answer.
        let _ = connection.await;
    });
    Ok(sender)
}
