//! Files to and from a gateway over HTTP, for the command line: streamed both ways, none in memory.

use std::{
    fs::File,
    future::poll_fn,
    io,
    pin::{Pin, pin},
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::{
    Method, Request, Response,
    body::Incoming,
    client::conn::http1,
    header::{AUTHORIZATION, CONTENT_DISPOSITION, CONTENT_TYPE, HOST},
};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{net::TcpStream, time::timeout};

use super::{CONNECT_TIMEOUT, Endpoint, broken, not_running, refused};
use crate::{
    body::{AnyBody, FileBody, Input, PipeBody, collect},
    error::{Error, Result},
    file_name,
};

/// Longest answer that is no file, in bytes.
const MAX_ANSWER: usize = 64 * 1024;

/// Where the bytes of a file come from.
pub enum Source {
    /// A file of this length.
    File(File, u64),
    /// What can be read until it ends, such as standard input.
    Input(Input),
}

/// A file to hand in.
pub struct Upload {
    /// Its bytes.
    pub source: Source,
    /// Its name.
    pub name: Option<String>,
    /// Its type, where that is known.
    pub mime: Option<String>,
}

/// Told how many bytes went, and of how many if that is known.
pub type OnProgress<'a> = &'a mut (dyn FnMut(u64, Option<u64>) + Send);

/// Hands a file in; the answer is what `POST /media` says of it.
pub async fn upload(
    endpoint: &Endpoint,
    upload: Upload,
    progress: OnProgress<'_>,
) -> Result<Value> {
    let (told, mut sent) = tokio::sync::watch::channel(0);
    let total = match &upload.source {
        Source::File(_, length) => Some(*length),
        Source::Input(_) => None,
    };
    let mut request = request(endpoint, Method::POST, "/media")?;
    if let Ok(value) = file_name::disposition("attachment", upload.name.as_deref()).parse() {
        request.headers_mut().insert(CONTENT_DISPOSITION, value);
    }
    if let Some(Ok(value)) = upload.mime.map(|mime| mime.parse()) {
        request.headers_mut().insert(CONTENT_TYPE, value);
    }
    let body = UploadBody {
        body: match upload.source {
            Source::File(file, length) => AnyBody::File(FileBody::new(file, 0, length)),
            Source::Input(input) => AnyBody::Pipe(PipeBody::new(input)),
        },
        sent: told,
    };
    let mut answering = pin!(exchange(endpoint, request.map(|()| body)));
    let response = loop {
        tokio::select! {
            answered = &mut answering => break answered?,
            changed = sent.changed() => if changed.is_ok() {
                progress(*sent.borrow_and_update(), total);
            } else {
                break answering.await?;
            },
        }
    };
    let status = response.status();
    let answer = small(response).await?;
    if status.is_success() {
        Ok(answer)
    } else {
        Err(refused(&answer))
    }
}

/// What is said of a file that is handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Download {
    /// Its name.
    pub name: Option<String>,
    /// Its type; empty where none is told.
    pub mime: String,
    /// How many bytes it has.
    pub bytes: u64,
}

/// Gets a file: first what is said of it, to `begin`, then its bytes, to what that returns.
pub async fn download<W: io::Write>(
    endpoint: &Endpoint,
    id: &str,
    begin: impl FnOnce(&Download) -> Result<W>,
    progress: OnProgress<'_>,
) -> Result<W> {
    let request = request(endpoint, Method::GET, &format!("/media/{id}"))?;
    let request = request.map(|()| UploadBody::default());
    let response = exchange(endpoint, request).await?;
    if !response.status().is_success() {
        return Err(refused(&small(response).await?));
    }
    let mime = response.headers().get(CONTENT_TYPE);
    let mime = mime.and_then(|value| value.to_str().ok());
    let mime = mime.unwrap_or_default().to_owned();
    let name = response.headers().get(CONTENT_DISPOSITION);
    let name = name.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let body = response.into_body();
    let about = Download {
        name: name.and_then(|value| file_name::of_disposition(&value)),
        mime,
        bytes: body.size_hint().lower(),
    };
    let mut writer = begin(&about)?;
    let total = Some(about.bytes);
    if receive(body, &mut writer, total, progress).await? < about.bytes {
        return Err(broken("the file broke off"));
    }
    Ok(writer)
}

