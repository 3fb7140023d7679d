//! The eight masks, and the points by which one is chosen: what looks like a finder, long runs and
//! blocks of one colour confuse readers (ISO/IEC 18004 §7.8).

use super::grid::Grid;

/// Points for a run of five modules of one colour; each further one adds a point.
const RUN: usize = 3;
/// Points for each block of four.
const BLOCK: usize = 3;
/// Points for each likeness of a finder.
const FINDER: usize = 40;
/// Points for each 5 % by which dark modules are more or fewer than half.
const BALANCE: usize = 10;

/// A finder's middle line with the light modules of one side, as bits.
const LIKENESSES: [u32; 2] = [0b101_1101_0000, 0b000_0101_1101];

/// The code under the mask with the fewest points.
pub(super) fn best(plain: &Grid) -> Grid {
    let masked = |mask| plain.masked(mask, |row, column| inverts(mask, row, column));
    let all = (0..8).map(masked);
    // There are eight, so there is a least.
    all.min_by_key(points).unwrap_or_else(|| masked(0))
}

/// Whether a mask inverts this module (table 10).
fn inverts(mask: u32, row: usize, column: usize) -> bool {
    let (i, j) = (row, column);
    match mask {
        0 => (i + j) % 2 == 0,
        1 => i % 2 == 0,
        2 => j % 3 == 0,
        3 => (i + j) % 3 == 0,
        4 => (i / 2 + j / 3) % 2 == 0,
        5 => i * j % 2 + i * j % 3 == 0,
        6 => (i * j % 2 + i * j % 3) % 2 == 0,
        _ => ((i + j) % 2 + i * j % 3) % 2 == 0,
    }
}

fn points(grid: &Grid) -> usize {
    let size = grid.size();
    let lines = (0..size).map(|line| {
        let row = points_of_line((0..size).map(|at| grid.is_dark(line, at)));
        row + points_of_line((0..size).map(|at| grid.is_dark(at, line)))
    });
    lines.sum::<usize>() + points_of_blocks(grid) + points_of_balance(grid)
}

/// Runs and likenesses of a finder in one row or column.
fn points_of_line(modules: impl Iterator<Item = bool>) -> usize {
    let (mut points, mut run, mut last, mut seen) = (0, 0, None, 0_u32);
    for (at, dark) in modules.enumerate() {
        run = if last == Some(dark) { run + 1 } else { 1 };
        last = Some(dark);
        points += match run {
            5 => RUN,
            6.. => 1,
            _ => 0,
        };
        seen = (seen << 1 | u32::from(dark)) & 0x7FF;
        if at >= 10 && LIKENESSES.contains(&seen) {
            points += FINDER;
        }
    }
    points
}

fn points_of_blocks(grid: &Grid) -> usize {
    let last = grid.size() - 1;
    let is_block = |row: usize, column: usize| {
        let dark = grid.is_dark(row, column);
        [(0, 1), (1, 0), (1, 1)]
            .iter()
            .all(|(down, right)| grid.is_dark(row + down, column + right) == dark)
    };
    let blocks = (0..last).flat_map(|row| (0..last).map(move |column| (row, column)));
    blocks
        .filter(|(row, column)| is_block(*row, *column))
        .count()
        * BLOCK
}

fn points_of_balance(grid: &Grid) -> usize {
    let size = grid.size();
    let places = (0..size).flat_map(|row| (0..size).map(move |column| (row, column)));
    let dark = places
        .filter(|(row, column)| grid.is_dark(*row, *column))
        .count();
    // In twentieths of the whole, away from ten of them.
    let away = (dark * 20).abs_diff(size * size * 10) / (size * size);
    away * BALANCE
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> usize {
        points_of_line(text.chars().map(|c| c == '1'))
    }

    #[test]
    fn runs_and_likenesses_of_a_finder_cost_points() {
        assert_eq!(line("11110000"), 0);
        assert_eq!(line("11111"), 3);
        assert_eq!(line("0111111100000"), 3 + 2 + 3);
        assert_eq!(line("1011101"), 0);
        assert_eq!(line("10111010000"), 40);
        assert_eq!(line("000010111010000"), 80);
    }
}
