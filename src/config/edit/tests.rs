//! Changes of the settings as a client asks for them.

use std::path::PathBuf;

use super::*;
use crate::fs::scratch::Scratch;

struct Home {
    folder: Scratch,
    environment: Environment,
}

impl Home {
    fn new(file: &str) -> Self {
        let folder = Scratch::new();
        folder.private_file(".env", file.as_bytes());
        Self {
            folder,
            environment: Environment::default(),
        }
    }

    fn env_file(&self) -> PathBuf {
        self.folder.path().join(".env")
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.env_file()).expect("read")
    }

    fn rehearse(&self, changes: &[Change]) -> Result<Rehearsed, Refused> {
        let overrides = Overrides {
            home: Some(self.folder.path().to_owned()),
            ..Overrides::default()
        };
        rehearse(&overrides, &self.environment, changes.to_vec())
    }

    fn refused(&self, key: &str, value: &str) -> String {
        match self.rehearse(&[Change::set(key, value)]) {
            Err(Refused::Keys(keys)) if keys.len() == 1 && keys[0].0 == key => keys[0].1.clone(),
            other => panic!("{key}={value:?}: {other:?}"),
        }
    }
}

#[test]
fn changes_are_checked_as_a_whole_and_written_byte_for_byte() {
    let home = Home::new("# mine\nWEBCHAT_RATE=5\nA=1\n");
    let changes = [
        Change::set("TELEGRAM_BOT_TOKEN", " 12:ab\n"),
        Change::set("AGENT_SYSTEM_PROMPT", "Be brief.\n# and kind, $HOME"),
        Change::unset("WEBCHAT_RATE"),
        Change::unset("A"),
    ];
    let done = home.rehearse(&changes).expect("right");
    assert_eq!(done.loaded.lookup.get("TELEGRAM_BOT_TOKEN"), Some("12:ab"));
    assert_eq!(home.text(), "# mine\nWEBCHAT_RATE=5\nA=1\n");
    let before = write(&home.env_file(), &done.changes).expect("written");
    let lookup = home.rehearse(&[]).expect("right").loaded.lookup;
    assert_eq!(
        lookup.get("AGENT_SYSTEM_PROMPT"),
        Some("Be brief.\n# and kind, $HOME")
    );
    assert!(!home.text().contains("WEBCHAT_RATE") && home.text().starts_with("# mine\n"));
    restore(&home.env_file(), &before, &done.changes).expect("restored");
    assert_eq!(home.text(), before);
}

#[test]
fn a_file_that_somebody_else_changed_meanwhile_is_not_put_back() {
    let home = Home::new("WEBCHAT_RATE=5\n");
    let changes = [Change::set("WEBCHAT_RATE", "6")];
    let before = write(&home.env_file(), &changes).expect("written");
    write(&home.env_file(), &[Change::set("TELEGRAM_RATE", "7")]).expect("written");
    restore(&home.env_file(), &before, &changes).expect("left");
    assert_eq!(home.text(), "WEBCHAT_RATE=6\nTELEGRAM_RATE=7\n");
}

#[test]
fn what_is_wrong_is_told_for_each_key_and_nothing_is_taken() {
    let home = Home::new("");
    let changes = [
        Change::set("CLEUDOCODEBOT_PORT", "x"),
        Change::set("WEBCHAT_RATE", "5"),
        Change::set("CLEUDOCODEBOT_PROT", "7"),
    ];
    let Err(Refused::Keys(wrong)) = home.rehearse(&changes) else {
        panic!("refused");
    };
    let keys: Vec<&str> = wrong.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, ["CLEUDOCODEBOT_PORT", "CLEUDOCODEBOT_PROT"]);
    assert!(wrong[1].1.contains("did you mean CLEUDOCODEBOT_PORT?"));
    for (key, value, word) in [
        ("WEBCHAT_RATE", "5\nCLEUDOCODEBOT_TOKEN=x", "U+000A"),
        ("OLLAMA_MODEL", "a\u{1b}[31m", "U+001B"),
        ("AGENT_SYSTEM_PROMPT", "a\rb", "U+000D"),
        ("CLEUDOCODEBOT_HOME", "/tmp", "cannot come from it"),
        ("LD_PRELOAD", "/tmp/x.so", "not a key"),
        ("A B", "1", "not a key"),
    ] {
        let why = home.refused(key, value);
        assert!(why.contains(word), "{key}: {why}");
    }
    let why = home.refused("TELEGRAM_BOT_TOKEN", "hunter2 hunter2 hunter2 hunter2");
    assert!(!why.contains("hunter2"), "{why}");
}

#[test]
fn what_is_right_alone_and_wrong_together_is_refused() {
    let home = Home::new("CLEUDOCODEBOT_TOKEN=0123456789abcdef0123456789abcdef\n");
    let open = [Change::set("CLEUDOCODEBOT_HOST", "0.0.0.0")];
    let Err(Refused::Together(why)) = home.rehearse(&open) else {
        panic!("refused");
    };
    assert!(why.contains("CLEUDOCODEBOT_ALLOWED_HOSTS"), "{why}");
}

#[test]
fn programs_and_files_of_the_machine_are_left_to_its_terminal() {
    let home = Home::new("AGENT_EXEC=cat\n");
    for key in [
        "AGENT_EXEC",
        "AGENT_PI",
        "AGENT_TOOLS",
        "TRANSCRIBE_COMMAND",
    ] {
        let why = home.refused(key, "1");
        assert!(why.contains("cleudocodebot config set"), "{key}: {why}");
    }
    assert!(matches!(
        home.rehearse(&[Change::unset("AGENT_EXEC")]),
        Err(Refused::Keys(_))
    ));
    for (key, value) in [
        ("AGENT_SYSTEM_PROMPT", " @/etc/passwd"),
        ("AGENT_PROMPTS", "webchat/*=Hi;telegram/*=@notes.md"),
    ] {
        let why = home.refused(key, value);
        assert!(why.contains("write the text itself"), "{why}");
    }
    let fine = [Change::set("AGENT_PROMPTS", "telegram/*=Write to a@b.c")];
    home.rehearse(&fine).expect("a text");
}

#[test]
fn keys_that_the_environment_decides_are_named() {
    let mut home = Home::new("");
    home.environment = Environment::from_pairs([("WEBCHAT_RATE", "9")]);
    let changes = [
        Change::set("WEBCHAT_RATE", "5"),
        Change::set("TELEGRAM_RATE", "5"),
    ];
    let done = home.rehearse(&changes).expect("right");
    assert_eq!(done.overruled, ["WEBCHAT_RATE"]);
}
