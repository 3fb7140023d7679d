//! Which server answers at an address. Nothing but what may be read is asked, and nothing is changed there.

use std::time::Duration;

use hyper::Method;
use serde_json::Value;

use super::{super::settings::WhatsappSettings, api::Api};
use crate::{
    http_client::{HttpAnswer, HttpBody, HttpError, HttpLimits},
    integrations::whatsapp::settings::ServerKind,
    message::text_at,
};

/// Longest answer that is looked at, in bytes.
const MAX_ANSWER: usize = 64 * 1024;

/// Until an answer begins, and until it is whole: somebody waits for all of them.
const PATIENCE: Duration = Duration::from_secs(5);

/// What answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundServer {
    /// Which one it is.
    pub kind: ServerKind,
    /// Its version, where it tells that.
    pub version: Option<String>,
    /// Whether it does nothing until it is registered with its maker.
    pub wants_license: bool,
}

/// Which server answers at the address of these settings; `None` for none that is known. The error says why
/// nothing answers.
pub async fn identify(settings: &WhatsappSettings) -> Result<Option<FoundServer>, String> {
    let plain = Api::new(settings, vec![], [&settings.token]);
    let asked = |path: &'static str| ask(&plain, path);
    if let Some(found) = evolution(&asked("/").await?.json()) {
        return Ok(Some(
            found.licensed(&asked("/instance/fetchInstances").await?),
        ));
    }
    if asked("/server/ok").await?.json()["status"] == "ok" {
        let found = FoundServer::of(ServerKind::EvolutionGo, None);
        return Ok(Some(found.licensed(&asked("/instance/status").await?)));
    }
    // Its version it tells to whoever has the key.
    if asked("/ping").await?.json()["message"] == "pong" {
        let told = ask(&super::waha::api_of(settings), "/api/server/version").await?;
        let version = text_at(&told.json(), "version").map(str::to_owned);
        return Ok(Some(FoundServer::of(ServerKind::Waha, version)));
    }
    // Without a token it refuses in an envelope of its own.
    let refusal = asked("/session/status").await?.json();
    if refusal["code"] == 401 && refusal["success"] == false {
        return Ok(Some(FoundServer::of(ServerKind::Wuzapi, None)));
    }
    let told = ask(&super::gowa::api_of(settings), "/app/info").await?;
    Ok(gowa(&told.json()))
}

impl FoundServer {
    fn of(kind: ServerKind, version: Option<String>) -> Self {
        Self {
            kind,
            version,
            wants_license: false,
        }
    }

    fn licensed(self, answer: &HttpAnswer) -> Self {
        Self {
            wants_license: answer.json()["code"] == "LICENSE_REQUIRED",
            ..self
        }
    }
}

async fn ask(api: &Api, path: &str) -> Result<HttpAnswer, String> {
    let limits = HttpLimits {
        connect: PATIENCE,
        first_byte: PATIENCE,
        body: PATIENCE,
        max_bytes: MAX_ANSWER,
        ..HttpLimits::default()
    };
    let asked = api.call(Method::GET, path, HttpBody::Empty, limits).await;
    match asked {
        Ok(answer) => Ok(answer),
        // A page that is too long is none of theirs.
        Err(HttpError::NoAnswer(_)) => Ok(HttpAnswer::new(0, "")),
        Err(HttpError::NotSent(why)) => Err(why),
    }
}

/// `Welcome to the Evolution API, it is working!` (`src/api/routes/index.router.ts`).
fn evolution(body: &Value) -> Option<FoundServer> {
    let welcome = text_at(body, "message")?;
    let version = text_at(body, "version").map(str::to_owned);
    let is_it = welcome.contains("Evolution API");
    is_it.then(|| FoundServer::of(ServerKind::Evolution, version))
}

/// Older ones have no `/app/info` and say in the same envelope that a device is missing.
fn gowa(body: &Value) -> Option<FoundServer> {
    let code = text_at(body, "code")?;
    let is_it = code == "SUCCESS" || code.starts_with("DEVICE_");
    let version = text_at(&body["results"], "version").map(str::to_owned);
    is_it.then(|| FoundServer::of(ServerKind::Gowa, version))
}
