//! One question to an address that may not be right yet: what comes back tells the reasons apart for which an address
//! does not work, where a call to a service only says that it did not.

use std::{io, time::Duration};

use hyper::Method;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::{Instant, timeout_at},
};

use super::{
    call::{HttpAnswer, HttpBody, HttpLimits},
    connection::{self, Unsent},
    request::request,
    tls::Tls,
};
use crate::{body::collect, config::BaseUrl};

/// Longest answer.
const MAX_ANSWER: usize = 64 * 1024;

/// What came of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probed {
    /// What was answered.
    pub answer: HttpAnswer,
    /// When the certificate that was shown ends, ms since 1970; `None` without one.
    pub until_ms: Option<u64>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProbeError {
    /// The name has no address, and what the system said.
    NotFound(String),
    /// Nothing listens at the address.
    Refused,
    /// Nobody answered in time.
    TimedOut,
    /// The address cannot be reached, and why.
    Unreachable(String),
    /// What listens does not speak TLS, and what came instead.
    NoTls(String),
    /// The certificate is not trusted.
    Untrusted(Distrust),
    /// The connection broke off.
    Broken(String),
}

/// Why a certificate is not trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Distrust {
    /// It is for other names.
    OtherName,
    /// Its time is over.
    Ended,
    /// Its time has not begun, or the clock here is wrong.
    NotYet,
    /// Nobody signed it whom this machine trusts.
    UnknownAuthority,
    /// Something else.
    Other(String),
}

/// Asks with GET, within this time for each step.
pub async fn probe(base: &BaseUrl, path: &str, patience: Duration) -> Result<Probed, ProbeError> {
    let deadline = Instant::now() + patience;
    let late = |_| ProbeError::TimedOut;
    let found = timeout_at(deadline, tokio::net::lookup_host(base.address())).await;
    let found = found.map_err(late)?;
    let found = found.map_err(|error| ProbeError::NotFound(error.to_string()))?;
    let addresses: Vec<_> = found.collect();
    let tcp = timeout_at(deadline, TcpStream::connect(&*addresses)).await;
    let tcp = tcp.map_err(late)?.map_err(|error| unreachable(&error))?;
    if !base.is_https() {
        let answer = ask(base, path, patience, tcp).await?;
        let until_ms = None;
        return Ok(Probed { answer, until_ms });
    }
    let tls = Tls::default();
    let opened = timeout_at(deadline, tls.open(base.host(), tcp)).await;
    let opened = opened.map_err(late)?.map_err(ProbeError::Unreachable)?;
    let stream = opened.map_err(|error| reason(&error))?;
    let until_ms = until_ms(&stream);
    let answer = ask(base, path, patience, stream).await?;
    Ok(Probed { answer, until_ms })
}

async fn ask<S>(
    base: &BaseUrl,
    path: &str,
    patience: Duration,
    stream: S,
) -> Result<HttpAnswer, ProbeError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let broken = |why: &str| ProbeError::Broken(why.to_owned());
    let mut open = connection::open(stream).await.map_err(|why| broken(&why))?;
    let request = request(base, Method::GET, path, &[], HttpBody::Empty).map_err(broken)?;
    let limits = HttpLimits {
        first_byte: patience,
        ..HttpLimits::default()
    };
    let response = open
        .send(request, limits)
        .await
        .map_err(|unsent| match unsent {
            Unsent::Silent | Unsent::Stalled => ProbeError::TimedOut,
            Unsent::Request(_) => broken("it closed the connection at once"),
            Unsent::Broken(error, _) => ProbeError::Broken(error.to_string()),
        })?;
    let status = response.status().as_u16();
    let body = collect(response.into_body(), MAX_ANSWER, patience).await;
    let body = body.map_err(|_| broken("the answer broke off, or is too long"))?;
    Ok(HttpAnswer::new(status, body))
}

fn unreachable(error: &io::Error) -> ProbeError {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => ProbeError::Refused,
        io::ErrorKind::TimedOut => ProbeError::TimedOut,
        _ => ProbeError::Unreachable(error.to_string()),
    }
}

#[cfg(feature = "tls")]
fn until_ms(stream: &tokio_rustls::client::TlsStream<TcpStream>) -> Option<u64> {
    let shown = stream.get_ref().1.peer_certificates()?;
    crate::certificate::not_after_ms(shown.first()?)
}

#[cfg(not(feature = "tls"))]
fn until_ms(_: &TcpStream) -> Option<u64> {
    None
}

/// What a handshake failed for.
#[cfg(feature = "tls")]
fn reason(error: &io::Error) -> ProbeError {
    use tokio_rustls::rustls::{CertificateError as Bad, Error};
    let inner = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<Error>());
    match inner {
        Some(Error::InvalidCertificate(bad)) => ProbeError::Untrusted(match bad {
            Bad::NotValidForName | Bad::NotValidForNameContext { .. } => Distrust::OtherName,
            Bad::Expired | Bad::ExpiredContext { .. } => Distrust::Ended,
            Bad::NotValidYet | Bad::NotValidYetContext { .. } => Distrust::NotYet,
            Bad::UnknownIssuer => Distrust::UnknownAuthority,
            // One that signed itself and is no authority for others; clients refuse it all the same.
            Bad::Other(why) if why.to_string().contains("CaUsedAsEndEntity") => {
                Distrust::UnknownAuthority
            }
            other => Distrust::Other(other.to_string()),
        }),
        Some(Error::InvalidMessage(_) | Error::AlertReceived(_)) => {
            ProbeError::NoTls(error.to_string())
        }
        _ => ProbeError::Broken(error.to_string()),
    }
}

#[cfg(not(feature = "tls"))]
fn reason(error: &io::Error) -> ProbeError {
    ProbeError::Broken(error.to_string())
}
