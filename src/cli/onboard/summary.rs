//! What a person wants to know at the end: what is where, how to stop it, and what to do next.

use std::{io::IsTerminal as _, thread, time::Duration};

use super::super::{context::Context, installation::Installation, layout::Cell};
use crate::{
    error::Result,
    service::{door::ChannelState, report::Report, site::Scope, systemd},
};

/// How often the gateway is asked whether the services took their credentials.
const LOOKS: u32 = 50;

/// The pause between two questions.
const LOOK: Duration = Duration::from_millis(200);

/// What the daemon found when it tried the credentials of these channels.
fn states(installation: &Installation, report: &Report, channels: &[&str]) -> Vec<[String; 2]> {
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
        let Ok(all) = installation.door.integrations() else {
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

/// Prints it. The link holds the token, so only a terminal sees it, never a log or a pipe.
pub(super) fn tell(
    installation: &Installation,
    report: &Report,
    channels: &[&str],
    context: &mut Context<'_>,
) -> Result<()> {
    let site = &installation.site;
    let config = installation.door.config()?;
    let mut rows: Vec<[String; 2]> = vec![
        ["settings".to_owned(), site.env_file().display().to_string()],
        ["logs".to_owned(), site.logs().display().to_string()],
    ];
    if let Some(kind) = report.kind {
        let moment = kind.moment(systemd::is_lingering(site));
        let text = format!("{}, {moment}", kind.title());
        rows.push(["starts as".to_owned(), text]);
    }
    let (host, port) = config.endpoint();
    let host = if host.contains(':') {
        format!("[{host}]")
    } else {
        host
    };
    let shows_secrets = std::io::stdout().is_terminal();
    let fragment = match config.token.as_deref().filter(|_| shows_secrets) {
        Some(token) => format!("#token={token}"),
        None => String::new(),
    };
    rows.push([
        "WebChat".to_owned(),
        format!("http://{host}:{port}/{fragment}"),
    ]);
    rows.extend(states(installation, report, channels));
    let next = if report.kind.is_some() {
        [
            ["see how it is", &site.command("status")],
            ["stop it", &site.command("stop")],
            ["remove it", &site.command("uninstall")],
        ]
        .map(|row| row.map(str::to_owned))
        .to_vec()
    } else {
        [
            ["run it here", "cleudocodebot daemon"],
            ["run it always", &site.command("install")],
        ]
        .map(|row| row.map(str::to_owned))
        .to_vec()
    };
    rows.extend(next);
    if site.scope == Scope::User {
        rows.push(["talk to it".to_owned(), "cleudocodebot chat".to_owned()]);
    } else {
        let home = site.home.display();
        let text = format!("sudo cleudocodebot chat --home {home}");
        rows.push(["talk to it".to_owned(), text]);
    }
    context.terminal.line("")?;
    let rows: Vec<Vec<Cell>> = rows
        .into_iter()
        .map(|row| row.map(Cell::from).to_vec())
        .collect();
    context.terminal.columns(&rows)
}
