//! `status`: the state of the daemon on one screen.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::{
    cli::{
        command::Command,
        connection::connect,
        context::Context,
        installed_daemon::{Findings, SYSTEM, ServiceOptions},
        output::{
            Cell, TextStyle, Times, printable, trouble,
            units::{self, Noun, counted},
        },
        parser::{CommandSpec, JSON},
        runtime::block_on,
    },
    clock,
    error::{Error, Result},
};

pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "status",
    summary: "Show how the daemon, its integrations and agents are",
    usage: &["[--system] [--json]"],
    details: "Exit code 1 where no daemon runs. What is wrong with the installation is told\n\
              with the command that mends it.",
    options: &[SYSTEM, JSON],
    examples: &[
        ("cleudocodebot status", "one screen"),
        (
            "cleudocodebot status --json",
            "the whole answer, for scripts",
        ),
    ],
    parse: |args| Ok(Box::new(StatusCommand(ServiceOptions::of(args)))),
};

/// Shows the state of the daemon.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct StatusCommand(pub ServiceOptions);

impl Command for StatusCommand {
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        let service = Findings::gather(context, self.0.system)?;
        let status = block_on(ask(context));
        if self.0.json {
            context.terminal.json(&as_json(&status, service.as_ref()))?;
        } else {
            print(&status, service.as_ref(), context)?;
        }
        match status {
            Ok(_) => Ok(()),
            // The findings said what to do. The usual advice, to run `cleudocodebot daemon`, would
            // be wrong for an installed one.
            Err(Error::NotRunning { endpoint })
                if service.as_ref().is_some_and(Findings::is_installed) =>
            {
                Err(Error::Failed(format!("no daemon answers at {endpoint}")))
            }
            Err(error) => Err(error),
        }
    }

    fn is_about_the_machine(&self) -> bool {
        self.0.system
    }
}

/// The daemon's answer to `status`, and the address that it came from.
async fn ask(context: &Context<'_>) -> Result<(Value, String)> {
    let mut connection = connect(context).await?;
    let status = connection.client.call("status", &json!({})).await?;
    Ok((status, connection.endpoint.authority()))
}

fn as_json(status: &Result<(Value, String)>, service: Option<&Findings>) -> Value {
    let mut value = match status {
        Ok((status, _)) => status.clone(),
        Err(error) => json!({"error": error.to_string()}),
    };
    value["running"] = json!(status.is_ok());
    if let Some(service) = service {
        value["service"] = service.json();
    }
    value
}

fn print(
    status: &Result<(Value, String)>,
    service: Option<&Findings>,
    context: &mut Context<'_>,
) -> Result<()> {
    let mut rows = match status {
        Ok((status, address)) => overview(status, address, &context.terminal.times),
        Err(_) => Vec::new(),
    };
    if let Ok((status, _)) = status {
        rows.extend(reach(status, &context.terminal.times));
        rows.extend(backup(status, &context.terminal.times));
        rows.extend(wall_clock(&status["clock"]));
        #[cfg(feature = "nats")]
        rows.extend(super::clustered::row(
            &status["cluster"],
            &context.terminal.times,
        ));
        rows.extend(notes(status));
    }
    rows.extend(service.into_iter().flat_map(Findings::rows));
    context.terminal.columns(&rows)?;
    if let Ok((status, _)) = status {
        let now = clock::now_ms();
        let mut integrations = rows_of(&status["integrations"], now);
        integrations.extend(rows_of(&status["agents"], now));
        integrations.extend(rows_of(&status["webhooks"], now));
        if !integrations.is_empty() {
            context.terminal.line("")?;
            context.terminal.columns(&integrations)?;
        }
    }
    match service {
        Some(service) => service.print(context),
        None => Ok(()),
    }
}

fn overview(status: &Value, address: &str, times: &Times) -> Vec<Vec<Cell>> {
    let row = |name: &str, value: Cell| vec![Cell::word(TextStyle::Dim, name), value];
    let text = |name: &str| printable(status[name].as_str().unwrap_or("?"));
    let uptime = std::time::Duration::from_millis(status["uptime_ms"].as_u64().unwrap_or(0));
    vec![
        row("version", text("version").into()),
        row(
            "process",
            Cell::word(
                TextStyle::Plain,
                format!("{}, up {}", status["pid"], units::duration(uptime)),
            ),
        ),
        row("address", address.into()),
        row("home", text("home").into()),
        row("ready", ready(status)),
        row("memory", Cell::word(TextStyle::Plain, memory(status))),
        row("clients", status["clients"].to_string().into()),
        row("store", store(&status["store"], times)),
        row(
            "outbox",
            Cell::word(TextStyle::Plain, outbox(&status["queues"]["outbox"])),
        ),
    ]
}

