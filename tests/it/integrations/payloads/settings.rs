//! Settings as people write and programs pass them: one wrong value parks its own channel, says what is
//! odd about it, and tells nothing of a secret.

use std::fs;

use serde_json::{Value, json};

use super::Findings;
use crate::support::{
    Daemon, Scratch, daemon_command,
    fake::{Fake, Reply},
    integration, run,
    services::{TELEGRAM_TOKEN, telegram_ok},
};

/// A Bot API that knows one token.
fn bot_api() -> Fake {
    Fake::start(|request| {
        let known = format!("/bot{TELEGRAM_TOKEN}/");
        match request.path.rsplit_once(&known).map(|(_, method)| method) {
            None => Reply::Json(
                404,
                json!({"ok": false, "error_code": 404, "description": "Not Found"}),
            ),
            Some("getUpdates") => Reply::Hang,
            Some(_) => telegram_ok(json!({"id": 1, "is_bot": true, "username": "field_bot"})),
        }
    })
}

/// A daemon with this token in its environment, or this `.env`, where `{fake}` and `{token}` stand for
/// what they are.
fn start(fake: &Fake, token: Option<&str>, env_file: &str) -> (Daemon, Scratch) {
    let home = Scratch::new();
    let filled = |text: &str| {
        text.replace("{fake}", &fake.url())
            .replace("{token}", TELEGRAM_TOKEN)
    };
    let mut command = daemon_command(&home.0);
    if let Some(token) = token {
        command
            .env("TELEGRAM_BOT_TOKEN", filled(token))
            .env("TELEGRAM_BASE_URL", fake.url());
    }
    if !env_file.is_empty() {
        write_env(&home, &filled(env_file));
    }
    (Daemon::from_command(command, &home.0), home)
}

/// Writes a `.env` that nobody else can read.
fn write_env(home: &Scratch, text: &str) {
    let path = home.0.join(".env");
    fs::write(&path, text).expect("written");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("set");
    }
}

