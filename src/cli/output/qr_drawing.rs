//! A QR code drawn with block characters, for a phone to scan from the terminal.

use std::fmt::Write as _;

use crate::qr::{QUIET_ZONE, Qr};

/// Black on white (ECMA-48 §8.3.117), from the fixed part of the palette, which no theme changes.
pub(super) const BLACK_ON_WHITE: &str = "38;5;16;48;5;231";

/// The columns that a drawing needs, with the light margin that scanners ask for.
pub(crate) fn width(square: &Qr) -> usize {
    square.size() + 2 * QUIET_ZONE
}

/// Draws two modules in each character, one above the other. With colours it is black on white
/// whatever the terminal's theme; without, it is right on a dark terminal.
pub(crate) fn drawn(square: &Qr, colors: bool) -> String {
    let side = width(square);
    // In the quiet zone the subtraction wraps to a module far outside, and those are light.
    let is_dark = |row: usize, column: usize| {
        square.is_dark(
            row.wrapping_sub(QUIET_ZONE),
            column.wrapping_sub(QUIET_ZONE),
        )
    };
    let mut text = String::new();
    for row in (0..side).step_by(2) {
        if colors {
            let _ = write!(text, "\u{1b}[{BLACK_ON_WHITE}m");
        }
        text.extend((0..side).map(|column| {
            let above = is_dark(row, column) == colors;
            let below = is_dark(row + 1, column) == colors;
            match (above, below) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            }
        }));
        text.push_str(if colors { "\u{1b}[0m\n" } else { "\n" });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The modules of a drawing, true where it has ink.
    fn ink(drawing: &str) -> Vec<Vec<bool>> {
        let lines = drawing.lines().flat_map(|line| {
            let halves = |inked: [char; 2]| line.chars().map(move |c| inked.contains(&c)).collect();
            [halves(['█', '▀']), halves(['█', '▄'])]
        });
        lines.collect()
    }

    #[test]
    fn a_drawing_is_the_code_with_its_quiet_zone() {
        let square = Qr::of("https://example.com/").expect("it fits");
        let side = square.size() + 8;
        let plain = drawn(&square, false);
        let colored = drawn(&square, true)
            .replace("\u{1b}[38;5;16;48;5;231m", "")
            .replace("\u{1b}[0m", "");
        for (drawing, dark) in [(&plain, false), (&colored, true)] {
            let modules = ink(drawing);
            assert_eq!(modules.len(), side + 1, "half a line more");
            for (row, line) in modules.iter().enumerate() {
                assert_eq!(line.len(), side);
                for (column, inked) in line.iter().enumerate() {
                    let wanted = row >= 4 && column >= 4 && square.is_dark(row - 4, column - 4);
                    assert_eq!(*inked == dark, wanted, "{row} {column}");
                }
            }
        }
    }
}
