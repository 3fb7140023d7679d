//! Two checks of raw JSON that `serde_json` makes only for values it builds, not for a `RawValue`: the
//! depth, and numbers outside the range of `f64`.

use super::error_code::{ErrorCode, Fault};

/// What is wrong with a text that may be JSON.
#[derive(Debug)]
pub(super) enum Excess {
    /// It is nested too deep.
    Depth(Fault),
    /// It has a number outside the range of `f64`.
    Number(Fault),
}

impl From<Excess> for Fault {
    fn from(excess: Excess) -> Self {
        match excess {
            Excess::Depth(fault) | Excess::Number(fault) => fault,
        }
    }
}

/// More digits than this in a row may be a number above `f64::MAX`.
const LONGEST_SURE_NUMBER: usize = 308;

/// Refuses text nested deeper than `max_depth` or with a number outside the range of `f64`.
///
/// Grammar is not checked here. Counting bytes is enough to pass most frames, and the compiler turns
/// that into vector code; only the others are walked.
pub(super) fn check(text: &str, max_depth: usize) -> Result<(), Excess> {
    let bytes = text.as_bytes();
    let openers = count(bytes, |b| b | 0x20 == b'{');
    let digits = if bytes.len() > LONGEST_SURE_NUMBER {
        count(bytes, |b| b.is_ascii_digit())
    } else {
        0
    };
    if openers <= max_depth && digits <= LONGEST_SURE_NUMBER && !has_exponent(bytes) {
        return Ok(());
    }
    walk(bytes, max_depth)
}

/// Counts in single bytes, chunk by chunk, so that a vector holds the most counters; with `usize`
/// counters it takes eight times as long.
fn count(bytes: &[u8], is_one: impl Fn(u8) -> bool) -> usize {
    let pieces = bytes.chunks(usize::from(u8::MAX));
    pieces
        .map(|piece| usize::from(piece.iter().map(|b| u8::from(is_one(*b))).sum::<u8>()))
        .sum()
}

/// Whether an `e` follows a digit anywhere. The loop does not end early, since such a loop is not
/// vectorized.
#[expect(
    clippy::needless_bitwise_bool,
    reason = "a branch in the loop would keep it from being vectorized"
)]
fn has_exponent(bytes: &[u8]) -> bool {
    let pairs = bytes.iter().zip(bytes.iter().skip(1));
    pairs.fold(false, |found, (digit, e)| {
        found | (digit.is_ascii_digit() & (e | 0x20 == b'e'))
    })
}

fn walk(bytes: &[u8], max_depth: usize) -> Result<(), Excess> {
    let (mut depth, mut at) = (0_usize, 0);
    while at < bytes.len() {
        match bytes[at] {
            b'"' => at = end_of_string(bytes, at),
            b'{' | b'[' => {
                depth += 1;
                if depth > max_depth {
                    return Err(Excess::Depth(fault(format!(
                        "nested deeper than {max_depth} levels at byte {at}"
                    ))));
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'0'..=b'9' => {
                let end = end_of_number(bytes, at);
                check_number(&bytes[at..end], at)?;
                at = end - 1;
            }
            _ => {}
        }
        at += 1;
    }
    Ok(())
}

/// The index of the closing quote, or of the last byte where there is none.
fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    at.min(bytes.len() - 1)
}

fn end_of_number(bytes: &[u8], start: usize) -> usize {
    let of_number = |b: &u8| matches!(b, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-');
    bytes[start..]
        .iter()
        .position(|b| !of_number(b))
        .map_or(bytes.len(), |length| start + length)
}

fn check_number(number: &[u8], at: usize) -> Result<(), Excess> {
    let value = std::str::from_utf8(number)
        .ok()
        .and_then(|text| text.parse::<f64>().ok());
    match value {
        Some(value) if value.is_infinite() => Err(Excess::Number(fault(format!(
            "number out of range at byte {at}"
        )))),
        _ => Ok(()),
    }
}

fn fault(message: String) -> Fault {
    Fault::new(ErrorCode::BadJson, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn nested(depth: usize) -> String {
        "[".repeat(depth) + &"]".repeat(depth)
    }

    #[test]
    fn the_limit_itself_passes_and_one_more_does_not() {
        assert!(check(&nested(64), 64).is_ok());
        assert!(check(&nested(65), 64).is_err());
        assert!(check(&nested(1_000_000), 64).is_err());
    }

    #[test]
    fn width_is_not_depth_and_brackets_in_strings_do_not_count() {
        assert!(check(&format!("[{}1]", "[1],".repeat(500)), 64).is_ok());
        assert!(check(&format!(r#"["\"{}"]"#, "[".repeat(500)), 64).is_ok());
    }

    #[test]
    fn numbers_no_one_can_hold_are_refused_and_odd_strings_are_not() {
        for wrong in ["1e400", r#"{"n":-1E999}"#, &"9".repeat(400)] {
            assert!(check(wrong, 64).is_err(), "{wrong}");
        }
        for fine in [
            "1e300",
            "1.5e-400",
            r#"{"note":"1e400"}"#,
            &format!("\"{}\"", "9".repeat(400)),
        ] {
            assert!(check(fine, 64).is_ok(), "{fine}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_walked_without_a_panic(text: String) {
            let _ = walk(text.as_bytes(), 3);
        }
    }
}
