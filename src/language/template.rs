//! A sentence with placeholders: which values a written text has in their places, and the other sentence
//! with those values.

use std::ops::Range;

/// What stands around the placeholders of a sentence, and their names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    /// One more than there are names.
    pub(super) literals: Vec<String>,
    pub(super) names: Vec<String>,
}

/// Placeholders whose value is a word of the table where it has one: `state` and the like. What stands
/// in any other place may be somebody's name or address, or what is typed as it is, such as a role, and is
/// translated only where it is a sentence. What `came` in a field is a word of ours, or has quotes around it.
const TERMS: [&str; 6] = ["action", "state", "came", "kind", "what", "how"];

/// Most words of a value in a sentence that is hardly one: `3d 4h`.
const MAX_WEAK_WORDS: usize = 2;

/// The placeholder that has to be a known text, because what follows it does not say where it ends:
/// `cannot {action} {path}: {source}`.
pub(super) const KNOWN: &str = "action";

/// The placeholder of somebody's or something's name, in which no sentence ends. Where one seems to, the
/// text is two sentences: `whatsapp is away: a:1 cannot be reached: refused`.
const NAME: &str = "name";

/// Whether a placeholder of this name stands for a word.
pub(super) fn is_term(name: &str) -> bool {
    TERMS.contains(&name)
}

impl Pattern {
    /// Takes `a {name} b` apart; `{{` and `}}` are braces that stand for themselves.
    pub(super) fn of(key: &str) -> Self {
        let (mut literals, mut names) = (Vec::new(), Vec::new());
        let (mut literal, mut rest) = (String::new(), key);
        while let Some(at) = rest.find(['{', '}']) {
            literal.push_str(&rest[..at]);
            let brace = &rest[at..];
            let end = brace.find('}').unwrap_or(0);
            if brace.starts_with("{{") || brace.starts_with('}') || end == 0 {
                literal.push_str(&brace[..1]);
                let doubled = brace.starts_with("{{") || brace.starts_with("}}");
                rest = &brace[if doubled { 2 } else { 1 }..];
                continue;
            }
            literals.push(std::mem::take(&mut literal));
            names.push(brace[1..end].to_owned());
            rest = &brace[end + 1..];
        }
        literal.push_str(rest);
        literals.push(literal);
        Self { literals, names }
    }

    /// How many bytes of a text that fits are this sentence's own.
    pub(super) fn weight(&self) -> usize {
        self.literals.iter().map(String::len).sum()
    }

    /// Whether the sentence is hardly one, such as `for {1}`, so that parts of many others look like it.
    fn is_weak(&self) -> bool {
        let own = self.literals.join(" ");
        let words = own.split_whitespace();
        words
            .filter(|word| word.contains(char::is_alphabetic))
            .count()
            < 2
            && !own.contains([':', ';', ',', '.', '?'])
    }

    /// Where in a text the values of the placeholders stand, each as short as possible, if the text is
    /// this sentence. Only the last one, at the end of the sentence, may go over several lines.
    pub(super) fn captures(
        &self,
        text: &str,
        is_known: &dyn Fn(&str) -> bool,
    ) -> Option<Vec<Range<usize>>> {
        let (first, last) = (self.literals.first()?, self.literals.last()?);
        if self.names.is_empty() || !text.starts_with(first.as_str()) {
            return None;
        }
        let end = text.len().checked_sub(last.len())?;
        if end < first.len() || !text.ends_with(last.as_str()) {
            return None;
        }
        let mut found = Vec::with_capacity(self.names.len());
        let mut start = first.len();
        // The shortest value always leaves the most for those behind it, so that nothing needs a second try.
        for (index, name) in self.names.iter().enumerate() {
            let next = &self.literals[index + 1];
            let stop = if index + 1 == self.names.len() {
                end
            } else {
                let inside = text.get(start..end)?;
                let mut stops = inside.match_indices(next.as_str());
                let stop = if name == KNOWN {
                    // `read the file`, where `read` is a word as well.
                    stops.filter(|(at, _)| is_known(&inside[..*at])).last()
                } else {
                    stops.next()
                };
                start + stop?.0
            };
            let value = text.get(start..stop)?;
            let may_go_on = index + 1 == self.names.len() && last.is_empty();
            let is_long = value.split_whitespace().count() > MAX_WEAK_WORDS;
            let before = value.split_once(": ").map(|(before, _)| before);
            let ends_one = before.is_some_and(|text| text.is_empty() || text.contains(' '));
            let is_of_two = name == NAME && !may_go_on && ends_one;
            if value.contains('\n') && !may_go_on || is_of_two || is_long && self.is_weak() {
                return None;
            }
            if opens(&self.literals[index]) && closes(value) {
                return None;
            }
            found.push(start..stop);
            start = stop + next.len();
        }
        Some(found)
    }

