//! `/media`: files handed in, and `/media/ID`: files handed out, whole or in part. Both need the token, both
//! stream: no file is in memory.
//!
//! What is handed out can do nothing in a browser: its type is what its bytes say, it is not sniffed, it is
//! sandboxed, and only pictures, sound and video are shown in place.

use std::{future::poll_fn, pin::pin, time::Duration};

use http_body::Body as _;
use hyper::{
    Method, Request, StatusCode,
    body::Incoming as Body,
    header::{
        ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_RANGE, CONTENT_TYPE, ETAG,
        HeaderName, HeaderValue, IF_NONE_MATCH, VARY,
    },
};
use tokio::time::timeout;

#[cfg(feature = "nats")]
use crate::media::NotFetched;

use super::range::{RangeRequest, asked_range, names};
use crate::{
    body::{AnyBody, FileBody},
    file_name,
    gateway::{
        Gateway,
        actions::media::kept_json,
        http::respond::{HttpReply, JSON, refuse, refuse_fault, reply},
        permissions::Access,
    },
    media::{About, Intake, MediaError, OpenFile, probe},
    message::MediaId,
    protocol::error_code::{ErrorCode, Fault},
    store::KeptMedia,
};

/// A sender of a file has the time of a body for so many bytes of it.
const STEP: u64 = 64 * 1024;

/// What a page of another origin, or a file opened in a tab, may do with it: nothing.
const POLICY: &str = "default-src 'none'; sandbox";

/// Files never change, but a browser that keeps one must ask before it shows it again: the key may have been revoked,
/// or its owner logged out, since.
const CACHING: &str = "private, no-cache";

/// Whether a body is a form with the file somewhere in it, as `curl -F` sends.
pub(super) fn is_form(mime: &str) -> bool {
    let kind = mime.trim_start().get(..FORMS.len());
    kind.is_some_and(|kind| kind.eq_ignore_ascii_case(FORMS))
}

/// What the types of forms with files begin with.
const FORMS: &str = "multipart/";

/// Takes a file in: 201 with its id, once it is on disk.
pub(in crate::gateway::http) async fn upload(
    gateway: &Gateway,
    access: &Access,
    request: Request<Body>,
) -> HttpReply {
    let (head, body) = request.into_parts();
    let text = |name: HeaderName| {
        let value = head.headers.get(name);
        value.map(|value| String::from_utf8_lossy(value.as_bytes()))
    };
    let mime = text(CONTENT_TYPE);
    if mime.as_deref().is_some_and(is_form) {
        let text = "a form is not taken; send the file itself, with --data-binary @FILE and its Content-Type";
        return refuse(415, ErrorCode::BadPayload.as_str(), text);
    }
    let about = About {
        mime: mime.map(Into::into),
        name: text(CONTENT_DISPOSITION).and_then(|value| file_name::of_disposition(&value)),
        ..About::default()
    };
    match take(gateway, body, about).await {
        Ok(kept) => reply(201, JSON, format!("{}\n", kept_json(&kept, access))),
        Err(refusal) => refusal,
    }
}

/// Keeps the file that a body is.
pub(super) async fn take(
    gateway: &Gateway,
    body: Body,
    about: About,
) -> Result<KeptMedia, HttpReply> {
    let announced = body.size_hint().lower();
    let intake = gateway.media.upload(announced).await;
    let mut intake = intake.map_err(refused)?;
    receive(&mut intake, body, gateway.settings().limits.body_timeout).await?;
    intake.finish(about).await.map_err(refused)
}

/// Reads the body, as long as it goes on coming.
async fn receive(intake: &mut Intake, body: Body, limit: Duration) -> Result<(), HttpReply> {
    let mut body = pin!(body);
    let slow = |_| {
        let limit = limit.as_millis();
        let text = format!(
            "64 KiB of the file did not come within {limit} ms (CLEUDOCODEBOT_BODY_TIMEOUT_MS); send it again"
        );
        refuse(408, "timeout", &text)
    };
    loop {
        let until = intake.bytes() + STEP;
        let step = async {
            while intake.bytes() < until {
                let Some(frame) = poll_fn(|cx| body.as_mut().poll_frame(cx)).await else {
                    return Ok(true);
                };
                let broken = |_| {
                    let text = "the file broke off, and nothing of it is kept; send it again";
                    refuse(400, "bad_request", text)
                };
                let frame = frame.map_err(broken)?;
                if let Some(data) = frame.data_ref() {
                    intake.write(data).await.map_err(refused)?;
                }
            }
            Ok(false)
        };
        if timeout(limit, step).await.map_err(slow)?? {
            return Ok(());
        }
    }
}

