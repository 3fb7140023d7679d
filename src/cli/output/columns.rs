//! Rows of cells as aligned columns, and how a cell is highlighted. Pure text, no streams.

use super::{
    cells::{cells, cut},
    wrap::wrap,
};
use crate::language::Translator;

/// How a piece of text is highlighted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextStyle {
    /// Not at all.
    Plain,
    /// All is well.
    Good,
    /// Worth a look.
    Doubtful,
    /// Broken.
    Bad,
    /// Less important than the cells beside it.
    Dim,
    /// A heading.
    Strong,
    /// What was looked for.
    Found,
}

impl TextStyle {
    /// The parameter of the escape sequence "select graphic rendition" (ECMA-48 §8.3.117).
    pub(crate) fn code(self) -> Option<u8> {
        match self {
            Self::Plain => None,
            Self::Good => Some(32),
            Self::Doubtful => Some(33),
            Self::Bad => Some(31),
            Self::Dim => Some(2),
            Self::Strong => Some(1),
            Self::Found => Some(7),
        }
    }

    /// The style for the state of an integration or a message.
    pub(crate) fn of_state(state: &str) -> Self {
        match state {
            "running" | "connected" | "ready" | "sent" | "delivered" | "read" => Self::Good,
            "failed" | "parked" | "error" => Self::Bad,
            "stopped" | "disabled" | "cancelled" => Self::Dim,
            "received" => Self::Plain,
            // Among them impaired, away, backing_off: not as it should be, and not for ever.
            _ => Self::Doubtful,
        }
    }
}

/// One field of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cell {
    text: String,
    style: TextStyle,
    /// Whether the text is ours, and so translated.
    is_ours: bool,
    is_whole: bool,
    /// Whether it stands on lines of its own below its row, where somebody watches.
    is_below: bool,
}

impl Cell {
    fn lines(&self, width: usize) -> Vec<String> {
        if self.is_whole {
            return vec![self.text.clone()];
        }
        wrap(&self.text, width)
    }

    /// A field with a style.
    pub(crate) fn styled(style: TextStyle, text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            style,
            is_ours: false,
            is_whole: false,
            is_below: false,
        }
    }

    /// A field that is of no use in pieces, such as an id: it is never cut.
    pub(crate) fn link(text: impl Into<String>) -> Self {
        Self {
            is_whole: true,
            ..Self::from(text)
        }
    }

    /// The same field in another style.
    pub(crate) fn with(self, style: TextStyle) -> Self {
        Self { style, ..self }
    }

    /// A field with words of ours: a heading, a state, a sentence.
    pub(crate) fn word(style: TextStyle, text: impl Into<String>) -> Self {
        Self {
            is_ours: true,
            ..Self::styled(style, text)
        }
    }

    /// The same field below its row, such as an error that is a sentence. In a pipe it stays in the row.
    pub(crate) fn below(self) -> Self {
        Self {
            is_below: true,
            ..self
        }
    }

    /// The field as the user reads it.
    pub(super) fn translated(&self, translator: Translator) -> Self {
        let mut cell = self.clone();
        if self.is_ours {
            cell.text = translator.sentence(&self.text).into_owned();
        }
        cell
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::styled(TextStyle::Plain, text)
    }
}

/// Between two columns.
const GAP: usize = 2;

/// The narrowest that a column becomes before the rows are written below each other instead.
const MIN_COLUMN: usize = 10;

/// How far the second line of such a row is indented.
const INDENT: usize = 4;

