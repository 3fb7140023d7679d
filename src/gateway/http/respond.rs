//! HTTP answers with the headers that all of them share; and the bodies of requests, whole or refused.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::{
    Response, StatusCode, Uri,
    body::Incoming,
    header::{
        CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, RETRY_AFTER,
        STRICT_TRANSPORT_SECURITY, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
    },
};
use serde_json::json;

use crate::{
    body::{AnyBody, CollectError, Whole, collect_counted},
    config::{Limits, keys::MAX_BODY_BYTES},
    gateway::{Gateway, admission::Permit, metrics::GatewayCounters},
    integrations::BoxFuture,
    log::LogField,
    protocol::error_code::{ErrorCode, Fault},
};

/// An answer.
pub(super) type HttpReply = Response<ReplyBody>;

/// The body of an answer, and what is to live until it is sent.
#[derive(Default)]
pub(super) struct ReplyBody {
    body: AnyBody,
    held: Option<Box<dyn Send>>,
    on_taken: Option<OnTaken>,
    until: Option<BoxFuture<'static, ()>>,
}

/// The type of most answers.
pub(super) const JSON: &str = "application/json";

/// Called once the whole body was taken to be written.
type OnTaken = Box<dyn FnOnce() + Send>;

impl ReplyBody {
    /// Keeps what `guard` makes until the body is sent, where that takes a while. False where it does not.
    pub(super) fn hold<G: Send + 'static>(&mut self, guard: impl FnOnce() -> G) -> bool {
        let takes_a_while = !matches!(self.body, AnyBody::Whole(_));
        if takes_a_while {
            self.held = Some(Box::new(guard()));
        }
        takes_a_while
    }

    /// Takes out a body that is in memory.
    pub(super) fn take_whole(&mut self) -> Bytes {
        match &mut self.body {
            AnyBody::Whole(whole) => whole.take(),
            _ => Bytes::new(),
        }
    }

    /// Breaks the body off once this resolves, where it is not in memory already.
    pub(super) fn until(&mut self, end: impl Future<Output = ()> + Send + 'static) {
        if !matches!(self.body, AnyBody::Whole(_)) {
            self.until = Some(Box::pin(end));
        }
    }

    /// Sets what is called once the whole body was taken to be written. It is dropped where that never is.
    pub(super) fn on_taken(&mut self, callback: impl FnOnce() + Send + 'static) {
        self.on_taken = Some(Box::new(callback));
    }
}

impl From<AnyBody> for ReplyBody {
    fn from(body: AnyBody) -> Self {
        Self {
            body,
            ..Self::default()
        }
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if let Some(until) = &mut self.until
            && until.as_mut().poll(cx).is_ready()
        {
            let text = "the key of this request is no longer good";
            return Poll::Ready(Some(Err(io::Error::other(text))));
        }
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if self.on_taken.is_some()
            && self.body.is_end_stream()
            && let Some(callback) = self.on_taken.take()
        {
            callback();
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// An answer with its content type and the headers all answers share.
pub(super) fn reply(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> HttpReply {
    let mut reply = Response::new(ReplyBody::from(AnyBody::Whole(Whole::new(body))));
    *reply.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    for (name, value) in [
        ("referrer-policy", "no-referrer"),
        // No page of another origin may embed an answer, as a picture or a script.
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    reply
}

/// A refusal: one line of JSON with a code and what to do.
pub(super) fn refuse(status: u16, code: &str, message: &str) -> HttpReply {
    reply(
        status,
        JSON,
        format!("{}\n", json!({"code": code, "message": message})),
    )
}

/// A refusal with the code, the text and the wait of a fault.
pub(super) fn refuse_fault(status: u16, fault: &Fault) -> HttpReply {
    let reply = refuse(status, fault.code.as_str(), &fault.message);
    match fault.retry_after_ms {
        Some(wait_ms) => retry_after(reply, Duration::from_millis(wait_ms)),
        None => reply,
    }
}

/// 401 with the scheme to use (RFC 9110 §15.5.2).
pub(super) fn unauthorized(message: &str) -> HttpReply {
    let mut reply = refuse(401, ErrorCode::Unauthorized.as_str(), message);
    let scheme = HeaderValue::from_static("Bearer");
    reply.headers_mut().insert(WWW_AUTHENTICATE, scheme);
    reply
}

/// 308 to the same address by https (RFC 9110 §15.4.9), and the end of the connection. `host` was checked.
pub(super) fn to_https(host: &str, uri: &Uri) -> HttpReply {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let target = format!("https://{host}{path}");
    let text = format!("this port speaks https to other machines: {target}");
    let mut reply = refuse(308, "https_only", &text);
    let headers = reply.headers_mut();
    if let Ok(target) = HeaderValue::from_str(&target) {
        headers.insert(LOCATION, target);
    }
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    reply
}

/// Has browsers come by https only for so many seconds. Said inside TLS alone (RFC 6797 §7.2).
pub(super) fn add_hsts(reply: &mut HttpReply, seconds: u64) {
    if let Ok(value) = HeaderValue::from_str(&format!("max-age={seconds}")) {
        reply.headers_mut().insert(STRICT_TRANSPORT_SECURITY, value);
    }
}

/// 503, to be tried again soon.
pub(super) fn busy(code: ErrorCode, message: &str) -> HttpReply {
    retry_after(refuse(503, code.as_str(), message), Duration::from_secs(1))
}

/// 429 until the wait is over.
pub(super) fn slow_down(wait: Duration) -> HttpReply {
    let text = "too many failed authentications from this address";
    retry_after(refuse(429, ErrorCode::RateLimited.as_str(), text), wait)
}

pub(super) fn retry_after(mut reply: HttpReply, wait: Duration) -> HttpReply {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    reply
        .headers_mut()
        .insert(RETRY_AFTER, HeaderValue::from(seconds.max(1)));
    reply
}

/// The body of a request, or the refusal that names the limit it exceeded. A body that is too large is
/// logged and counted besides: whoever posted it may be a service that tells nobody.
pub(super) async fn whole_body(
    gateway: &Gateway,
    permit: &Permit,
    path: &str,
    body: Incoming,
    limits: &Limits,
) -> Result<Vec<u8>, HttpReply> {
    let before = permit.held();
    let on_growth = |bytes| permit.hold(before + bytes, limits, None);
    let collected = collect_counted(body, limits.max_body_bytes, limits.body_timeout, on_growth);
    let collected = collected.await;
    if collected.is_ok() {
        // Whole, so no longer unfinished: a request that is being carried out gives way to nobody.
        permit.hold(before, limits, None);
    }
    collected.map_err(|error| match error {
        CollectError::TooLarge => {
            GatewayCounters::add(&gateway.counters.bodies_too_large);
            let fields: [LogField<'_>; 3] = [
                ("path", &path),
                ("max_bytes", &limits.max_body_bytes),
                ("key", &MAX_BODY_BYTES),
            ];
            let text =
                "a body was larger than allowed and was refused; raise the key if it is meant";
            gateway.log.warn_limited("gateway", text, &fields);
            let text = format!(
                "a body may have {} bytes at most ({MAX_BODY_BYTES})",
                limits.max_body_bytes
            );
            refuse(413, ErrorCode::TooLarge.as_str(), &text)
        }
        CollectError::TooSlow => refuse(408, "timeout", "the body did not come in time"),
        CollectError::Broken => refuse(400, "bad_request", "the body broke off"),
    })
}