/// Hands a file out.
pub(in crate::gateway::http) async fn download(
    gateway: &Gateway,
    id: &str,
    request: &Request<Body>,
) -> HttpReply {
    let Ok(id) = id.parse::<MediaId>() else {
        return refuse(
            404,
            "not_found",
            "no file has this id; an id is 64 hexadecimal digits",
        );
    };
    match gateway.media.open_file(id).await {
        Ok(opened) => served(opened, request),
        Err(error) => refused(error),
    }
}

fn served(opened: OpenFile, request: &Request<Body>) -> HttpReply {
    let OpenFile { row, file } = opened;
    let tag = format!("\"{}\"", row.id);
    let asks = request.headers();
    if asks
        .get(IF_NONE_MATCH)
        .is_some_and(|tags| names(tags, &tag))
    {
        let mut reply = reply(304, "application/octet-stream", "");
        describe(&mut reply, &row.mime, row.name.as_deref(), &tag);
        return reply;
    }
    let range = if request.method() == Method::GET {
        asked_range(asks, &tag, row.bytes)
    } else {
        RangeRequest::Whole
    };
    let (status, from, length) = match range {
        RangeRequest::Whole => (StatusCode::OK, 0, row.bytes),
        RangeRequest::Part(from, last) => (StatusCode::PARTIAL_CONTENT, from, last + 1 - from),
        RangeRequest::Outside => {
            let text = format!("the file has {} bytes", row.bytes);
            let mut reply = refuse(416, "bad_range", &text);
            set(&mut reply, CONTENT_RANGE, &format!("bytes */{}", row.bytes));
            return reply;
        }
    };
    let mut reply = reply(status.as_u16(), "application/octet-stream", "");
    *reply.body_mut() = AnyBody::File(FileBody::new(file, from, length)).into();
    describe(&mut reply, &row.mime, row.name.as_deref(), &tag);
    if status == StatusCode::PARTIAL_CONTENT {
        let last = from + length - 1;
        set(
            &mut reply,
            CONTENT_RANGE,
            &format!("bytes {from}-{last}/{}", row.bytes),
        );
    }
    reply
}

/// The headers of a file.
fn describe(reply: &mut HttpReply, mime: &str, name: Option<&str>, tag: &str) {
    let how = if probe::is_shown_inline(mime) {
        "inline"
    } else {
        "attachment"
    };
    let disposition = file_name::disposition(how, name);
    for (header, value) in [
        (CONTENT_TYPE, mime),
        (CONTENT_DISPOSITION, &disposition),
        (ETAG, tag),
        (CACHE_CONTROL, CACHING),
        (VARY, "Authorization"),
        (ACCEPT_RANGES, "bytes"),
        (HeaderName::from_static("content-security-policy"), POLICY),
    ] {
        set(reply, header, value);
    }
}

fn set(reply: &mut HttpReply, header: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        reply.headers_mut().insert(header, value);
    }
}

/// The refusal that an error of a file is.
fn refused(error: MediaError) -> HttpReply {
    let status = match &error {
        MediaError::Unknown(_) | MediaError::Gone(_) => 404,
        MediaError::TooLarge(_) => 413,
        MediaError::QuotaReached(_) | MediaError::DiskFull(_) => 507,
        MediaError::Empty | MediaError::Different => 400,
        #[cfg(feature = "nats")]
        MediaError::Elsewhere(_, NotFetched::Nowhere) => 404,
        #[cfg(feature = "nats")]
        MediaError::Elsewhere(..) => 503,
        MediaError::Busy | MediaError::Held | MediaError::Store(_) => 503,
        MediaError::Disk(_) => 500,
    };
    refuse_fault(status, &Fault::from(error))
}
