//! From bytes to the codewords of a code: mode and length before them, padding behind, then in blocks
//! with their error correction, interleaved (ISO/IEC 18004 §7.4 to §7.6).

use super::version::Version;

/// The mode of bytes, in four bits.
const BYTES: usize = 0b0100;

/// What follows the text by turns.
const PADDING: [u8; 2] = [0xEC, 0x11];

/// All codewords in the order of their placing. The bytes must fit.
pub(super) fn of(bytes: &[u8], version: Version) -> Vec<u8> {
    let data = data(bytes, version);
    let (correction, count) = version.blocks();
    let generator = generator(correction);
    let (short, longer) = (data.len() / count, data.len() % count);
    let mut rest = data.as_slice();
    let blocks: Vec<(&[u8], Vec<u8>)> = (0..count)
        .map(|i| {
            // The longer blocks come last.
            let length = short + usize::from(i >= count - longer);
            let (block, behind) = rest.split_at(length);
            rest = behind;
            (block, remainder(block, &generator))
        })
        .collect();
    let mut all = Vec::with_capacity(version.codewords());
    for i in 0..=short {
        all.extend(blocks.iter().filter_map(|(block, _)| block.get(i)));
    }
    for i in 0..correction {
        all.extend(blocks.iter().map(|(_, correction)| correction[i]));
    }
    all
}

fn data(bytes: &[u8], version: Version) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.push(BYTES, 4);
    bits.push(bytes.len(), version.length_bits());
    for byte in bytes {
        bits.push(usize::from(*byte), 8);
    }
    let mut data = bits.bytes;
    let missing = version.data_codewords().saturating_sub(data.len());
    // Mode and length fill half a byte more or less: the other half is the terminator.
    data.extend(PADDING.iter().cycle().take(missing));
    data
}

/// Bits in bytes, the highest first.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    used: usize,
}

impl Bits {
    fn push(&mut self, value: usize, count: usize) {
        for at in (0..count).rev() {
            if self.used.is_multiple_of(8) {
                self.bytes.push(0);
            }
            if let Some(last) = self.bytes.last_mut().filter(|_| value >> at & 1 == 1) {
                *last |= 0x80 >> (self.used % 8);
            }
            self.used += 1;
        }
    }
}

/// A product in the field of 256 elements that x^8 + x^4 + x^3 + x^2 + 1 makes.
fn product(one: u8, other: u8) -> u8 {
    (0..8).rev().fold(0, |sum: u8, bit| {
        let carry = if sum & 0x80 == 0 { 0 } else { 0x1D };
        let doubled = sum << 1 ^ carry;
        let add = if other >> bit & 1 == 1 { one } else { 0 };
        doubled ^ add
    })
}

/// The coefficients of (x - 1)(x - 2)(x - 4)… with `degree` factors, highest first, without the
/// leading one.
fn generator(degree: usize) -> Vec<u8> {
    let mut coefficients = vec![0; degree];
    coefficients[degree - 1] = 1;
    let mut root = 1;
    for _ in 0..degree {
        for i in 0..degree {
            let next = coefficients.get(i + 1).copied().unwrap_or(0);
            coefficients[i] = product(coefficients[i], root) ^ next;
        }
        root = product(root, 2);
    }
    coefficients
}

/// What is left of a block behind division by the generator: its error correction.
fn remainder(block: &[u8], generator: &[u8]) -> Vec<u8> {
    let mut left = vec![0; generator.len()];
    for byte in block {
        let factor = byte ^ left[0];
        left.rotate_left(1);
        left[generator.len() - 1] = 0;
        for (place, coefficient) in left.iter_mut().zip(generator) {
            *place ^= product(*coefficient, factor);
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generators_are_those_of_the_standard() {
        // Annex A gives them as exponents of 2.
        let exponents = [87, 229, 146, 149, 238, 102, 21];
        let power = |exponent| (0..exponent).fold(1, |value, _| product(value, 2));
        assert_eq!(generator(7), exponents.map(power));
        assert_eq!(power(255), 1);
    }

    #[test]
    fn the_example_of_the_standard_gets_its_error_correction() {
        // Annex I: version 1-M, "01234567" in numeric mode.
        let data = [
            0x10, 0x20, 0x0C, 0x56, 0x61, 0x80, 0xEC, 0x11, 0xEC, 0x11, 0xEC, 0x11, 0xEC, 0x11,
            0xEC, 0x11,
        ];
        let wanted = [0xA5, 0x24, 0xD4, 0xC1, 0xED, 0x36, 0xC7, 0x87, 0x2C, 0x55];
        assert_eq!(remainder(&data, &generator(10)), wanted);
    }

    #[test]
    fn a_full_code_has_no_padding_and_an_empty_one_nothing_else() {
        let version = Version::smallest(17).expect("a version");
        assert_eq!((version.number(), version.capacity()), (1, 17));
        let full = data(&[0xFF; 17], version);
        assert_eq!((full.len(), full[0], full[18]), (19, 0x41, 0xF0));
        let empty = data(&[], version);
        assert_eq!(empty[..4], [0x40, 0x00, 0xEC, 0x11]);
    }
}
