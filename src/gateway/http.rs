//! HTTP on the same port: who may ask what, in which order it is checked, and the upgrade.
//!
//! Order of checks: Host → path and method → version and key → Origin → rate limit → token → 101.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
};

use hyper::{
    HeaderMap, Method, Request, Response, StatusCode,
    body::Incoming,
    header::{
        AUTHORIZATION, CONNECTION, HOST, HeaderValue, ORIGIN, SEC_WEBSOCKET_ACCEPT,
        SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
    },
};

use super::{
    Gateway,
    admission::Permit,
    client_handle::ClientHandle,
    metrics::Counters,
    origin::{host_is_ours, origin_is_ours},
    page,
    respond::{Reply, busy, refuse, slow_down, unauthorized},
    rpc, status_page, upgrade, webhook,
};
use crate::{body::Whole, config::Config, protocol::error_code::ErrorCode};

/// One TCP connection as its requests see it.
pub(super) struct HttpConnection {
    pub(super) gateway: Arc<Gateway>,
    pub(super) address: SocketAddr,
    upgraded: Mutex<Option<Upgraded>>,
}

/// What an accepted upgrade leaves for the session.
pub(super) struct Upgraded {
    pub(super) handle: Arc<ClientHandle>,
    pub(super) permit: Permit,
    pub(super) authenticated: bool,
}

/// What the paths of webhooks begin with.
const WEBHOOKS: &str = "/webhooks/";

impl HttpConnection {
    pub(super) fn new(gateway: Arc<Gateway>, address: SocketAddr) -> Self {
        Self {
            gateway,
            address,
            upgraded: Mutex::new(None),
        }
    }

