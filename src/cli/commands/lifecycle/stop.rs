//! `stop`: ends the daemon and waits until it has gone.

use std::{io::ErrorKind, time::Duration};

use serde_json::json;
use tokio::{
    net::TcpStream,
    time::{sleep, timeout},
};

use crate::{
    cli::{
        command::Command,
        connection::connect,
        context::Context,
        installed_daemon::{DRY_RUN, Findings, Installation, SYSTEM, ServiceOptions, VERBOSE},
        parser::{CommandSpec, JSON},
        runtime::block_on,
    },
    client::{Client, Endpoint},
    error::{Error, Result},
    service::{lifecycle, report::ServiceOutcome},
};

/// How long the daemon may take to end; its own drain has a shorter deadline.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// The pause between two checks of the port.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "stop",
    summary: "Stop the daemon and wait until it has gone",
    usage: &["[--system] [--dry-run]"],
    details: "A daemon that does not run is as stopped as it can be: exit code 0. An installed\n\
              one comes back at the next log-on or start of the machine.",
    options: &[SYSTEM, DRY_RUN, VERBOSE, JSON],
    examples: &[("cleudocodebot stop", "in order, at most 10 s")],
    parse: |args| Ok(Box::new(StopCommand(ServiceOptions::of(args)))),
};

/// Stops the daemon.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct StopCommand(pub ServiceOptions);

impl Command for StopCommand {
    /// An installed daemon is stopped through the system's launcher, which would start it again
    /// otherwise; any other is asked to shut down.
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        let options = self.0;
        let found = Findings::gather(context, options.system)?;
        let is_installed = found.is_some_and(|found| found.is_installed());
        if is_installed || options.mode.dry {
            return Installation::change(options, context, lifecycle::stop);
        }
        let outcome = block_on(shut_down(context))?;
        if options.json {
            let outcome = outcome.as_str().replace(' ', "_");
            return context.terminal.json(&json!({"outcome": outcome}));
        }
        match outcome {
            ServiceOutcome::NotRunning => Ok(()),
            _ => context.terminal.line(outcome.as_str()),
        }
    }

    fn is_about_the_machine(&self) -> bool {
        self.0.system
    }
}

async fn shut_down(context: &mut Context<'_>) -> Result<ServiceOutcome> {
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
    match timeout(STOP_TIMEOUT, wait_until_gone(connection.client, &endpoint)).await {
        Ok(()) => Ok(ServiceOutcome::Stopped),
        Err(_) => Err(Error::Failed(format!(
            "the daemon still holds {} after {} s; see: cleudocodebot logs",
            endpoint.authority(),
            STOP_TIMEOUT.as_secs()
        ))),
    }
}

/// Returns when our connection has ended and the port refuses new ones.
async fn wait_until_gone(mut client: Client, endpoint: &Endpoint) {
    while matches!(client.event().await, Ok(Some(_))) {}
    let address = (endpoint.host.as_str(), endpoint.port);
    loop {
        let refused = TcpStream::connect(address).await.err();
        if refused.is_some_and(|error| error.kind() == ErrorKind::ConnectionRefused) {
            return;
        }
        sleep(POLL_INTERVAL).await;
    }
}
