//! Server-sent events, as far as models use them: the data of each event, however the bytes are cut
//! (<https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream>).

/// Longest event, in bytes.
const MAX_EVENT: usize = 1 << 20;

/// Reads events out of what came so far.
#[derive(Debug, Default)]
pub(super) struct Events {
    /// A line that is not whole yet.
    line: Vec<u8>,
    /// The data of an event that is not whole yet.
    data: String,
    /// What came and is no event: the body of an answer that is no stream.
    body: Vec<u8>,
    /// Whether anything came that is a line of an event.
    is_stream: bool,
}

/// An event is longer than any model sends.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooLong;

impl Events {
    /// Takes the next bytes; returns the data of the events that they complete, and whether there was a
    /// comment, which is a sign of life.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Result<Vec<String>, TooLong> {
        let mut events = Vec::new();
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            self.line.extend_from_slice(&rest[..end]);
            rest = &rest[end + 1..];
            let line = std::mem::take(&mut self.line);
            self.end_of_line(&line, &mut events);
        }
        self.line.extend_from_slice(rest);
        if self.line.len() + self.data.len() + self.body.len() > MAX_EVENT {
            return Err(TooLong);
        }
        Ok(events)
    }

    /// The end of the answer: an event that is not ended by an empty line counts, as most servers that
    /// leave it out mean it. What is no event at all is the body of an answer that is no stream.
    pub(super) fn finish(mut self) -> Vec<String> {
        let mut events = Vec::new();
        let line = std::mem::take(&mut self.line);
        if self.is_stream || line.starts_with(b"data:") {
            self.end_of_line(&line, &mut events);
            self.end_of_line(b"", &mut events);
        } else {
            self.body.extend(line);
            events.push(String::from_utf8_lossy(&self.body).into_owned());
        }
        events.retain(|event| !event.is_empty());
        events
    }

    fn end_of_line(&mut self, line: &[u8], events: &mut Vec<String>) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            if self.is_stream && !self.data.is_empty() {
                events.push(std::mem::take(&mut self.data));
            }
            return;
        }
        let text = String::from_utf8_lossy(line);
        if let Some(data) = text.strip_prefix("data:") {
            self.is_stream = true;
            if !self.data.is_empty() {
                self.data.push('\n');
            }
            self.data.push_str(data.strip_prefix(' ').unwrap_or(data));
        } else if is_other_field(&text) {
            self.is_stream = true;
        } else if self.is_stream {
            // Nonsense in the middle of events: let the reader of the data say so.
            events.push(text.into_owned());
        } else {
            // An error page, or JSON of several lines.
            self.body.extend_from_slice(line);
            self.body.push(b'\n');
        }
    }
}

/// A comment, or a field that says nothing to us.
fn is_other_field(line: &str) -> bool {
    let fields = [":", "event:", "id:", "retry:"];
    fields.iter().any(|field| line.starts_with(field))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fed(pieces: &[&[u8]]) -> Vec<String> {
        let mut events = Events::default();
        let fed = pieces
            .iter()
            .map(|piece| events.feed(piece).expect("short"));
        let mut all: Vec<String> = fed.flatten().collect();
        all.extend(events.finish());
        all
    }

    #[test]
    fn events_are_the_same_however_the_bytes_are_cut() {
        let stream =
            "data: {\"a\":1}\r\n\r\n: comment\n\nevent: x\ndata:olá\ndata: two\n\ndata: [DONE]\n";
        let whole = ["{\"a\":1}", "olá\ntwo", "[DONE]"];
        assert_eq!(fed(&[stream.as_bytes()]), whole);
        let bytes: Vec<&[u8]> = stream.as_bytes().chunks(1).collect();
        assert_eq!(fed(&bytes), whole);
        let odd: Vec<&[u8]> = stream.as_bytes().chunks(7).collect();
        assert_eq!(fed(&odd), whole);
    }

    #[test]
    fn an_answer_that_is_no_stream_comes_whole() {
        assert_eq!(fed(&[b"{\"a\":", b"1}"]), ["{\"a\":1}"]);
        assert_eq!(fed(&[b"{\n \"a\": 1\n}\n"]), ["{\n \"a\": 1\n}\n"]);
        assert!(fed(&[b""]).is_empty());
        assert_eq!(
            fed(&[b"data: 1\n\nnonsense\ndata: 2\n"]),
            ["1", "nonsense", "2"]
        );
    }

    #[test]
    fn an_event_without_end_is_refused() {
        let mut events = Events::default();
        assert!(events.feed(&vec![b'x'; MAX_EVENT]).is_ok());
        assert_eq!(events.feed(b"x"), Err(TooLong));
    }
}
