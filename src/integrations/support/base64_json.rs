//! A file inside a JSON answer, as `{"mimetype":"image/png","base64":"iVBORw0…"}`: its bytes are decoded as
//! they come and passed on, so that neither text nor file is in memory. Of the other fields, the short
//! ones that are asked for are kept.

use std::fmt;

use data_encoding::{BASE64, BASE64_NOPAD};
use serde_json::{Map, Value};

use super::http::Sink;

/// Decoded and passed on at a time, in characters; a multiple of four.
const BLOCK: usize = 32 * 1024;

/// Longest field that is kept besides the file, and longest name of a field, as written in JSON.
const MAX_KEPT: usize = 2048;

/// Deepest nesting of a field that is skipped.
const MAX_DEPTH: u32 = 64;

/// Takes a JSON object and passes the file in it on to another sink.
pub struct Base64Json<'a, S> {
    /// The name of the field with the file.
    field: &'static str,
    wanted: &'static [&'static str],
    fields: Map<String, Value>,
    file: File<'a, S>,
    state: State,
    /// What is kept of the name or value under way, as written.
    written: Vec<u8>,
    key: String,
}

/// The file on its way.
struct File<'a, S> {
    sink: &'a mut S,
    /// Characters that are not decoded yet.
    waiting: Vec<u8>,
    decoded: Vec<u8>,
    state: FileState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FileState {
    Missing,
    Coming,
    Whole,
}

/// What the next byte belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the object.
    Start,
    /// Before a name, or the end; after a comma or at the beginning.
    BeforeKey,
    /// In a name, in which a backslash came before.
    Key { escaped: bool },
    /// Before the colon.
    Colon,
    /// Before a value.
    BeforeValue,
    /// In a text that is kept or skipped.
    Text { escaped: bool },
    /// In the file.
    File { escaped: bool },
    /// In a number, a word, an object or a list: how deep, and whether in a text there.
    Other {
        depth: u32,
        in_text: bool,
        escaped: bool,
    },
    /// Behind a value.
    AfterValue,
    /// Behind the object.
    End,
}

/// Why an answer brought no file.
#[derive(Debug, PartialEq, Eq)]
pub enum Base64Error<E> {
    /// It is no JSON object with such a field, for this reason.
    Malformed(&'static str),
    /// The sink takes no more.
    Sink(E),
}

impl<E: fmt::Display> fmt::Display for Base64Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(what) => write!(f, "the answer with the file {what}"),
            Self::Sink(error) => error.fmt(f),
        }
    }
}

/// Decodes a text that is in memory for a sink, piece by piece.
pub async fn decode<S: Sink>(text: &str, sink: &mut S) -> Result<(), Base64Error<S::Error>> {
    let mut file = File::new(sink);
    file.take(text.as_bytes()).await?;
    file.end().await
}

impl<'a, S: Sink> Base64Json<'a, S> {
    /// Takes the file from `field`, for `sink`, and keeps the `wanted` fields.
    pub fn new(field: &'static str, wanted: &'static [&'static str], sink: &'a mut S) -> Self {
        Self {
            field,
            wanted,
            fields: Map::new(),
            file: File::new(sink),
            state: State::Start,
            written: Vec::new(),
            key: String::new(),
        }
    }

    /// The fields that were kept, if the answer was complete and had the file.
    pub fn finish(self) -> Result<Map<String, Value>, Base64Error<S::Error>> {
        match (self.state, self.file.state) {
            (State::End, FileState::Whole) => Ok(self.fields),
            (State::End, _) => Err(Base64Error::Malformed("has no file in it")),
            _ => Err(Base64Error::Malformed("is cut off")),
        }
    }

    /// Moves on by one byte outside of the file.
    fn step(&mut self, byte: u8) -> Result<(), &'static str> {
        let is_space = matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
        self.state = match (self.state, byte) {
            (State::Key { escaped }, _) => self.in_key(byte, escaped)?,
            (State::Text { escaped }, _) => self.in_text(byte, escaped),
            (
                State::Other {
                    depth,
                    in_text,
                    escaped,
                },
                _,
            ) => {
                return self.in_other(byte, depth, in_text, escaped);
            }
            (state, _) if is_space => state,
            (State::Start, b'{') | (State::AfterValue, b',') => State::BeforeKey,
            (State::BeforeKey | State::AfterValue, b'}') => State::End,
            (State::BeforeKey, b'"') => {
                self.written = vec![b'"'];
                State::Key { escaped: false }
            }
            (State::Colon, b':') => State::BeforeValue,
            (State::BeforeValue, _) => return self.begin_value(byte),
            (State::Start, _) => return Err("is not a JSON object"),
            _ => return Err("is not JSON"),
        };
        Ok(())
    }

