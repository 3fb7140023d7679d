//! Start and stop: the first start, a second daemon, a taken port, wrong settings, signals.

use std::{
    fs,
    net::TcpListener,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::support::{
    Daemon, Frame, Scratch, assert_field, assert_fields, daemon_command, next_event, program,
    refusal, run, token_of,
};

#[test]
fn first_start_writes_env_once() {
    let home = Scratch::new();
    let mut daemon = Daemon::start(&home.0);
    assert_eq!(daemon.token.len(), 64);
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        assert_eq!(
            fs::metadata(home.0.join(".env")).expect("there").mode() & 0o777,
            0o600
        );
        assert_eq!(fs::metadata(&home.0).expect("there").mode() & 0o777, 0o700);
        assert_eq!(
            fs::metadata(home.0.join("logs/daemon.log"))
                .expect("there")
                .mode()
                & 0o777,
            0o600
        );
    }
    let before = fs::read(home.0.join(".env")).expect("read");
    daemon.kill();
    let _again = Daemon::start(&home.0);
    assert_eq!(fs::read(home.0.join(".env")).expect("read"), before);
}

#[test]
fn token_is_appended_to_env() {
    let home = Scratch::new();
    let written = "\u{feff}# mine\r\nexport WHATSAPP_BASE_URL='http://localhost:8080' # kept\r\n";
    cleudocodebot::fs::write_atomic(&home.0.join(".env"), written.as_bytes()).expect("written");
    let _daemon = Daemon::start(&home.0);
    let text = fs::read_to_string(home.0.join(".env")).expect("read");
    assert!(
        text.starts_with(written) && text.ends_with("\r\n"),
        "{text:?}"
    );
    assert_eq!(token_of(&home.0).len(), 64);
}

#[test]
fn second_daemon_names_the_first() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let (code, _, stderr) = run(daemon_command(&home.0));
    assert_eq!(code, 1);
    for part in [
        &format!("pid {}", daemon.child.id()),
        &daemon.address.to_string(),
        "since 20",
        "cleudocodebot stop",
    ] {
        assert!(stderr.contains(part), "{stderr}");
    }
}

#[test]
fn taken_port_names_its_owner() {
    let home = Scratch::new();
    let other = Scratch::new();
    let theirs = Daemon::start(&other.0);
    let stranger = TcpListener::bind("127.0.0.1:0").expect("bound");
    let stranger_port = stranger.local_addr().expect("bound").port();
    for (port, who) in [
        (theirs.address.port(), "another token"),
        (stranger_port, "another program"),
    ] {
        let mut command = daemon_command(&home.0);
        command.env("CLEUDOCODEBOT_PORT", port.to_string());
        let (code, _, stderr) = run(command);
        assert_eq!(code, 1, "{stderr}");
        assert!(
            stderr.contains(who) && stderr.contains("CLEUDOCODEBOT_PORT"),
            "{stderr}"
        );
    }
}

#[test]
fn wrong_settings_exit_with_78() {
    for (text, expected) in [
        (
            "CLEUDOCODEBOT_PORT=99999\n",
            vec!["CLEUDOCODEBOT_PORT", "99999", ".env"],
        ),
        ("CLEUDOCODEBOT_TOKEN=\"unclosed\n", vec![".env:1:", "quote"]),
        (
            "CLEUDOCODEBOT_TOKEN=fifteen-letters\n",
            vec!["16", "leave it out"],
        ),
        ("\u{feff}A=1\r\nB 2\r\n", vec![".env:2:"]),
        (
            "CLEUDOCODEBOT_HOST=0.0.0.0\nCLEUDOCODEBOT_TOKEN=0123456789abcdef0123456789abcdef\n",
            vec!["CLEUDOCODEBOT_ALLOWED_HOSTS"],
        ),
        (
            "CLEUDOCODEBOT_HOST=0.0.0.0\nCLEUDOCODEBOT_TOKEN=sixteen-and-more\nCLEUDOCODEBOT_ALLOWED_HOSTS=me.lan\n",
            vec!["32"],
        ),
    ] {
        let home = Scratch::new();
        cleudocodebot::fs::write_atomic(&home.0.join(".env"), text.as_bytes()).expect("written");
        let mut command = daemon_command(&home.0);
        command.env_remove("CLEUDOCODEBOT_PORT");
        let (code, _, stderr) = run(command);
        assert_eq!(code, 78, "{text:?}: {stderr}");
        assert!(
            expected.iter().all(|part| stderr.contains(part)),
            "{text:?}: {stderr}"
        );
        assert_eq!(
            fs::read_to_string(home.0.join(".env")).expect("read"),
            text,
            "a wrong file is left as it is"
        );
    }
}

#[cfg(unix)]
#[test]
fn world_readable_env_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Scratch::new();
    let file = home.0.join(".env");
    fs::write(
        &file,
        "CLEUDOCODEBOT_TOKEN=0123456789abcdef0123456789abcdef\n",
    )
    .expect("written");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).expect("set");
    let (code, _, stderr) = run(daemon_command(&home.0));
    assert_eq!(code, 78, "{stderr}");
    assert!(
        stderr.contains(&format!("chmod 600 '{}'", file.display())),
        "{stderr}"
    );
}

