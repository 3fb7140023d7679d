//! What a request must carry before anything is answered: our `Host`, an `Origin` we allow, a method
//! of the path, a token only where it may travel. Each check says what to mend.
//!
//! Whether a token is right is the gateway's to say; here it is only taken out of its header.

use std::borrow::Cow;

use data_encoding::BASE64;
use hyper::{
    Method, Request, Uri,
    body::Incoming as Body,
    header::{ALLOW, CONNECTION, HeaderValue},
    http::uri::Authority,
};

use super::{
    head::Head,
    occurrence::Occurrence,
    origin::{host_is_ours, is_https_of, origin_is_ours},
    respond::{HttpReply, refuse, unauthorized},
};
use crate::{
    config::{BaseUrl, Config},
    gateway::Gateway,
};

/// The token of a request: that of its one `Authorization`, empty where there are several; none where there is none.
pub(super) fn given_token<'h>(head: &Head<'h>) -> Option<Cow<'h, str>> {
    match head.authorization {
        Occurrence::Once(value) => Some(token(value).unwrap_or_default()),
        Occurrence::Again => Some(Cow::default()),
        Occurrence::Never => None,
    }
}

/// The token in an `Authorization` header: the credentials of Bearer (RFC 6750 §2.1), or the password
/// of Basic (RFC 7617 §2), which is all that some clients can send. Schemes have no case (RFC 9110
/// §11.1).
fn token(value: &HeaderValue) -> Option<Cow<'_, str>> {
    let value = value.to_str().ok()?;
    // As nearly all write it.
    if let Some(credentials) = value.strip_prefix("Bearer ") {
        return Some(Cow::Borrowed(credentials.trim_ascii()));
    }
    let (scheme, credentials) = value.split_once(' ')?;
    let credentials = credentials.trim_ascii();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(Cow::Borrowed(credentials));
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = BASE64.decode(credentials.as_bytes()).ok()?;
    let pair = String::from_utf8(pair).ok()?;
    // The user is nobody's business here; a password may have colons of its own.
    pair.split_once(':')
        .map(|(_, password)| Cow::Owned(password.to_owned()))
}

/// `Transfer-Encoding` is `chunked`, once, or is not there. What else says where a body ends, two readers
/// could read differently (RFC 9112 §6.1, §11.2).
pub(super) fn check_framing(head: &Head<'_>) -> Result<(), HttpReply> {
    match head.coding {
        Occurrence::Never => return Ok(()),
        Occurrence::Once(coding) if coding.as_bytes().eq_ignore_ascii_case(b"chunked") => {
            return Ok(());
        }
        Occurrence::Once(_) | Occurrence::Again => {}
    }
    let text = "Transfer-Encoding may be chunked, once, and nothing else";
    let mut reply = refuse(400, "bad_request", text);
    let close = HeaderValue::from_static("close");
    reply.headers_mut().insert(CONNECTION, close);
    Err(reply)
}

/// The one `Host`, if it is ours. An absolute request target counts as well (RFC 9112 §3.2.2).
pub(super) fn checked_host<'h>(
    head: &Head<'h>,
    uri: &Uri,
    gateway: &Gateway,
    config: &Config,
) -> Result<&'h str, HttpReply> {
    let Some(host) = head.host.only() else {
        return Err(refuse(
            400,
            "bad_request",
            "a request has exactly one Host header",
        ));
    };
    let host = host.to_str().unwrap_or_default();
    let target = uri.authority().map(Authority::as_str);
    let is_ours = |host: &str| {
        // Mostly it is the address that the port is at, which needs no reading.
        gateway.own_host.as_deref() == Some(host)
            || host_is_ours(
                host,
                config.host,
                &config.allowed_hosts,
                config.public_host(),
            )
    };
    if is_ours(host) && target.is_none_or(is_ours) {
        return Ok(host);
    }
    let text = "this Host is not ours; name it in CLEUDOCODEBOT_ALLOWED_HOSTS if it is";
    Err(refuse(403, "forbidden_host", text))
}

pub(super) fn check_origin(
    head: &Head<'_>,
    host: &str,
    is_tls: bool,
    config: &Config,
) -> Result<(), HttpReply> {
    let names = || {
        let public = config.secure_url().map(BaseUrl::authority);
        config
            .allowed_hosts
            .iter()
            .map(String::as_str)
            .chain(public)
    };
    let is_ours = |origin| {
        origin_is_ours(origin, host, is_tls, &config.allowed_origins)
            || is_https_of(origin, names())
    };
    match head.origin {
        Occurrence::Never => return Ok(()),
        Occurrence::Once(origin) if is_ours(origin.to_str().unwrap_or_default()) => return Ok(()),
        Occurrence::Once(_) | Occurrence::Again => {}
    }
    let text = "this Origin is not ours; name it in CLEUDOCODEBOT_ALLOWED_ORIGINS if it is";
    Err(refuse(403, "forbidden_origin", text))
}

/// A query ends up in logs and histories, so a token in it is refused with a reason, not ignored.
pub(super) fn check_query(request: &Request<Body>) -> Result<(), HttpReply> {
    let names_token = |pair: &str| {
        let name = pair.split('=').next().unwrap_or_default();
        ["token", "access_token", "auth_token"]
            .iter()
            .any(|known| name.eq_ignore_ascii_case(known))
    };
    if request
        .uri()
        .query()
        .is_some_and(|query| query.split('&').any(names_token))
    {
        let text =
            "a token does not travel in a URL; send Authorization: Bearer or the action auth";
        return Err(unauthorized(text));
    }
    Ok(())
}

pub(super) fn allow(request: &Request<Body>, methods: &[Method]) -> Result<(), HttpReply> {
    if methods.contains(request.method()) {
        return Ok(());
    }
    let list = methods
        .iter()
        .map(Method::as_str)
        .collect::<Vec<_>>()
        .join(", ");
    let mut reply = refuse(405, "method_not_allowed", &format!("only {list} here"));
    if let Ok(value) = HeaderValue::from_str(&list) {
        reply.headers_mut().insert(ALLOW, value);
    }
    Err(reply)
}

#[cfg(test)]
mod tests {
    use hyper::{HeaderMap, header::TRANSFER_ENCODING};

    use super::*;

    #[test]
    fn chunked_is_the_one_coding_and_comes_once() {
        let check = |lines: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(TRANSFER_ENCODING, HeaderValue::from_static(line));
            }
            check_framing(&Head::of(&headers)).map_err(|reply| reply.status().as_u16())
        };
        assert_eq!((check(&[]), check(&["Chunked"])), (Ok(()), Ok(())));
        for wrong in [
            &["chunked, chunked"][..],
            &["chunked", "chunked"],
            &["gzip, chunked"],
            &["identity"],
            &["chunked;q=1"],
        ] {
            assert_eq!(check(wrong), Err(400), "{wrong:?}");
        }
    }

    #[test]
    fn a_token_comes_as_bearer_or_as_the_password_of_basic() {
        let basic = |pair: &str| format!("Basic {}", BASE64.encode(pair.as_bytes()));
        for (header, expected) in [
            ("Bearer abc".to_owned(), Some("abc")),
            ("bearer  abc ".to_owned(), Some("abc")),
            (basic("x:abc"), Some("abc")),
            (basic(":a:b"), Some("a:b")),
            (basic("abc"), None),
            ("Basic ???".to_owned(), None),
            ("Digest abc".to_owned(), None),
            ("abc".to_owned(), None),
        ] {
            let value = HeaderValue::from_str(&header).expect("a header");
            assert_eq!(token(&value).as_deref(), expected, "{header}");
        }
    }
}