    fn in_key(&mut self, byte: u8, escaped: bool) -> Result<State, &'static str> {
        if self.written.len() == MAX_KEPT {
            return Err("has a field with a name that is too long");
        }
        self.written.push(byte);
        if byte != b'"' || escaped {
            let escaped = byte == b'\\' && !escaped;
            return Ok(State::Key { escaped });
        }
        self.key = serde_json::from_slice(&self.written).map_err(|_| "is not JSON")?;
        Ok(State::Colon)
    }

    fn begin_value(&mut self, byte: u8) -> Result<(), &'static str> {
        self.written = vec![byte];
        if byte != b'"' {
            self.state = State::Other {
                depth: 0,
                in_text: false,
                escaped: false,
            };
            self.written.clear();
            return self.in_other(byte, 0, false, false);
        }
        let escaped = false;
        self.state = if self.key != self.field {
            State::Text { escaped }
        } else if self.file.state == FileState::Missing {
            self.file.state = FileState::Coming;
            State::File { escaped }
        } else {
            return Err("has more than one file in it");
        };
        Ok(())
    }

    fn in_text(&mut self, byte: u8, escaped: bool) -> State {
        // One that is too long is skipped.
        if self.written.len() <= MAX_KEPT {
            self.written.push(byte);
        }
        if byte == b'"' && !escaped {
            self.keep();
            return State::AfterValue;
        }
        let escaped = byte == b'\\' && !escaped;
        State::Text { escaped }
    }

    fn in_other(
        &mut self,
        byte: u8,
        depth: u32,
        in_text: bool,
        escaped: bool,
    ) -> Result<(), &'static str> {
        let ends_value = depth == 0 && !in_text && matches!(byte, b',' | b'}' | b']');
        if ends_value {
            self.keep();
            self.state = State::AfterValue;
            return self.step(byte);
        }
        if self.written.len() <= MAX_KEPT {
            self.written.push(byte);
        }
        let depth = match byte {
            _ if in_text => depth,
            b'{' | b'[' => depth + 1,
            b'}' | b']' => depth - 1,
            _ => depth,
        };
        if depth > MAX_DEPTH {
            return Err("is nested too deeply");
        }
        self.state = State::Other {
            depth,
            in_text: in_text ^ (byte == b'"' && !escaped),
            escaped: in_text && byte == b'\\' && !escaped,
        };
        Ok(())
    }

    /// Keeps a value that is wanted, where it is whole and is JSON.
    fn keep(&mut self) {
        let is_wanted = self.wanted.contains(&self.key.as_str());
        if is_wanted
            && self.written.len() <= MAX_KEPT
            && let Ok(value) = serde_json::from_slice(&self.written)
        {
            self.fields.insert(std::mem::take(&mut self.key), value);
        }
    }

    /// Takes what belongs to the file from the front of a piece; returns the rest.
    async fn take_file<'p>(
        &mut self,
        piece: &'p [u8],
        escaped: bool,
    ) -> Result<&'p [u8], Base64Error<S::Error>> {
        if escaped {
            // A slash may be written with a backslash; nothing else that base64 has is.
            if piece[0] != b'/' {
                return Err(Base64Error::Malformed("has a file that is not base64"));
            }
            self.file.take(&piece[..1]).await?;
            self.state = State::File { escaped: false };
            return Ok(&piece[1..]);
        }
        let end = piece.iter().position(|byte| matches!(byte, b'"' | b'\\'));
        self.file.take(&piece[..end.unwrap_or(piece.len())]).await?;
        let Some(end) = end else {
            return Ok(&[]);
        };
        if piece[end] == b'"' {
            self.file.end().await?;
            self.state = State::AfterValue;
        } else {
            self.state = State::File { escaped: true };
        }
        Ok(&piece[end + 1..])
    }
}

