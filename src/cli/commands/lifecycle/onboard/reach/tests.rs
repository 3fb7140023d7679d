//! What each way needs, on a machine whose Tailscale answers from a script.

use std::{cell::RefCell, time::Duration};

use super::*;
use crate::{
    cli::output::captured,
    config::{self, Environment, Overrides},
    service::system::{
        command::{CommandOutcome, CommandRunner, Launch, SystemCommand},
        executor::{ExecutorMode, World},
        platform::System,
        probe::{GatewayAnswer, GatewayProbe},
    },
};

/// What `tailscale status --json` says where all is well, of the fields that count.
const RUNNING: &str = r#"{"Version": "1.80.0", "BackendState": "Running", "AuthURL": "",
    "Self": {"DNSName": "Box.tail1.ts.net.", "CapMap": {"https": null}},
    "CertDomains": ["box.tail1.ts.net"]}"#;

/// Answers to the beginnings of command lines, and what was run.
struct Script {
    answers: Vec<(&'static str, CommandOutcome)>,
    ran: RefCell<Vec<String>>,
}

impl CommandRunner for Script {
    fn run(&self, command: &SystemCommand) -> CommandOutcome {
        let line = command.to_string();
        self.ran.borrow_mut().push(line.clone());
        let found = self
            .answers
            .iter()
            .find(|(begin, _)| line.starts_with(begin));
        found.map_or(CommandOutcome::Missing, |(_, outcome)| outcome.clone())
    }

