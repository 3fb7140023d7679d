//! What reaches a terminal, a pipe and a script.

use super::*;

#[test]
fn colours_need_a_terminal_and_nobody_who_objects() {
    let wants = |pairs: &[(&str, &str)], is_terminal| {
        let pairs = pairs.iter().copied();
        wants_colors(&Environment::from_pairs(pairs), is_terminal)
    };
    assert!(wants(&[("TERM", "xterm")], true));
    assert!(wants(&[("TERM", "xterm"), ("NO_COLOR", "")], true));
    assert!(!wants(&[("TERM", "xterm"), ("NO_COLOR", "1")], true));
    assert!(!wants(&[("TERM", "dumb")], true));
    assert!(!wants(&[("TERM", "xterm")], false));
}

#[test]
fn nothing_but_our_colours_reaches_a_terminal_as_it_is() {
    let (mut terminal, out, err) = captured::terminal();
    terminal.watch();
    let good = terminal.painted(TextStyle::Good, "ok\u{9b}2J");
    terminal
        .line(format!("{good}\u{1b}[2J \u{1b}]0;x\u{7}"))
        .expect("written");
    terminal.note("\u{1b}[32mx\u{202e}");
    terminal.exact("a\u{85}b").expect("written");
    terminal
        .json(&serde_json::json!("\u{9b}\u{202e}"))
        .expect("written");
    assert_eq!(
        out.text(),
        "\u{1b}[32mok\\u{9b}2J\u{1b}[0m\\u{1b}[2J \\u{1b}]0;x\\u{7}\na\\u{85}b\n\"\\u009b\\u202e\"\n"
    );
    assert_eq!(err.text(), "\\u{1b}[32mx\\u{202e}\n");
}

#[test]
fn every_style_is_among_our_colours() {
    use TextStyle::{Bad, Dim, Doubtful, Good, Plain, Strong};
    for style in [Plain, Good, Doubtful, Bad, Dim, Strong] {
        let code = style.code().unwrap_or(0).to_string();
        assert!(OUR_COLORS.contains(&code.as_str()), "{style:?}");
    }
}

#[test]
fn a_script_gets_json_and_exact_text_as_they_are() {
    let (mut terminal, out, _) = captured::terminal();
    terminal
        .json(&serde_json::json!("\u{9b}"))
        .expect("written");
    terminal.exact("a\u{85}").expect("written");
    terminal.line("a\u{85}").expect("written");
    assert_eq!(out.text(), "\"\u{9b}\"\na\u{85}\na\\u{85}\n");
}

#[test]
fn what_somebody_watches_fits_and_what_a_script_reads_is_whole() {
    let words = "word ".repeat(20);
    let (mut terminal, out, err) = captured::terminal();
    terminal.line(words.trim()).expect("written");
    assert_eq!(out.text().lines().count(), 1);
    terminal.watch();
    terminal.narrow(30);
    terminal.line(words.trim()).expect("written");
    terminal.note(words.trim());
    let all = out.text() + &err.text();
    let narrow: Vec<&str> = all.lines().skip(1).collect();
    assert!(
        narrow.len() > 6 && narrow.iter().all(|line| line.len() <= 30),
        "{all}"
    );
}

#[test]
fn a_new_day_has_a_line_of_its_own() {
    let (mut terminal, out, _) = captured::terminal();
    terminal.watch();
    for ms in [0, 1, 86_400_000] {
        terminal.dated(ms, "x").expect("written");
    }
    let expected =
        "\u{1b}[2m-- 1970-01-01 --\u{1b}[0m\nx\nx\n\u{1b}[2m-- 1970-01-02 --\u{1b}[0m\nx\n";
    assert_eq!(out.text(), expected);
}

#[test]
fn lines_and_notes_go_to_their_own_streams() {
    let (mut terminal, out, err) = captured::terminal();
    terminal.line("one").expect("written");
    terminal.note("two");
    assert_eq!(terminal.painted(TextStyle::Bad, "x"), "x");
    assert_eq!((out.text(), err.text()), ("one\n".into(), "two\n".into()));
}

#[test]
fn a_reader_that_went_away_is_noticed() {
    struct BrokenPipe;
    impl Write for BrokenPipe {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let (mut terminal, ..) = captured::terminal();
    terminal.out = Box::new(BrokenPipe);
    assert!(!terminal.reader_is_gone());
    assert!(terminal.line("x").is_err());
    assert!(terminal.reader_is_gone());
}
