//! `GET /backup`: a backup of this moment, as it is made. `?secrets=1` has the settings in it.

use std::sync::Arc;

use hyper::{Request, body::Incoming as Body};

use crate::gateway::{
    Gateway,
    http::respond::{HttpReply, refuse, refuse_fault},
    permissions::{Access, Door},
};

/// Hands a backup out to the owner.
pub(in crate::gateway::http) async fn answer(
    gateway: &Arc<Gateway>,
    access: &Access,
    request: &Request<Body>,
) -> HttpReply {
    match access.expect_door(Door::Backup) {
        Ok(()) => made(gateway, request).await,
        Err(fault) => refuse_fault(fault.code.row().http, &fault),
    }
}

#[cfg(feature = "store")]
async fn made(gateway: &Arc<Gateway>, request: &Request<Body>) -> HttpReply {
    use hyper::header::{CONTENT_DISPOSITION, HeaderName, HeaderValue};

    use crate::{
        body::{AnyBody, PipeBody},
        file_name,
        gateway::http::respond::reply,
        panics::run_blocking,
    };

    let Some(turn) = gateway.begin_backup() else {
        return refuse(
            409,
            "conflict",
            "a backup is being made already; try again once it is done",
        );
    };
    let with_secrets = request.uri().query() == Some("secrets=1");
    let making = Arc::clone(gateway);
    let begun = run_blocking(move || making.stream_backup(turn, with_secrets)).await;
    let begun = begun
        .unwrap_or_else(|why| Err(crate::backup::BackupError::Read(std::io::Error::other(why))));
    let (manifest, stream) = match begun {
        Ok(begun) => begun,
        Err(error) => return refuse(500, "internal", &error.to_string()),
    };
    let mut reply = reply(200, "application/x-tar", "");
    *reply.body_mut() = AnyBody::Pipe(PipeBody::new(Box::new(stream))).into();
    let name = file_name::disposition("attachment", Some("cleudocodebot.tar"));
    let told = manifest.json().to_string();
    for (header, value) in [
        (CONTENT_DISPOSITION, name),
        (HeaderName::from_static("x-backup"), told),
    ] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            reply.headers_mut().insert(header, value);
        }
    }
    reply
}

#[cfg(not(feature = "store"))]
#[expect(clippy::unused_async, reason = "the same call in every build")]
async fn made(_gateway: &Arc<Gateway>, _request: &Request<Body>) -> HttpReply {
    let text = "this build keeps messages in memory only: there is nothing to back up";
    refuse(404, "not_found", text)
}
