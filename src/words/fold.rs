//! Letters without case and accents: `Ação` and `acao` are the same word.
//!
//! Not here: where a word begins and ends (`tokens`).

/// The letters from U+00C0 to U+017F (Latin-1 and Latin Extended-A), folded; a space is no letter, a
/// capital stands for two letters ([`PAIRS`]).
const LATIN: &[u8] = b"\
    aaaaaaAceeeeiiiidnooooo ouuuuyTSaaaaaaAceeeeiiiidnooooo ouuuuyTy\
    aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiIIjjkkkllllllll\
    llnnnnnnnnnooooooOOrrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";

/// Those from U+1E00 to U+1EFF (Latin Extended Additional, as Vietnamese needs them).
const VIETNAMESE: &[u8] = b"\
    aabbbbbbccddddddddddeeeeeeeeeeffgghhhhhhhhhhiiiikkkkkkllllllllmm\
    mmmmnnnnnnnnoooooooopppprrrrrrrrssssssssssttttttttuuuuuuuuuuvvvv\
    wwwwwwwwwwxxxxyyzzzzzzhtwyassssdaaaaaaaaaaaaaaaaaaaaaaaaeeeeeeee\
    eeeeeeeeiiiioooooooooooooooooooooooouuuuuuuuuuuuuuyyyyyyyyllvvyy";

/// Those from U+0386 to U+03CE (Greek).
const GREEK: &str = "\
    α εηι ο υωιαβγδεζηθικλμνξοπρ στυφχψωιυαεηιυαβγδεζηθικλμνξοπρσστυ\
    φχψωιυουω";

/// The letters that are two when folded, as the tables have them.
const PAIRS: [(u8, char, char); 5] = [
    (b'A', 'a', 'e'),
    (b'O', 'o', 'e'),
    (b'S', 's', 's'),
    (b'T', 't', 'h'),
    (b'I', 'i', 'j'),
];

/// What a character is to a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Folded {
    /// A letter or digit.
    Letter(char),
    /// Two letters.
    Pair(char, char),
    /// A mark on the letter before it, which does not count.
    Mark,
    /// A word of its own: these scripts put no spaces between words.
    Alone(char),
    /// Not part of a word.
    Gap,
}

/// Folds one character.
pub(super) fn fold(c: char) -> Folded {
    if c.is_ascii() {
        return if c.is_ascii_alphanumeric() {
            Folded::Letter(c.to_ascii_lowercase())
        } else {
            Folded::Gap
        };
    }
    match c {
        '\u{c0}'..='\u{17f}' => within(LATIN, c, '\u{c0}'),
        '\u{1e00}'..='\u{1eff}' => within(VIETNAMESE, c, '\u{1e00}'),
        '\u{386}'..='\u{3ce}' => greek(c),
        // Latin, Cyrillic, Hebrew and Arabic marks.
        '\u{300}'..='\u{36f}'
        | '\u{483}'..='\u{489}'
        | '\u{591}'..='\u{5bd}'
        | '\u{64b}'..='\u{65f}'
        | '\u{670}'
        | '\u{1ab0}'..='\u{1aff}' => Folded::Mark,
        _ if is_symbol(c) => Folded::Gap,
        _ if is_unspaced(c) => Folded::Alone(c),
        _ => other(c),
    }
}

/// The text with all its letters folded; what is no letter stays as it is.
pub fn folded(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.chars() {
        match fold(c) {
            Folded::Letter(letter) | Folded::Alone(letter) => folded.push(letter),
            Folded::Pair(one, two) => folded.extend([one, two]),
            Folded::Mark => {}
            Folded::Gap => folded.push(c),
        }
    }
    folded
}

fn within(table: &[u8], c: char, first: char) -> Folded {
    match table.get(distance(first, c)) {
        Some(letter) if letter.is_ascii_lowercase() => Folded::Letter(char::from(*letter)),
        Some(b' ') | None => Folded::Gap,
        Some(letter) => match PAIRS.iter().find(|(sign, ..)| sign == letter) {
            Some((_, one, two)) => Folded::Pair(*one, *two),
            None => Folded::Letter(char::from(*letter)),
        },
    }
}