    fn launch(&self, _: &Launch) -> Result<u32> {
        Err(Error::Failed("nothing is launched here".to_owned()))
    }
}

struct Nobody;

impl GatewayProbe for Nobody {
    fn ask(&self) -> GatewayAnswer {
        GatewayAnswer::Nobody
    }
    fn shut_down(&self) -> Result<()> {
        Ok(())
    }
    fn address(&self) -> String {
        String::new()
    }
}

fn said(code: i32, stdout: &str, stderr: &str) -> CommandOutcome {
    CommandOutcome::Exited {
        code,
        stdout: stdout.into(),
        stderr: stderr.into(),
    }
}

/// One way on one machine.
struct Case {
    script: Script,
    edits: Vec<EnvEdit>,
    settings: Vec<EnvEdit>,
    answers: &'static str,
}

impl Case {
    fn with(answers: &[(&'static str, CommandOutcome)]) -> Self {
        Self {
            script: Script {
                answers: answers.to_vec(),
                ran: RefCell::default(),
            },
            edits: Vec::new(),
            settings: Vec::new(),
            answers: "y\n",
        }
    }

    /// Tailscale runs, serves this and answers so when it is told to serve.
    fn running(serves: &'static str, told: CommandOutcome) -> Self {
        Self::with(&[
            ("tailscale status", said(0, RUNNING, "")),
            ("tailscale serve status", said(0, serves, "")),
            ("tailscale serve", told),
        ])
    }

    fn set(mut self, pairs: &[(&str, &str)]) -> Self {
        let pair = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        self.settings.extend(pairs.iter().map(pair));
        self
    }

    fn given(mut self, key: &str, value: &str) -> Self {
        self.edits.push((key.to_owned(), value.to_owned()));
        self
    }

    /// The plan, prepared.
    fn done(&self, way: Way) -> Result<Plan> {
        let overrides = Overrides {
            home: Some(std::env::temp_dir().join("cleudocodebot-nowhere")),
            settings: self.settings.clone(),
            ..Overrides::default()
        };
        let config = config::load(&overrides, &Environment::default())?.config;
        let world = World {
            runner: &self.script,
            probe: &Nobody,
            pause: &|_: Duration| {},
            progress: &|_| {},
        };
        let mut executor = Executor::new(world, ExecutorMode::default());
        let (mut terminal, ..) = captured::terminal();
        let mut dialogue = Dialogue::Person(Box::new(self.answers.as_bytes()));
        let ground = Ground {
            config: &config,
            edits: &self.edits,
            executor: &executor,
            system: System::Linux,
        };
        let plan = ground.plan(way, &mut dialogue, &mut terminal)?;
        plan.prepare(&mut executor)?;
        Ok(plan)
    }

    fn refused(&self, way: Way) -> String {
        self.done(way).expect_err("refused").to_string()
    }

    fn changes(&self) -> Vec<String> {
        let ran = self.script.ran.borrow();
        let changing = |line: &&String| !line.contains("status");
        ran.iter().filter(changing).cloned().collect()
    }
}

fn edit(key: &str, value: &str) -> EnvEdit {
    (key.to_owned(), value.to_owned())
}

#[test]
fn tailscale_serves_our_port_and_its_name_is_the_address() {
    let case = Case::running(
        "{}",
        said(0, "Serve started and running in the background.", ""),
    );
    let plan = case.done(Way::Tailscale).expect("done");
    assert_eq!(plan.edits, [edit(PUBLIC_URL, "https://box.tail1.ts.net")]);
    assert_eq!(case.changes(), ["tailscale serve --bg 18789"]);
    assert_eq!(plan.url.expect("an address").host(), "box.tail1.ts.net");
}

#[test]
fn what_tailscale_serves_already_is_not_done_again() {
    let ours = r#"{"Web": {"box.tail1.ts.net:443": {"Handlers": {"/": {"Proxy": "http://127.0.0.1:18789"}}}}}"#;
    let case = Case::running(ours, said(1, "", "asked in vain"));
    let plan = case.done(Way::Tailscale).expect("done");
    assert_eq!((plan.step, case.changes()), (Step::Settings, Vec::new()));
}

#[test]
fn what_somebody_else_serves_there_is_left_alone() {
    let other = r#"{"Web": {"box.tail1.ts.net:443": {"Handlers": {"/": {"Proxy": "http://127.0.0.1:3000"}}}}}"#;
    let case = Case::running(other, said(0, "", ""));
    let told = case.refused(Way::Tailscale);
    assert!(
        told.contains("serves http://127.0.0.1:3000 at https://box.tail1.ts.net already"),
        "{told}"
    );
    assert_eq!(case.changes(), [""; 0]);
}

#[test]
fn nothing_is_run_where_a_person_says_no() {
    let case = Case {
        answers: "n\n",
        ..Case::running("{}", said(0, "", ""))
    };
    assert!(case.refused(Way::Tailscale).contains("nothing was changed"));
    assert_eq!(case.changes(), [""; 0]);
}

#[test]
fn what_tailscale_lacks_is_told_in_one_line() {
    let state = |state: &str| {
        let text = RUNNING.replace("\"Running\"", &format!("\"{state}\""));
        said(0, &text, "")
    };
    let without = |what: &str| said(0, &RUNNING.replace(what, ""), "");
    let gone = "failed to connect to local tailscaled; it doesn't appear to be running";
    for (outcome, told) in [
        (CommandOutcome::Missing, "not installed"),
        (
            said(1, "", gone),
            "tailscaled does not answer (exit code 1: failed to connect",
        ),
        (CommandOutcome::TimedOut, "tailscaled does not answer"),
        (state("NeedsLogin"), "not logged in; log in: tailscale up"),
        (state("NeedsMachineAuth"), "approval"),
        (state("Stopped"), "switched off"),
        (state("Starting"), "still starting"),
        (without("Box.tail1.ts.net."), "has no name in its tailnet"),
        (
            said(
                0,
                r#"{"BackendState": "Running", "Self": {"DNSName": "box.tail1.ts.net."}}"#,
                "",
            ),
            "HTTPS is not enabled",
        ),
    ] {
        let case = Case::with(&[("tailscale status", outcome)]);
        let said = case.refused(Way::Tailscale);
        assert!(
            said.contains(told) && !said.contains('\n'),
            "{told}: {said}"
        );
    }
}

#[test]
fn why_serving_is_refused_is_told_in_one_line() {
    let enable = "Serve is not enabled on your tailnet.\nTo enable, visit:\n\n         \
                  https://login.tailscale.com/f/serve?node=nAbC\n";
    let denied = "sending serve config: Access denied: serve config denied\n\n\
                  Use 'sudo tailscale serve --bg 18789'.";
    for (outcome, told) in [
        (
            said(1, enable, ""),
            "enable it: https://login.tailscale.com/f/serve?node=nAbC",
        ),
        (said(1, "", denied), "sudo tailscale set --operator=$USER"),
        (
            CommandOutcome::TimedOut,
            "run `tailscale serve --bg 18789` in a terminal",
        ),
        (said(1, "", "error: odd"), "failed: exit code 1: error: odd"),
    ] {
        let said = Case::running("{}", outcome).refused(Way::Tailscale);
        assert!(
            said.contains(told) && !said.contains('\n'),
            "{told}: {said}"
        );
    }
}

#[test]
fn none_ends_what_tailscale_serves_and_takes_the_address_back() {
    let ours = r#"{"Web": {"box.tail1.ts.net:443": {"Handlers": {"/": {"Proxy": "http://127.0.0.1:18789"}}}}}"#;
    let case = Case::running(ours, said(0, "", ""));
    let case = case.set(&[(PUBLIC_URL, "https://box.tail1.ts.net")]);
    let plan = case.done(Way::None).expect("done");
    assert_eq!((plan.edits, plan.url), (vec![edit(PUBLIC_URL, "")], None));
    assert_eq!(
        case.changes(),
        ["tailscale serve --https=443 --set-path=/ off"]
    );

    let plan = Case::with(&[]).done(Way::None).expect("without Tailscale");
    assert_eq!((plan.edits, plan.step), (Vec::new(), Step::Settings));
}

#[test]
fn proxy_is_reached_by_its_name() {
    assert!(
        Case::with(&[])
            .refused(Way::Proxy)
            .contains("--allowed-hosts NAME")
    );
    for case in [
        Case::with(&[]).given(ALLOWED_HOSTS, "chat.example.org, other"),
        Case::with(&[]).set(&[(ALLOWED_HOSTS, "chat.example.org")]),
    ] {
        let plan = case.done(Way::Proxy).expect("done");
        assert_eq!(plan.edits, [edit(PUBLIC_URL, "https://chat.example.org")]);
    }
}

#[test]
fn lan_needs_a_name_and_a_certificate() {
    assert!(
        Case::with(&[])
            .refused(Way::Lan)
            .contains("--allowed-hosts NAME")
    );
    let case = Case::with(&[]).given(ALLOWED_HOSTS, "box.lan");
    let told = case.refused(Way::Lan);
    let expected = if cfg!(feature = "tls") {
        "--tls-cert FILE --tls-key FILE"
    } else {
        "without the feature tls"
    };
    assert!(told.contains(expected), "{told}");
}

#[test]
fn a_port_that_changes_cannot_be_reached() {
    let case = Case::running("{}", said(0, "", "")).given(PORT, "0");
    assert!(
        case.refused(Way::Tailscale)
            .contains("choose one with --port")
    );
}
