//! Values as people read them: aligned columns, durations, sizes, text that cannot play tricks on a
//! terminal. Pure text, no streams.

use std::time::Duration;

/// How a piece of text stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// Not at all.
    Plain,
    /// All is well.
    Good,
    /// Worth a look.
    Doubtful,
    /// Broken.
    Bad,
    /// Less important than what stands beside it.
    Dim,
    /// A heading.
    Strong,
}

impl Style {
    /// The parameter of the escape sequence "select graphic rendition" (ECMA-48 §8.3.117).
    pub(super) fn code(self) -> Option<u8> {
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
    pub(super) fn of_state(state: &str) -> Self {
        match state {
            "running" | "connected" | "ready" | "sent" | "delivered" | "read" => Self::Good,
            "failed" | "parked" | "error" => Self::Bad,
            "stopped" | "disabled" | "cancelled" => Self::Dim,
            "received" => Self::Plain,
            _ => Self::Doubtful,
        }
    }
}

/// One field of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    /// A field that stands out.
    pub(super) fn styled(style: Style, text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            style,
        }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::styled(Style::Plain, text)
    }
}

/// Rows below each other, every column as wide as its widest field, two spaces between. `paint`
/// comes after the padding, so that invisible bytes do not count.
pub(super) fn columns(specs: &[Vec<Cell>], paint: impl Fn(Style, &str) -> String) -> String {
    let count = specs.iter().map(Vec::len).max().unwrap_or_default();
    let widths: Vec<usize> = (0..count)
        .map(|column| {
            let cells = specs.iter().filter_map(|spec| spec.get(column));
            cells.map(|cell| width(&cell.text)).max().unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for spec in specs {
        for (column, cell) in spec.iter().enumerate() {
            text.push_str(&paint(cell.style, &cell.text));
            if column + 1 < spec.len() {
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

/// The two greatest units of a time: `3d 4h`, `12m 5s`, `42s`, `80 ms`.
pub(super) fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    let (days, hours) = (seconds / 86_400, seconds / 3600 % 24);
    let (minutes, rest) = (seconds / 60 % 60, seconds % 60);
    match (days, hours, minutes, rest) {
        (0, 0, 0, 0) => format!("{} ms", time.as_millis()),
        (0, 0, 0, s) => format!("{s}s"),
        (0, 0, m, s) => format!("{m}m {s}s"),
        (0, h, m, _) => format!("{h}h {m}m"),
        (d, h, ..) => format!("{d}d {h}h"),
    }
}

/// The time from one moment to another, both in ms since 1970.
pub(super) fn since(then_ms: u64, now_ms: u64) -> String {
    duration(Duration::from_millis(now_ms.saturating_sub(then_ms)))
}

/// `1 message`, `2 messages`; a number that is missing counts as none.
pub(super) fn counted(count: &serde_json::Value, noun: &str) -> String {
    match count.as_u64().unwrap_or(0) {
        1 => format!("1 {noun}"),
        count => format!("{count} {noun}s"),
    }
}

/// A size in units of 1024: `512 B`, `12.3 MiB`.
pub(super) fn bytes(count: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if count < 1024 {
        return format!("{count} B");
    }
    let mut size = count as f64 / 1024.0;
    let mut unit = 0;
    // 1023.95 would be shown as 1024.0.
    while size >= 1023.95 && unit + 1 < UNITS.len() {
        size /= 1024.0;
        unit += 1;
    }
    format!("{size:.1} {}", UNITS[unit])
}

/// Foreign text on one line: control characters, among them terminal escapes and line ends, and the
/// characters that turn the direction of writing are shown, not obeyed.
pub(super) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || turns_direction(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Unicode Standard Annex #9, explicit formatting characters.
fn turns_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_lines_end_without_blanks() {
        let specs = [
            vec![
                Cell::from("a"),
                Cell::styled(Style::Good, "bcd"),
                "e".into(),
            ],
            vec!["ähm".into(), "f".into()],
        ];
        let plain = |_: Style, text: &str| text.to_owned();
        assert_eq!(columns(&specs, plain), "a    bcd  e\nähm  f\n");
        let marked = |style: Style, text: &str| match style {
            Style::Good => format!("<{text}>"),
            _ => text.to_owned(),
        };
        assert_eq!(columns(&specs, marked), "a    <bcd>  e\nähm  f\n");
    }

    #[test]
    fn durations_show_their_two_greatest_units() {
        for (ms, text) in [
            (80, "80 ms"),
            (42_000, "42s"),
            (725_000, "12m 5s"),
            (3_600_000, "1h 0m"),
            (273_600_000, "3d 4h"),
        ] {
            assert_eq!(duration(Duration::from_millis(ms)), text);
        }
        assert_eq!(since(5, 3), "0 ms");
    }

    #[test]
    fn sizes_are_short() {
        for (count, text) in [
            (512, "512 B"),
            (1024, "1.0 KiB"),
            (1_048_575, "1.0 MiB"),
            (12_897_485, "12.3 MiB"),
        ] {
            assert_eq!(bytes(count), text);
        }
    }

    #[test]
    fn foreign_text_cannot_steer_the_terminal() {
        assert_eq!(
            printable("a\u{1b}[2J\nb\u{202e}c ä"),
            "a\\u{1b}[2J\\nb\\u{202e}c ä"
        );
    }
}
