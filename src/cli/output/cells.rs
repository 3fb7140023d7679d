//! How many columns of a terminal a text takes: two for the wide characters of East Asia and for emoji,
//! none for marks that combine with the one before.
//!
//! The ranges are those of Unicode 16 (`EastAsianWidth.txt`, W and F; `emoji-data.txt`,
//! `Emoji_Presentation`; general categories Mn, Me and Cf), joined where what lies between is not assigned.
//! Terminals differ in sequences of emoji; what they may take most is counted.

/// Characters that take no column.
const ZERO: &[(u32, u32)] = &[
    (0x0300, 0x036F),
    (0x0483, 0x0489),
    (0x0591, 0x05BD),
    (0x05BF, 0x05C7),
    (0x0610, 0x061A),
    (0x064B, 0x065F),
    (0x0670, 0x0670),
    (0x06D6, 0x06DC),
    (0x06DF, 0x06E4),
    (0x06E7, 0x06ED),
    (0x0711, 0x0711),
    (0x0730, 0x074A),
    (0x07A6, 0x07B0),
    (0x0816, 0x082D),
    (0x0898, 0x0902),
    (0x093A, 0x093A),
    (0x093C, 0x093C),
    (0x0941, 0x0948),
    (0x094D, 0x094D),
    (0x0951, 0x0957),
    (0x0981, 0x0981),
    (0x09BC, 0x09BC),
    (0x09C1, 0x09CD),
    (0x0A01, 0x0A02),
    (0x0A3C, 0x0A51),
    (0x0B3C, 0x0B3C),
    (0x0BC0, 0x0BC0),
    (0x0BCD, 0x0BCD),
    (0x0E31, 0x0E31),
    (0x0E34, 0x0E3A),
    (0x0E47, 0x0E4E),
    (0x0EB1, 0x0EB1),
    (0x0EB4, 0x0EBC),
    (0x0EC8, 0x0ECE),
    (0x0F71, 0x0F84),
    (0x135D, 0x135F),
    (0x1AB0, 0x1ACE),
    (0x1DC0, 0x1DFF),
    (0x200B, 0x200F),
    (0x202A, 0x202E),
    (0x2060, 0x206F),
    (0x20D0, 0x20F0),
    (0x302A, 0x302D),
    (0x3099, 0x309A),
    (0xA66F, 0xA67D),
    (0xFE00, 0xFE0F),
    (0xFE20, 0xFE2F),
    (0xFEFF, 0xFEFF),
    (0xE0001, 0xE007F),
    (0xE0100, 0xE01EF),
];

/// Characters that take two.
const WIDE: &[(u32, u32)] = &[
    (0x1100, 0x115F),
    (0x231A, 0x231B),
    (0x2329, 0x232A),
    (0x23E9, 0x23EC),
    (0x23F0, 0x23F0),
    (0x23F3, 0x23F3),
    (0x25FD, 0x25FE),
    (0x2614, 0x2615),
    (0x2630, 0x2637),
    (0x2648, 0x2653),
    (0x267F, 0x267F),
    (0x268A, 0x268F),
    (0x2693, 0x2693),
    (0x26A1, 0x26A1),
    (0x26AA, 0x26AB),
    (0x26BD, 0x26BE),
    (0x26C4, 0x26C5),
    (0x26CE, 0x26CE),
    (0x26D4, 0x26D4),
    (0x26EA, 0x26EA),
    (0x26F2, 0x26F3),
    (0x26F5, 0x26F5),
    (0x26FA, 0x26FA),
    (0x26FD, 0x26FD),
    (0x2705, 0x2705),
    (0x270A, 0x270B),
    (0x2728, 0x2728),
    (0x274C, 0x274C),
    (0x274E, 0x274E),
    (0x2753, 0x2755),
    (0x2757, 0x2757),
    (0x2795, 0x2797),
    (0x27B0, 0x27B0),
    (0x27BF, 0x27BF),
    (0x2B1B, 0x2B1C),
    (0x2B50, 0x2B50),
    (0x2B55, 0x2B55),
    (0x2E80, 0x303E),
    (0x3041, 0x33FF),
    (0x3400, 0x4DBF),
    (0x4DC0, 0x4DFF),
    (0x4E00, 0x9FFF),
    (0xA000, 0xA4C6),
    (0xA960, 0xA97C),
    (0xAC00, 0xD7A3),
    (0xF900, 0xFAFF),
    (0xFE10, 0xFE19),
    (0xFE30, 0xFE6B),
    (0xFF01, 0xFF60),
    (0xFFE0, 0xFFE6),
    (0x16FE0, 0x18DFF),
    (0x1AFF0, 0x1B2FB),
    (0x1D300, 0x1D376),
    (0x1F004, 0x1F004),
    (0x1F0CF, 0x1F0CF),
    (0x1F18E, 0x1F18E),
    (0x1F191, 0x1F19A),
    (0x1F200, 0x1F320),
    (0x1F32D, 0x1F335),
    (0x1F337, 0x1F37C),
    (0x1F37E, 0x1F393),
    (0x1F3A0, 0x1F3CA),
    (0x1F3CF, 0x1F3D3),
    (0x1F3E0, 0x1F3F0),
    (0x1F3F4, 0x1F3F4),
    (0x1F3F8, 0x1F43E),
    (0x1F440, 0x1F440),
    (0x1F442, 0x1F4FC),
    (0x1F4FF, 0x1F53D),
    (0x1F54B, 0x1F567),
    (0x1F57A, 0x1F57A),
    (0x1F595, 0x1F596),
    (0x1F5A4, 0x1F5A4),
    (0x1F5FB, 0x1F64F),
    (0x1F680, 0x1F6C5),
    (0x1F6CC, 0x1F6CC),
    (0x1F6D0, 0x1F6D2),
    (0x1F6D5, 0x1F6DF),
    (0x1F6EB, 0x1F6EC),
    (0x1F6F4, 0x1F6FC),
    (0x1F7E0, 0x1F7F0),
    (0x1F90C, 0x1F93A),
    (0x1F93C, 0x1F945),
    (0x1F947, 0x1F9FF),
    (0x1FA70, 0x1FAFF),
    (0x20000, 0x3FFFD),
];

