//! QR codes (ISO/IEC 18004) of texts, as a square of dark and light modules: what a phone scans to be
//! paired.
//!
//! Encoded by `qrcodegen`, always in byte mode at the error correction level L: a screen is not torn
//! or dirty, and the smallest square fits into most windows.
//!
//! Not here: how a module is drawn.

use std::fmt;

use qrcodegen::{Mask, QrCode, QrCodeEcc, QrSegment, Version};

/// Light modules that must stay around the square on every side (ISO/IEC 18004 §5.3.8).
pub const QUIET_ZONE: usize = 4;

/// The square of one code.
#[derive(Clone, PartialEq, Eq)]
pub struct Qr(QrCode);

impl Qr {
    /// The smallest code that holds the text; `None` beyond 2,953 bytes.
    pub fn of(text: &str) -> Option<Self> {
        Self::masked(text, None)
    }

    /// The same under a given mask. Otherwise the one with the fewest penalty points is chosen; readers
    /// take any, since the code says which it is.
    fn masked(text: &str, mask: Option<Mask>) -> Option<Self> {
        let segments = [QrSegment::make_bytes(text.as_bytes())];
        let (level, raise_level) = (QrCodeEcc::Low, false);
        let (min, max) = (Version::MIN, Version::MAX);
        let code = QrCode::encode_segments_advanced(&segments, level, min, max, mask, raise_level);
        code.ok().map(Self)
    }

    /// Modules on each side, without the quiet zone.
    pub fn size(&self) -> usize {
        usize::try_from(self.0.size()).unwrap_or_default()
    }

    /// Whether a module is dark; those outside are light.
    pub fn is_dark(&self, row: usize, column: usize) -> bool {
        let (Ok(x), Ok(y)) = (i32::try_from(column), i32::try_from(row)) else {
            return false;
        };
        self.0.get_module(x, y)
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

/// A pairing code is a secret: its size says enough.
impl fmt::Debug for Qr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Qr({0}x{0})", self.size())
    }
}

#[cfg(test)]
mod tests;
