//! Texts cut between two characters, where their bytes are bounded.

/// The last place at or before `at` between two characters of a text. `str::floor_char_boundary` of the
/// standard library, which is younger than the oldest Rust this builds with.
pub fn floor(text: &str, at: usize) -> usize {
    let mut ends = (0..=at.min(text.len())).rev();
    ends.find(|end| text.is_char_boundary(*end)).unwrap_or(0)
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
}
