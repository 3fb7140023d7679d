//! What a person wants to know after onboarding: what is where, how to stop it, what to do next.

use std::{io::IsTerminal as _, path::Path, thread, time::Duration};

use crate::{
    cli::{
        context::Context,
        installed_daemon::Installation,
        output::{Cell, TextStyle},
    },
    client::{Endpoint, page_link},
    error::Result,
    service::{
        launchers::systemd,
        report::ServiceReport,
        system::probe::ChannelState,
        target::{InstallTarget, Scope},
    },
};

/// At most how often the gateway is asked whether the services accepted their credentials.
const MAX_POLLS: u32 = 50;

/// The pause between two of these polls.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// The states of these channels, once the daemon has tried their credentials.
fn states(
    installation: &Installation,
    report: &ServiceReport,
    channels: &[&str],
) -> Vec<[String; 2]> {
    if report.identity.is_none() || channels.is_empty() {
        return Vec::new();
    }
    let is_meant = |name: &str| {
        let numbered = |channel: &&&str| {
            name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-') == **channel
        };
        channels.iter().any(|channel| numbered(&channel))
    };
    let mut states = Vec::new();
    for _ in 0..MAX_POLLS {
        let Ok(all) = installation.probe.integrations() else {
            return Vec::new();
        };
        states = all;
        states.retain(|state| is_meant(&state.name));
        if states.iter().all(|state| state.state != "starting") {
            break;
        }
        thread::sleep(POLL_INTERVAL);
    }
    let shown = |state: ChannelState| {
        let why = state
            .last_error
            .map_or_else(String::new, |why| format!(": {why}"));
        [state.name, format!("{}{why}", state.state)]
    };
    states.into_iter().map(shown).collect()
}

/// Prints it.
pub(super) fn print(
    installation: &Installation,
    report: &ServiceReport,
    channels: &[&str],
    context: &mut Context<'_>,
) -> Result<()> {
    let mut rows = places(&installation.target, report);
    rows.push(["WebChat".to_owned(), link(installation, report)?]);
    rows.extend(states(installation, report, channels));
    let home = context.overrides().home;
    let commands = next(&installation.target, report).into_iter();
    rows.extend(commands.map(|[what, command]| [what, in_home(command, home.as_deref())]));
    context.terminal.line("")?;
    let rows: Vec<Vec<Cell>> = rows
        .into_iter()
        .map(|row| row.map(|text| Cell::word(TextStyle::Plain, text)).to_vec())
        .collect();
    context.terminal.columns(&rows)
}

fn places(target: &InstallTarget, report: &ServiceReport) -> Vec<[String; 2]> {
    let mut rows = vec![
        [
            "settings".to_owned(),
            target.env_file().display().to_string(),
        ],
        ["logs".to_owned(), target.logs().display().to_string()],
    ];
    if let Some(kind) = report.kind {
        let moment = kind.moment(systemd::is_lingering(target));
        let text = format!("{}, {moment}", kind.title());
        rows.push(["starts as".to_owned(), text]);
    }
    rows
}

/// The link to the page, at the address where the daemon answered or will. It holds the token only
/// on a terminal, never in a log or a pipe.
fn link(installation: &Installation, report: &ServiceReport) -> Result<String> {
    let config = installation.probe.config()?;
    let answered = report.identity.as_ref().map(|own| own.address.clone());
    let address = answered.unwrap_or_else(|| {
        let (host, port) = config.endpoint();
        let token = None;
        Endpoint { host, port, token }.authority()
    });
    let token = config.token.filter(|_| std::io::stdout().is_terminal());
    Ok(page_link(&address, token.as_deref()))
}

/// A command for the daemon of this home, where one was named: without it the command would be about another.
fn in_home(command: String, home: Option<&Path>) -> String {
    match home {
        Some(home) => format!("{command} --home '{}'", home.display()),
        None => command,
    }
}

fn next(target: &InstallTarget, report: &ServiceReport) -> Vec<[String; 2]> {
    let sudo = match target.scope {
        Scope::User => "",
        Scope::Machine => "sudo ",
    };
    let mut rows = if report.kind.is_some() {
        vec![
            ["see how it is".to_owned(), target.command("status")],
            ["stop it".to_owned(), target.command("stop")],
            ["remove it".to_owned(), target.command("uninstall")],
        ]
    } else {
        vec![
            [
                "run it here".to_owned(),
                format!("{sudo}cleudocodebot daemon"),
            ],
            ["run it always".to_owned(), target.command("install")],
        ]
    };
    rows.push(["talk to it".to_owned(), format!("{sudo}cleudocodebot chat")]);
    rows
}