fn greek(c: char) -> Folded {
    match GREEK.chars().nth(distance('\u{386}', c)) {
        Some(' ') | None => Folded::Gap,
        Some(letter) => Folded::Letter(letter),
    }
}

fn distance(first: char, c: char) -> usize {
    usize::try_from(u32::from(c) - u32::from(first)).unwrap_or(usize::MAX)
}

/// Blocks that have neither letters nor digits, which is quickly said: punctuation, arrows to dingbats, variation
/// selectors, emoji.
fn is_symbol(c: char) -> bool {
    matches!(c,
        '\u{2000}'..='\u{206f}'
        | '\u{2190}'..='\u{245f}'
        | '\u{2500}'..='\u{2775}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{1f1e6}'..='\u{1faff}')
}

/// Scripts without spaces between words: Han, Kana, Thai, Lao, Burmese, Khmer.
fn is_unspaced(c: char) -> bool {
    matches!(c,
        '\u{e00}'..='\u{eff}'
        | '\u{1000}'..='\u{109f}'
        | '\u{1780}'..='\u{17ff}'
        | '\u{3041}'..='\u{30ff}'
        | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3ffff}')
}

/// Letters that no table has.
fn other(c: char) -> Folded {
    let letter = match c {
        'Ǎ' | 'ǎ' => 'a',
        'Ǐ' | 'ǐ' => 'i',
        'Ơ' | 'ơ' | 'Ǒ' | 'ǒ' => 'o',
        'Ư' | 'ư' | 'Ǔ' | 'ǔ' => 'u',
        'Ș' | 'ș' => 's',
        'Ț' | 'ț' => 't',
        'Ѐ' | 'Ё' | 'ѐ' | 'ё' => 'е',
        'Й' | 'й' | 'Ѝ' | 'ѝ' => 'и',
        'Ї' | 'ї' => 'і',
        'Ў' | 'ў' => 'у',
        // Full width.
        '\u{ff10}'..='\u{ff19}' | '\u{ff21}'..='\u{ff3a}' | '\u{ff41}'..='\u{ff5a}' => {
            char::from_u32(u32::from(c) - 0xfee0).map_or(c, |c| c.to_ascii_lowercase())
        }
        _ if c.is_alphanumeric() => c.to_lowercase().next().unwrap_or(c),
        _ => return Folded::Gap,
    };
    Folded::Letter(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_have_one_letter_for_each_character() {
        for (count, first, last) in [
            (LATIN.len(), 0xc0, 0x17f),
            (VIETNAMESE.len(), 0x1e00, 0x1eff),
            (GREEK.chars().count(), 0x386, 0x3ce),
        ] {
            assert_eq!(count, last - first + 1, "{first:x}");
        }
    }

    #[test]
    fn symbols_are_no_letters() {
        for c in (0x80..=0x10_ffff).filter_map(char::from_u32) {
            assert!(!(is_symbol(c) && c.is_alphanumeric()), "{c:?}");
        }
        assert_eq!(fold('😂'), Folded::Gap);
        assert_eq!(fold('—'), Folded::Gap);
    }

    #[test]
    fn case_and_accents_do_not_count() {
        for (text, plain) in [
            ("Ação", "acao"),
            ("AVÓS", "avos"),
            ("Ünïcode", "unicode"),
            ("Straße", "strasse"),
            ("Łódź", "lodz"),
            ("Žluťoučký", "zlutoucky"),
            ("Việt", "viet"),
            ("Ελλάς", "ελλασ"),
            ("Ёж", "еж"),
            ("cafe\u{301}", "cafe"),
            ("A-b 1×2", "a-b 1×2"),
            ("Ａ１", "a1"),
        ] {
            assert_eq!(folded(text), plain, "{text}");
        }
    }
}
