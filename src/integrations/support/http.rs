//! The HTTP client of the integrations: HTTP/1.1 over hyper with a small pool of idle connections,
//! a limit on every wait and every body, no redirects. Errors name the host but never the path, which
//! may contain a token.

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

use super::{
    head_limit::{HeadAllowance, HeadLimited},
    redact::without_secrets,
    tls::Tls,
};
use crate::{
    body::{CollectError, Whole, collect},
    config::BaseUrl,
};

/// Idle connections kept per service.
const MAX_IDLE: usize = 32;

/// An idle connection older than this is not reused: the server may be closing it.
const MAX_IDLE_TIME: Duration = Duration::from_secs(15);

/// How long the parts of a call may take.
#[derive(Debug, Clone, Copy)]
pub struct HttpLimits {
    /// Until the connection is open, TLS included.
    pub connect: Duration,
    /// From sending the request to the head of the answer.
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
    /// Path and query, appended to the base URL.
    pub path: &'a str,
    /// Additional headers, treated as sensitive.
    pub headers: &'a [(&'static str, &'a str)],
    /// The body, sent as JSON; no body if it is null.
    pub json: &'a Value,
    /// Its time and size limits.
    pub limits: HttpLimits,
}

/// The answer of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpAnswer {
    /// The status.
    pub status: u16,
    /// `Retry-After`, if it was given in seconds.
    pub retry_after: Option<Duration>,
    /// The body.
    pub body: Bytes,
}

impl HttpAnswer {
    /// The body as JSON; null if it is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}

/// Why a call has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HttpError {
    /// The request was not sent.
    NotSent(String),
    /// The request may have been sent; no complete answer came.
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
    /// Removed from every error answer.
    secrets: Vec<String>,
}

struct Idle {
    open: Open,
    since: Instant,
}

/// An open connection.
struct Open {
    sender: SendRequest<Whole>,
    allowance: HeadAllowance,
}

impl Open {
    /// Sends a request and waits for the head of its answer. hyper returns the request if it was not
    /// sent.
    async fn send(
        &mut self,
        request: Request<Whole>,
        limit: Duration,
    ) -> Result<Response<Incoming>, Unsent> {
        self.allowance.begin();
        let answered = timeout(limit, self.sender.try_send_request(request)).await;
        let answered = answered.map_err(|_| Unsent::Silent)?;
        self.allowance.end();
        answered.map_err(|mut error| match error.take_message() {
            Some(request) => Unsent::Request(Box::new(request)),
            None => Unsent::Broken(error.into_error()),
        })
    }
}

/// Why a request has no answer.
enum Unsent {
    /// None came in time.
    Silent,
    /// The connection broke.
    Broken(hyper::Error),
    /// Nothing of it was sent.
    Request(Box<Request<Whole>>),
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

    /// The same, removing these secrets from error answers, because those are shown and logged.
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

    /// Makes one call. Nothing is tried twice, except that a pooled connection which turns out to be
    /// closed before anything was sent on it is replaced.
    pub async fn call(&self, call: HttpCall<'_>) -> Result<HttpAnswer, HttpError> {
        let mut request = self.request(&call)?;
        // What was not sent can go by the next connection.
        while let Some(mut kept) = self.take_idle() {
            match kept.send(request, call.limits.first_byte).await {
                Ok(response) => return self.read(response, kept, call.limits).await,
                Err(Unsent::Request(unsent)) => request = *unsent,
                Err(Unsent::Silent) => return Err(self.silent()),
                Err(Unsent::Broken(error)) => return Err(self.broken(&error)),
            }
        }
        let mut open = self.connect(call.limits.connect).await?;
        match open.send(request, call.limits.first_byte).await {
            Ok(response) => self.read(response, open, call.limits).await,
            Err(Unsent::Request(_)) => Err(self.not_sent("closed the connection at once")),
            Err(Unsent::Silent) => Err(self.silent()),
            Err(Unsent::Broken(error)) => Err(self.broken(&error)),
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
        let mut request =
            built.map_err(|_| self.not_sent("cannot be called: the path is not valid"))?;
        let headers = request.headers_mut();
        let bad = |_| self.not_sent("cannot be called: a header value is not valid");
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

    fn take_idle(&self) -> Option<Open> {
        let mut kept = self.idle();
        kept.retain(|idle| idle.since.elapsed() < MAX_IDLE_TIME && !idle.open.sender.is_closed());
        let place = kept.iter().rposition(|idle| idle.open.sender.is_ready())?;
        Some(kept.swap_remove(place).open)
    }

    fn keep(&self, open: Open) {
        let mut kept = self.idle();
        if kept.len() < MAX_IDLE && !open.sender.is_closed() {
            let since = Instant::now();
            kept.push(Idle { open, since });
        }
    }

    async fn connect(&self, limit: Duration) -> Result<Open, HttpError> {
        let deadline = Instant::now() + limit;
        let slow = |_| self.not_sent("did not accept the connection in time");
        let tcp = TcpStream::connect(self.base.address());
        let tcp = timeout_at(deadline, tcp).await.map_err(slow)?;
        let tcp = tcp.map_err(|error| self.not_sent(&format!("cannot be reached: {error}")))?;
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
        open: Open,
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
                    CollectError::TooLarge => "sent an answer that is too large",
                    CollectError::TooSlow => "did not send its whole answer in time",
                    CollectError::Broken => "closed the connection in the middle of its answer",
                }
            ))
        })?;
        self.keep(open);
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
        HttpError::NoAnswer(format!("the connection to {authority} broke: {error}"))
    }
}

/// Opens an HTTP connection and spawns the task that drives it until it closes.
async fn open<S>(stream: S) -> Result<Open, String>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let allowance = HeadAllowance::default();
    let limited = HeadLimited::new(stream, allowance.clone());
    let opened = http1::handshake(TokioIo::new(limited)).await;
    let (sender, connection) = opened.map_err(|error| error.to_string())?;
    tokio::spawn(async move {
        // Ignored here: the pending call gets the same error.
        let _ = connection.await;
    });
    Ok(Open { sender, allowance })
}

#[cfg(test)]
mod tests {
    use tokio::{io::AsyncWriteExt as _, net::TcpListener};

    use super::*;

    #[tokio::test]
    async fn interim_answers_without_end_are_an_error() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a client");
            while stream
                .write_all(b"HTTP/1.1 103 Early Hints\r\n\r\n")
                .await
                .is_ok()
            {}
        });
        let base = BaseUrl::parse(&format!("http://{address}")).expect("an address");
        let http = Http::new(base);
        let asked = http.call(HttpCall {
            method: Method::GET,
            path: "/",
            headers: &[],
            json: &Value::Null,
            limits: HttpLimits::default(),
        });
        let answer = asked.await;
        assert!(matches!(answer, Err(HttpError::NoAnswer(_))), "{answer:?}");
    }
}
