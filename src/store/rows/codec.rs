//! The encoding of fields: numbers of variable length, and texts with their length before them.
//!
//! Not here: what the rows mean.

use serde_json::Value;

use crate::store::error::StoreError;

/// Appends a number, seven bits a byte, the lowest first (LEB128).
pub(in crate::store) fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    out.push(number.to_le_bytes()[0]);
}

/// Appends a text.
pub(in crate::store) fn put_text(out: &mut Vec<u8>, text: &str) {
    put_number(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

/// Decodes a row from front to back. Every method fails on a row that ends early or has an invalid
/// field; `row` is the table's name, for the error.
pub(in crate::store) struct RowReader<'a> {
    rest: &'a [u8],
    row: &'static str,
}

impl<'a> RowReader<'a> {
    pub(in crate::store) fn new(row: &'static str, bytes: &'a [u8]) -> Self {
        Self { rest: bytes, row }
    }

    pub(in crate::store) fn byte(&mut self) -> Result<u8, StoreError> {
        let (first, rest) = self
            .rest
            .split_first()
            .ok_or_else(|| self.wrong("ends early"))?;
        self.rest = rest;
        Ok(*first)
    }

    /// A number of eight bytes, big-endian.
    pub(in crate::store) fn fixed(&mut self) -> Result<u64, StoreError> {
        let (bytes, rest) = self
            .rest
            .split_first_chunk()
            .ok_or_else(|| self.wrong("ends early"))?;
        self.rest = rest;
        Ok(u64::from_be_bytes(*bytes))
    }

    pub(in crate::store) fn number(&mut self) -> Result<u64, StoreError> {
        let mut number = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                break;
            }
            number |= bits << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(self.wrong("has a number too large"))
    }

    pub(in crate::store) fn text(&mut self) -> Result<&'a str, StoreError> {
        let length = usize::try_from(self.number()?).unwrap_or(usize::MAX);
        let (text, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or_else(|| self.wrong("ends early"))?;
        self.rest = rest;
        std::str::from_utf8(text).map_err(|_| self.wrong("has text that is not UTF-8"))
    }

    /// So many bytes.
    pub(in crate::store) fn bytes(&mut self, count: usize) -> Result<&'a [u8], StoreError> {
        let (bytes, rest) = self
            .rest
            .split_at_checked(count)
            .ok_or_else(|| self.wrong("ends early"))?;
        self.rest = rest;
        Ok(bytes)
    }

    /// Reads the first byte of a row, the version of its layout, and fails if that is not `known`.
    pub(in crate::store) fn layout(&mut self, known: u8) -> Result<(), StoreError> {
        match self.byte()? {
            layout if layout == known => Ok(()),
            other => Err(self.wrong(&format!("has layout {other}, which is unknown"))),
        }
    }

    pub(in crate::store) fn optional_text(
        &mut self,
        present: bool,
    ) -> Result<Option<String>, StoreError> {
        if !present {
            return Ok(None);
        }
        self.text().map(|text| Some(text.to_owned()))
    }

    /// Whether the row is used up.
    pub(in crate::store) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// Fails if bytes are left: then the row was not understood.
    pub(in crate::store) fn end(self) -> Result<(), StoreError> {
        if self.is_at_end() {
            Ok(())
        } else {
            Err(self.wrong("goes on after its end"))
        }
    }

    /// The value of a text in this row. Earlier versions wrote JSON that is nested too deeply for any
    /// reader: that is handed out as its text, like what is kept today.
    pub(in crate::store) fn json_of(&self, text: &str) -> Result<Value, StoreError> {
        serde_json::from_str(text).or_else(|error| {
            if error.to_string().starts_with("recursion limit") {
                Ok(Value::from(text))
            } else {
                Err(self.wrong("has JSON that cannot be read"))
            }
        })
    }

    pub(in crate::store) fn wrong(&self, what: &str) -> StoreError {
        StoreError::Corrupt(format!("a row of {} {what}", self.row))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_and_texts_read_back(number: u64, text: String) {
            let mut row = Vec::new();
            put_number(&mut row, number);
            put_text(&mut row, &text);
            let mut reader = RowReader::new("test", &row);
            prop_assert_eq!(reader.number()?, number);
            prop_assert_eq!(reader.text()?, text);
            reader.end()?;
        }

        #[test]
        fn any_bytes_are_read_or_refused_without_a_panic(bytes: Vec<u8>) {
            let mut reader = RowReader::new("test", &bytes);
            while reader.number().is_ok() && reader.text().is_ok() && reader.fixed().is_ok() {}
        }
    }

    #[test]
    fn a_number_beyond_64_bits_is_refused() {
        for wrong in [
            &[0xff; 10][..],
            &[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 2],
        ] {
            assert!(RowReader::new("test", wrong).number().is_err(), "{wrong:?}");
        }
    }
}