#[test]
fn signal_shuts_down_with_notice() {
    for signal in ["TERM", "INT"] {
        let home = Scratch::new();
        let mut daemon = Daemon::start(&home.0);
        let mut raw = daemon.raw_websocket(true);
        let _silent = daemon.raw_websocket(false);
        let _idle = daemon.raw();
        let begun = Instant::now();
        daemon.signal(signal);
        let event = raw.json();
        assert_fields(
            &event,
            &json!({"action": "shutdown", "payload.restart_expected": false}),
        );
        assert!(matches!(raw.frame(), Some(Frame::Close(1001, _))));
        drop(raw);
        assert_eq!(daemon.wait().code(), Some(0));
        assert!(
            begun.elapsed() < Duration::from_secs(5),
            "{:?}",
            begun.elapsed()
        );
    }
}

#[tokio::test]
async fn client_stops_and_restarts_daemon() {
    for (payload, code) in [(json!({}), 0), (json!({"restart": true}), 75)] {
        let home = Scratch::new();
        let mut daemon = Daemon::start(&home.0);
        let mut client = daemon.client().await;
        assert_field(
            &client.call("shutdown", &payload).await.expect("heard"),
            "stopping",
            true,
        );
        let event = next_event(&mut client).await;
        assert_field(
            &event.payload,
            "restart_expected",
            json!(payload["restart"] == true),
        );
        assert_eq!(client.event().await.expect("in order"), None);
        assert_eq!(daemon.wait().code(), Some(code));
    }
}

#[tokio::test]
async fn reload_applies_token_or_refuses() {
    let home = Scratch::new();
    let mut daemon = Daemon::start(&home.0);
    let mut client = daemon.client().await;
    let file = home.0.join(".env");
    let write =
        |text: &str| cleudocodebot::fs::write_atomic(&file, text.as_bytes()).expect("written");

    write("CLEUDOCODEBOT_MAX_CONNECTIONS=many\n");
    assert_eq!(refusal(&mut client, "reload", json!({})).await, "conflict");
    daemon.client().await.close().await;

    write("CLEUDOCODEBOT_TOKEN=fedcba9876543210fedcba9876543210\n");
    let done = client.call("reload", &json!({})).await.expect("reloaded");
    assert_field(&done, "changed", json!(["CLEUDOCODEBOT_TOKEN"]));
    assert!(
        client.call("ping", &json!({})).await.is_err(),
        "whoever came in with the old token is sent away"
    );
    daemon.gateway.token = token_of(&home.0);
    daemon.client().await.close().await;
}

#[tokio::test]
async fn config_lists_sources_without_secrets() {
    let home = Scratch::new();
    let daemon = Daemon::start_with(&home.0, &[("LOG_LEVEL", "debug")]);
    let (_, _, stderr) = run(program(
        &home.0,
        &["config", "set", "--force", "SMTP_PASSWORD", "hunter2"],
    ));
    let mut client = daemon.client().await;
    let answer = client.call("config", &json!({})).await.expect("stderr");
    let keys = answer["keys"].as_array().expect("keys");
    let row = |name: &str| keys.iter().find(|row| row["name"] == name).expect(name);
    for (name, field, expected) in [
        ("CLEUDOCODEBOT_TOKEN", "value", serde_json::Value::Null),
        ("CLEUDOCODEBOT_TOKEN", "set", json!(true)),
        ("CLEUDOCODEBOT_TOKEN", "secret", json!(true)),
        ("CLEUDOCODEBOT_TOKEN", "source", json!(".env")),
        ("CLEUDOCODEBOT_LOG_LEVEL", "value", json!("debug")),
        ("CLEUDOCODEBOT_LOG_LEVEL", "source", json!("environment")),
        ("CLEUDOCODEBOT_HOST", "source", json!("default")),
        ("TELEGRAM_BOT_TOKEN", "value", serde_json::Value::Null),
        ("TELEGRAM_BOT_TOKEN", "set", json!(false)),
        ("SMTP_PASSWORD", "value", serde_json::Value::Null),
        ("SMTP_PASSWORD", "set", json!(true)),
    ] {
        assert_eq!(row(name)[field], expected, "{name} {field} {stderr}");
    }
    assert!(!answer.to_string().contains(&daemon.token));
}

#[cfg(unix)]
#[test]
fn a_daemon_that_is_stuck_is_not_taken_for_another_program() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    daemon.signal("STOP");
    let (code, shown, told) = run(program(&home.0, &["status"]));
    daemon.signal("CONT");
    assert_eq!(code, 1, "{shown}{told}");
    let pid = format!("(pid {})", daemon.child.id());
    assert!(
        shown.contains(&pid) && shown.contains("does not answer"),
        "{shown}"
    );
    let all = shown + &told;
    assert!(
        !all.contains("another program") && !all.contains("18789"),
        "{all}"
    );
}
