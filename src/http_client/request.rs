//! A request as hyper sends it.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::{
    Method, Request,
    header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue, USER_AGENT},
};
use serde_json::Value;

use super::call::HttpBody;
use crate::{
    body::{AnyBody, Whole},
    config::BaseUrl,
};

/// Sent with every request. Meta's servers of files refuse requests without one.
pub(super) const AGENT: &str = concat!("cleudocodebot/", env!("CARGO_PKG_VERSION"));

/// The body of a request, which tells when all of it was handed out.
pub(super) struct RequestBody {
    content: AnyBody,
    sent: Sent,
}

/// Whether a body was handed out to the connection. Without a file it counts as handed out at once: it
/// is small, and what came of it is not known once the connection breaks.
#[derive(Debug, Clone)]
pub(super) struct Sent(Arc<AtomicBool>);

impl Sent {
    pub(super) fn all(&self) -> bool {
        self.0.load(Relaxed)
    }
}

impl RequestBody {
    fn new(content: AnyBody) -> Self {
        let whole = matches!(content, AnyBody::Whole(_));
        let sent = Sent(Arc::new(AtomicBool::new(whole)));
        Self { content, sent }
    }

    pub(super) fn sent(&self) -> Sent {
        self.sent.clone()
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let frame = ready!(Pin::new(&mut self.content).poll_frame(cx));
        if self.content.is_end_stream() && !matches!(frame, Some(Err(_))) {
            self.sent.0.store(true, Relaxed);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.content.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.content.size_hint()
    }
}

/// Builds a request to a host; the error says what is not valid.
pub(super) fn request(
    host: &BaseUrl,
    method: Method,
    target: &str,
    headers: &[(&'static str, &str)],
    body: HttpBody<'_>,
) -> Result<Request<RequestBody>, &'static str> {
    let bad = |_| "cannot be called: a header value is not valid";
    let (content, content_type) = match body {
        HttpBody::Empty | HttpBody::Json(Value::Null) => (AnyBody::default(), None),
        HttpBody::Json(json) => {
            let content = AnyBody::Whole(Whole::new(json.to_string()));
            (content, Some(HeaderValue::from_static("application/json")))
        }
        HttpBody::JsonText(text) => {
            let content = AnyBody::Whole(Whole::new(text));
            (content, Some(HeaderValue::from_static("application/json")))
        }
        HttpBody::Bytes(bytes) => {
            let content = AnyBody::Whole(Whole::new(bytes));
            let content_type = HeaderValue::from_static("application/octet-stream");
            (content, Some(content_type))
        }
        HttpBody::Form(form) => {
            let content_type = HeaderValue::from_str(&form.content_type()).map_err(bad)?;
            let content = AnyBody::Form(Box::new(form.into_body()));
            (content, Some(content_type))
        }
    };
    let built = Request::builder().method(method).uri(target);
    let built = built.body(RequestBody::new(content));
    let mut request = built.map_err(|_| "cannot be called: the path is not valid")?;
    let all = request.headers_mut();
    all.insert(HOST, HeaderValue::from_str(host.authority()).map_err(bad)?);
    all.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    if let Some(content_type) = content_type {
        all.insert(CONTENT_TYPE, content_type);
    }
    for (name, value) in headers {
        let mut value = HeaderValue::from_str(value).map_err(bad)?;
        value.set_sensitive(true);
        all.insert(HeaderName::from_static(name), value);
    }
    Ok(request)
}
