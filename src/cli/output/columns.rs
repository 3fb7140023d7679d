//! Rows of cells as aligned columns, and how a cell is highlighted. Pure text, no streams.

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
}

impl Cell {
    /// A field with a style.
    pub(crate) fn styled(style: TextStyle, text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            style,
            is_ours: false,
        }
    }

    /// A field with words of ours: a heading, a state, a sentence.
    pub(crate) fn word(style: TextStyle, text: impl Into<String>) -> Self {
        Self {
            is_ours: true,
            ..Self::styled(style, text)
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

/// Rows as aligned columns, each as wide as its widest field, two spaces between. Widths are taken
/// before `paint`, so that escape sequences do not count.
pub(crate) fn columns(rows: &[Vec<Cell>], paint: impl Fn(TextStyle, &str) -> String) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or_default();
    let widths: Vec<usize> = (0..count)
        .map(|column| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| width(&cell.text)).max().unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for row in rows {
        for (column, cell) in row.iter().enumerate() {
            text.push_str(&paint(cell.style, &cell.text));
            if column + 1 < row.len() {
                let padding = widths[column] - width(&cell.text) + 2;
                text.extend(std::iter::repeat_n(' ', padding));
            }
        }
        text.push('\n');
    }
    text
}

fn width(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let plain = |_: TextStyle, text: &str| text.to_owned();
        assert_eq!(columns(&rows, plain), "a    bcd  e\nähm  f\n");
        let marked = |style: TextStyle, text: &str| match style {
            TextStyle::Good => format!("<{text}>"),
            _ => text.to_owned(),
        };
        assert_eq!(columns(&rows, marked), "a    <bcd>  e\nähm  f\n");
    }
}
