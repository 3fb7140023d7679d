//! Following the events of the gateway until it ends.

use serde_json::Value;
use tokio::signal::ctrl_c;

use crate::{
    cli::{context::Context, output::printable},
    client::{Client, Event},
    error::Result,
};

/// Shows every event until Ctrl-C or the end of the daemon, both of which are success. Its last event
/// (`shutdown`) is not shown but explained on standard error, so that no script reads it as data.
pub(crate) async fn follow(
    mut client: Client,
    context: &mut Context<'_>,
    mut show: impl FnMut(&Event, &mut Context<'_>) -> Result<()>,
) -> Result<()> {
    let mut farewell = None;
    loop {
        let event = tokio::select! {
            event = client.event() => event?,
            _ = ctrl_c() => {
                client.close().await;
                return Ok(());
            }
        };
        match event {
            Some(event) if event.action == "shutdown" => farewell = Some(event.payload),
            Some(event) => show(&event, context)?,
            None => break,
        }
    }
    context.terminal.note(parting(farewell.as_ref()));
    Ok(())
}

/// Why a connection ended in order; `farewell` is the payload of `shutdown`, where it came.
pub(crate) fn parting(farewell: Option<&Value>) -> String {
    let Some(farewell) = farewell else {
        return "the gateway closed the connection".to_owned();
    };
    let reason = printable(farewell["reason"].as_str().unwrap_or("no reason given"));
    let again = if farewell["restart_expected"] == true {
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
        assert_eq!(parting(None), "the gateway closed the connection");
        let farewell = json!({"reason": "asked", "restart_expected": true});
        assert_eq!(
            parting(Some(&farewell)),
            "the daemon shut down: asked; it will be back"
        );
    }
}
