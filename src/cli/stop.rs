//! `stop`: ends the daemon and waits until it has gone.

use std::{io::ErrorKind, time::Duration};

use serde_json::json;
use tokio::{
    net::TcpStream,
    time::{sleep, timeout},
};

use super::{
    block_on,
    command::Command,
    connect::connect,
    context::Context,
    install::style,
    installation::{DRY_RUN, Installation, SYSTEM, Style, VERBOSE},
    service_lines,
    spec::{CommandSpec, JSON, no_words},
};
use crate::{
    client::{Client, Endpoint},
    error::{Error, Result},
    service::{lifecycle, report::ServiceOutcome},
};

/// How long the daemon may take; its own drain has a shorter deadline.
const PATIENCE: Duration = Duration::from_secs(10);

/// The pause between two looks at the port.
const LOOK: Duration = Duration::from_millis(20);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "stop",
    summary: "Stop the daemon and wait until it has gone",
    usage: &["[--system] [--dry-run]"],
    details: "A daemon that does not run is as stopped as it can be: exit code 0. An installed\n\
              one comes back at the next log-on or start of the machine.",
    options: &[SYSTEM, DRY_RUN, VERBOSE, JSON],
    examples: &[("cleudocodebot stop", "in order, at most 10 s")],
    first_word: no_words,
    read: |args| Ok(Command::Stop(style(args))),
};

/// An installed daemon is stopped by whoever would bring it back; any other is asked to end.
pub(super) fn run(style: Style, context: &mut Context<'_>) -> Result<()> {
    let is_installed =
        service_lines::gather(context, style.system)?.is_some_and(|found| found.is_installed());
    if is_installed || style.mode.dry {
        let installation = Installation::of(context, style.system)?;
        return installation.work(style, context, lifecycle::stop).map(drop);
    }
    let outcome = block_on(ask_to_end(context))?;
    if style.json {
        let outcome = outcome.as_str().replace(' ', "_");
        return context.terminal.json(&json!({"outcome": outcome}));
    }
    match outcome {
        ServiceOutcome::NotRunning => Ok(()),
        _ => context.terminal.line(outcome.as_str()),
    }
}

async fn ask_to_end(context: &mut Context<'_>) -> Result<ServiceOutcome> {
    let mut connection = match connect(context).await {
        Ok(connection) => connection,
        Err(Error::NotRunning { endpoint }) => {
            context
                .terminal
                .note(format!("not running: no daemon answers at {endpoint}"));
            return Ok(ServiceOutcome::NotRunning);
        }
        Err(other) => return Err(other),
    };
    connection.client.call("shutdown", &json!({})).await?;
    let endpoint = connection.endpoint;
    match timeout(PATIENCE, gone(connection.client, &endpoint)).await {
        Ok(()) => Ok(ServiceOutcome::Stopped),
        Err(_) => Err(Error::Failed(format!(
            "the daemon still holds {} after {} s; see: cleudocodebot logs",
            endpoint.authority(),
            PATIENCE.as_secs()
        ))),
    }
}

/// Returns when our connection has ended and the port refuses new ones.
async fn gone(mut client: Client, endpoint: &Endpoint) {
    while matches!(client.event().await, Ok(Some(_))) {}
    let address = (endpoint.host.as_str(), endpoint.port);
    loop {
        let refused = TcpStream::connect(address).await.err();
        if refused.is_some_and(|error| error.kind() == ErrorKind::ConnectionRefused) {
            return;
        }
        sleep(LOOK).await;
    }
}
