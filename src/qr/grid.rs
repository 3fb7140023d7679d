//! The square: function patterns, and where the bits of the codewords go (ISO/IEC 18004 §6.3, §7.7,
//! §7.9, §7.10). Not here: which mask is best.

use super::version::Version;

/// Generator and mask of the format information's check bits (§7.9.1).
const FORMAT: (u32, u32) = (0x537, 0x5412);

/// The error correction level L in the format information (table 12).
const LEVEL: u32 = 0b01;

/// Generator of the version information's check bits (§7.10).
const VERSION: u32 = 0x1F25;

/// Modules of one code. `fixed` ones are no data: no mask changes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Grid {
    size: usize,
    dark: Vec<bool>,
    fixed: Vec<bool>,
}

impl Grid {
    /// A code with its data and without a mask: its format information is still missing.
    pub(super) fn new(version: Version, codewords: &[u8]) -> Self {
        let size = version.size();
        let mut grid = Self {
            size,
            dark: vec![false; size * size],
            fixed: vec![false; size * size],
        };
        grid.draw_timing();
        grid.draw_finders();
        grid.draw_alignments(version);
        grid.draw_format(0);
        grid.draw_version(version);
        grid.place(codewords);
        grid
    }

    pub(super) fn size(&self) -> usize {
        self.size
    }

    pub(super) fn is_dark(&self, row: usize, column: usize) -> bool {
        self.dark[row * self.size + column]
    }

    /// The same code under a mask: `inverts` says which data modules change.
    pub(super) fn masked(&self, mask: u32, inverts: impl Fn(usize, usize) -> bool) -> Self {
        let mut grid = self.clone();
        for (place, dark) in grid.dark.iter_mut().enumerate() {
            *dark ^= !self.fixed[place] && inverts(place / self.size, place % self.size);
        }
        grid.draw_format(format(LEVEL << 3 | mask));
        grid
    }

    fn fix(&mut self, row: usize, column: usize, dark: bool) {
        let place = row * self.size + column;
        self.dark[place] = dark;
        self.fixed[place] = true;
    }

    fn draw_timing(&mut self) {
        for i in 0..self.size {
            self.fix(6, i, i % 2 == 0);
            self.fix(i, 6, i % 2 == 0);
        }
    }

    /// The squares in three corners, with the light line around them.
    fn draw_finders(&mut self) {
        let far = self.size - 7;
        for (top, left) in [(0, 0), (0, far), (far, 0)] {
            for row in top.saturating_sub(1)..(top + 8).min(self.size) {
                for column in left.saturating_sub(1)..(left + 8).min(self.size) {
                    let ring = (row.abs_diff(top + 3)).max(column.abs_diff(left + 3));
                    self.fix(row, column, ring != 2 && ring != 4);
                }
            }
        }
    }

    fn draw_alignments(&mut self, version: Version) {
        let centres = version.alignments();
        let last = self.size - 7;
        let under_finders = [(6, 6), (6, last), (last, 6)];
        for &row in &centres {
            for &column in &centres {
                if !under_finders.contains(&(row, column)) {
                    self.draw_alignment(row, column);
                }
            }
        }
    }

    fn draw_alignment(&mut self, centre_row: usize, centre_column: usize) {
        for row in centre_row - 2..=centre_row + 2 {
            for column in centre_column - 2..=centre_column + 2 {
                let ring = row.abs_diff(centre_row).max(column.abs_diff(centre_column));
                self.fix(row, column, ring != 1);
            }
        }
    }

    /// Fifteen bits, twice, and the one module that is always dark (figure 25).
    fn draw_format(&mut self, bits: u32) {
        let size = self.size;
        for i in 0..15 {
            let dark = bits >> i & 1 == 1;
            let (row, column) = match i {
                0..6 => (i, 8),
                6 | 7 => (i + 1, 8),
                8 => (8, 7),
                _ => (8, 14 - i),
            };
            self.fix(row, column, dark);
            let (row, column) = match i {
                0..8 => (8, size - 1 - i),
                _ => (size - 15 + i, 8),
            };
            self.fix(row, column, dark);
        }
        self.fix(size - 8, 8, true);
    }

    /// Eighteen bits, twice, from version 7 on (figure 27).
    fn draw_version(&mut self, version: Version) {
        let Some(number) = u32::try_from(version.number())
            .ok()
            .filter(|number| *number >= 7)
        else {
            return;
        };
        let bits = number << 12 | remainder(number << 12, VERSION);
        for i in 0..18 {
            let dark = bits >> i & 1 == 1;
            let (near, far) = (i / 3, self.size - 11 + i % 3);
            self.fix(near, far, dark);
            self.fix(far, near, dark);
        }
    }

    /// Bits go up and down in pairs of columns from the right, around whatever is fixed.
    fn place(&mut self, codewords: &[u8]) {
        let mut bits = codewords
            .iter()
            .flat_map(|byte| (0..8).rev().map(move |at| byte >> at & 1 == 1));
        let size = self.size;
        // The column of the timing pattern belongs to no pair.
        let rights = (0..size).rev().filter(|column| *column != 6).step_by(2);
        for (pair, right) in rights.enumerate() {
            let left = if right == 7 { 5 } else { right - 1 };
            for i in 0..size {
                let row = if pair % 2 == 0 { size - 1 - i } else { i };
                for column in [right, left] {
                    let place = row * size + column;
                    if !self.fixed[place] {
                        self.dark[place] = bits.next().unwrap_or(false);
                    }
                }
            }
        }
    }
}

/// Level and mask with their check bits.
fn format(data: u32) -> u32 {
    (data << 10 | remainder(data << 10, FORMAT.0)) ^ FORMAT.1
}

/// What division by a polynomial over bits leaves.
fn remainder(mut value: u32, generator: u32) -> u32 {
    let degree = generator.ilog2();
    while value >> degree != 0 {
        value ^= generator << (value.ilog2() - degree);
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_bits_are_those_of_the_standard() {
        // Annex C: level M, mask 5. Annex D: version 7.
        assert_eq!(format(0b00_101), 0b100_0000_1100_1110);
        assert_eq!(
            7 << 12 | remainder(7 << 12, VERSION),
            0b00_0111_1100_1001_0100
        );
    }

    #[test]
    fn all_codewords_find_room_and_at_most_seven_bits_stay_over() {
        for version in Version::all() {
            let grid = Grid::new(version, &[]);
            let room = grid.fixed.iter().filter(|fixed| !**fixed).count();
            let bits = version.codewords() * 8;
            assert!(
                (bits..bits + 8).contains(&room),
                "{version:?}: {room}, {bits}"
            );
        }
    }
}