/// Rows as aligned columns, two spaces between. Where the terminal is too narrow, the widest give way: the
/// last is broken into lines, the others are cut; with too many columns, each row flows over several lines.
/// Widths are taken before `paint`, so that escape sequences do not count.
pub(crate) fn columns(
    rows: &[Vec<Cell>],
    width: Option<usize>,
    paint: impl Fn(TextStyle, &str) -> String,
) -> String {
    let in_row = |row: &Vec<Cell>| -> Vec<Cell> {
        let cells = row.iter().filter(|cell| width.is_none() || !cell.is_below);
        cells.cloned().collect()
    };
    let aligned: Vec<Vec<Cell>> = rows.iter().map(in_row).collect();
    let natural = natural_widths(&aligned);
    let gaps = GAP * natural.len().saturating_sub(1);
    let room = width.map_or(usize::MAX, |width| width.saturating_sub(gaps));
    let cap = cap(&natural, room);
    let is_too_wide = natural.iter().any(|column| *column > cap);
    let is_flowing = is_too_wide && (cap < MIN_COLUMN || cuts_a_link(&aligned, cap));
    let mut text = String::new();
    for (row, whole) in aligned.iter().zip(rows) {
        match width {
            Some(width) if is_flowing => push_flowing(&mut text, row, width, &paint),
            _ => push_aligned(&mut text, row, &natural, cap, &paint),
        }
        let below = whole.iter().filter(|cell| cell.is_below);
        for (cell, width) in below.filter_map(|cell| Some((cell, width?))) {
            push_below(&mut text, cell, width, &paint);
        }
    }
    text
}

/// A cell on lines of its own.
fn push_below(
    text: &mut String,
    cell: &Cell,
    width: usize,
    paint: impl Fn(TextStyle, &str) -> String,
) {
    let room = width.saturating_sub(INDENT).max(MIN_COLUMN);
    for line in cell.lines(room) {
        text.push_str(&" ".repeat(INDENT));
        text.push_str(&paint(cell.style, &line));
        text.push('\n');
    }
}

/// Whether a column that is none of the last would cut something that is of no use in pieces.
fn cuts_a_link(rows: &[Vec<Cell>], cap: usize) -> bool {
    let before_last = rows.iter().filter_map(|row| row.split_last());
    let mut cells_before = before_last.flat_map(|(_, before)| before);
    cells_before.any(|cell| cell.is_whole && cells(&cell.text) > cap)
}

fn natural_widths(rows: &[Vec<Cell>]) -> Vec<usize> {
    let count = rows.iter().map(Vec::len).max().unwrap_or_default();
    let widest = |column| {
        let texts = rows.iter().filter_map(|row| row.get::<usize>(column));
        texts.map(|cell| cells(&cell.text)).max().unwrap_or(0)
    };
    (0..count).map(widest).collect()
}

/// The width that no column may exceed so that all fit: the room is shared out, narrow ones first.
fn cap(natural: &[usize], room: usize) -> usize {
    let mut widths = natural.to_vec();
    widths.sort_unstable();
    let mut left = room;
    for (index, width) in widths.iter().enumerate() {
        let share = left / (widths.len() - index);
        if *width > share {
            return share;
        }
        left -= width;
    }
    usize::MAX
}

/// One row, its last cell on as many lines as it needs.
fn push_aligned(
    text: &mut String,
    row: &[Cell],
    natural: &[usize],
    cap: usize,
    paint: impl Fn(TextStyle, &str) -> String,
) {
    let mut at = 0;
    for (column, cell) in row.iter().enumerate() {
        let width = natural[column].min(cap);
        if column + 1 == row.len() {
            let lines = cell.lines(width);
            let lines: Vec<_> = lines.iter().map(|line| paint(cell.style, line)).collect();
            text.push_str(&lines.join(&format!("\n{}", " ".repeat(at.max(GAP)))));
            break;
        }
        let shown = cut(&cell.text, width);
        text.push_str(&paint(cell.style, &shown));
        text.extend(std::iter::repeat_n(' ', width - cells(&shown) + GAP));
        at += width + GAP;
    }
    text.push('\n');
}