/// How other devices reach it, and what of that needs care. No rows where only this machine does.
fn reach(status: &Value, times: &Times) -> Vec<Vec<Cell>> {
    let row = |name: &str, value: Cell| vec![Cell::word(TextStyle::Dim, name), value];
    let mut rows = Vec::new();
    if let Some(url) = status["public_url"].as_str() {
        rows.push(row("reached at", printable(url).into()));
    }
    let tls = &status["tls"];
    if tls.is_object() {
        let until = tls["until_ms"].as_u64();
        let until = until.map_or_else(|| "on".to_owned(), |ms| format!("until {}", times.full(ms)));
        rows.push(row("tls", Cell::word(TextStyle::Plain, until)));
    }
    let warnings = tls["warnings"].as_array().into_iter().flatten();
    let told = std::iter::once(&tls["error"]).chain(warnings);
    let warnings = told.filter_map(Value::as_str).map(printable);
    rows.extend(warnings.map(|text| row("", Cell::word(TextStyle::Doubtful, text))));
    rows
}

/// The last backup, and what became of the next. No row where none is made.
fn backup(status: &Value, times: &Times) -> Option<Vec<Cell>> {
    let last = status.get("backup")?;
    let at = last["at_ms"].as_u64().map(|ms| times.full(ms));
    let cell = match (at, last["error"].as_str()) {
        (_, Some(error)) => Cell::word(TextStyle::Bad, printable(error)),
        (Some(at), None) => {
            let bytes = units::bytes(last["bytes"].as_u64().unwrap_or(0));
            Cell::word(TextStyle::Good, format!("{at}, {bytes}"))
        }
        (None, None) => Cell::word(TextStyle::Doubtful, "none yet"),
    };
    Some(vec![Cell::word(TextStyle::Dim, "backup"), cell])
}

/// A row only while the daemon does not go by the wall clock.
fn wall_clock(clock: &Value) -> Option<Vec<Cell>> {
    let text = units::unbelieved_clock(clock)?;
    let text = Cell::word(TextStyle::Doubtful, text);
    Some(vec![Cell::word(TextStyle::Dim, "clock"), text])
}

fn notes(status: &Value) -> Vec<Vec<Cell>> {
    let all = status["notes"].as_array().into_iter().flatten();
    let notes = all.filter_map(Value::as_str).map(printable);
    let row = |note| {
        let note = Cell::word(TextStyle::Doubtful, note);
        vec![Cell::word(TextStyle::Dim, "note"), note]
    };
    notes.map(row).collect()
}

fn ready(status: &Value) -> Cell {
    match status["not_ready"].as_str() {
        Some(reason) => Cell::word(TextStyle::Doubtful, format!("no: {}", printable(reason))),
        None => Cell::word(TextStyle::Good, "yes"),
    }
}

fn memory(status: &Value) -> String {
    let resident = status["memory"]["rss_bytes"].as_u64();
    resident.map_or_else(|| "unknown".to_owned(), units::bytes)
}

fn store(store: &Value, times: &Times) -> Cell {
    let kind = printable(store["kind"].as_str().unwrap_or("?"));
    let mut text = format!("{kind}, {}", counted(&store["messages"], Noun::Message));
    if store["files"].as_u64().is_some_and(|files| files > 0) {
        let size = units::bytes(store["file_bytes"].as_u64().unwrap_or(0));
        let _ = write!(text, ", {} ({size})", counted(&store["files"], Noun::File));
    }
    if let Some(what) = store["damage"].as_str() {
        let text = format!("{text}, damaged: {}", printable(what));
        return Cell::word(TextStyle::Bad, text);
    }
    match store["failing_since_ms"].as_u64() {
        None => Cell::word(TextStyle::Plain, text),
        Some(then) => {
            let why = printable(store["error"].as_str().unwrap_or("no reason given"));
            let text = format!("{text}, failing since {}: {why}", times.full(then));
            Cell::word(TextStyle::Bad, text)
        }
    }
}