    /// The upgrade, if one was accepted.
    pub(super) fn take_upgraded(&self) -> Option<Upgraded> {
        self.upgraded
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    /// Answers one request.
    pub(super) async fn answer(&self, request: Request<Incoming>) -> Result<Reply, Infallible> {
        Ok(self.route(request).await.unwrap_or_else(|refusal| refusal))
    }

    async fn route(&self, request: Request<Incoming>) -> Result<Reply, Reply> {
        let config = self.gateway.settings();
        let host = checked_host(&request, &config)?;
        let path = request.uri().path();
        if matches!(path, "/" | "/ws") && upgrade::is_asked(request.headers()) {
            return self.upgrade(&request, &host, &config).inspect_err(|_| {
                Counters::add(&self.gateway.counters.upgrade_refusals);
            });
        }
        Counters::add(&self.gateway.counters.http_requests);
        match path {
            "/rpc" => {
                allow(&request, &[Method::POST])?;
                check_origin(request.headers(), &host, &config)?;
                self.check_bearer(request.headers())?;
                Ok(rpc::answer(&self.gateway, request, &config).await)
            }
            hook if hook.starts_with(WEBHOOKS) => {
                allow(&request, &[Method::POST, Method::GET])?;
                let name = hook[WEBHOOKS.len()..].to_owned();
                Ok(webhook::answer(&self.gateway, &name, request, &config).await)
            }
            "/metrics" => {
                allow(&request, &[Method::GET, Method::HEAD])?;
                self.check_bearer(request.headers())?;
                Ok(status_page::metrics(&self.gateway))
            }
            "/healthz" | "/readyz" => {
                allow(&request, &[Method::GET, Method::HEAD])?;
                Ok(status_page::health(&self.gateway, path == "/readyz"))
            }
            "/ws" => {
                allow(&request, &[Method::GET])?;
                Err(upgrade_refused(upgrade::Refusal::NotAsked))
            }
            _ => {
                let found = page::find(path, request.headers())
                    .ok_or_else(|| refuse(404, "not_found", "no such page"))?;
                allow(&request, &[Method::GET, Method::HEAD])?;
                Ok(found)
            }
        }
    }

    fn upgrade(
        &self,
        request: &Request<Incoming>,
        host: &str,
        config: &Config,
    ) -> Result<Reply, Reply> {
        allow(request, &[Method::GET])?;
        let accepted =
            upgrade::check(request.version(), request.headers()).map_err(upgrade_refused)?;
        check_origin(request.headers(), host, config)?;
        check_query(request)?;
        let authenticated = request.headers().contains_key(AUTHORIZATION);
        if authenticated {
            self.check_bearer(request.headers())?;
        }
        if self.gateway.shutdown.reason().is_some() {
            return Err(busy(ErrorCode::ShuttingDown, "the daemon is stopping"));
        }
        let limits = &config.limits;
        let permit = self.gateway.admission.enter(
            self.address.ip(),
            authenticated,
            limits.max_connections,
            limits.max_unauthenticated,
        );
        let permit = permit.map_err(|full| busy(ErrorCode::RateLimited, full.reason()))?;
        let id = self.gateway.next_client.fetch_add(1, Ordering::Relaxed);
        let handle = Arc::new(ClientHandle::new(
            id,
            self.address,
            accepted.dialect,
            limits.max_queue_bytes,
        ));
        *self.upgraded.lock().unwrap_or_else(PoisonError::into_inner) = Some(Upgraded {
            handle,
            permit,
            authenticated,
        });
        Counters::add(&self.gateway.counters.upgrades);
        Ok(switching(&accepted))
    }

    /// The token in `Authorization: Bearer`: exactly one header, compared whole.
    fn check_bearer(&self, headers: &HeaderMap) -> Result<(), Reply> {
        if let Some(wait) = self.gateway.blocked_for(self.address.ip()) {
            return Err(slow_down(wait));
        }
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let token = values
            .next()
            .and_then(bearer)
            .filter(|_| values.next().is_none());
        if token.is_some_and(|token| self.gateway.is_token(token)) {
            return Ok(());
        }
        // Only a try counts as a failure; a request without any token is none.
        if headers.contains_key(AUTHORIZATION) {
            self.gateway.authentication_failed(self.address.ip());
        }
        let text =
            "wrong or missing token; send Authorization: Bearer with CLEUDOCODEBOT_TOKEN of .env";
        Err(unauthorized(text))
    }
}

/// The credentials of the scheme Bearer (RFC 6750 §2.1; schemes have no case, RFC 9110 §11.1).
fn bearer(value: &HeaderValue) -> Option<&str> {
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The one `Host`, if it is ours. An absolute request target counts as well (RFC 9112 §3.2.2).
fn checked_host(request: &Request<Incoming>, config: &Config) -> Result<String, Reply> {
    let mut hosts = request
        .headers()
        .get_all(HOST)
        .iter()
        .map(|value| value.to_str().unwrap_or_default());
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return Err(refuse(
            400,
            "bad_request",
            "a request has exactly one Host header",
        ));
    };
    let target = request
        .uri()
        .authority()
        .map(hyper::http::uri::Authority::as_str);
    let is_ours = |host: &str| host_is_ours(host, config.host, &config.allowed_hosts);
    if is_ours(host) && target.is_none_or(is_ours) {
        return Ok(host.to_owned());
    }
    let text = "this Host is not ours; name it in CLEUDOCODEBOT_ALLOWED_HOSTS if it is";
    Err(refuse(403, "forbidden_host", text))
}

fn check_origin(headers: &HeaderMap, host: &str, config: &Config) -> Result<(), Reply> {
    let mut origins = headers
        .get_all(ORIGIN)
        .iter()
        .map(|value| value.to_str().unwrap_or_default());
    let origin = origins.next();
    if origins.next().is_none() && origin_is_ours(origin, host, &config.allowed_origins) {
        return Ok(());
    }
    let text = "this Origin is not ours; name it in CLEUDOCODEBOT_ALLOWED_ORIGINS if it is";
    Err(refuse(403, "forbidden_origin", text))
}

/// A query ends up in logs and histories, so a token in it is told instead of silently ignored.
fn check_query(request: &Request<Incoming>) -> Result<(), Reply> {
    let names_token = |pair: &str| {
        pair.split('=')
            .next()
            .is_some_and(|name| name.eq_ignore_ascii_case("token"))
    };
    if request
        .uri()
        .query()
        .is_some_and(|query| query.split('&').any(names_token))
    {
        let text =
            "a token does not travel in a URL; send Authorization: Bearer or the action auth";
        return Err(unauthorized(text));
    }
    Ok(())
}

fn allow(request: &Request<Incoming>, methods: &[Method]) -> Result<(), Reply> {
    if methods.contains(request.method()) {
        return Ok(());
    }
    let list = methods
        .iter()
        .map(Method::as_str)
        .collect::<Vec<_>>()
        .join(", ");
    let mut reply = refuse(405, "method_not_allowed", &format!("only {list} here"));
    if let Ok(value) = HeaderValue::from_str(&list) {
        reply.headers_mut().insert(hyper::header::ALLOW, value);
    }
    Err(reply)
}

fn switching(accepted: &upgrade::Accepted) -> Reply {
    let mut reply = Response::new(Whole::default());
    *reply.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = reply.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::from_str(&accepted.accept) {
        headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    }
    if let Some(chosen) = accepted.subprotocol {
        headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(chosen));
    }
    reply
}

fn upgrade_refused(refusal: upgrade::Refusal) -> Reply {
    let (status, text) = match refusal {
        upgrade::Refusal::NotAsked => (426, "this address speaks WebSocket; ask for the upgrade"),
        upgrade::Refusal::Version => (426, "WebSocket version 13 is the one spoken here"),
        upgrade::Refusal::Key => (
            400,
            "Sec-WebSocket-Key must be there once, with 16 bytes in base64",
        ),
    };
    let mut reply = refuse(status, "bad_upgrade", text);
    if status == 426 {
        let headers = reply.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    }
    reply
}