    /// The sentence with these values by name. One that is not there is left out.
    pub(super) fn filled<'v>(&self, value: impl Fn(&str) -> Option<&'v str>) -> String {
        let mut text = String::new();
        for (index, literal) in self.literals.iter().enumerate() {
            text.push_str(literal);
            let name = self.names.get(index);
            text.push_str(name.and_then(|name| value(name)).unwrap_or_default());
        }
        text
    }
}

/// Whether a bracket is open behind these words.
fn opens(words: &str) -> bool {
    words.rfind('(') > words.rfind(')')
}

/// Whether a text closes a bracket that it did not open: what is behind belongs to another sentence.
fn closes(text: &str) -> bool {
    let close = text.find(')');
    close.is_some_and(|close| text.find('(').is_none_or(|open| open > close))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(key: &str, text: &str) -> Option<Vec<String>> {
        let known = |text: &str| ["open", "open the log file"].contains(&text);
        let found = Pattern::of(key).captures(text, &known)?;
        Some(found.into_iter().map(|at| text[at].to_owned()).collect())
    }

    #[test]
    fn values_are_as_short_as_possible_and_the_rest_has_to_fit() {
        let key = "cannot reach {1}: {error}";
        let told = values(key, "cannot reach a:1: no: way").expect("fits");
        assert_eq!(told, ["a:1", "no: way"]);
        assert_eq!(values(key, "cannot reach a:1"), None);
        assert_eq!(
            values("{n} of {all} x", "1 of 2 of 3 x").expect("fits"),
            ["1", "2 of 3"]
        );
        assert_eq!(values("a{x}", "a").expect("fits"), [""]);
        assert_eq!(values("aba{x}aba", "aba"), None);
        assert_eq!(values("no placeholder", "no placeholder"), None);
    }

    #[test]
    fn an_action_ends_where_it_is_a_known_one() {
        let key = "cannot {action} {path}: {source}";
        let told = values(key, "cannot open the log file /a b: no").expect("fits");
        assert_eq!(told, ["open the log file", "/a b", "no"]);
        assert_eq!(values(key, "cannot do this: no"), None);
    }

    #[test]
    fn a_name_does_not_reach_over_the_sentence_before_it() {
        let key = "{name} cannot be reached: {why}";
        assert!(values(key, "a:1 cannot be reached: no: way").is_some());
        assert_eq!(values(key, "zap is away: a:1 cannot be reached: no"), None);
        assert!(values(key, "line 2: a cannot be reached: no").is_none());
        assert!(values(key, ".env:2: a cannot be reached: no").is_some());
        assert!(values("there is no {name}", "there is no a b: c").is_some());
    }

    #[test]
    fn a_sentence_of_one_word_has_short_values() {
        assert_eq!(values("for {1}", "for 3d 4h").expect("fits"), ["3d 4h"]);
        assert_eq!(values("for {1}", "for all who read this"), None);
        assert!(values("{text}; see: {1}", "a b c d e; see: f").is_some());
    }

    #[test]
    fn only_the_end_of_a_sentence_may_have_several_lines() {
        assert_eq!(values("a {x} b", "a 1\n2 b"), None);
        assert_eq!(values("a {x}", "a 1\n2").expect("fits"), ["1\n2"]);
    }

    #[test]
    fn a_value_in_brackets_ends_with_them() {
        let key = "refused (error {code})";
        assert_eq!(values(key, "refused (error 111)").expect("fits"), ["111"]);
        assert_eq!(values(key, "refused (error 111) (unavailable)"), None);
        assert_eq!(
            values(key, "refused (error 1 (one))").expect("fits"),
            ["1 (one)"]
        );
        assert!(values("said {text}!", "said :)!").is_some());
    }

    #[test]
    fn doubled_braces_stand_for_themselves() {
        let key = Pattern::of("{{}} unless {x}}}");
        assert_eq!(key.literals, ["{} unless ", "}"]);
        assert_eq!(key.filled(|_| Some("1")), "{} unless 1}");
        assert_eq!(values("${{a}} {x}", "${a} b").expect("fits"), ["b"]);
    }
}
