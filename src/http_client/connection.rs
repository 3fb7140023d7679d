//! Open connections: how one is opened, and how a request goes out on it.

use hyper::{
    Request, Response,
    body::Incoming,
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    task::AbortHandle,
    time::{Instant, error::Elapsed, timeout, timeout_at},
};

use super::{
    call::{HttpLimits, MIN_PROGRESS},
    request::{RequestBody, Sent},
    tls::Tls,
    watch::Watch,
};
use crate::{config::BaseUrl, observed_io::Observed};

/// What one connection holds of a request that was not written yet, and of an answer that was not read.
const BUFFER: usize = 128 * 1024;

/// An open connection. It closes where this is dropped, whatever was still on its way.
pub(super) struct Open {
    sender: SendRequest<RequestBody>,
    watch: Watch,
    /// How far the last request was sent.
    sent: Option<Sent>,
    driver: AbortHandle,
}

impl Drop for Open {
    fn drop(&mut self) {
        // Otherwise hyper would go on sending a file that nobody waits for.
        self.driver.abort();
    }
}

/// Why a request has no answer.
pub(super) enum Unsent {
    /// None came in time.
    Silent,
    /// The service stopped taking the request.
    Stalled,
    /// The connection broke, after all of the request was handed out or before.
    Broken(hyper::Error, bool),
    /// Nothing of it was sent.
    Request(Box<Request<RequestBody>>),
}

impl Open {
    /// Sends a request and waits for the head of its answer. hyper returns the request if it was not
    /// sent.
    pub(super) async fn send(
        &mut self,
        request: Request<RequestBody>,
        limits: HttpLimits,
    ) -> Result<Response<Incoming>, Unsent> {
        self.watch.begin();
        let sent = request.body().sent();
        self.sent = Some(sent.clone());
        let mut sending = std::pin::pin!(self.sender.try_send_request(request));
        // One turn for each stretch of a file; then one for the answer.
        let answered = loop {
            let (all, written) = (sent.all(), self.watch.written());
            let limit = if all { limits.first_byte } else { limits.stall };
            match timeout(limit, &mut sending).await {
                Ok(answered) => break answered,
                Err(_) if all => return Err(Unsent::Silent),
                Err(_) if sent.all() || self.watch.written() - written >= MIN_PROGRESS => {}
                Err(_) => return Err(Unsent::Stalled),
            }
        };
        self.watch.end();
        answered.map_err(|mut error| match error.take_message() {
            Some(request) => Unsent::Request(Box::new(request)),
            None => Unsent::Broken(error.into_error(), sent.all()),
        })
    }

    /// Whether the next request can go out.
    pub(super) fn is_ready(&self) -> bool {
        self.sender.is_ready()
    }

    /// Whether all of the last request was handed out.
    pub(super) fn sent_all(&self) -> bool {
        self.sent.as_ref().is_none_or(Sent::all)
    }

    /// Whether it closed.
    pub(super) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }
}

/// Connects to a host, at one of these addresses where they are given; the error says what failed.
pub(super) async fn connect(
    host: &BaseUrl,
    addresses: Option<&[std::net::SocketAddr]>,
    tls: &Tls,
    deadline: Instant,
) -> Result<Open, String> {
    let tcp = dial(host, addresses, deadline).await?;
    if host.is_https() {
        let wrapped = tls.wrap(host.host(), tcp);
        open(timeout_at(deadline, wrapped).await.map_err(slow)??).await
    } else {
        open(tcp).await
    }
}

/// Opens a socket to a host, without TLS.
pub(super) async fn dial(
    host: &BaseUrl,
    addresses: Option<&[std::net::SocketAddr]>,
    deadline: Instant,
) -> Result<TcpStream, String> {
    let tcp = async {
        match addresses {
            Some(addresses) => TcpStream::connect(addresses).await,
            None => TcpStream::connect(host.address()).await,
        }
    };
    let tcp = timeout_at(deadline, tcp).await.map_err(slow)?;
    let tcp = tcp.map_err(|error| format!("cannot be reached: {error}"))?;
    let _ = tcp.set_nodelay(true);
    Ok(tcp)
}

#[allow(clippy::needless_pass_by_value, reason = "called by `map_err`")]
pub(super) fn slow(_: Elapsed) -> String {
    "did not accept the connection in time".to_owned()
}

/// Opens an HTTP connection and spawns the task that drives it until it closes.
pub(super) async fn open<S>(stream: S) -> Result<Open, String>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let watch = Watch::default();
    let watched = Observed::new(stream, watch.clone());
    let opened = http1::Builder::new()
        .max_buf_size(BUFFER)
        .handshake(TokioIo::new(watched))
        .await;
    let (sender, connection) = opened.map_err(|error| error.to_string())?;
    let driver = tokio::spawn(async move {
        // Ignored here: the pending call gets the same error.
        let _ = connection.await;
    });
    Ok(Open {
        sender,
        watch,
        sent: None,
        driver: driver.abort_handle(),
    })
}
