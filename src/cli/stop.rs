//! `stop`: ends the daemon and waits until it has gone.

use std::{io::ErrorKind, time::Duration};

use serde_json::json;
use tokio::{
    net::TcpStream,
    time::{sleep, timeout},
};

use super::{
    command::Command,
    connect::connect,
    context::Context,
    row::{Row, no_words},
};
use crate::{
    client::{Client, Endpoint},
    error::{Error, Result},
};

/// How long the daemon may take; its own drain has a shorter deadline.
const PATIENCE: Duration = Duration::from_secs(10);

/// The pause between two looks at the port.
const LOOK: Duration = Duration::from_millis(20);

pub(super) const ROW: Row = Row {
    name: "stop",
    summary: "Stop the daemon and wait until it has gone",
    usage: &[""],
    details: "A daemon that does not run is as stopped as it can be: exit code 0.",
    options: &[],
    examples: &[("cleudocodebot stop", "in order, at most 10 s")],
    first_word: no_words,
    read: |_| Ok(Command::Stop),
};

pub(super) async fn run(context: &mut Context<'_>) -> Result<()> {
    let mut connection = match connect(context).await {
        Ok(connection) => connection,
        Err(Error::NotRunning { endpoint }) => {
            context
                .terminal
                .note(format!("not running: no daemon answers at {endpoint}"));
            return Ok(());
        }
        Err(other) => return Err(other),
    };
    connection.client.call("shutdown", &json!({})).await?;
    let endpoint = connection.endpoint;
    match timeout(PATIENCE, gone(connection.client, &endpoint)).await {
        Ok(()) => context.terminal.line("stopped"),
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
