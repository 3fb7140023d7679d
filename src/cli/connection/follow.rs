//! Following the events of the gateway until it ends.

use serde_json::Value;
use tokio::signal::ctrl_c;

use crate::{
    cli::{context::Context, output::printable},
    client::{Client, Event},
    error::Result,
};

/// Shows every event until Ctrl-C or the end of the daemon, both of which are success. Its last
/// event (`shutdown`) is not shown but explained on standard error, so that no script reads it as
/// data.
pub(crate) async fn follow(
    mut client: Client,
    context: &mut Context<'_>,
    mut show: impl FnMut(&Event, &mut Context<'_>) -> Result<()>,
) -> Result<()> {
    let mut shutdown = None;
    loop {
        let event = tokio::select! {
            event = client.event() => event?,
            _ = ctrl_c() => {
                client.close().await;
                return Ok(());
            }
        };
        match event {
            Some(event) if event.action == "shutdown" => shutdown = Some(event.payload),
            Some(event) => show(&event, context)?,
            None => break,
        }
    }
    context.terminal.note(end_of_connection(shutdown.as_ref()));
    Ok(())
}

/// Why a connection ended in order: the payload of the `shutdown` event says it, if that came.
pub(crate) fn end_of_connection(shutdown: Option<&Value>) -> String {
    let Some(shutdown) = shutdown else {
        return "the gateway closed the connection".to_owned();
    };
    let reason = printable(shutdown["reason"].as_str().unwrap_or("no reason given"));
    let again = if shutdown["restart_expected"] == true {
        "; it will be back"
    } else {
        ""
    };
    format!("the daemon shut down: {reason}{again}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_end_is_explained() {
        assert_eq!(end_of_connection(None), "the gateway closed the connection");
        let shutdown = json!({"reason": "asked", "restart_expected": true});
        assert_eq!(
            end_of_connection(Some(&shutdown)),
            "the daemon shut down: asked; it will be back"
        );
    }
}
