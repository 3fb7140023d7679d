//! What a person wants to know at the end: what is where, how to stop it, and what to do next.

use std::{io::IsTerminal as _, thread, time::Duration};

use super::super::{context::Context, installation::Installation, layout::Cell};
use crate::{
    client::{Endpoint, page_link},
    error::Result,
    service::{
        launchers::systemd,
        report::ServiceReport,
        system::probe::ChannelState,
        target::{InstallTarget, Scope},
    },
};

/// How often the gateway is asked whether the services took their credentials.
const LOOKS: u32 = 50;

/// The pause between two questions.
const LOOK: Duration = Duration::from_millis(200);

/// What the daemon found when it tried the credentials of these channels.
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
    for _ in 0..LOOKS {
        let Ok(all) = installation.probe.integrations() else {
            return Vec::new();
        };
        states = all;
        states.retain(|state| is_meant(&state.name));
        if states.iter().all(|state| state.state != "starting") {
            break;
        }
        thread::sleep(LOOK);
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
pub(super) fn tell(
    installation: &Installation,
    report: &ServiceReport,
    channels: &[&str],
    context: &mut Context<'_>,
) -> Result<()> {
    let mut specs = places(&installation.target, report);
    specs.push(["WebChat".to_owned(), link(installation, report)?]);
    specs.extend(states(installation, report, channels));
    specs.extend(next(&installation.target, report));
    context.terminal.line("")?;
    let specs: Vec<Vec<Cell>> = specs
        .into_iter()
        .map(|spec| spec.map(Cell::from).to_vec())
        .collect();
    context.terminal.columns(&specs)
}

fn places(target: &InstallTarget, report: &ServiceReport) -> Vec<[String; 2]> {
    let mut specs = vec![
        [
            "settings".to_owned(),
            target.env_file().display().to_string(),
        ],
        ["logs".to_owned(), target.logs().display().to_string()],
    ];
    if let Some(kind) = report.kind {
        let moment = kind.moment(systemd::is_lingering(target));
        let text = format!("{}, {moment}", kind.title());
        specs.push(["starts as".to_owned(), text]);
    }
    specs
}

/// The page, where the daemon answered or will. The token goes to a terminal only, never to a log or
/// a pipe.
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

fn next(target: &InstallTarget, report: &ServiceReport) -> Vec<[String; 2]> {
    let sudo = match target.scope {
        Scope::User => "",
        Scope::Machine => "sudo ",
    };
    let mut specs = if report.kind.is_some() {
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
    specs.push(["talk to it".to_owned(), format!("{sudo}cleudocodebot chat")]);
    specs
}
