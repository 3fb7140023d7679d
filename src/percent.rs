//! Escapes of two hexadecimal digits: `%41` of URLs and headers (RFC 3986 §2.1), and `=41` of mail
//! (RFC 2045 §6.7), which differ in the sign before them.

use std::fmt::Write as _;

/// Escapes a text with `%`, except unreserved characters (RFC 3986 §2.3) and those in `also`.
pub fn encode(text: &str, also: &[u8]) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || also.contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

/// The bytes that a text with such escapes stands for. A sign without two digits behind it stays as it is.
pub fn decode(text: &str, sign: u8) -> Vec<u8> {
    let bytes = text.as_bytes();
    let (mut decoded, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while at < bytes.len() {
        let digits = text.get(at + 1..at + 3).filter(|_| bytes[at] == sign);
        let digits = digits.filter(|digits| !digits.starts_with('+'));
        if let Some(byte) = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            decoded.push(byte);
            at += 3;
        } else {
            decoded.push(bytes[at]);
            at += 1;
        }
    }
    decoded
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_what_must_be_is_escaped() {
        assert_eq!(encode("a b/ç~", b"/"), "a%20b/%C3%A7~");
        assert_eq!(decode("a%20b%zz%4", b'%'), b"a b%zz%4");
        assert_eq!(decode("a=3Db%41", b'='), b"a=b%41");
        assert_eq!(decode("%+1", b'%'), b"%+1");
    }

    proptest! {
        #[test]
        fn a_text_reads_back(text: String) {
            prop_assert_eq!(decode(&encode(&text, b""), b'%'), text.as_bytes());
        }
    }
}