/// Asks for the form of an emoji, which is wide, of the character before it.
const EMOJI_FORM: char = '\u{fe0f}';

fn is_in(table: &[(u32, u32)], c: char) -> bool {
    let code = u32::from(c);
    let after = table.partition_point(|(first, _)| *first <= code);
    after > 0 && code <= table[after - 1].1
}

/// The columns of one character that stands alone.
pub(crate) fn of_char(c: char) -> usize {
    match c {
        ' '..='~' => 1,
        c if c.is_control() || is_in(ZERO, c) => 0,
        c if is_in(WIDE, c) => 2,
        _ => 1,
    }
}

/// The columns of a text, in which the colours that we add take none.
pub(crate) fn cells(text: &str) -> usize {
    let mut total = 0;
    let mut last = 0;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' {
            // "Select graphic rendition" up to its final letter (ECMA-48 §5.4).
            let _ = chars.find(char::is_ascii_alphabetic);
            continue;
        }
        let cells = match of_char(c) {
            0 if c == EMOJI_FORM && last == 1 => 1,
            cells => {
                last = cells;
                cells
            }
        };
        total += cells;
    }
    total
}

/// The beginning of a plain text that takes at most so many columns, and the rest of it. A mark stays with
/// what it combines with.
pub(crate) fn split(text: &str, width: usize) -> (&str, &str) {
    let mut end = 0;
    for (at, c) in text.char_indices() {
        let next = at + c.len_utf8();
        if cells(&text[..next]) > width {
            return text.split_at(end);
        }
        end = next;
    }
    (text, "")
}

/// The text, or as much of it as fits with a … at its end.
pub(crate) fn cut(text: &str, width: usize) -> String {
    if cells(text) <= width {
        return text.to_owned();
    }
    let (begin, _) = split(text, width.saturating_sub(1));
    format!("{begin}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_take_two_columns_and_marks_none() {
        for (text, width) in [
            ("", 0),
            ("ação", 4),
            ("ac\u{327}a\u{303}o", 4),
            ("日本", 4),
            ("한국", 4),
            ("ｆ", 2),
            ("👍", 2),
            ("❤", 1),
            ("❤\u{fe0f}", 2),
            ("🇧🇷", 2),
            ("\u{1b}[32mok\u{1b}[0m", 2),
            ("שָׁ", 1),
            ("…", 1),
        ] {
            assert_eq!(cells(text), width, "{text:?}");
        }
    }

    #[test]
    fn a_text_is_cut_between_characters_and_never_too_wide() {
        assert_eq!(cut("ação", 4), "ação");
        assert_eq!(cut("abcde", 4), "abc…");
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(cut("日本語", 5), "日本…");
        assert_eq!(cut("c\u{327}d\u{327}e", 2), "c\u{327}…");
        assert_eq!(split("a\u{303}b", 1), ("a\u{303}", "b"));
    }

    #[test]
    fn the_tables_are_in_order() {
        for table in [ZERO, WIDE] {
            assert!(table.iter().all(|(first, last)| first <= last));
            assert!(table.windows(2).all(|pair| pair[0].1 < pair[1].0));
        }
    }
}
