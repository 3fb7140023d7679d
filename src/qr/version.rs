//! The sizes of codes: how many modules, codewords and blocks each version has at the error
//! correction level L (ISO/IEC 18004 tables 1, 7 and 9, and annex E).

/// 1 to 40.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Version(usize);

/// Error correction codewords of each block and number of blocks, by version.
const BLOCKS: [(usize, usize); 40] = [
    (7, 1),
    (10, 1),
    (15, 1),
    (20, 1),
    (26, 1),
    (18, 2),
    (20, 2),
    (24, 2),
    (30, 2),
    (18, 4),
    (20, 4),
    (24, 4),
    (26, 4),
    (30, 4),
    (22, 6),
    (24, 6),
    (28, 6),
    (30, 6),
    (28, 7),
    (28, 8),
    (28, 8),
    (28, 9),
    (30, 9),
    (30, 10),
    (26, 12),
    (28, 12),
    (30, 12),
    (30, 13),
    (30, 14),
    (30, 15),
    (30, 16),
    (30, 17),
    (30, 18),
    (30, 19),
    (30, 19),
    (30, 20),
    (30, 21),
    (30, 22),
    (30, 24),
    (30, 25),
];

impl Version {
    /// Every version, smallest first.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        (1..=BLOCKS.len()).map(Self)
    }

    /// The smallest that holds so many bytes.
    pub(super) fn smallest(bytes: usize) -> Option<Self> {
        Self::all().find(|version| version.capacity() >= bytes)
    }

    pub(super) fn number(self) -> usize {
        self.0
    }

    /// Modules on each side.
    pub(super) fn size(self) -> usize {
        4 * self.0 + 17
    }

    /// Error correction codewords of each block, and blocks.
    pub(super) fn blocks(self) -> (usize, usize) {
        BLOCKS[self.0 - 1]
    }

    /// Codewords in all: what the function patterns leave, less a few bits that stay unused.
    pub(super) fn codewords(self) -> usize {
        let v = self.0;
        let finders_timing_and_format = (16 * v + 128) * v + 64;
        let alignment = if v >= 2 {
            let n = v / 7 + 2;
            (25 * n - 10) * n - 55
        } else {
            0
        };
        let version = if v >= 7 { 36 } else { 0 };
        (finders_timing_and_format - alignment - version) / 8
    }

    /// Codewords that hold data.
    pub(super) fn data_codewords(self) -> usize {
        let (correction, blocks) = self.blocks();
        self.codewords() - correction * blocks
    }

    /// Bits that say how many bytes there are (table 3).
    pub(super) fn length_bits(self) -> usize {
        if self.0 < 10 { 8 } else { 16 }
    }

    /// Bytes of text it holds.
    pub(super) fn capacity(self) -> usize {
        (self.data_codewords() * 8 - 4 - self.length_bits()) / 8
    }

    /// Rows, and columns, in which alignment patterns have their centres (annex E).
    pub(super) fn alignments(self) -> Vec<usize> {
        if self.0 == 1 {
            return Vec::new();
        }
        let count = self.0 / 7 + 2;
        let step = (self.0 * 8 + count * 3 + 5) / (count * 4 - 4) * 2;
        let last = self.size() - 7;
        let mut centres: Vec<_> = (0..count - 1).map(|i| last - i * step).collect();
        centres.push(6);
        centres.reverse();
        centres
    }
}
