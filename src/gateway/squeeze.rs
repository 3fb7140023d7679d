//! Scripts, styles and markup without what a browser skips: comments, indentation, spaces between
//! signs. Names and strings stay as they are written.
//!
//! It reads what this house writes, not all of JavaScript: statements end with a semicolon and are not
//! empty, lists have no holes at their end, and no
//! template spans lines.

/// The text as it is sent, by the ending of its file's name.
pub(super) fn squeezed(path: &str, text: &str) -> String {
    match path.rsplit_once('.').unwrap_or_default().1 {
        "js" => squeeze(text, script_gap),
        "css" => squeeze(text, style_gap),
        _ => markup(text),
    }
}

/// Lines without indentation, outside comments.
fn markup(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (i, piece) in text.split("<!--").enumerate() {
        let kept = if i == 0 {
            piece
        } else {
            piece.split_once("-->").map_or("", |(_, after)| after)
        };
        let lines = kept.lines().map(str::trim).filter(|line| !line.is_empty());
        lines.for_each(|line| out.extend([line, "\n"]));
    }
    out
}

/// Puts the tokens together again, with a space where `gap` wants one between two signs that were apart.
fn squeeze(text: &str, gap: fn(char, char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut rest, mut apart) = (text, false);
    while let Some(first) = rest.chars().next() {
        let last = out.chars().next_back();
        let (token, after) = rest.split_at(token_length(rest, last));
        rest = after;
        if first.is_whitespace() || is_comment(token) {
            apart = true;
            continue;
        }
        if apart && last.is_some_and(|last| gap(last, first)) {
            out.push(' ');
        }
        apart = false;
        if last.is_some_and(|last| is_idle(last, first)) {
            out.pop();
        }
        out.push_str(token);
    }
    out
}

/// True for the last sign of a list or a block where it only separates from what does not come.
fn is_idle(last: char, next: char) -> bool {
    (last == ';' && next == '}') || (last == ',' && matches!(next, '}' | ']' | ')'))
}

fn is_comment(token: &str) -> bool {
    token.starts_with("/*") || token.starts_with("//")
}

fn is_word(sign: char) -> bool {
    sign.is_alphanumeric() || matches!(sign, '_' | '$' | '#') || !sign.is_ascii()
}

fn script_gap(last: char, next: char) -> bool {
    (is_word(last) && is_word(next)) || (last == next && matches!(next, '+' | '-'))
}

/// In a style a space is a sign of its own, but for these places.
fn style_gap(last: char, next: char) -> bool {
    !matches!(last, '{' | '}' | ';' | ',' | ':' | '>') && !matches!(next, '{' | '}' | '>' | '!')
}

/// How long the token at the start of `rest` is; `last` tells a pattern from a division.
fn token_length(rest: &str, last: Option<char>) -> usize {
    let first = rest.chars().next().unwrap_or(' ');
    let until = |end: &str| rest.find(end).map_or(rest.len(), |at| at + end.len());
    let run = |kind: fn(char) -> bool| rest.find(|sign| !kind(sign)).unwrap_or(rest.len());
    match first {
        _ if first.is_whitespace() => run(char::is_whitespace),
        _ if is_word(first) => run(is_word),
        '"' | '\'' | '`' => quoted(rest, first),
        '/' if rest.starts_with("//") => run(|sign| sign != '\n'),
        '/' if rest.starts_with("/*") => until("*/"),
        '/' if last.is_none_or(|last| "(,=:[!&|?{};>".contains(last)) => quoted(rest, '/'),
        _ => first.len_utf8(),
    }
}

/// The length of a string, template or pattern: to its own sign, not behind a backslash, within a
/// class of a pattern, or within the braces of a template.
fn quoted(rest: &str, sign: char) -> usize {
    let (mut escaped, mut depth, mut before) = (false, 0, sign);
    for (at, now) in rest.char_indices().skip(1) {
        match now {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' if sign == '/' => depth = 1,
            ']' if sign == '/' => depth = 0,
            '{' if sign == '`' && (before == '$' || depth > 0) => depth += 1,
            '}' if sign == '`' && depth > 0 => depth -= 1,
            _ if now == sign && depth == 0 => return at + now.len_utf8(),
            _ => {}
        }
        before = now;
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_keeps_its_words_strings_templates_and_patterns() {
        for (written, sent) in [
            ("// why\nconst a = 1; /* b */ let c;", "const a=1;let c;"),
            (
                "async #go() {\n  return x + +y - -1;\n}",
                "async #go(){return x+ +y- -1}",
            ),
            (r#"say("a // b", 'it\'s');"#, r#"say("a // b",'it\'s');"#),
            (
                "t = `a  ${b ? `c  ${d}` : e} f`;",
                "t=`a  ${b ? `c  ${d}` : e} f`;",
            ),
            (r#"f(/[/ ] "/, a / b / c);"#, r#"f(/[/ ] "/,a/b/c);"#),
            ("x = {\n  ç: \"\",\n};\n", "x={ç:\"\"};"),
        ] {
            assert_eq!(squeezed("a.js", written), sent, "{written}");
        }
    }

    #[test]
    fn a_style_keeps_the_spaces_that_mean_something() {
        let written = "/* x */\n.a > .b :is(c, d) { margin: 0 calc(1px - 2px) !important; }\n@media (a: b) { e { f: g } }";
        let sent = ".a>.b :is(c,d){margin:0 calc(1px - 2px)!important}@media (a:b){e{f:g}}";
        assert_eq!(squeezed("a.css", written), sent);
    }

    #[test]
    fn markup_keeps_its_lines() {
        let written = "<!doctype html>\n<!--\n  why\n-->\n<p>\n  a <b>c</b>\n</p>\n";
        assert_eq!(
            squeezed("a.html", written),
            "<!doctype html>\n<p>\na <b>c</b>\n</p>\n"
        );
    }
}
