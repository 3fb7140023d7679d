//! Forms with files: whatever names and texts hold, a reader of its own finds the same fields in the same order and
//! no others.

#![no_main]

use std::{cell::RefCell, pin::pin, task::Poll};

use cleudocodebot::body::Multipart;
use http_body::Body as _;
use libfuzzer_sys::fuzz_target;

/// What no text contains: a text with it is passed over.
const BOUNDARY: &str = "b0b1b2b3b4b5b6b7";

thread_local! {
    /// Bodies are polled; without files they never wait.
    static NOTHING_WAITS: RefCell<std::task::Context<'static>> =
        const { RefCell::new(std::task::Context::from_waker(std::task::Waker::noop())) };
}

fn sent(form: Multipart) -> Vec<u8> {
    let mut body = pin!(form.into_body());
    let announced = body.size_hint().exact();
    let mut sent = Vec::new();
    NOTHING_WAITS.with_borrow_mut(|context| {
        while let Poll::Ready(Some(frame)) = body.as_mut().poll_frame(context) {
            let frame = frame.expect("no file that could fail");
            sent.extend_from_slice(frame.data_ref().expect("data"));
        }
    });
    assert!(body.is_end_stream());
    assert_eq!(announced, Some(sent.len() as u64), "the length announced");
    sent
}

/// Names and values, read as RFC 7578 and RFC 2046 §5.1.1 have it.
fn read(form: &str) -> Vec<(String, String)> {
    let delimiter = format!("--{BOUNDARY}");
    let (opening, rest) = form.split_once(&delimiter).expect("a first delimiter");
    assert_eq!(opening, "");
    let mut parts: Vec<&str> = rest.split(&format!("\r\n{delimiter}")).collect();
    assert_eq!(parts.pop(), Some("--\r\n"), "the end");
    let part = |part: &str| {
        let part = part.strip_prefix("\r\n").expect("a line of its own");
        let (head, value) = part.split_once("\r\n\r\n").expect("a head");
        let lines: Vec<&str> = head.split("\r\n").collect();
        let disposition = "Content-Disposition: form-data; name=\"";
        let [line] = lines.as_slice() else {
            panic!("one line in {head:?}");
        };
        let name = line.strip_prefix(disposition).expect("the disposition");
        let name = name.strip_suffix('"').expect("a closing quote");
        assert!(!name.contains(['"', '\r', '\n']), "{name:?}");
        (name.to_owned(), value.to_owned())
    };
    parts.into_iter().map(part).collect()
}

/// A name as browsers write it (WHATWG HTML, multipart/form-data).
fn written(name: &str) -> String {
    let name = name.replace('"', "%22").replace('\r', "%0D");
    name.replace('\n', "%0A")
}

fuzz_target!(|fields: Vec<(&str, &str)>| {
    let holds_it =
        |(name, value): &(&str, &str)| [name, value].iter().any(|text| text.contains(BOUNDARY));
    if fields.is_empty() || fields.iter().any(holds_it) {
        return;
    }
    let form = Multipart::with_boundary(BOUNDARY.to_owned());
    let form = fields
        .iter()
        .fold(form, |form, (name, value)| form.text(name, value));
    let expected: Vec<_> = fields
        .iter()
        .map(|(name, value)| (written(name), (*value).to_owned()))
        .collect();
    let sent = String::from_utf8(sent(form)).expect("text");
    assert_eq!(read(&sent), expected);
});