/// How many messages wait for which channel.
fn outbox(outbox: &Value) -> String {
    let waiting: Vec<String> = outbox
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(_, count)| count.as_u64() != Some(0))
        .map(|(channel, count)| format!("{count} for {}", printable(channel)))
        .collect();
    if waiting.is_empty() {
        return "empty".to_owned();
    }
    waiting.join(", ")
}

/// One row each, of integrations and of agents.
fn rows_of(all: &Value, now_ms: u64) -> Vec<Vec<Cell>> {
    let all = all.as_array().into_iter().flatten();
    all.map(|one| {
        let text = |name: &str| printable(one[name].as_str().unwrap_or_default());
        let state = text("state");
        let since = one["since_ms"].as_u64().unwrap_or(now_ms);
        let mut row = vec![
            text("name").into(),
            Cell::word(TextStyle::of_state(&state), state),
            Cell::word(
                TextStyle::Dim,
                format!("for {}", units::since(since, now_ms)),
            ),
        ];
        row.extend(trouble(one).map(|text| Cell::word(TextStyle::Plain, text).below()));
        row
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::columns;

    fn utc() -> Times {
        Times::new(Some("UTC"), true, true)
    }

    fn shown(rows: &[Vec<Cell>]) -> String {
        columns(rows, None, |_, text| text.to_owned())
    }

    #[test]
    fn one_screen_shows_what_matters() {
        let status = json!({"version": "0.1.0", "pid": 7, "uptime_ms": 725_000, "home": "/h",
            "clients": 2, "memory": {"rss_bytes": 1_048_576}, "ready": true,
            "queues": {"outbox": {"telegram": 3, "webchat": 0}},
            "store": {"kind": "redb", "messages": 9, "files": 2, "file_bytes": 3_145_728}});
        assert_eq!(
            shown(&overview(&status, "127.0.0.1:1", &utc())),
            "version  0.1.0\nprocess  7, up 12m 5s\naddress  127.0.0.1:1\nhome     /h\n\
             ready    yes\nmemory   1.0 MiB\nclients  2\nstore    redb, 9 messages, 2 files (3.0 MiB)\n\
             outbox   3 for telegram\n"
        );
    }

    #[test]
    fn tls_and_the_public_address_are_shown_where_there_are_any() {
        assert_eq!(reach(&json!({}), &utc()), Vec::<Vec<Cell>>::new());
        let rows = reach(
            &json!({"public_url": "https://box.lan:1",
            "tls": {"until_ms": 0, "error": "kept", "warnings": ["renew it"]}}),
            &utc(),
        );
        let expected = "reached at  https://box.lan:1\n\
                        tls         until 1970-01-01 00:00 UTC\n            kept\n            renew it\n";
        assert_eq!(shown(&rows), expected);
    }

    #[test]
    fn a_clock_that_is_not_believed_is_told_in_one_line() {
        let year = 31_536_000_000_i64;
        let row = |clock| wall_clock(&clock).map(|row| shown(&[row]));
        let ahead = row(json!({"ahead_ms": year, "believed": false, "jumps": 1}));
        let text = "clock  the clock went on 365d at once; deadlines follow within a day\n";
        assert_eq!(ahead.as_deref(), Some(text));
        let downtime = json!({"ahead_ms": year, "believed": false, "jumps": 0});
        assert_eq!(row(downtime), None);
        let behind = row(json!({"ahead_ms": -year, "believed": false, "jumps": 0}));
        assert!(behind.is_some_and(|text| text.contains("went back 365d")));
        assert_eq!(row(json!({"ahead_ms": 900, "believed": true})), None);
        assert_eq!(wall_clock(&Value::Null), None, "an older daemon");
    }

    #[test]
    fn trouble_is_told_with_its_reason() {
        let failing =
            json!({"kind": "redb", "messages": 1, "failing_since_ms": 0, "error": "full"});
        let store = store(&failing, &utc());
        let told = "redb, 1 message, failing since 1970-01-01 00:00 UTC: full";
        assert_eq!(store, Cell::word(TextStyle::Bad, told));
        let ready = ready(&json!({"not_ready": "starting"}));
        assert_eq!(ready, Cell::word(TextStyle::Doubtful, "no: starting"));
        let status = json!({"integrations": [
            {"name": "telegram", "state": "backing_off", "since_ms": 0, "last_error": "no\nway"}]});
        assert_eq!(
            shown(&rows_of(&status["integrations"], 5000)),
            "telegram  backing_off  for 5s  no\\nway\n"
        );
    }
}
