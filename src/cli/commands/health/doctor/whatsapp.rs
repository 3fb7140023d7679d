//! Which server answers at the address that the settings have for `whatsapp`.

use super::check::Check;
use crate::{
    cli::{context::Context, output::printable},
    integrations::{plan, whatsapp::FoundServer},
};

const NAME: &str = "whatsapp server";

/// No check where the settings are wrong, which `local` reported, or have no such channel.
pub(super) async fn check(context: &Context<'_>) -> Option<Check> {
    let loaded = context.client_settings().ok()?;
    let server = plan::whatsapp_server(&loaded.lookup).await?;
    let (named, address) = (server.named, server.address.as_str());
    Some(match server.found {
        Err(why) => Check::doubtful(
            NAME,
            // It names the address.
            printable(&why),
            "start the server, or correct WHATSAPP_BASE_URL",
        ),
        Ok(None) => Check::doubtful(
            NAME,
            format!("what answers at {address} is none of the servers that are known"),
            "correct WHATSAPP_BASE_URL; WHATSAPP_SERVER says which server is there",
        ),
        Ok(Some(found)) if found.kind != named => Check::broken(
            NAME,
            format!(
                "{} answers at {address}, and WHATSAPP_SERVER is {}",
                called(&found),
                named.name()
            ),
            format!(
                "cleudocodebot config set WHATSAPP_SERVER {}",
                found.kind.name()
            ),
        ),
        Ok(Some(found)) if found.wants_license => Check::broken(
            NAME,
            format!(
                "{} at {address} does nothing until it is registered with its maker",
                called(&found)
            ),
            format!(
                "register it at http://{address}/manager/login, or set WHATSAPP_SERVER to another server"
            ),
        ),
        Ok(Some(found)) => Check::fine(NAME, format!("{} answers at {address}", called(&found))),
    })
}

fn called(found: &FoundServer) -> String {
    match &found.version {
        Some(version) => format!("{} {}", found.kind, printable(version)),
        None => found.kind.title().to_owned(),
    }
}
