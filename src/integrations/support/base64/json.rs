//! A file inside a JSON answer, as `{"mimetype":"image/png","base64":"iVBORw0…"}`: its bytes are decoded as
//! they come and passed on, so that neither text nor file is in memory. Of the other fields, the short
//! ones that are asked for are kept.

use serde_json::{Map, Value};

use super::decode::{Base64Error, File, FileState};
use crate::http_client::{Sink, read_json};

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
    /// The object whose fields are looked at besides the outermost one's.
    within: Option<&'static str>,
    /// Whether that is open.
    is_within: bool,
    /// Whether the file is a data URL whose beginning has not ended yet.
    in_prefix: bool,
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
            within: None,
            is_within: false,
            in_prefix: false,
        }
    }

    /// The same for a file that is a data URL (RFC 2397) in a field of this object:
    /// `{"data":{"file":"data:image/png;base64,iVBORw0…"}}`.
    #[must_use]
    pub fn data_url_within(mut self, object: &'static str) -> Self {
        (self.within, self.in_prefix) = (Some(object), true);
        self
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
            (State::BeforeKey | State::AfterValue, b'}') if self.is_within => {
                self.is_within = false;
                State::AfterValue
            }
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
        self.key = read_json(&self.written).map_err(|_| "is not JSON")?;
        Ok(State::Colon)
    }

    fn begin_value(&mut self, byte: u8) -> Result<(), &'static str> {
        if byte == b'{' && !self.is_within && self.within == Some(self.key.as_str()) {
            self.is_within = true;
            self.state = State::BeforeKey;
            return Ok(());
        }
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
            && let Ok(value) = read_json(&self.written)
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
        if self.in_prefix {
            let end = piece.iter().position(|byte| matches!(byte, b',' | b'"'));
            self.in_prefix = end.is_none_or(|end| piece[end] == b'"');
            return match end {
                None => Ok(&[]),
                Some(end) if piece[end] == b'"' => {
                    Err(Base64Error::Malformed("has a file that is no data URL"))
                }
                Some(end) => Ok(&piece[end + 1..]),
            };
        }
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

#[cfg(test)]
mod tests;
