//! Ascending numbers in few bits: the distances between them, each as a quotient in ones and a remainder
//! of fixed width (Golomb-Rice codes). Within half a bit of what their number and span allow.
//!
//! Not here: what the numbers are (`block`).

/// The largest width of a remainder.
const MAX_WIDTH: u32 = 40;

/// The width of remainders that suits so many distances over such a span: the largest power of two
/// below their mean times the logarithm of two.
pub(super) fn width_for(span: u64, count: usize) -> u32 {
    let mean = span / (count.max(1) as u64);
    let suited = mean.saturating_mul(7) / 10;
    suited.checked_ilog2().unwrap_or(0).min(MAX_WIDTH)
}

/// How many bits are put at once, so that what was left has room besides.
const AT_ONCE: u32 = 32;

/// Appends bits to bytes, the highest first; at the `end`, which fills the last byte with zeros.
pub(super) struct BitWriter<'b> {
    out: &'b mut Vec<u8>,
    /// What is not there yet, the last of it the lowest; fewer than 32 bits.
    left: u64,
    count: u32,
}

impl<'b> BitWriter<'b> {
    pub(super) fn new(out: &'b mut Vec<u8>) -> Self {
        Self {
            out,
            left: 0,
            count: 0,
        }
    }

    /// Appends so many bits, at most 32, which are the lowest of these and all that are set.
    fn bits(&mut self, bits: u64, count: u32) {
        self.left = self.left << count | bits;
        self.count += count;
        if self.count >= 32 {
            self.count -= 32;
            let [.., a, b, c, d] = (self.left >> self.count).to_be_bytes();
            self.out.extend_from_slice(&[a, b, c, d]);
            self.left &= (1 << self.count) - 1;
        }
    }

    /// Appends a number with remainders of this width.
    pub(super) fn put(&mut self, number: u64, width: u32) {
        // None is so far from the one before that this is cut.
        let mut ones = u32::try_from(number >> width).unwrap_or(u32::MAX);
        let rest = number & ((1 << width) - 1);
        // A zero between the two.
        if ones + width < AT_ONCE {
            self.bits(((1 << ones) - 1) << (width + 1) | rest, ones + 1 + width);
            return;
        }
        while ones > 0 {
            let some = ones.min(AT_ONCE);
            self.bits((1 << some) - 1, some);
            ones -= some;
        }
        let (high, low) = (rest >> AT_ONCE.min(width), width.min(AT_ONCE));
        self.bits(0, 1);
        self.bits(high, width - low);
        self.bits(rest & ((1 << low) - 1), low);
    }

    /// Fills the last byte.
    pub(super) fn end(self) {
        let bytes = (self.left << (64 - self.count).min(63)).to_be_bytes();
        self.out
            .extend_from_slice(&bytes[..self.count.div_ceil(8) as usize]);
    }
}

/// Takes bits from bytes.
pub(super) struct BitReader<'b> {
    bytes: &'b [u8],
    /// The next bits, the first of them the highest.
    ahead: u64,
    count: u32,
}

impl<'b> BitReader<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Self {
            bytes,
            ahead: 0,
            count: 0,
        }
    }

    /// Behind the end there are zeros, so that every number ends; how many there are is known.
    fn fill(&mut self) {
        while self.count <= 56 {
            let Some((first, rest)) = self.bytes.split_first() else {
                return;
            };
            self.ahead |= u64::from(*first) << (56 - self.count);
            self.count += 8;
            self.bytes = rest;
        }
    }

    fn skip(&mut self, bits: u32) {
        self.ahead = self.ahead.checked_shl(bits).unwrap_or(0);
        self.count = self.count.saturating_sub(bits);
    }

    /// The next number; `None` if it is too large to be one.
    pub(super) fn take(&mut self, width: u32) -> Option<u64> {
        let width = (width <= MAX_WIDTH).then_some(width)?;
        let mut quotient = 0_u64;
        loop {
            self.fill();
            let ones = self.ahead.leading_ones();
            quotient += u64::from(ones);
            if ones < 64 && (ones < self.count || self.bytes.is_empty()) {
                self.skip(ones + 1);
                break;
            }
            self.skip(ones);
        }
        self.fill();
        let rest = match width {
            0 => 0,
            width => self.ahead >> (64 - width),
        };
        self.skip(width);
        quotient.checked_mul(1 << width)?.checked_add(rest)
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn written(numbers: &[u64], width: u32) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut writer = BitWriter::new(&mut bytes);
        for number in numbers {
            writer.put(*number, width);
        }
        writer.end();
        bytes
    }

    fn read_back(numbers: &[u64], width: u32) -> Vec<Option<u64>> {
        let bytes = written(numbers, width);
        let mut reader = BitReader::new(&bytes);
        numbers.iter().map(|_| reader.take(width)).collect()
    }

    proptest! {
        #[test]
        fn numbers_read_back(numbers in vec(0..100_000_u64, 1..300), slack in 0..12_u32) {
            let width = width_for(numbers.iter().sum(), numbers.len()).saturating_sub(slack);
            let expected: Vec<_> = numbers.iter().copied().map(Some).collect();
            prop_assert_eq!(read_back(&numbers, width), expected);
        }

        #[test]
        fn numbers_of_any_size_read_back(numbers in vec((0..100_u64, 0..=0xffff_ffff_u64), 1..20), width in 0..=MAX_WIDTH) {
            // Quotients that are written at once, and those that are not.
            let numbers: Vec<u64> = numbers.into_iter().map(|(ones, rest)| ones << width | rest & ((1 << width) - 1)).collect();
            let expected: Vec<_> = numbers.iter().copied().map(Some).collect();
            prop_assert_eq!(read_back(&numbers, width), expected);
        }

        #[test]
        fn any_bytes_are_some_numbers(bytes: Vec<u8>, width in 0..64_u32) {
            let mut reader = BitReader::new(&bytes);
            for _ in 0..100 {
                let _ = reader.take(width);
            }
        }
    }

    #[test]
    fn a_number_costs_about_what_its_rarity_says() {
        // Every 64th: six bits for where, and one and a half beside.
        let width = width_for(64 * 1000, 1000);
        let numbers: Vec<u64> = (0..1000).map(|number| number % 127).collect();
        let bytes = written(&numbers, width);
        assert!(bytes.len() * 8 <= 8 * 1000, "{}", bytes.len());
    }
}
