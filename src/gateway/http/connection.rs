//! The requests of one TCP connection: which path answers, which checks come first, and the upgrade.
//!
//! Order of checks: Host → path and method → version and key → Origin → rate limit → token → 101.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
};

use hyper::{
    HeaderMap, Method, Request, Response, StatusCode,
    body::Incoming as Body,
    header::{
        AUTHORIZATION, CONNECTION, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_PROTOCOL,
        SEC_WEBSOCKET_VERSION, UPGRADE,
    },
};

use super::{
    admission::Permit,
    guard::{allow, check_origin, check_query, checked_host, token},
    page,
    respond::{HttpReply, busy, refuse, slow_down, unauthorized},
    rpc, status_page,
    upgrade::{self, HandshakeRefusal},
    webhook,
};
use crate::{
    body::Whole,
    config::Config,
    gateway::{Gateway, clients::handle::ClientHandle, metrics::GatewayCounters},
    protocol::error_code::ErrorCode,
};

/// What the requests of one TCP connection share.
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
    pub(super) async fn answer(&self, request: Request<Body>) -> Result<HttpReply, Infallible> {
        Ok(self.route(request).await.unwrap_or_else(|refusal| refusal))
    }

    async fn route(&self, request: Request<Body>) -> Result<HttpReply, HttpReply> {
        let config = self.gateway.settings();
        let host = checked_host(&request, &config)?;
        let path = request.uri().path();
        if matches!(path, "/" | "/ws") && upgrade::is_asked(request.headers()) {
            return self.upgrade(&request, &host, &config).inspect_err(|_| {
                GatewayCounters::add(&self.gateway.counters.upgrade_refusals);
            });
        }
        GatewayCounters::add(&self.gateway.counters.http_requests);
        match path {
            "/rpc" => {
                allow(&request, &[Method::POST])?;
                check_origin(request.headers(), &host, &config)?;
                self.check_bearer(request.headers())?;
                Ok(rpc::answer(&self.gateway, request, &config).await)
            }
            hook if hook.starts_with(WEBHOOKS) => {
                allow(&request, &[Method::POST, Method::GET])?;
                // Behind the name may stand the event, as services post that sort them by path.
                let name = hook[WEBHOOKS.len()..].split('/').next();
                let name = name.unwrap_or_default().to_owned();
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
                Err(upgrade_refused(HandshakeRefusal::NotAsked))
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
        request: &Request<Body>,
        host: &str,
        config: &Config,
    ) -> Result<HttpReply, HttpReply> {
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
        let permit = self.gateway.admission.admit(
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
        GatewayCounters::add(&self.gateway.counters.upgrades);
        Ok(switching(&accepted))
    }

    /// The token in `Authorization`: exactly one header, compared whole.
    fn check_bearer(&self, headers: &HeaderMap) -> Result<(), HttpReply> {
        if let Some(wait) = self.gateway.blocked_for(self.address.ip()) {
            return Err(slow_down(wait));
        }
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let token = values
            .next()
            .and_then(token)
            .filter(|_| values.next().is_none());
        if token.is_some_and(|token| self.gateway.is_token(&token)) {
            return Ok(());
        }
        // A request without any token is no attempt to guess one.
        if headers.contains_key(AUTHORIZATION) {
            self.gateway.authentication_failed(self.address.ip());
        }
        let text =
            "wrong or missing token; send Authorization: Bearer with CLEUDOCODEBOT_TOKEN of .env";
        Err(unauthorized(text))
    }
}

fn switching(accepted: &upgrade::Handshake) -> HttpReply {
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

fn upgrade_refused(refusal: HandshakeRefusal) -> HttpReply {
    let (status, text) = match refusal {
        HandshakeRefusal::NotAsked => (426, "this address speaks WebSocket; ask for the upgrade"),
        HandshakeRefusal::Version => (426, "WebSocket version 13 is the one spoken here"),
        HandshakeRefusal::Key => (
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
