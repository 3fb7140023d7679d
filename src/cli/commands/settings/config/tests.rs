//! Settings through the command, with a home folder and an environment of the test's own.

use std::ffi::OsString;

use crate::{
    cli::{Invocation, context::Context, output::captured, parse},
    config::Environment,
    error::Error,
    fs::{self, scratch::Scratch},
};

struct ScratchHome(Scratch);

impl ScratchHome {
    fn new() -> Self {
        Self(Scratch::new())
    }

    fn file(&self) -> String {
        std::fs::read_to_string(self.0.path().join(".env")).unwrap_or_default()
    }

    fn run(&self, line: &[&str]) -> Result<(String, String), Error> {
        self.run_with(line, &[], "")
    }

    /// Standard output and standard error of one command.
    fn run_with(
        &self,
        line: &[&str],
        environment: &[(&str, &str)],
        input: &str,
    ) -> Result<(String, String), Error> {
        let home = self.0.path().to_str().expect("text");
        let first = ["--home", home, "config"];
        let words = first.iter().chain(line);
        let Invocation { common, command } = parse(words.map(OsString::from))?;
        let (terminal, out, err) = captured::terminal();
        let mut context = Context {
            common: &common,
            environment: &Environment::from_pairs(environment.iter().copied()),
            terminal,
            input: Some(Box::new(std::io::Cursor::new(input.to_owned()))),
        };
        command.run(&mut context)?;
        Ok((out.text(), err.text()))
    }

    fn told(&self, line: &[&str]) -> String {
        self.run(line).expect("done").0
    }
}

#[test]
fn a_key_is_set_got_and_unset() {
    let home = ScratchHome::new();
    let (out, err) = home.run(&["set", "CLEUDOCODEBOT_PORT", "7"]).expect("set");
    assert!(out.starts_with("CLEUDOCODEBOT_PORT is set in ") && out.ends_with(".env\n"));
    assert_eq!(err, "apply it with: cleudocodebot reload\n");
    assert_eq!(home.file(), "CLEUDOCODEBOT_PORT=7\n");
    assert_eq!(home.told(&["get", "CLEUDOCODEBOT_PORT"]), "7\n");
    assert!(
        home.told(&["unset", "CLEUDOCODEBOT_PORT"])
            .contains("is removed from")
    );
    assert!(
        home.told(&["unset", "CLEUDOCODEBOT_PORT"])
            .contains("was not set in")
    );
    assert_eq!(home.told(&["get", "CLEUDOCODEBOT_PORT"]), "18789\n");
}

#[test]
fn a_wrong_value_and_an_unknown_key_leave_the_file_alone() {
    let home = ScratchHome::new();
    for (key, value) in [("CLEUDOCODEBOT_PORT", "x"), ("CLEUDOCODEBOT_PROT", "7")] {
        let error = home.run(&["set", key, value]).expect_err("refused");
        assert_eq!(error.exit_code(), 2);
    }
    assert!(home.run(&["get", "CLEUDOCODEBOT_PROT"]).is_err());
    assert_eq!(home.file(), "");
}

#[test]
fn a_key_that_nothing_reads_is_refused_unless_it_is_ones_own() {
    let home = ScratchHome::new();
    let refused = |key: &str| home.run(&["set", key, "x"]).expect_err("refused");
    let error = refused("TELEGRAM_BOT_TOKE");
    assert_eq!(error.exit_code(), 2);
    let told = error.to_string();
    assert!(told.contains("did you mean TELEGRAM_BOT_TOKEN?"), "{told}");
    assert!(refused("MY_OWN").to_string().contains("--force"));
    assert_eq!(home.file(), "");
    home.run(&["set", "--force", "MY_OWN", "x"]).expect("set");
    assert_eq!(home.file(), "MY_OWN=x\n");
    // A key with our prefix is none of one's own.
    assert!(
        home.run(&["set", "--force", "CLEUDOCODEBOT_PROT", "7"])
            .is_err()
    );
}

