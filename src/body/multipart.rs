//! Forms with text fields and files, `multipart/form-data`: RFC 7578, with names quoted as browsers do
//! (<https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data>). The
//! length is exact, and no file is in memory.

use std::{
    collections::VecDeque,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::FileBody;
use crate::random;

/// Sent for a file whose type is not known, or is none.
const UNKNOWN_TYPE: &str = "application/octet-stream";

/// A form. It is its own body: the fields in the order they were added.
pub struct Multipart {
    boundary: String,
    pieces: VecDeque<Piece>,
}

enum Piece {
    Text(Bytes),
    File(FileBody),
}

impl Default for Multipart {
    /// An empty form, whose boundary no content can be made to contain.
    fn default() -> Self {
        Self::with_boundary(random::hex(&random::bytes::<16>()))
    }
}

impl Multipart {
    /// An empty form with this boundary: at most 70 characters that need no quoting.
    pub fn with_boundary(boundary: String) -> Self {
        Self {
            boundary,
            pieces: VecDeque::new(),
        }
    }

    /// The form with a text field.
    #[must_use]
    pub fn text(mut self, name: &str, value: &str) -> Self {
        let name = quoted(name);
        self.add(&format!(
            "Content-Disposition: form-data; name={name}\r\n\r\n{value}"
        ));
        self
    }

    /// The form with a file.
    #[must_use]
    pub fn file(mut self, name: &str, file_name: &str, mime: &str, file: FileBody) -> Self {
        let (name, file_name) = (quoted(name), quoted(file_name));
        let mime = Some(mime).filter(|mime| is_header_value(mime));
        let mime = mime.unwrap_or(UNKNOWN_TYPE);
        self.add(&format!(
            "Content-Disposition: form-data; name={name}; filename={file_name}\r\n\
             Content-Type: {mime}\r\n\r\n"
        ));
        self.pieces.push_back(Piece::File(file));
        self
    }

    /// The value of the header `Content-Type` of the request.
    pub fn content_type(&self) -> String {
        format!("multipart/form-data; boundary={}", self.boundary)
    }

    /// The form, complete.
    pub fn into_body(mut self) -> MultipartBody {
        let end = if self.pieces.is_empty() {
            format!("--{}--\r\n", self.boundary)
        } else {
            format!("\r\n--{}--\r\n", self.boundary)
        };
        self.pieces.push_back(Piece::Text(end.into()));
        MultipartBody(self.pieces)
    }

    fn add(&mut self, head_and_value: &str) {
        let separator = if self.pieces.is_empty() { "" } else { "\r\n" };
        let part = format!("{separator}--{}\r\n{head_and_value}", self.boundary);
        self.pieces.push_back(Piece::Text(part.into()));
    }
}

/// A name in quotes, which it cannot leave.
fn quoted(name: &str) -> String {
    let name = name.replace('"', "%22");
    let name = name.replace('\r', "%0D").replace('\n', "%0A");
    format!("\"{name}\"")
}

fn is_header_value(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

/// The body of a complete form.
pub struct MultipartBody(VecDeque<Piece>);

impl Body for MultipartBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        loop {
            let frame = match self.0.front_mut() {
                None => None,
                Some(Piece::Text(text)) => {
                    let text = std::mem::take(text);
                    self.0.pop_front();
                    Some(Ok(Frame::data(text)))
                }
                Some(Piece::File(file)) => match ready!(Pin::new(file).poll_frame(cx)) {
                    None => {
                        self.0.pop_front();
                        continue;
                    }
                    Some(Err(error)) => {
                        self.0.clear();
                        Some(Err(error))
                    }
                    frame => frame,
                },
            };
            return Poll::Ready(frame);
        }
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        let length = |piece: &Piece| match piece {
            Piece::Text(text) => text.len() as u64,
            Piece::File(file) => file.size_hint().lower(),
        };
        SizeHint::with_exact(self.0.iter().map(length).sum())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::body::{collect, scratch::file_of};

    async fn sent(form: Multipart) -> String {
        let body = form.into_body();
        let length = body.size_hint().exact();
        let sent = collect(body, 1 << 20, Duration::from_secs(20)).await;
        let sent = sent.expect("a body");
        assert_eq!(length, Some(sent.len() as u64), "the length announced");
        String::from_utf8(sent).expect("text")
    }

    fn form() -> Multipart {
        Multipart::with_boundary("b0".to_owned())
    }

    fn file(content: &str) -> FileBody {
        FileBody::new(file_of(content.as_bytes()), 0, content.len() as u64)
    }

    #[tokio::test]
    async fn fields_and_files_are_sent_byte_for_byte() {
        let form = form()
            .text("number", "5511")
            .file("file", "a.txt", "text/plain", file("one\r\ntwo"))
            .file("empty", "b.bin", "application/octet-stream", file(""))
            .text("caption", "Olá,\n--b0 \"você\"");
        assert_eq!(form.content_type(), "multipart/form-data; boundary=b0");
        let expected = "--b0\r\n\
            Content-Disposition: form-data; name=\"number\"\r\n\r\n\
            5511\r\n\
            --b0\r\n\
            Content-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\
            Content-Type: text/plain\r\n\r\n\
            one\r\ntwo\r\n\
            --b0\r\n\
            Content-Disposition: form-data; name=\"empty\"; filename=\"b.bin\"\r\n\
            Content-Type: application/octet-stream\r\n\r\n\
            \r\n\
            --b0\r\n\
            Content-Disposition: form-data; name=\"caption\"\r\n\r\n\
            Olá,\n--b0 \"você\"\r\n\
            --b0--\r\n";
        assert_eq!(sent(form).await, expected);
    }

    #[tokio::test]
    async fn no_name_leaves_its_quotes_and_no_type_its_line() {
        for (name, quoted) in [
            ("a\".png", "a%22.png"),
            ("a\r\nX-Header: 1\r\n\r\n", "a%0D%0AX-Header: 1%0D%0A%0D%0A"),
            ("añ ☃.png", "añ ☃.png"),
            ("a\\b;=.png", "a\\b;=.png"),
            ("", ""),
        ] {
            let sent = sent(form().file(name, name, "a/b\r\nX: 1", file("x"))).await;
            let expected = format!(
                "--b0\r\nContent-Disposition: form-data; name=\"{quoted}\"; filename=\"{quoted}\"\r\n\
                 Content-Type: application/octet-stream\r\n\r\nx\r\n--b0--\r\n"
            );
            assert_eq!(sent, expected);
        }
    }

    #[tokio::test]
    async fn a_form_without_fields_is_closed_and_boundaries_differ() {
        assert_eq!(sent(form()).await, "--b0--\r\n");
        let types = [(); 2].map(|()| Multipart::default().content_type());
        assert_ne!(types[0], types[1]);
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_read_ends_the_form_in_the_middle() {
        let lost = FileBody::new(file_of(b"short"), 0, 99);
        let body = form().file("file", "a", "text/plain", lost).into_body();
        let collected = collect(body, 1 << 20, Duration::from_secs(20)).await;
        assert_eq!(collected, Err(crate::body::CollectError::Broken));
    }
}