/// The bot once it runs or is parked.
async fn settled(daemon: &Daemon) -> Value {
    let mut client = daemon.client().await;
    let deadline = std::time::Instant::now() + crate::support::PATIENCE;
    loop {
        let bot = integration(&mut client, "telegram").await.expect("there");
        let state = bot["state"].as_str().expect("a state");
        if matches!(state, "running" | "parked") {
            let said = bot.to_string();
            return json!({"state": state, "said": said});
        }
        assert!(std::time::Instant::now() < deadline, "{bot}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_token_is_read_as_it_comes_or_said_to_be_odd() {
    let fake = bot_api();
    let mut findings = Findings::default();
    for (row, token, env_file, state, said) in [
        ("a line end behind it", Some("{token}\n"), "", "running", ""),
        (
            "a line end of Windows",
            Some(" {token}\r\n"),
            "",
            "running",
            "",
        ),
        (
            "quotes that a program passed on",
            Some("\"{token}\""),
            "",
            "parked",
            "quotes",
        ),
        (
            "the word bot before it",
            Some("bot{token}"),
            "",
            "parked",
            "bot",
        ),
        (
            "an invisible character",
            None,
            "TELEGRAM_BOT_TOKEN={token}\u{200b}\nTELEGRAM_BASE_URL={fake}\n",
            "parked",
            "U+200B",
        ),
        (
            "typographic quotes",
            None,
            "TELEGRAM_BOT_TOKEN=“{token}”\nTELEGRAM_BASE_URL={fake}\n",
            "parked",
            "quote",
        ),
        (
            "white space inside",
            Some("123456:telegram-token of-the-test"),
            "",
            "parked",
            "TELEGRAM_BOT_TOKEN",
        ),
        (
            "a comment right behind the quote",
            None,
            "TELEGRAM_BOT_TOKEN=\"{token}\"# mine\nTELEGRAM_BASE_URL='{fake}'#\n",
            "running",
            "",
        ),
        (
            "line ends of old Macs",
            None,
            "TELEGRAM_BOT_TOKEN={token}\rTELEGRAM_BASE_URL={fake}\r",
            "running",
            "",
        ),
        (
            "a variable with braces",
            None,
            "MINE={token}\nTELEGRAM_BOT_TOKEN=${MINE}\nTELEGRAM_BASE_URL={fake}\n",
            "running",
            "",
        ),
        (
            "an export before it",
            None,
            "export TELEGRAM_BOT_TOKEN={token}\nexport TELEGRAM_BASE_URL={fake}\n",
            "running",
            "",
        ),
    ] {
        let (daemon, _home) = start(&fake, token, env_file);
        let expected = json!({"state": state, "said~": said});
        findings.check(row, &settled(&daemon).await, &expected);
    }
    findings.end();
}

/// The file is shared with programs whose keys nobody here knows.
#[tokio::test]
async fn keys_of_others_never_stop_the_start() {
    let fake = bot_api();
    let own = "TELEGRAM_BOT_TOKEN={token}\nTELEGRAM_BASE_URL={fake}\n";
    for other in ["POSTGRES_PASSWORD=x", "CLEUDOCODEBOT_HOLOGRAM=1"] {
        let (daemon, _home) = start(&fake, None, &format!("{other}\n{own}"));
        assert_eq!(settled(&daemon).await["state"], "running", "{other}");
    }
}

/// Copied from the browser or from the examples of a library.
#[tokio::test]
async fn an_address_with_a_path_works_or_says_so() {
    let fake = bot_api();
    let env_file = "TELEGRAM_BOT_TOKEN={token}\nTELEGRAM_BASE_URL={fake}/bot\n";
    let (daemon, _home) = start(&fake, None, env_file);
    let bot = settled(&daemon).await;
    let is_told = bot["said"]
        .as_str()
        .is_some_and(|said| said.contains("/bot"));
    assert!(bot["state"] == "running" || is_told, "{bot}");
}

/// Compose expands `$NAME`; here it stays, and whoever has such a variable is told.
#[tokio::test]
async fn a_variable_without_braces_is_warned_of() {
    let env_file = "MINE={token}\nTELEGRAM_BOT_TOKEN=$MINE\nTELEGRAM_BASE_URL={fake}\n";
    let fake = bot_api();
    let (daemon, _home) = start(&fake, None, env_file);
    assert!(daemon.log_watch.has_seen("${MINE}"));
    assert_eq!(settled(&daemon).await["state"], "parked");
}

/// A value that is refused may have another setting's secret in it.
#[test]
fn a_refusal_never_prints_what_may_be_a_secret() {
    for env_file in [
        "CLEUDOCODEBOT_LOG_LEVEL=debug TELEGRAM_BOT_TOKEN=123456:INVENTED-SECRET\n",
        "CLEUDOCODEBOT_PORT=\"1 TELEGRAM_BOT_TOKEN=123456:INVENTED-SECRET\"\n",
    ] {
        let home = Scratch::new();
        write_env(&home, env_file);
        let mut command = daemon_command(&home.0);
        command.env_remove("CLEUDOCODEBOT_PORT");
        let (code, out, err) = run(command);
        assert_eq!(code, 78, "{env_file}: {out}{err}");
        assert!(
            !err.contains("INVENTED-SECRET") && !out.contains("INVENTED-SECRET"),
            "{err}"
        );
    }
}

/// What a program put into quotes that stay is said to be in quotes.
#[test]
fn quotes_that_stay_are_named() {
    let home = Scratch::new();
    let mut command = daemon_command(&home.0);
    command.env("CLEUDOCODEBOT_LOG_LEVEL", "\"info\"");
    let (code, _, err) = run(command);
    assert_eq!(code, 78, "{err}");
    assert!(
        err.contains("CLEUDOCODEBOT_LOG_LEVEL") && err.contains("quote"),
        "{err}"
    );
}

/// An entry that can never match anybody is told of, and the others count.
#[tokio::test]
async fn an_entry_that_can_match_nobody_is_warned_of() {
    let env_file =
        "TELEGRAM_BOT_TOKEN={token}\nTELEGRAM_BASE_URL={fake}\nTELEGRAM_ALLOW_FROM=Ana Lima, 42\n";
    let fake = bot_api();
    let (daemon, _home) = start(&fake, None, env_file);
    assert_eq!(settled(&daemon).await["state"], "running");
    assert!(daemon.log_watch.has_seen("\"Ana Lima\" can never match"));
}
