//! Settings of other programs are taken over, and ours stay.

use std::fs;

use serde_json::Value;

use crate::support::{Scratch, program, run};

fn ours(home: &Scratch) -> String {
    fs::read_to_string(home.0.join(".env")).unwrap_or_default()
}

#[test]
fn settings_of_the_program_in_python_are_shown_first_and_taken_when_told() {
    let (home, old) = (Scratch::new(), Scratch::new());
    let mine = "# mine\nWHATSAPP_BASE_URL=http://ours:1\n";
    cleudocodebot::fs::write_atomic(&home.0.join(".env"), mine.as_bytes()).expect("written");
    let theirs = "TELEGRAM_TOKEN=123456:secret-of-theirs\nWHATSAPP_BASE_URL=http://theirs:2\nTELEGRAM_ALLOW_FROM=42\nDB=x\n";
    fs::write(old.0.join(".env"), theirs).expect("written");
    let path = old.0.to_str().expect("UTF-8");
    let before = ours(&home);
    let (code, shown, told) = run(program(&home.0, &["import", "python", path]));
    assert_eq!(code, 0, "{told}");
    for part in ["TELEGRAM_BOT_TOKEN", "taken", "set here already", "42"] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    assert!(told.contains("nothing was written yet"), "{told}");
    assert!(told.contains("left out: DB"), "{told}");
    assert!(
        !(shown + &told).contains("secret-of-theirs"),
        "no secret is shown"
    );
    assert_eq!(ours(&home), before);
    let (code, shown, told) = run(program(
        &home.0,
        &["import", "python", path, "--yes", "--json"],
    ));
    assert_eq!(code, 0, "{told}");
    assert!(!shown.contains("secret-of-theirs"));
    let report: Value = serde_json::from_str(&shown).expect("JSON");
    assert_eq!(report["done"], true);
    let now = ours(&home);
    assert!(now.starts_with(&before), "{now}");
    assert!(now.contains("TELEGRAM_BOT_TOKEN=123456:secret-of-theirs"));
    let (_, shown, _) = run(program(&home.0, &["import", "python", path, "--yes"]));
    assert!(!shown.contains("taken"), "twice changes nothing: {shown}");
    assert_eq!(ours(&home), now);
}

#[test]
fn bots_of_openclaw_and_who_was_paired_there_are_taken() {
    let (home, old) = (Scratch::new(), Scratch::new());
    let theirs = "{ // comments are likely\n channels: { telegram: { botToken: \"${BOT}\", allowFrom: [\"tg:42\"], }, }, }\n";
    fs::write(old.0.join("openclaw.json"), theirs).expect("written");
    fs::write(old.0.join(".env"), "BOT=123456:secret-of-theirs\n").expect("written");
    let credentials = old.0.join("credentials");
    fs::create_dir(&credentials).expect("made");
    let paired = "{\"version\":1,\"allowFrom\":[\"43\"]}";
    fs::write(credentials.join("telegram-allowFrom.json"), paired).expect("written");
    let path = old.0.to_str().expect("UTF-8");
    let (code, shown, told) = run(program(&home.0, &["import", "openclaw", path, "--yes"]));
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("cleudocodebot reload"), "{told}");
    assert!(!(shown + &told).contains("secret-of-theirs"));
    let now = ours(&home);
    assert!(
        now.contains("TELEGRAM_BOT_TOKEN=123456:secret-of-theirs"),
        "{now}"
    );
    assert!(now.contains("TELEGRAM_ALLOW_FROM=42,43"), "{now}");
    fs::write(
        old.0.join("openclaw.json"),
        "{channels: {telegram: {botToken: x}}}",
    )
    .expect("written");
    let (code, _, told) = run(program(&home.0, &["import", "openclaw", path]));
    assert!(code == 1 && told.contains("line 1"), "{told}");
    let (code, _, told) = run(program(&home.0, &["import", "moltbot", path]));
    assert!(code == 2 && told.contains("python, openclaw"), "{told}");
}
