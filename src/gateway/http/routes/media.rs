//! `/media`: files handed in, and `/media/ID`: files handed out, whole or in part. Both need the token, both
//! stream: no file is in memory.
//!
//! What is handed out can do nothing in a browser: its type is what its bytes say, it is not sniffed, it is
//! sandboxed, and only pictures, sound and video are shown in place.

use std::{future::poll_fn, pin::pin, time::Duration};

use http_body::Body as _;
use hyper::{
    HeaderMap, Method, Request, StatusCode,
    body::Incoming as Body,
    header::{
        ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_RANGE, CONTENT_TYPE, ETAG,
        HeaderName, HeaderValue, IF_NONE_MATCH, IF_RANGE, RANGE,
    },
};
use tokio::time::timeout;

use crate::{
    body::FileBody,
    file_name,
    gateway::{
        Gateway,
        actions::media::kept_json,
        http::respond::{HttpReply, ReplyBody, refuse, refuse_fault, reply},
    },
    media::{About, Intake, MediaError, OpenFile, probe},
    message::MediaId,
    protocol::error_code::Fault,
};

/// A sender of a file has the time of a body for so many bytes of it.
const STEP: u64 = 64 * 1024;

/// What a page of another origin, or a file opened in a tab, may do with it: nothing.
const POLICY: &str = "default-src 'none'; sandbox";

/// Files never change: their name is what they are.
const CACHING: &str = "private, max-age=31536000, immutable";

/// Takes a file in: 201 with its id, once it is on disk.
pub(in crate::gateway::http) async fn upload(
    gateway: &Gateway,
    request: Request<Body>,
) -> HttpReply {
    let (head, body) = request.into_parts();
    match take(gateway, &head.headers, body).await {
        Ok(json) => reply(201, "application/json", format!("{json}\n")),
        Err(refusal) => refusal,
    }
}

async fn take(gateway: &Gateway, headers: &HeaderMap, body: Body) -> Result<String, HttpReply> {
    let announced = body.size_hint().lower();
    let intake = gateway.media.upload(announced).await;
    let mut intake = intake.map_err(refused)?;
    receive(&mut intake, body, gateway.settings().limits.body_timeout).await?;
    let text = |name: HeaderName| {
        headers
            .get(name)
            .map(|value| String::from_utf8_lossy(value.as_bytes()))
    };
    let about = About {
        mime: text(CONTENT_TYPE).map(Into::into),
        name: text(CONTENT_DISPOSITION).and_then(|value| file_name::of_disposition(&value)),
        ..About::default()
    };
    let kept = intake.finish(about).await.map_err(refused)?;
    Ok(kept_json(&kept).to_string())
}

