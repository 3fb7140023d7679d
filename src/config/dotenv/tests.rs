//! The grammar as tables: what is accepted, what is refused and at which position, and what edits
//! preserve.
//!
//! Not here: differences to dotenvy (`versus_dotenvy`).

use proptest::prelude::*;

use super::{lexer::assignments, quote::quoted, *};

/// The pairs of a text, sorted by name, with `OUTSIDE=out` as the environment.
pub(super) fn read(text: &str) -> Result<Vec<(String, String)>, String> {
    let outside = |name: &str| (name == "OUTSIDE").then(|| "out".to_owned());
    let document = Document::parse(text).map_err(|error| error.to_string())?;
    assert_eq!(document.to_string(), text);
    let values = document
        .values(&outside)
        .map_err(|error| error.to_string())?;
    Ok(values
        .into_iter()
        .map(|(key, value)| (key, value.text))
        .collect())
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    expected.iter().map(owned).collect()
}

#[test]
fn what_is_written_is_read_as_the_grammar_says() {
    let table: &[(&str, &[(&str, &str)])] = &[
        ("", &[]),
        ("\u{feff}A=1", &[("A", "1")]),
        ("# note\n\n \t\n  # indented\nA=1\n", &[("A", "1")]),
        ("A=1\r\nB=2\r\n", &[("A", "1"), ("B", "2")]),
        ("A=1\r", &[("A", "1")]),
        (
            "A=1\rB=2\r# note\rC=3",
            &[("A", "1"), ("B", "2"), ("C", "3")],
        ),
        ("A=\"x\"# me\nB='y'#me", &[("A", "x"), ("B", "y")]),
        (
            "A='one\r\ntwo\rthree' # note\nB=1",
            &[("A", "one\ntwo\nthree"), ("B", "1")],
        ),
        ("export A=1\nexport\tB=2", &[("A", "1"), ("B", "2")]),
        ("export=1", &[("export", "1")]),
        ("export = 1", &[("export", "1")]),
        ("exported=1", &[("exported", "1")]),
        ("  A \t=\t 1  ", &[("A", "1")]),
        ("_a1=x", &[("_a1", "x")]),
        (
            "my-key=1\nspring.url = 'x'\n1X=2\nBÄ=3\nA=4",
            &[
                ("1X", "2"),
                ("A", "4"),
                ("BÄ", "3"),
                ("my-key", "1"),
                ("spring.url", "x"),
            ],
        ),
        ("A=", &[("A", "")]),
        ("A=\r\nB=''\nC=\"\"", &[("A", ""), ("B", ""), ("C", "")]),
        ("A= # note", &[("A", "")]),
        ("A=#fff", &[("A", "#fff")]),
        (
            "A=a#b\nB=a #b\nC=a\t#b",
            &[("A", "a#b"), ("B", "a"), ("C", "a")],
        ),
        ("A=two words", &[("A", "two words")]),
        ("A=a=b==", &[("A", "a=b==")]),
        ("A=it's", &[("A", "it's")]),
        ("A=C:\\new", &[("A", "C:\\new")]),
        ("A=pa$$word$1", &[("A", "pa$$word$1")]),
        (
            "A='a \"b\" \\n ${C} #' # note",
            &[("A", "a \"b\" \\n ${C} #")],
        ),
        ("A=\"\\n\\r\\t\\\"\\\\\\$\"", &[("A", "\n\r\t\"\\$")]),
        ("A=\" a # b \"", &[("A", " a # b ")]),
        ("A=\"it's\"", &[("A", "it's")]),
        (
            "A=\"one\ntwo\r\n# three\"\nB=1",
            &[("A", "one\ntwo\n# three"), ("B", "1")],
        ),
        ("A=1\nA=2", &[("A", "2")]),
        ("A=1\nB=${A}\nA=2", &[("A", "2"), ("B", "1")]),
        ("A=${OUTSIDE}x${NOWHERE}", &[("A", "outx")]),
        (
            "OUTSIDE=in\nA=\"${OUTSIDE}\"",
            &[("A", "in"), ("OUTSIDE", "in")],
        ),
        ("OUTSIDE=${OUTSIDE}:b", &[("OUTSIDE", "out:b")]),
        ("A=${NOWHERE:-a b #c}", &[("A", "a b #c")]),
        ("E=\nA=${E:-full}", &[("A", "full"), ("E", "")]),
        ("A=${OUTSIDE:-x}", &[("A", "out")]),
        ("A=${OUTSIDE:-}", &[("A", "out")]),
        ("A=\"\\${OUTSIDE}\"", &[("A", "${OUTSIDE}")]),
        ("A=${OUTSIDE}  # note", &[("A", "out")]),
        ("A=schön\u{a0}", &[("A", "schön\u{a0}")]),
    ];
    for (text, expected) in table {
        assert_eq!(read(text), Ok(pairs(expected)), "{text:?}");
    }
}

