//! QR codes (ISO/IEC 18004) of texts, as a square of dark and light modules: what a phone scans to be
//! paired.
//!
//! Byte mode in versions 1 to 40 at the error correction level L: a screen is not torn or dirty, and the
//! smallest square fits into the most windows.
//!
//! `version` knows the sizes, `codewords` makes the bits, `grid` places them, `mask` chooses among the
//! eight patterns. Not here: how a module is drawn.

mod codewords;
mod grid;
mod mask;
mod version;

use self::{grid::Grid, version::Version};

/// Light modules that must stay around the square on every side (ISO/IEC 18004 §5.3.8).
pub const QUIET_ZONE: usize = 4;

/// The square of one code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Qr {
    grid: Grid,
}

impl Qr {
    /// The smallest code that holds the text; `None` beyond 2,953 bytes.
    pub fn of(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let version = Version::smallest(bytes.len())?;
        let plain = Grid::new(version, &codewords::of(bytes, version));
        let grid = mask::best(&plain);
        Some(Self { grid })
    }

    /// Modules on each side, without the quiet zone.
    pub fn size(&self) -> usize {
        self.grid.size()
    }

    /// True for a dark module; those outside are light.
    pub fn is_dark(&self, row: usize, column: usize) -> bool {
        row < self.size() && column < self.size() && self.grid.is_dark(row, column)
    }

    /// Each row from the top as text: 1 for a dark module, 0 for a light one.
    pub fn rows(&self) -> Vec<String> {
        let row = |row| {
            let modules = (0..self.size()).map(|column| self.is_dark(row, column));
            modules.map(|dark| if dark { '1' } else { '0' }).collect()
        };
        (0..self.size()).map(row).collect()
    }
}

#[cfg(test)]
mod tests;