/// Reads the body, as long as it goes on coming.
async fn receive(intake: &mut Intake, body: Body, limit: Duration) -> Result<(), HttpReply> {
    let mut body = pin!(body);
    let slow = |_| refuse(408, "timeout", "the file did not come in time");
    loop {
        let until = intake.bytes() + STEP;
        let step = async {
            while intake.bytes() < until {
                let Some(frame) = poll_fn(|cx| body.as_mut().poll_frame(cx)).await else {
                    return Ok(true);
                };
                let broken = |_| refuse(400, "bad_request", "the body broke off");
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
        Asked::Whole
    };
    let (status, from, length) = match range {
        Asked::Whole => (StatusCode::OK, 0, row.bytes),
        Asked::Part(from, last) => (StatusCode::PARTIAL_CONTENT, from, last + 1 - from),
        Asked::Outside => {
            let text = format!("the file has {} bytes", row.bytes);
            let mut reply = refuse(416, "bad_range", &text);
            set(&mut reply, CONTENT_RANGE, &format!("bytes */{}", row.bytes));
            return reply;
        }
    };
    let mut reply = reply(status.as_u16(), "application/octet-stream", "");
    *reply.body_mut() = ReplyBody::of_file(FileBody::new(file, from, length));
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

/// Whether a list of entity tags has this one (RFC 9110 §8.8.3); weak ones compare equal here (§13.1.2).
fn names(tags: &HeaderValue, tag: &str) -> bool {
    let tags = tags.to_str().unwrap_or_default().split(',');
    let mut tags = tags.map(|one| one.trim().trim_start_matches("W/"));
    tags.any(|one| one == "*" || one == tag)
}

/// What a request asks of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Whole,
    /// From this byte to that one, both included.
    Part(u64, u64),
    /// Nothing that is there.
    Outside,
}

/// One range of bytes (RFC 9110 §14.2). What asks for several, or in other units, gets the whole file; so
/// does who has another file in mind (`If-Range`, §13.1.5).
fn asked_range(headers: &HeaderMap, tag: &str, bytes: u64) -> Asked {
    let Some(range) = headers.get(RANGE).and_then(|value| value.to_str().ok()) else {
        return Asked::Whole;
    };
    if headers.get(IF_RANGE).is_some_and(|other| other != tag) {
        return Asked::Whole;
    }
    let range = range
        .trim()
        .strip_prefix("bytes=")
        .filter(|range| !range.contains(','));
    let Some((first, last)) = range.and_then(|range| range.split_once('-')) else {
        return Asked::Whole;
    };
    let number = |text: &str| {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse().unwrap_or(u64::MAX))
    };
    match (first.trim(), last.trim()) {
        ("", last) => match number(last) {
            None => Asked::Whole,
            Some(0) => Asked::Outside,
            Some(count) => part(bytes.saturating_sub(count), u64::MAX, bytes),
        },
        (first, "") => number(first).map_or(Asked::Whole, |first| part(first, u64::MAX, bytes)),
        (first, last) => match (number(first), number(last)) {
            (Some(first), Some(last)) if first <= last => part(first, last, bytes),
            _ => Asked::Whole,
        },
    }
}

fn part(first: u64, last: u64, bytes: u64) -> Asked {
    if first >= bytes {
        return Asked::Outside;
    }
    Asked::Part(first, last.min(bytes - 1))
}

/// The refusal that an error of a file is.
fn refused(error: MediaError) -> HttpReply {
    let status = match &error {
        MediaError::Unknown(_) | MediaError::Gone(_) => 404,
        MediaError::TooLarge(_) => 413,
        MediaError::QuotaReached(_) | MediaError::DiskFull(_) => 507,
        MediaError::Empty | MediaError::Different => 400,
        MediaError::Busy | MediaError::Store(_) => 503,
        MediaError::Disk(_) => 500,
    };
    refuse_fault(status, &Fault::from(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(range: &'static str, if_range: Option<&'static str>) -> Asked {
        let mut headers = HeaderMap::new();
        headers.insert(RANGE, HeaderValue::from_static(range));
        if let Some(tag) = if_range {
            headers.insert(IF_RANGE, HeaderValue::from_static(tag));
        }
        asked_range(&headers, "\"a\"", 10)
    }

    #[test]
    fn one_range_is_served_and_anything_else_is_the_whole_file() {
        for (range, expected) in [
            ("bytes=0-3", Asked::Part(0, 3)),
            ("bytes=3-", Asked::Part(3, 9)),
            ("bytes=-3", Asked::Part(7, 9)),
            ("bytes=-30", Asked::Part(0, 9)),
            ("bytes=3-99999999999999999999999", Asked::Part(3, 9)),
            ("bytes=10-", Asked::Outside),
            ("bytes=-0", Asked::Outside),
            ("bytes=3-2", Asked::Whole),
            ("bytes=0-1,3-4", Asked::Whole),
            ("bytes=a-b", Asked::Whole),
            ("bytes=-", Asked::Whole),
            ("items=0-3", Asked::Whole),
            ("bytes=+1-2", Asked::Whole),
        ] {
            assert_eq!(asked(range, None), expected, "{range}");
        }
    }

    #[test]
    fn a_range_of_another_file_is_the_whole_one() {
        assert_eq!(asked("bytes=0-3", Some("\"a\"")), Asked::Part(0, 3));
        assert_eq!(asked("bytes=0-3", Some("\"b\"")), Asked::Whole);
        assert_eq!(asked("bytes=0-3", Some("W/\"a\"")), Asked::Whole);
    }

    #[test]
    fn a_file_that_is_known_is_named_by_its_tag() {
        let tags = HeaderValue::from_static("\"b\", W/\"a\"");
        assert!(names(&tags, "\"a\"") && !names(&tags, "\"c\""));
        assert!(names(&HeaderValue::from_static("*"), "\"c\""));
    }
}
