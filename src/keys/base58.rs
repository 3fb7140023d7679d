//! Base58 (draft-msporny-base58 §2): letters and digits without those that look alike, so that a token can be
//! read out, and a double click takes all of it.

const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// The bytes as a number in base 58, filled with `1` in front up to `width` digits.
pub fn encode(bytes: &[u8], width: usize) -> String {
    // Digits of base 58, the lowest first.
    let mut digits: Vec<u8> = Vec::with_capacity(width);
    for byte in bytes {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            carry += u32::from(*digit) << 8;
            *digit = low(carry);
            carry /= 58;
        }
        while carry > 0 {
            digits.push(low(carry));
            carry /= 58;
        }
    }
    digits.resize(width.max(digits.len()), 0);
    let letters = digits.iter().rev();
    letters
        .map(|digit| char::from(ALPHABET[usize::from(*digit)]))
        .collect()
}

fn low(number: u32) -> u8 {
    u8::try_from(number % 58).unwrap_or(0)
}

/// Whether all of the text are digits of base 58.
pub(super) fn is_base58(text: &str) -> bool {
    text.bytes().all(|byte| ALPHABET.contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_draft_come_out() {
        assert_eq!(encode(b"Hello World!", 0), "2NEpo7TZRRrLZSi2U");
        let fox = b"The quick brown fox jumps over the lazy dog.";
        let expected = "USm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z";
        assert_eq!(encode(fox, 0), expected);
    }

    #[test]
    fn any_256_bits_have_44_digits() {
        assert_eq!(encode(&[0; 32], 44), "1".repeat(44));
        assert_eq!(encode(&[0xff; 32], 44).len(), 44);
        assert!(is_base58(&encode(&[0xa5; 32], 44)) && !is_base58("0OIl"));
    }
}
