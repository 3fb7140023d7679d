//! Texts cut between two characters, where their bytes are bounded.

/// The last place at or before `at` between two characters of a text. `str::floor_char_boundary` of the
/// standard library, which is younger than the oldest Rust this builds with.
pub fn floor(text: &str, at: usize) -> usize {
    let mut ends = (0..=at.min(text.len())).rev();
    ends.find(|end| text.is_char_boundary(*end)).unwrap_or(0)
}

/// Stands at the end of a text that was cut.
pub const MARK: &str = " […]";

/// A text of at most so many bytes, marked where it is cut.
pub fn marked(mut text: String, most: usize) -> String {
    if text.len() > most {
        text.truncate(floor(&text, most.saturating_sub(MARK.len())));
        text.push_str(MARK);
    }
    text
}

/// A text of at most so many bytes without its middle, marked where that was.
pub fn middle(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let kept = most.saturating_sub(MARK.len());
    let head = floor(text, kept - kept / 2);
    let tail = (text.len() - kept / 2..=text.len()).find(|at| text.is_char_boundary(*at));
    let tail = tail.map_or("", |at| &text[at..]);
    format!("{}{MARK}{tail}", &text[..head])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_character_is_cut_in_two() {
        let text = "aé€";
        let ends: Vec<usize> = (0..=8).map(|at| floor(text, at)).collect();
        assert_eq!(ends, [0, 1, 1, 3, 3, 3, 6, 6, 6]);
        assert_eq!(floor("", 3), 0);
    }

    #[test]
    fn long_texts_are_marked_where_they_are_cut() {
        assert_eq!(marked("olá".to_owned(), 4), "olá");
        let long = marked("á".repeat(100), 50);
        assert!(long.len() <= 50 && long.starts_with("áá"), "{long}");
        assert!(long.ends_with(MARK), "{long}");
    }

    #[test]
    fn the_middle_goes_and_both_ends_stay() {
        assert_eq!(middle("olá", 4), "olá");
        let long = middle(&format!("b{}e", "á".repeat(100)), 50);
        assert!((44..=50).contains(&long.len()), "{long}");
        assert!(long.starts_with("bá") && long.ends_with("áe"), "{long}");
        assert!(long.contains(MARK) && middle("olá", 0) == MARK);
    }
}