/// One row, its cells one behind the other, on as many lines as they need.
fn push_flowing(
    text: &mut String,
    row: &[Cell],
    width: usize,
    paint: impl Fn(TextStyle, &str) -> String,
) {
    let room = width.saturating_sub(INDENT).max(MIN_COLUMN);
    let mut used = 0;
    for cell in row.iter().filter(|cell| !cell.text.is_empty()) {
        let lines = cell.lines(room);
        for (index, line) in lines.iter().enumerate() {
            let is_behind = index == 0 && used + GAP + cells(line) <= width;
            if used > 0 && is_behind {
                text.push_str("  ");
                used += GAP;
            } else if used > 0 {
                text.push_str("\n    ");
                used = INDENT;
            }
            text.push_str(&paint(cell.style, line));
            used += cells(line);
        }
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(_: TextStyle, text: &str) -> String {
        text.to_owned()
    }

    #[test]
    fn columns_are_aligned_and_lines_end_without_blanks() {
        let rows = [
            vec![
                Cell::from("a"),
                Cell::styled(TextStyle::Good, "bcd"),
                "e".into(),
            ],
            vec!["ähm".into(), "f".into()],
        ];
        assert_eq!(columns(&rows, None, plain), "a    bcd  e\nähm  f\n");
        let marked = |style: TextStyle, text: &str| match style {
            TextStyle::Good => format!("<{text}>"),
            _ => text.to_owned(),
        };
        assert_eq!(columns(&rows, None, marked), "a    <bcd>  e\nähm  f\n");
    }

    #[test]
    fn wide_characters_are_aligned_too() {
        let rows = [
            vec![Cell::from("日本"), "x".into()],
            vec!["👍".into(), "y".into()],
        ];
        assert_eq!(columns(&rows, None, plain), "日本  x\n👍    y\n");
    }

    #[test]
    fn the_widest_columns_give_way_to_a_narrow_terminal() {
        let rows = [
            vec![
                Cell::from("telegram"),
                "a name that is too long for it".into(),
                "and a text that goes on and on".into(),
            ],
            vec!["webchat".into(), "ana".into(), "short".into()],
        ];
        let shown = columns(&rows, Some(40), plain);
        assert_eq!(
            shown,
            "telegram  a name that i…  and a text\n                          that goes on\n                          and on\nwebchat   ana             short\n"
        );
    }

    #[test]
    fn many_columns_flow_over_several_lines() {
        let row: Vec<Cell> = (0..8).map(|n| Cell::from(format!("column {n}"))).collect();
        let shown = columns(&[row], Some(30), plain);
        assert_eq!(
            shown,
            "column 0  column 1  column 2\n    column 3  column 4\n    column 5  column 6\n    column 7\n"
        );
    }

    #[test]
    fn what_stands_below_its_row_takes_no_room_in_it() {
        let row = |name: &str, why: &str| {
            let why = Cell::from(why).below();
            vec![Cell::from(name), "parked".into(), why]
        };
        let rows = [
            row("telegram", "the token was revoked: copy it anew"),
            vec!["webchat".into(), "running".into()],
        ];
        assert_eq!(
            columns(&rows, Some(30), plain),
            "telegram  parked\n    the token was revoked:\n    copy it anew\nwebchat   running\n"
        );
        assert_eq!(
            columns(&rows[..1], None, plain),
            "telegram  parked  the token was revoked: copy it anew\n"
        );
    }

    #[test]
    fn an_id_is_never_cut() {
        let id = "0123456789abcdef0123456789abcdef";
        let rows = [vec![
            Cell::link(id),
            "a text of several words".into(),
            "x".into(),
        ]];
        let shown = columns(&rows, Some(40), plain);
        assert_eq!(shown, format!("{id}\n    a text of several words  x\n"));
    }

    #[test]
    fn a_row_whose_last_cell_is_a_link_keeps_it_whole() {
        let link = "https://graph.example/v23.0/1234567890/messages";
        let rows = [vec![Cell::from("address"), link.into()]];
        assert!(columns(&rows, Some(30), plain).contains(link));
    }
}
