//! Where new programs come from: a file or a URL.
//!
//! Not here: what is offered (`offer`), and whether it is genuine (`genuine`).

use std::{path::PathBuf, time::Duration};

use hyper::Method;

use crate::{
    config::BaseUrl,
    error::{Error, Result},
    http_client::{Http, HttpBody, HttpCall, HttpLimits},
};

/// The largest program.
const MAX_PROGRAM: usize = 256 << 20;

/// The largest list or signature.
const MAX_SMALL: usize = 64 << 10;

/// How often a server may send us on: releases are often kept elsewhere.
const MAX_REDIRECTS: usize = 5;

/// How long a program may take to come.
const SLOWEST: Duration = Duration::from_secs(900);

/// A file, or the address of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    File(PathBuf),
    Url(String),
}

impl Source {
    pub(super) fn of(text: &str) -> Self {
        if text.starts_with("https://") || text.starts_with("http://") {
            return Self::Url(text.to_owned());
        }
        Self::File(PathBuf::from(text))
    }

    pub(super) fn is_remote(&self) -> bool {
        matches!(self, Self::Url(_))
    }
}

/// A program.
pub(super) async fn fetch(source: &Source) -> Result<Vec<u8>> {
    read(source, MAX_PROGRAM).await
}

/// A signature or a list.
pub(super) async fn fetch_small(source: &Source) -> Result<Vec<u8>> {
    read(source, MAX_SMALL).await
}

async fn read(source: &Source, most: usize) -> Result<Vec<u8>> {
    match source {
        Source::File(path) => {
            let length = std::fs::metadata(path).map(|found| found.len());
            let length = length.map_err(Error::file("read the file", path))?;
            if length > most as u64 {
                return Err(Error::Failed(format!(
                    "{} has {length} bytes, more than the {most} there may be",
                    path.display()
                )));
            }
            std::fs::read(path).map_err(Error::file("read the file", path))
        }
        Source::Url(url) => get(url, most).await,
    }
}

/// The body at an address. A server may send on, but not from https to http.
async fn get(url: &str, most: usize) -> Result<Vec<u8>> {
    let mut url = url.to_owned();
    for _ in 0..=MAX_REDIRECTS {
        let (base, path) = parted(&url)?;
        let is_https = base.is_https();
        let http = Http::new(base);
        let call = HttpCall {
            method: Method::GET,
            path: &path,
            headers: &[(
                "user-agent",
                concat!("cleudocodebot/", env!("CARGO_PKG_VERSION")),
            )],
            body: HttpBody::Empty,
            limits: HttpLimits {
                body: SLOWEST,
                max_bytes: most,
                ..HttpLimits::default()
            },
        };
        let answer = http.call(call).await;
        let answer = answer.map_err(|error| Error::Failed(format!("cannot fetch it: {error}")))?;
        match (answer.status, answer.header("location")) {
            (200, _) => return Ok(answer.body.to_vec()),
            (301 | 302 | 303 | 307 | 308, Some(next)) => {
                if is_https && !next.starts_with("https://") {
                    return Err(Error::Failed(format!(
                        "{} sends on to an address without TLS",
                        http.host()
                    )));
                }
                next.clone_into(&mut url);
            }
            (status, _) => {
                return Err(Error::Failed(format!(
                    "{} answered with status {status}",
                    http.host()
                )));
            }
        }
    }
    Err(Error::Failed("the server sends on without end".to_owned()))
}

/// Host, and path with query.
pub(super) fn parted(url: &str) -> Result<(BaseUrl, String)> {
    let wrong = |why: &str| Error::Usage(format!("not an address to fetch from: {why}"));
    let (scheme, rest) = url
        .split_once("://")
        .ok_or_else(|| wrong("it has no ://"))?;
    let (host, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let base = BaseUrl::parse(&format!("{scheme}://{host}")).map_err(|why| wrong(&why))?;
    if !path.bytes().all(|byte| byte.is_ascii_graphic()) || path.contains('#') {
        return Err(wrong("its path has characters that none has"));
    }
    Ok((
        base,
        if path.is_empty() {
            "/".to_owned()
        } else {
            path.to_owned()
        },
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_host_and_path() {
        let (base, path) = parted("https://a.example:8443?x=1").expect("an address");
        assert_eq!(
            (base.authority(), path.as_str()),
            ("a.example:8443", "?x=1")
        );
        for wrong in ["https://", "https://a b/c", "https://a/ü", "ftp://a"] {
            assert!(parted(wrong).is_err(), "{wrong}");
        }
    }
}
