//! `POST /pair`: another device exchanges the code that it was shown for a key of its own. Whoever comes here has
//! no key yet, so wrong codes are counted and held back as wrong tokens are.

use std::{net::IpAddr, sync::Arc};

use hyper::{Request, body::Incoming as Body};
use serde_json::{Value, json};

use crate::{
    config::Config,
    gateway::{
        Gateway,
        actions::keys::{made, name},
        admission::{Permit, WrongToken},
        http::respond::{HttpReply, JSON, refuse, refuse_fault, reply, slow_down, whole_body},
        keys::OpenCode,
    },
    keys::Key,
    log::LogField,
    panics::run_to_end,
    protocol::{
        error_code::{ErrorCode, Fault},
        payload::bad_field,
    },
};

/// Answers a request: `{"code", "name"?}`, and 201 with `{"token", "key"}`.
pub(in crate::gateway::http) async fn answer(
    gateway: &Arc<Gateway>,
    permit: &Permit,
    address: IpAddr,
    request: Request<Body>,
    config: &Config,
) -> Result<HttpReply, HttpReply> {
    let body = request.into_body();
    let body = whole_body(gateway, permit, "/pair", body, &config.limits).await?;
    let asked = serde_json::from_slice::<Value>(&body);
    let asked = asked.map_err(|error| refuse(400, "bad_json", &error.to_string()))?;
    let code = asked["code"].as_str().unwrap_or_default();
    let own_name = match &asked["name"] {
        Value::String(text) => name(text).map(Some),
        Value::Null => Ok(None),
        _ => Err(bad_field("name", "a string", "something else")),
    };
    let own_name = own_name.map_err(|fault| refused(&fault))?;
    let Some(mut open) = gateway.keys.codes().take(code) else {
        return Err(wrong_code(gateway, address, code, config));
    };
    if let Some(own_name) = own_name {
        open.new.name = own_name;
    }
    // A task of its own: the device may leave meanwhile, and the code would be gone without a key.
    let exchanging = exchanged(Arc::clone(gateway), open.clone());
    let failed = |why| Fault::new(ErrorCode::Internal, why);
    match run_to_end(exchanging, failed).await {
        Ok((key, token)) => {
            let answer = json!({"token": token, "key": gateway.key_json(&key)});
            Ok(reply(201, JSON, answer.to_string()))
        }
        Err(fault) => Err(refused(&fault)),
    }
}

/// How often another device may be given the same name while a key is made.
const TRIES: usize = 8;

/// The key of a code that was taken, which is put back where there is none.
async fn exchanged(gateway: Arc<Gateway>, open: OpenCode) -> Result<(Arc<Key>, String), Fault> {
    let mut made_one = made(&gateway, free_name(&gateway, &open.new)).await;
    for _ in 1..TRIES {
        // Several devices of one name come in at once.
        match &made_one {
            Err(fault) if fault.code == ErrorCode::Conflict => {
                made_one = made(&gateway, free_name(&gateway, &open.new)).await;
            }
            _ => break,
        }
    }
    if made_one.is_err() {
        gateway.keys.codes().put_back(open);
    }
    made_one
}

/// The key under a name that no other has: the person at the other device cannot see which are taken.
fn free_name(gateway: &Gateway, new: &crate::keys::NewKey) -> crate::keys::NewKey {
    let taken: Vec<_> = gateway.keys.ring().list();
    let is_free = |name: &str| taken.iter().all(|key| key.name() != name);
    let numbered = (2..).map(|number| format!("{} {number}", new.name));
    let mut names = std::iter::once(new.name.clone()).chain(numbered);
    crate::keys::NewKey {
        name: names.find(|name| is_free(name)).unwrap_or_default(),
        ..new.clone()
    }
}

fn wrong_code(gateway: &Gateway, address: IpAddr, code: &str, config: &Config) -> HttpReply {
    let max = config.limits.auth_failures_per_minute as usize;
    match gateway.attempts.wrong(address, code, max) {
        WrongToken::TooMany(wait) => slow_down(wait),
        WrongToken::Known | WrongToken::Counted => {
            let fields: [LogField<'_>; 1] = [("address", &address)];
            let what = "somebody showed a wrong code for a device";
            gateway.log.warn_limited("keys", what, &fields);
            let text = "this code is wrong, was used, or is older than five minutes; ask for another with cleudocodebot keys pair, or on the page of the owner";
            refuse(404, "not_found", text)
        }
    }
}

fn refused(fault: &Fault) -> HttpReply {
    refuse_fault(fault.code.row().http, fault)
}
