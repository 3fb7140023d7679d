//! The body of an answer that is a file: passed on piece by piece as it comes, within limits of bytes and
//! of progress.

use std::{fmt, future::poll_fn, pin::pin};

use http_body::Body as _;
use hyper::{
    Response,
    body::Incoming,
    header::{CONTENT_TYPE, LOCATION},
};
use tokio::time::{Instant, timeout_at};

use super::call::{HttpAnswer, HttpError, HttpLimits, MIN_PROGRESS};
use crate::config::BaseUrl;

/// Takes what is downloaded, in order.
pub trait Sink: Send {
    /// Why it takes no more.
    type Error: Send;

    /// Takes one piece.
    fn take(&mut self, piece: &[u8]) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// What came of a download that was answered.
#[derive(Debug, PartialEq, Eq)]
pub enum Downloaded {
    /// All of it went to the sink; its type, as the service says.
    Whole(Option<String>),
    /// The service refused, or said something else than a file.
    Refused(HttpAnswer),
}

/// Why a download failed.
#[derive(Debug, PartialEq, Eq)]
pub enum DownloadError<E> {
    /// The service could not be reached, or broke off.
    Http(HttpError),
    /// What may not be asked for, or was answered with a redirect, which is never followed: it could lead
    /// anywhere. Says which.
    Forbidden(String),
    /// More came, or was announced, than was allowed: this many bytes.
    TooLarge(u64),
    /// The sink takes no more.
    Sink(E),
}

impl<E> From<HttpError> for DownloadError<E> {
    fn from(error: HttpError) -> Self {
        Self::Http(error)
    }
}

impl<E: fmt::Display> fmt::Display for DownloadError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(error) => error.fmt(f),
            Self::Forbidden(why) => f.write_str(why),
            Self::TooLarge(limit) => write!(f, "the file is larger than {limit} bytes"),
            Self::Sink(error) => error.fmt(f),
        }
    }
}

/// Where an answer leads instead, if it is a redirect; only the host is told.
pub(super) fn redirect(host: &BaseUrl, response: &Response<Incoming>) -> Option<String> {
    let status = response.status();
    if !status.is_redirection() {
        return None;
    }
    let location = response.headers().get(LOCATION);
    let location = location.and_then(|location| location.to_str().ok());
    let other = location.and_then(super::address::parsed);
    let to = other.map_or_else(
        || "another address".to_owned(),
        |(other, _)| other.authority().to_owned(),
    );
    Some(format!(
        "{} redirects to {to} (status {}), and redirects are not followed",
        host.authority(),
        status.as_u16()
    ))
}

/// The type that an answer says its body has.
pub(super) fn content_type(response: &Response<Incoming>) -> Option<String> {
    let given = response.headers().get(CONTENT_TYPE)?.to_str().ok()?;
    Some(given.to_owned())
}

/// Passes a body on, of at most `limits.max_bytes`.
pub(super) async fn pour<S: Sink>(
    host: &BaseUrl,
    body: Incoming,
    limits: HttpLimits,
    sink: &mut S,
) -> Result<(), DownloadError<S::Error>> {
    let broken = |what: &str| {
        let host = host.authority();
        DownloadError::Http(HttpError::NoAnswer(format!("{host} {what}")))
    };
    let most = limits.max_bytes as u64;
    if body.size_hint().lower() > most {
        return Err(DownloadError::TooLarge(most));
    }
    let (mut taken, mut lately) = (0, 0);
    let mut due = Instant::now() + limits.stall;
    let mut body = pin!(body);
    loop {
        let next = timeout_at(due, poll_fn(|cx| body.as_mut().poll_frame(cx))).await;
        let Some(frame) = next.map_err(|_| broken("stopped in the middle of a file"))? else {
            return Ok(());
        };
        let frame = frame.map_err(|_| broken("closed the connection in the middle of a file"))?;
        let Some(piece) = frame.data_ref() else {
            continue;
        };
        taken += piece.len() as u64;
        lately += piece.len() as u64;
        if taken > most {
            return Err(DownloadError::TooLarge(most));
        }
        sink.take(piece).await.map_err(DownloadError::Sink)?;
        if lately >= MIN_PROGRESS {
            (lately, due) = (0, Instant::now() + limits.stall);
        }
    }
}