impl<S: Sink> Sink for Base64Json<'_, S> {
    type Error = Base64Error<S::Error>;

    async fn take(&mut self, mut piece: &[u8]) -> Result<(), Self::Error> {
        while let Some((first, rest)) = piece.split_first() {
            piece = if let State::File { escaped } = self.state {
                self.take_file(piece, escaped).await?
            } else {
                self.step(*first).map_err(Base64Error::Malformed)?;
                rest
            };
        }
        Ok(())
    }
}

impl<'a, S: Sink> File<'a, S> {
    fn new(sink: &'a mut S) -> Self {
        Self {
            sink,
            waiting: Vec::new(),
            decoded: Vec::new(),
            state: FileState::Missing,
        }
    }

    async fn take(&mut self, mut text: &[u8]) -> Result<(), Base64Error<S::Error>> {
        while !text.is_empty() {
            let room = BLOCK - self.waiting.len();
            let (some, rest) = text.split_at(text.len().min(room));
            self.waiting.extend_from_slice(some);
            text = rest;
            if self.waiting.len() == BLOCK {
                self.pass_on().await?;
            }
        }
        Ok(())
    }

    async fn end(&mut self) -> Result<(), Base64Error<S::Error>> {
        self.state = FileState::Whole;
        self.pass_on().await
    }