#[test]
fn what_makes_no_sense_is_refused_with_its_place_and_what_to_do() {
    for (text, place, advice) in [
        ("A", "1:2", "write KEY=value"),
        ("\u{feff}A", "1:2", "write KEY=value"),
        ("A=1\nA B=1", "2:3", "write KEY=value"),
        ("A: 1", "1:2", "use letters, digits and _"),
        ("=1", "1:1", "use letters, digits and _"),
        ("'A'=1", "1:1", "use letters, digits and _"),
        ("export A", "1:9", "write KEY=value"),
        ("A='x\ny", "1:3", "add the closing '"),
        ("\n\nA = \"x\ny", "3:5", "add the closing \""),
        ("A=\"\\q\"", "1:4", "write \\\\ for a backslash"),
        ("A=\"x\\", "1:5", "write \\\\ for a backslash"),
        ("A='x'y", "1:6", "escape quotes"),
        ("A=\"x\ny\" z", "2:4", "opened on line 1"),
        ("A=x${B", "1:4", "is not closed"),
        ("A=${B-c}", "1:3", "write ${NAME} or ${NAME:-default}"),
        ("A=${B:-c\n}", "1:3", "is not closed"),
        ("A=${}", "1:5", "put the value in single quotes"),
        ("A=${1}", "1:6", "put the value in single quotes"),
        ("A=${B:-${C}}", "1:8", "on an earlier line"),
        ("A=\"${B:-\"c\"}\"", "1:9", "on an earlier line"),
        ("A=1\nB=x\0", "2:4", "remove it"),
        ("#\0", "1:2", "remove it"),
    ] {
        let error = read(text).expect_err(text);
        assert!(
            error.starts_with(&format!("{place}: ")),
            "{text:?}: {error}"
        );
        assert!(error.contains(advice), "{text:?}: {error}");
    }
}

