//! A server on loopback that keeps what it was asked, byte for byte, and answers as its test says.

use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::config::BaseUrl;

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    /// The whole head, in small letters.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

/// A part of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) file_name: Option<String>,
    pub(crate) mime: Option<String>,
    pub(crate) content: Vec<u8>,
}

impl Part {
    /// The content of a text field.
    pub(crate) fn text(&self) -> &str {
        assert!(self.file_name.is_none(), "{} is a file", self.name);
        std::str::from_utf8(&self.content).expect("text")
    }
}

impl Asked {
    /// The body as JSON; null if it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The parts of a form. Put together again they must be the body, byte for byte.
    #[track_caller]
    pub(crate) fn form(&self) -> Vec<Part> {
        let boundary = self.head.split("multipart/form-data; boundary=").nth(1);
        let boundary = boundary.and_then(|rest| rest.lines().next());
        let boundary = boundary.expect("a form").trim();
        let delimiter = format!("--{boundary}\r\n");
        let mut parts = Vec::new();
        let mut rest = self.body.as_slice();
        let mut again = Vec::new();
        while let Some(part) = rest.strip_prefix(delimiter.as_bytes()) {
            let end = find(part, format!("\r\n--{boundary}").as_bytes()).expect("an end");
            parts.push(read_part(&part[..end]));
            again.extend_from_slice(delimiter.as_bytes());
            again.extend_from_slice(&written(&parts[parts.len() - 1]));
            again.extend_from_slice(b"\r\n");
            rest = &part[end + 2..];
        }
        again.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        assert!(again == self.body, "the form is not as RFC 7578 has it");
        parts
    }

    /// A field of the form.
    #[track_caller]
    pub(crate) fn field(&self, name: &str) -> Option<Part> {
        self.form().into_iter().find(|part| part.name == name)
    }

    /// The texts of the form, by name.
    #[track_caller]
    pub(crate) fn texts(&self) -> Vec<(String, String)> {
        let form = self.form().into_iter();
        let texts = form.filter(|part| part.file_name.is_none());
        texts
            .map(|part| (part.name.clone(), part.text().to_owned()))
            .collect()
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|some| some == wanted)
}

fn read_part(part: &[u8]) -> Part {
    let end = find(part, b"\r\n\r\n").expect("a head");
    let head = std::str::from_utf8(&part[..end]).expect("text");
    let parameter = |name: &str| {
        let rest = head.split(&format!("; {name}=\"")).nth(1)?;
        rest.split('"').next().map(str::to_owned)
    };
    let mime = head.split("\r\nContent-Type: ").nth(1);
    Part {
        name: parameter("name").expect("a name"),
        file_name: parameter("filename"),
        mime: mime.map(str::to_owned),
        content: part[end + 4..].to_vec(),
    }
}

fn written(part: &Part) -> Vec<u8> {
    let mut head = format!("Content-Disposition: form-data; name=\"{}\"", part.name);
    if let Some(name) = &part.file_name {
        head = format!("{head}; filename=\"{name}\"");
    }
    if let Some(mime) = &part.mime {
        head = format!("{head}\r\nContent-Type: {mime}");
    }
    let mut bytes = format!("{head}\r\n\r\n").into_bytes();
    bytes.extend_from_slice(&part.content);
    bytes
}

/// What is answered.
pub(crate) enum Answer {
    /// Status and JSON.
    Json(u16, Value),
    /// A file.
    File(&'static str, Vec<u8>),
    /// All bytes of the answer; then the connection ends.
    Raw(Vec<u8>),
    /// An answer that begins with the first and repeats the second for ever.
    Endless(&'static str, &'static str),
}

/// A running server. It ends with the runtime of its test.
pub(crate) struct Server {
    pub(crate) base: BaseUrl,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// A server that answers like this.
    pub(crate) async fn start(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let (seen, answer) = (Arc::clone(&asked), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                tokio::spawn(serve(stream, seen, answer));
            }
        });
        let base = BaseUrl::parse(&format!("http://{address}")).expect("an address");
        Self { base, asked }
    }

    /// What was asked since the last time.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.asked.lock().expect("whole"))
    }
}

async fn serve(
    mut stream: TcpStream,
    seen: Arc<Mutex<Vec<Asked>>>,
    answer: Arc<impl Fn(&Asked) -> Answer>,
) -> Option<()> {
    loop {
        let asked = read(&mut stream).await?;
        let answered = answer(&asked);
        seen.lock().expect("whole").push(asked);
        let (status, kind, body) = match answered {
            Answer::Json(status, json) => (status, "application/json", json.to_string().into()),
            Answer::File(kind, body) => (200, kind, body),
            Answer::Raw(bytes) => {
                stream.write_all(&bytes).await.ok()?;
                return None;
            }
            Answer::Endless(first, then) => {
                stream.write_all(first.as_bytes()).await.ok()?;
                loop {
                    stream.write_all(then.as_bytes()).await.ok()?;
                }
            }
        };
        let head = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let whole = [head.as_bytes(), &body].concat();
        stream.write_all(&whole).await.ok()?;
    }
}

async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?;
    let mut first = head.split(' ');
    let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let head = head.to_ascii_lowercase();
    let length = head.split("content-length: ").nth(1);
    let length = length.and_then(|rest| rest.lines().next()?.trim().parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).await.ok()?;
    Some(Asked {
        method,
        path,
        head,
        body,
    })
}