/// Gets a backup: first what it will hold, to `begin`, then its bytes, to what that returns.
pub async fn backup<W: io::Write>(
    endpoint: &Endpoint,
    with_secrets: bool,
    begin: impl FnOnce(&Value) -> Result<W>,
    progress: OnProgress<'_>,
) -> Result<W> {
    let path = if with_secrets {
        "/backup?secrets=1"
    } else {
        "/backup"
    };
    let request = request(endpoint, Method::GET, path)?;
    let response = exchange(endpoint, request.map(|()| UploadBody::default())).await?;
    if !response.status().is_success() {
        return Err(refused(&small(response).await?));
    }
    let manifest = response.headers().get("x-backup");
    let manifest = manifest.and_then(|value| serde_json::from_slice(value.as_bytes()).ok());
    let manifest: Value = manifest.unwrap_or_default();
    let mut writer = begin(&manifest)?;
    let total = manifest["expected_bytes"].as_u64();
    receive(response.into_body(), &mut writer, total, progress).await?;
    Ok(writer)
}

/// Writes a body down as it comes; how many bytes it had.
async fn receive(
    mut body: Incoming,
    writer: &mut impl io::Write,
    total: Option<u64>,
    progress: OnProgress<'_>,
) -> Result<u64> {
    let mut received = 0;
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let frame = frame.map_err(broken)?;
        let Some(data) = frame.data_ref() else {
            continue;
        };
        let failed = |error| Error::Failed(format!("cannot write the file: {error}"));
        writer.write_all(data).map_err(failed)?;
        received += data.len() as u64;
        progress(received, total);
    }
    Ok(received)
}

fn request(endpoint: &Endpoint, method: Method, path: &str) -> Result<Request<()>> {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(HOST, endpoint.authority());
    if let Some(token) = &endpoint.token {
        request = request.header(AUTHORIZATION, format!("Bearer {token}"));
    }
    let wrong = |error| Error::Failed(format!("cannot ask the gateway: {error}"));
    request.body(()).map_err(wrong)
}

/// One request on a connection of its own.
async fn exchange(endpoint: &Endpoint, request: Request<UploadBody>) -> Result<Response<Incoming>> {
    let address = (endpoint.host.as_str(), endpoint.port);
    let late = |_| broken("no connection within 10 s");
    let stream = timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await;
    let stream = stream
        .map_err(late)?
        .map_err(|error| not_running(endpoint, &error))?;
    let _ = stream.set_nodelay(true);
    let opened = http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = opened.map_err(broken)?;
    tokio::spawn(async move {
        // The request gets the same error.
        let _ = connection.await;
    });
    sender.send_request(request).await.map_err(broken)
}

/// An answer that is no file.
async fn small(response: Response<Incoming>) -> Result<Value> {
    let status = response.status();
    let body = collect(response.into_body(), MAX_ANSWER, CONNECT_TIMEOUT).await;
    let json = body
        .ok()
        .and_then(|body| serde_json::from_slice::<Value>(&body).ok());
    json.filter(Value::is_object).ok_or_else(|| {
        Error::Failed(format!(
            "the request was answered with status {}: is another program on this port?",
            status.as_u16()
        ))
    })
}

/// A file on its way, which tells how much of it went.
#[derive(Default)]
struct UploadBody {
    body: AnyBody,
    sent: tokio::sync::watch::Sender<u64>,
}

impl Body for UploadBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if let Some(Ok(frame)) = &frame {
            let length = frame.data_ref().map_or(0, Bytes::len) as u64;
            self.sent.send_modify(|sent| *sent += length);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
