//! `POST /mcp`: the Model Context Protocol over HTTP. Each answer is one JSON document: no stream is opened,
//! so there is nothing to get, and no session, so there is nothing to delete.

use std::sync::Arc;

use hyper::{
    HeaderMap, Request,
    body::Incoming as Body,
    header::{ACCEPT, HeaderValue},
};

use crate::{
    config::Config,
    gateway::{
        Gateway,
        admission::Permit,
        http::respond::{HttpReply, JSON, refuse, reply, whole_body},
        mcp::{self, OnSent, Posted, RevisionHeaders},
        permissions::Access,
    },
    percent,
};

/// What the newer clients must be ready for, although nothing here is one.
const STREAM: &str = "text/event-stream";

/// Answers a request whose token was checked, and says whom to call once the answer is sent.
pub(in crate::gateway::http) async fn answer(
    gateway: &Arc<Gateway>,
    permit: &Permit,
    access: Access,
    request: Request<Body>,
    base: &str,
    config: &Config,
) -> (HttpReply, Vec<OnSent>) {
    let (head, body) = request.into_parts();
    let headers = revision_headers(&head.headers);
    if let Err(refusal) = check_accept(&head.headers, headers) {
        return (refusal, Vec::new());
    }
    let body = match whole_body(gateway, permit, "/mcp", body, &config.limits).await {
        Ok(body) => body,
        Err(refusal) => return (refusal, Vec::new()),
    };
    let reader = head.uri.query().and_then(reader);
    let posted = Posted {
        // What is not UTF-8 is not JSON either, and is refused as such.
        body: std::str::from_utf8(&body).unwrap_or_default(),
        headers,
        base,
        reader: reader.as_deref(),
        access: &access,
    };
    let answered = mcp::answer(gateway, posted).await;
    (
        reply(answered.status, JSON, answered.body),
        answered.on_sent,
    )
}

fn revision_headers(headers: &HeaderMap) -> RevisionHeaders<'_> {
    let mut twice = false;
    let mut one = |name: &str| {
        let mut values = headers.get_all(name).iter();
        let first = values.next();
        twice |= values.next().is_some();
        // What is no text equals nothing that a body can say.
        first.map(|value| value.to_str().unwrap_or("\u{fffd}"))
    };
    let (version, method, name) = (
        one("mcp-protocol-version"),
        one("mcp-method"),
        one("mcp-name"),
    );
    RevisionHeaders {
        version,
        method,
        name,
        twice,
    }
}

/// Whose place among the messages it goes on from, as the address says that a client was configured with:
/// `/mcp?reader=NAME`.
fn reader(query: &str) -> Option<String> {
    let mut pairs = query.split('&');
    let value = pairs.find_map(|pair| pair.strip_prefix("reader="))?;
    let name = String::from_utf8(percent::decode(value, b'%')).ok()?;
    let is_name = !name.is_empty() && name.len() <= 256 && !name.chars().any(char::is_control);
    is_name.then_some(name)
}

/// 406 for who cannot read what is answered (RFC 9110 §12.5.1). Nothing said is anything.
fn check_accept(headers: &HeaderMap, revision: RevisionHeaders<'_>) -> Result<(), HttpReply> {
    let all: Vec<_> = headers.get_all(ACCEPT).iter().collect();
    let needed = if revision.is_stateless() {
        &[JSON, STREAM][..]
    } else {
        &[JSON]
    };
    if all.is_empty() || needed.iter().all(|kind| accepts(&all, kind)) {
        return Ok(());
    }
    let text = "the header Accept must name application/json and text/event-stream";
    Err(refuse(406, "not_acceptable", text))
}

fn accepts(values: &[&HeaderValue], kind: &str) -> bool {
    let texts = values.iter().filter_map(|value| value.to_str().ok());
    let mut ranges = texts.flat_map(|text| text.split(','));
    ranges.any(|range| {
        let mut parts = range.split(';');
        let name = parts.next().unwrap_or_default().trim();
        let is_refused =
            parts.any(|part| matches!(part.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000"));
        let of_kind = name.split_once('/').zip(kind.split_once('/')).is_some_and(
            |((left, right), (kind, subkind))| {
                (left == "*" && right == "*")
                    || left.eq_ignore_ascii_case(kind)
                        && (right == "*" || right.eq_ignore_ascii_case(subkind))
            },
        );
        of_kind && !is_refused
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_must_be_acceptable_and_to_newer_clients_a_stream_too() {
        let check = |accept: &'static [&'static str], version: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            for value in accept {
                headers.append(ACCEPT, HeaderValue::from_static(value));
            }
            let revision = RevisionHeaders {
                version,
                ..RevisionHeaders::default()
            };
            check_accept(&headers, revision).is_ok()
        };
        let stateless = Some("2026-07-28");
        for (accept, old, new) in [
            (&[][..], true, true),
            (&["application/json, text/event-stream"], true, true),
            (&["text/event-stream", "Application/JSON;q=0.5"], true, true),
            (&["*/*"], true, true),
            (&["application/json"], true, false),
            (&["text/event-stream"], false, false),
            (&["application/json;q=0, text/*"], false, false),
            (&["text/html"], false, false),
        ] {
            assert_eq!(check(accept, Some("2025-11-25")), old, "{accept:?}");
            assert_eq!(check(accept, stateless), new, "{accept:?}");
        }
    }

    #[test]
    fn a_reader_is_a_name_in_the_address() {
        for (query, expected) in [
            ("reader=pi", Some("pi")),
            ("a=b&reader=jo%C3%A3o", Some("joão")),
            ("reader=", None),
            ("reader=a%0Ab", None),
            ("readers=pi", None),
        ] {
            assert_eq!(reader(query).as_deref(), expected, "{query}");
        }
    }
}
