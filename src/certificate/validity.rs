//! When a certificate ends: its bytes are walked to that one field (RFC 5280 §4.1), which rustls reads and does not
//! show.

use crate::clock;

/// The tags of DER on the way (X.690 §8).
const INTEGER: u8 = 0x02;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
/// The version, which those of version 1 leave out.
const VERSION: u8 = 0xA0;

/// When a certificate in DER ends, ms since 1970; `None` where it is none.
pub fn not_after_ms(certificate: &[u8]) -> Option<u64> {
    let mut outer = Reader(certificate);
    let mut signed = Reader(outer.expect(SEQUENCE)?);
    let mut fields = Reader(signed.expect(SEQUENCE)?);
    if fields.0.first() == Some(&VERSION) {
        fields.expect(VERSION)?;
    }
    fields.expect(INTEGER)?;
    // The algorithm of the signature, and who signed.
    fields.expect(SEQUENCE)?;
    fields.expect(SEQUENCE)?;
    let mut validity = Reader(fields.expect(SEQUENCE)?);
    validity.next()?;
    let (tag, text) = validity.next()?;
    time_ms(tag, text)
}

/// Elements that follow each other.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// The next one: its tag and its content.
    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            short @ 0..=0x7F => (usize::from(short), rest),
            // So many bytes of length; four hold more than any certificate has.
            0x81..=0x84 => {
                let (length, rest) = rest.split_at_checked(usize::from(first & 0x7F))?;
                let fold = |sum: usize, byte: &u8| sum << 8 | usize::from(*byte);
                (length.iter().fold(0, fold), rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, content))
    }

    /// The content of the next one, which has this tag.
    fn expect(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (found, content) = self.next()?;
        (found == tag).then_some(content)
    }
}

/// `YYMMDDHHMMSSZ` of 1950 to 2049, or `YYYYMMDDHHMMSSZ` (RFC 5280 §4.1.2.5).
fn time_ms(tag: u8, text: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<u64>().ok();
    let (year, rest) = match (tag, text.len()) {
        (UTC_TIME, 12) => {
            let short = number(0..2)?;
            (short + if short < 50 { 2000 } else { 1900 }, 2)
        }
        (GENERALIZED_TIME, 14) => (number(0..4)?, 4),
        _ => return None,
    };
    let pair = |index: usize| number(rest + 2 * index..rest + 2 * index + 2);
    clock::utc_ms([year, pair(0)?, pair(1)?, pair(2)?, pair(3)?, pair(4)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        let mut bytes = vec![tag];
        if let Ok(short @ 0..=0x7F) = u8::try_from(content.len()) {
            bytes.push(short);
        } else {
            let length = u16::try_from(content.len()).expect("short");
            bytes.push(0x82);
            bytes.extend(length.to_be_bytes());
        }
        bytes.extend(content);
        bytes
    }

    /// The parts of a certificate up to its end, with an issuer of this many bytes.
    fn certificate(version: bool, issuer: usize, end: &[u8]) -> Vec<u8> {
        let begin = element(UTC_TIME, b"250101000000Z");
        let version = if version {
            element(VERSION, &[INTEGER, 1, 2])
        } else {
            Vec::new()
        };
        let fields = [
            version,
            element(INTEGER, &[1]),
            element(SEQUENCE, &[]),
            element(SEQUENCE, &vec![0; issuer]),
            element(SEQUENCE, &[&begin, end].concat()),
        ];
        element(SEQUENCE, &element(SEQUENCE, &fields.concat()))
    }

    #[test]
    fn the_end_is_found_in_both_spellings() {
        let end = element(UTC_TIME, b"260301020304Z");
        let expected = clock::utc_ms([2026, 3, 1, 2, 3, 4]);
        for (version, issuer) in [(true, 3), (false, 3), (true, 300)] {
            assert_eq!(not_after_ms(&certificate(version, issuer, &end)), expected);
        }
        let late = certificate(true, 3, &element(GENERALIZED_TIME, b"20501231235959Z"));
        assert_eq!(
            not_after_ms(&late),
            clock::utc_ms([2050, 12, 31, 23, 59, 59])
        );
        let last_century = certificate(true, 3, &element(UTC_TIME, b"990101000000Z"));
        assert_eq!(
            not_after_ms(&last_century),
            clock::utc_ms([1999, 1, 1, 0, 0, 0])
        );
    }

    #[test]
    fn what_is_no_certificate_has_no_end() {
        let whole = certificate(true, 3, &element(UTC_TIME, b"260301020304Z"));
        for length in 0..whole.len() {
            assert_eq!(not_after_ms(&whole[..length]), None, "{length} bytes");
        }
        for wrong in [
            &b"2603010203Z"[..],
            b"260301020304",
            b"26030102030xZ",
            b"269901020304Z",
        ] {
            let end = element(UTC_TIME, wrong);
            assert_eq!(not_after_ms(&certificate(true, 3, &end)), None, "{wrong:?}");
        }
    }
}
