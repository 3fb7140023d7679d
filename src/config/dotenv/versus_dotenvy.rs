//! Comparison with dotenvy 0.15, a widely used reader: where we agree, and where not and why.

use super::tests::read;

/// The pairs that dotenvy reads, sorted by name; `None` if it refuses the text.
fn dotenvy(text: &str) -> Option<Vec<(String, String)>> {
    let read: Result<std::collections::BTreeMap<_, _>, _> =
        dotenvy::from_read_iter(text.as_bytes()).collect();
    read.ok().map(|values| values.into_iter().collect())
}

#[test]
fn dotenvy_reads_the_plain_part_of_the_format_the_same() {
    for text in [
        "",
        "# note\n\nA=1\n",
        "A=1\r\nB=2\r\n",
        "export A=1",
        "export=1",
        "  A = 1  ",
        "A=",
        "A=''\nB=\"\"",
        "A= # note",
        "A=a#b",
        "A=a #b",
        "A=a=b",
        "A='x y' # note",
        "A='${B} \\n'",
        "A=\"x # y\"",
        "A=\"it's\"",
        "A=\"\\n\\\"\\\\\\$\"",
        "A=\"one\ntwo\"",
        "A='one\ntwo'",
        "A=1\nA=2",
        "A=1\nB=${A}",
        "A=1\nB=\"x${A}y\"",
        "A=${NOWHERE_AT_ALL}",
        "A='x",
        "A=\"x",
        "A=${B",
        "A",
        "=1",
        "A=\"\\q\"",
    ] {
        assert_eq!(read(text).ok(), dotenvy(text), "{text:?}");
    }
}

/// A text that the two read differently, the value of its first key in each (`None`: refused), and why.
struct Difference {
    text: &'static str,
    ours: Option<&'static str>,
    theirs: Option<&'static str>,
    reason: &'static str,
}

const fn differs(
    text: &'static str,
    ours: Option<&'static str>,
    theirs: Option<&'static str>,
    reason: &'static str,
) -> Difference {
    Difference {
        text,
        ours,
        theirs,
        reason,
    }
}

const DIFFERENCES: &[Difference] = &[
    differs(
        "\u{feff}A=1",
        Some("1"),
        None,
        "editors on Windows write the mark unasked",
    ),
    differs(
        "A=two words",
        Some("two words"),
        None,
        "a blank inside a value is what it looks like",
    ),
    differs(
        "A=#fff",
        Some("#fff"),
        Some(""),
        "a comment needs a blank before it, so colours survive",
    ),
    differs(
        "A=C:\\temp",
        Some("C:\\temp"),
        None,
        "Windows paths: escapes belong to double quotes",
    ),
    differs(
        "A=a\\$b",
        Some("a\\$b"),
        Some("a$b"),
        "escapes belong to double quotes",
    ),
    differs(
        "A=it's",
        Some("it's"),
        None,
        "a quote is one only where the value begins",
    ),
    differs(
        "A=x'y'",
        Some("x'y'"),
        Some("xy"),
        "no gluing of quoted parts as in a shell",
    ),
    differs(
        "A='x''y'",
        None,
        Some("xy"),
        "mostly a quote that was meant to be inside",
    ),
    differs(
        "A='x'#y",
        Some("x"),
        Some("x#y"),
        "behind a closing quote nothing but a comment can stand",
    ),
    differs(
        "A=pa$word",
        Some("pa$word"),
        Some("pa"),
        "only ${…} is a variable: passwords survive",
    ),
    differs(
        "A=${NO_ONE:-x}",
        Some("x"),
        Some(""),
        "dotenvy takes `NO_ONE:-x` for a name",
    ),
    differs(
        "A=${}",
        None,
        Some(""),
        "a variable without a name is a slip",
    ),
    differs(
        "A=\"\\t\\r\"",
        Some("\t\r"),
        None,
        "with these escapes every value can be written",
    ),
    differs(
        "A=\"\\'\"",
        None,
        Some("'"),
        "a single quote needs no escape in double quotes",
    ),
    differs(
        "A=\"1\r\n2\"",
        Some("1\n2"),
        Some("1\r\n2"),
        "the editor's line end is not the value's",
    ),
];

#[test]
fn every_difference_to_dotenvy_is_known_and_has_a_reason() {
    for difference in DIFFERENCES {
        let first = |pairs: Vec<(String, String)>| pairs[0].1.clone();
        let (text, ours) = (difference.text, read(difference.text).ok().map(first));
        assert_eq!(ours.as_deref(), difference.ours, "{text:?}");
        assert_eq!(
            dotenvy(text).map(first).as_deref(),
            difference.theirs,
            "{text:?}"
        );
        assert_ne!(difference.ours, difference.theirs, "{text:?}");
        assert!(!difference.reason.is_empty(), "{text:?}");
    }
}

#[test]
fn an_earlier_line_beats_the_environment_here_and_not_in_dotenvy() {
    let text = "PATH=ours\nB=${PATH}";
    // The file has the same meaning everywhere: the environment overrides keys, not parts of values.
    assert_eq!(read(text).expect("reads")[0].1, "ours");
    assert_ne!(dotenvy(text).expect("reads")[0].1, "ours");
}