#[test]
fn an_agent_that_is_not_in_the_box_is_told_of() {
    let home = ScratchHome::new();
    for (key, value, told) in [
        ("AGENT", "openia", "did you mean openai?"),
        ("AGENT_ROUTES", "webchat=exce", "did you mean exec?"),
        (
            "AGENT",
            "pi,mine",
            "mine is no agent in the box (pi, openai",
        ),
    ] {
        let (_, notes) = home.run(&["set", key, value]).expect("set");
        assert!(notes.contains(told), "{value}: {notes}");
    }
    home.run(&["unset", "AGENT_ROUTES"]).expect("unset");
    let (_, notes) = home.run(&["set", "AGENT", "pi,openai"]).expect("set");
    assert!(!notes.contains("in the box"), "{notes}");
}

#[test]
fn a_secret_comes_from_standard_input_and_is_shown_only_when_asked_for() {
    let home = ScratchHome::new();
    let line = ["set", "TELEGRAM_BOT_TOKEN", "-"];
    home.run_with(&line, &[], "1234:abcd\n").expect("set");
    let hidden = home.told(&["show"]);
    assert!(hidden.contains("TELEGRAM_BOT_TOKEN") && !hidden.contains("1234:abcd"));
    assert!(home.told(&["show", "--show-secrets"]).contains("1234:abcd"));
    assert!(home.run(&["get", "TELEGRAM_BOT_TOKEN"]).is_err());
    let shown = home.told(&["get", "TELEGRAM_BOT_TOKEN", "--show-secrets"]);
    assert_eq!(shown, "1234:abcd\n");
}

#[test]
fn an_address_with_a_password_in_it_is_a_secret_as_well() {
    let home = ScratchHome::new();
    let address = "postgres://ana:hunter2@localhost/db";
    home.run(&["set", "--force", "DATABASE_URL", address])
        .expect("set");
    let shown = home.told(&["show"]);
    assert!(
        shown.contains("DATABASE_URL") && !shown.contains("hunter2"),
        "{shown}"
    );
    assert!(home.run(&["get", "DATABASE_URL"]).is_err());
    let shown = home.told(&["get", "DATABASE_URL", "--show-secrets"]);
    assert_eq!(shown, format!("{address}\n"));
}

#[test]
fn show_names_the_source_of_every_value() {
    let home = ScratchHome::new();
    home.run(&["set", "CLEUDOCODEBOT_LOG_LEVEL", "debug"])
        .expect("set");
    let environment = [("CLEUDOCODEBOT_PORT", "9")];
    let shown = home
        .run_with(&["show", "--json"], &environment, "")
        .expect("shown");
    for line in [
        r#"{"key":"CLEUDOCODEBOT_LOG_LEVEL","source":".env","value":"debug"}"#,
        r#"{"key":"CLEUDOCODEBOT_PORT","source":"environment","value":"9"}"#,
        r#"{"key":"CLEUDOCODEBOT_HOST","source":"default","value":"127.0.0.1"}"#,
    ] {
        assert!(shown.0.lines().any(|shown| shown == line), "{line}");
    }
}

#[test]
fn an_edit_that_something_overrules_says_so() {
    let home = ScratchHome::new();
    let line = ["set", "CLEUDOCODEBOT_PORT", "7"];
    let (_, err) = home
        .run_with(&line, &[("CLEUDOCODEBOT_PORT", "9")], "")
        .expect("set");
    assert!(
        err.starts_with("but the environment sets CLEUDOCODEBOT_PORT too"),
        "{err}"
    );
}

#[test]
fn settings_that_do_not_load_can_be_shown_and_mended() {
    let home = ScratchHome::new();
    fs::write_atomic(&home.0.path().join(".env"), b"CLEUDOCODEBOT_PORT=x\n").expect("written");
    assert_eq!(home.told(&["get", "CLEUDOCODEBOT_PORT"]), "x\n");
    assert!(home.told(&["show"]).contains(" x "));
    let (_, err) = home
        .run(&["set", "CLEUDOCODEBOT_LOG_LEVEL", "warn"])
        .expect("set");
    assert!(
        err.starts_with("but the settings are not right yet"),
        "{err}"
    );
    home.run(&["set", "CLEUDOCODEBOT_PORT", "7"])
        .expect("mended");
    assert_eq!(
        home.file(),
        "CLEUDOCODEBOT_PORT=7\nCLEUDOCODEBOT_LOG_LEVEL=warn\n"
    );
}
