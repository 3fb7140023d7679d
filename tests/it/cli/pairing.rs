//! `integrations connect` against a fake Evolution API whose code comes late, changes, and is then scanned.

use std::{
    collections::VecDeque,
    io::{BufRead as _, BufReader, Read as _},
    process::{Command, Stdio},
    sync::Mutex,
};

use cleudocodebot::qr::Qr;
use serde_json::{Value, json};

use crate::support::{
    Daemon, Scratch, Shared, assert_mentions, daemon_command,
    fake::{Fake, Reply},
    program, run,
    services::use_evolution,
};

struct PairingSetup {
    _fake: Fake,
    home: Scratch,
    _daemon: Daemon,
}

impl PairingSetup {
    /// A service that answers `connect` with these in turn, and is connected then.
    fn new(answers: impl IntoIterator<Item = Value>) -> Self {
        let answers = Mutex::new(VecDeque::from_iter(answers));
        let fake = Fake::start(move |request| match request.path.as_str() {
            "/instance/connectionState/Cleudocode" => {
                let is_open = answers.lock().expect("not poisoned").is_empty();
                let state = if is_open { "open" } else { "connecting" };
                Reply::Json(200, json!({"instance": {"state": state}}))
            }
            "/instance/connect/Cleudocode" => {
                let next = answers.lock().expect("not poisoned").pop_front();
                Reply::Json(200, next.unwrap_or_else(|| json!({"count": 0})))
            }
            _ => Reply::Json(201, json!({})),
        });
        let home = Scratch::new();
        let mut command = daemon_command(&home.0);
        use_evolution(&mut command, &fake);
        let daemon = Daemon::from_command(command, &home.0);
        Self {
            _fake: fake,
            home,
            _daemon: daemon,
        }
    }

    fn command(&self, more: &[&str]) -> Command {
        let connect = ["integrations", "connect", "whatsapp"];
        program(&self.home.0, &[&connect[..], more].concat())
    }
}

fn code(text: &str) -> Value {
    json!({"code": text, "pairingCode": "ABCD1234", "count": 1})
}

#[test]
fn json_shows_codes_until_paired() {
    let setup = PairingSetup::new([
        json!({"count": 0}),
        code("2@first"),
        code("2@first"),
        code("2@second"),
    ]);
    let (status, out, stderr) = run(setup.command(&["--json"]));
    assert_eq!(status, 0, "{stderr}");
    let mut lines: Vec<Value> = out
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_mentions(&lines[0], "why", "no code yet");
    lines[0] = json!({"state": lines[0]["state"]});
    let pairing = |text: &str| {
        let qr = Qr::of(text).expect("it fits").rows();
        json!({"state": "pairing", "code": text, "pairing_code": "ABCD1234", "qr": qr})
    };
    let wanted = [
        json!({"state": "waiting"}),
        pairing("2@first"),
        pairing("2@second"),
        json!({"state": "connected"}),
    ];
    assert_eq!(lines, wanted);
}

/// The modules in a drawing of half blocks, as rows of 1 and 0.
fn modules(drawing: &str) -> Vec<String> {
    let ink = |line: &str, inked: [char; 2]| {
        let modules = line
            .chars()
            .map(|c| if inked.contains(&c) { '1' } else { '0' });
        modules.collect::<String>()
    };
    let lines = drawing.lines();
    lines
        .flat_map(|line| [ink(line, ['█', '▀']), ink(line, ['█', '▄'])])
        .collect()
}

#[test]
fn terminal_redraws_each_code() {
    let pty = Command::new("python3").args(["-c", "import pty"]).output();
    if !pty.is_ok_and(|output| output.status.success()) {
        return eprintln!("SKIPPED: no python3 to make a terminal with");
    }
    let setup = PairingSetup::new([code("2@first"), code("2@second")]);
    let command = setup.command(&[]);
    let script = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)";
    let mut python = Command::new("python3");
    python.args(["-c", script]).arg(command.get_program());
    python.args(command.get_args()).stdin(Stdio::null());
    python.envs(
        command
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    python.env("TERM", "xterm").env_remove("NO_COLOR");
    let (status, out, stderr) = run(python);
    assert_eq!(status, 0, "{out}{stderr}");
    let out = out.replace("\r\n", "\n");
    let drawings: Vec<&str> = out.split("\u{1b}[38;5;16;48;5;231m").collect();
    let square = |text: &str| Qr::of(text).expect("it fits");
    let height = (square("2@first").size() + 8).div_ceil(2);
    for (lines, text) in drawings[1..].chunks(height).zip(["2@first", "2@second"]) {
        let drawn: String = lines
            .iter()
            .map(|line| line.split('\u{1b}').next().unwrap_or_default().to_owned() + "\n")
            .collect();
        let side = square(text).size();
        let modules = modules(&drawn);
        let inside: Vec<&str> = modules[4..4 + side]
            .iter()
            .map(|row| &row[4..4 + side])
            .collect();
        assert_eq!(inside, square(text).rows());
    }
    assert_eq!(drawings.len() - 1, 2 * height);
    // The cursor moves up over the drawing, the code to type, and two lines of instructions.
    let over = format!("\u{1b}[{}A\u{1b}[J", height + 3);
    assert_eq!(out.matches(&over).count(), 1, "{out}");
    assert!(out.contains("code to type on the phone: ABCD1234\n"));
    assert!(out.ends_with("whatsapp is connected\n"), "{out}");
}

#[test]
fn pipe_timeout_and_interrupt() {
    let setup = PairingSetup::new((0..99).map(|_| code("2@first")));
    let (status, out, stderr) = run(setup.command(&["--timeout", "1"]));
    assert_eq!(status, 1);
    assert_eq!(
        out,
        "text of the QR code: 2@first\ncode to type on the phone: ABCD1234\n"
    );
    assert!(
        stderr.contains("qrencode") && stderr.contains("within 1 s"),
        "{stderr}"
    );
    let mut child = setup
        .command(&[])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut line = String::new();
    let mut out = BufReader::new(child.stdout.take().expect("piped"));
    out.read_line(&mut line).expect("a line");
    let sent = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(sent.is_ok_and(|status| status.success()));
    assert_eq!(child.wait().expect("it ends").code(), Some(1));
    let mut stderr = String::new();
    let mut err = child.stderr.take().expect("piped");
    err.read_to_string(&mut stderr).expect("text");
    assert!(
        stderr.contains("stopped; whatsapp is not connected yet"),
        "{stderr}"
    );
}

#[test]
fn unpairable_channel_is_refused() {
    let daemon = Shared::daemon();
    let (status, _, stderr) = run(program(
        &daemon.home,
        &["integrations", "connect", "webchat"],
    ));
    assert_eq!(status, 1);
    assert!(stderr.contains("webchat has nothing to pair"), "{stderr}");
    for wrong in [&["connect"][..], &["connect", "whatsapp", "--timeout", "0"]] {
        let arguments = [&["integrations"], wrong].concat();
        assert_eq!(run(program(&daemon.home, &arguments)).0, 2, "{wrong:?}");
    }
}