#[test]
fn an_error_never_repeats_what_may_be_a_secret() {
    for text in [
        "hunter2",
        "TOKEN hunter2",
        "A='hunter2",
        "A=\"hunter2\\hunter2\"",
        "A='x'hunter2",
        "A=${hunter2",
    ] {
        let error = read(text).expect_err(text);
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn a_value_that_doubles_itself_stops_at_a_bound() {
    let doubling = "A=${A}${A}\n".repeat(64);
    let error = read(&format!("A=xxxxxxxxxxxxxxxx\n{doubling}")).expect_err("too long");
    assert!(error.contains("longer than 1048576 bytes"), "{error}");
}

#[test]
fn setting_changes_the_value_and_nothing_else() {
    for (before, value, after) in [
        ("A=1", "2", "A=2"),
        ("\u{feff}A=1", "2", "\u{feff}A=2"),
        (
            "# a\r\nexport A = '1' # why\r\n#b",
            "2",
            "# a\r\nexport A = 2 # why\r\n#b",
        ),
        ("A=1 # why", "two words", "A='two words' # why"),
        ("A= # why", "2", "A=2 # why"),
        ("A=1 # why", "", "A= # why"),
        ("A=1\nA=2\nB=3", "4", "A=1\nA=4\nB=3"),
        ("A=\"one\ntwo\"\nB=1", "3", "A=3\nB=1"),
        ("A=\"1\"", "1", "A=\"1\""),
        ("A=${B}", "", "A="),
        ("", "1", "A=1\n"),
        ("\u{feff}", "1", "\u{feff}A=1\n"),
        ("B=1", "1", "B=1\nA=1\n"),
        ("B=1\r\n# end", "1", "B=1\r\n# end\r\nA=1\r\n"),
    ] {
        let mut document = Document::parse(before).expect(before);
        document.set("A", value).expect("set");
        assert_eq!(document.to_string(), after);
        assert_eq!(document.get("A").as_deref(), Some(value));
    }
}

#[test]
fn unsetting_removes_every_line_of_the_key() {
    let text = "\u{feff}A=1\n# kept\nA=\"x\ny\" # gone\nB=2\nA=3";
    let mut document = Document::parse(text).expect("reads");
    assert!(document.unset("A").expect("edited"));
    assert_eq!(document.to_string(), "\u{feff}# kept\nB=2\n");
    assert!(!document.unset("A").expect("edited"));
}

#[test]
fn names_that_are_no_keys_and_nul_are_not_written() {
    let mut document = Document::default();
    for (key, value) in [
        ("", "1"),
        ("A B", "1"),
        ("1A", "1"),
        ("A=B", "1"),
        ("A", "\0"),
    ] {
        assert!(document.set(key, value).is_err(), "{key:?}");
    }
    assert_eq!(document.to_string(), "");
}

#[test]
fn lines_that_do_not_count_are_told() {
    let document = Document::parse("A=1\nB=1\nA=\"\n\"\n\nA=3").expect("reads");
    let told = |line| Duplicate {
        key: "A".to_owned(),
        line,
        counts: 6,
    };
    assert_eq!(document.duplicates(), [told(1), told(3)]);
}

/// Any character, with those that are special in this format more likely.
fn any_value() -> impl Strategy<Value = String> {
    let special = prop::sample::select(
        " \t\n\r#'\"\\$${}=:-\u{feff}\u{85}aé"
            .chars()
            .collect::<Vec<_>>(),
    );
    let character = prop_oneof![3 => special, 1 => any::<char>()];
    let text = prop::collection::vec(character, 0..24);
    text.prop_map(|chars| chars.into_iter().filter(|c| *c != '\0').collect())
}

/// Valid lines in random order, with either line end, and maybe none at the end.
fn any_document() -> impl Strategy<Value = String> {
    let line = prop::sample::select(vec![
        "",
        "# note",
        "A=1",
        "A='x y' # why",
        "export B = \"p\nq\"",
        "B=",
        "C= # none",
        "C=${A:-d}#",
        "  A=a b   ",
        "D=\"\\${A}\"",
    ]);
    let lines = prop::collection::vec(line, 0..8);
    (lines, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(lines, crlf, ended, marked)| {
        let end = if crlf { "\r\n" } else { "\n" };
        let mark = if marked { "\u{feff}" } else { "" };
        let last = if ended { end } else { "" };
        format!("{mark}{}{last}", lines.join(end))
    })
}

proptest! {
    #[test]
    fn what_is_quoted_reads_back_equal(value in any_value()) {
        let document = Document::parse(&format!("A={} # note", quoted(&value))).expect("reads");
        prop_assert_eq!(document.get("A"), Some(value));
    }

    #[test]
    fn what_is_set_reads_back_equal_and_the_rest_stays(
        text in any_document(), key in "[A-E]", value in any_value(),
    ) {
        let mut document = Document::parse(&text).expect("reads");
        let before = assignments(&text).expect("reads");
        document.set(&key, &value).expect("set");
        prop_assert_eq!(document.get(&key), Some(value));
        let after_text = document.to_string();
        let after = assignments(&after_text).expect("reads");
        for (old, new) in before.iter().zip(&after).filter(|(old, _)| old.key != key) {
            prop_assert_eq!(&text[old.lines.clone()].trim_end(), &after_text[new.lines.clone()].trim_end());
        }
        document.unset(&key).expect("unset");
        prop_assert_eq!(document.get(&key), None);
    }

    #[test]
    fn no_text_makes_the_reader_panic_or_lose_a_byte(text in any_value()) {
        if let Ok(document) = Document::parse(&text) {
            prop_assert_eq!(document.to_string(), text);
        }
    }

    #[test]
    fn a_place_is_always_inside_the_text(text in any_value()) {
        if let Err(error) = Document::parse(&text) {
            prop_assert!(error.line <= text.matches(['\n', '\r']).count() + 1);
            prop_assert!(error.column <= text.chars().count() + 1);
        }
    }
}