    /// Decodes what waits. Padding may be left out; only the last block can have any.
    async fn pass_on(&mut self) -> Result<(), Base64Error<S::Error>> {
        let malformed = Base64Error::Malformed("has a file that is not base64");
        let is_padded = self.waiting.len().is_multiple_of(4);
        let encoding = if is_padded { BASE64 } else { BASE64_NOPAD };
        let Ok(length) = encoding.decode_len(self.waiting.len()) else {
            return Err(malformed);
        };
        self.decoded.resize(length, 0);
        let Ok(length) = encoding.decode_mut(&self.waiting, &mut self.decoded) else {
            return Err(malformed);
        };
        self.waiting.clear();
        let taken = self.sink.take(&self.decoded[..length]).await;
        taken.map_err(Base64Error::Sink)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[derive(Default)]
    struct Collected(Vec<u8>);

    impl Sink for Collected {
        type Error = String;

        async fn take(&mut self, piece: &[u8]) -> Result<(), String> {
            self.0.extend_from_slice(piece);
            Ok(())
        }
    }

    type Read = Result<(Map<String, Value>, Vec<u8>), Base64Error<String>>;

    /// What comes of an answer that arrives in pieces of this length.
    fn read(answer: &[u8], piece: usize) -> Read {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.expect("a runtime").block_on(async {
            let mut sink = Collected::default();
            let mut json = Base64Json::new("base64", &["mimetype", "size"], &mut sink);
            for piece in answer.chunks(piece) {
                json.take(piece).await?;
            }
            let fields = json.finish()?;
            Ok((fields, sink.0))
        })
    }

    /// In the shape of Evolution's `getBase64FromMediaMessage`.
    fn answer(file: &[u8]) -> Value {
        json!({"mediaType": "imageMessage", "fileName": "a \"b\" {.png", "caption": "base64 } \\",
            "size": {"fileLength": "9", "more": [1, {"base64": "no, \" }"}], "height": null},
            "mimetype": "image/png", "base64": BASE64.encode(file), "buffer": null})
    }

    #[test]
    fn the_file_is_decoded_and_the_wanted_fields_are_kept() {
        let bytes: Vec<u8> = (0..=255).cycle().take(100_001).collect();
        let answer = answer(&bytes);
        for text in [answer.to_string(), format!("{answer:#}")] {
            for piece in [1, 7, 4096, usize::MAX] {
                let (fields, file) = read(text.as_bytes(), piece).expect("a file");
                assert!(file == bytes);
                let kept = json!({"mimetype": "image/png", "size": answer["size"]});
                assert_eq!(Value::Object(fields), kept);
            }
        }
    }

    #[test]
    fn padding_may_be_missing_and_slashes_escaped() {
        for text in [
            r#"{"base64":"/\/+A"}"#,
            r#"{"a":1,"base64":"\/\/+A","b":[]}"#,
            " {\"base64\" : \"//+A\" } ",
        ] {
            let (_, file) = read(text.as_bytes(), 1).expect("a file");
            assert_eq!(file, [0xff, 0xff, 0x80], "{text}");
        }
        for (text, bytes) in [
            ("", ""),
            ("YQ", "a"),
            ("YQ==", "a"),
            ("YWI", "ab"),
            ("YWJj", "abc"),
        ] {
            let text = format!("{{\"base64\":\"{text}\"}}");
            let (_, file) = read(text.as_bytes(), 3).expect("a file");
            assert_eq!(file, bytes.as_bytes());
        }
    }

    #[test]
    fn what_is_no_answer_with_a_file_says_what_is_wrong() {
        for (text, what) in [
            ("", "cut off"),
            ("[]", "not a JSON object"),
            ("<html>", "not a JSON object"),
            ("{}", "no file"),
            (r#"{"base64":null}"#, "no file"),
            (r#"{"base64":"YWJj"#, "cut off"),
            (r#"{"base64":"YWJj""#, "cut off"),
            (r#"{"base64":"Y"}"#, "not base64"),
            (r#"{"base64":"*WJj"}"#, "not base64"),
            (r#"{"base64":"\u0041"}"#, "not base64"),
            (r#"{"base64":"YWJj","base64":"YWJj"}"#, "more than one"),
            (r#"{"base64":"YWJj"}{"#, "not JSON"),
            (r#"{"base64":"YWJj" "a"}"#, "not JSON"),
            (r#"{base64:"YWJj"}"#, "not JSON"),
        ] {
            let error = read(text.as_bytes(), 2).expect_err(text).to_string();
            assert!(error.contains(what), "{text}: {error}");
        }
        let deep = format!("{{\"a\":{}", "[".repeat(100));
        let error = read(deep.as_bytes(), 9).expect_err("too deep").to_string();
        assert!(error.contains("nested"), "{error}");
    }

    #[test]
    fn long_fields_are_skipped_and_long_names_refused() {
        let long = "x".repeat(1 << 20);
        let text = json!({"a": long, "mimetype": long, "size": [long], "base64": "YWJj"});
        let (fields, file) = read(text.to_string().as_bytes(), 999).expect("a file");
        assert_eq!((fields.len(), &file[..]), (0, &b"abc"[..]));
        let text = json!({long: 1}).to_string();
        assert!(read(text.as_bytes(), 999).is_err());
    }

    proptest! {
        #[test]
        fn any_object_is_read_as_a_whole_parser_reads_it(
            file: Vec<u8>, name: String, text: String, piece in 1usize..64,
        ) {
            prop_assume!(name != "base64");
            let whole = json!({name.as_str(): {"a": [text, null, 1.5e3, {"b": text}]}, "mimetype": text,
                "base64": BASE64.encode(&file)});
            let (fields, decoded) = read(whole.to_string().as_bytes(), piece).expect("a file");
            prop_assert_eq!(decoded, file);
            if name != "mimetype" && text.len() < 100 {
                prop_assert_eq!(fields.get("mimetype"), whole.get("mimetype"));
            }
        }

        #[test]
        fn nothing_panics(bytes: Vec<u8>, piece in 1usize..64) {
            let _ = read(&bytes, piece);
            let _ = read(&[b"{\"base64\":\"", &bytes[..]].concat(), piece);
            let _ = read(&[b"{\"a\":", &bytes[..]].concat(), piece);
        }
    }
}
