//! The requests of one TCP connection: which path answers, which checks come first, and the upgrade.
//!
//! Order of checks: framing → Host → path and method → version and key → Origin → token → 101.

use std::{
    borrow::Cow,
    future::poll_fn,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, atomic::Ordering},
    task::Poll,
};

use hyper::{Method, Request, StatusCode, body::Incoming as Body};

use super::{
    guard::{allow, check_framing, check_origin, check_query, checked_host, given_token},
    head::Head,
    progress::Progress,
    respond::{HttpReply, add_hsts, busy, refuse, refuse_fault, slow_down, to_https, unauthorized},
    routes::{asyncapi, backup, mcp, media, openai, page, pair, rpc, send, status_page, webhook},
    upgrade::{HandshakeRefusal, switching, upgrade_refused},
};
use crate::{
    config::{BaseUrl, Config},
    gateway::{
        Gateway, TokenRefusal,
        admission::{Full, Permit},
        clients::handle::ClientHandle,
        mcp::OnSent,
        metrics::GatewayCounters,
        permissions::{Access, Door, Shown},
        transport::Protection,
    },
    observed_io::Observer,
    protocol::error_code::ErrorCode,
};

/// What the requests of one TCP connection share.
pub(super) struct HttpConnection {
    pub(super) gateway: Arc<Gateway>,
    pub(super) address: SocketAddr,
    pub(super) permit: Permit,
    pub(super) progress: Progress,
    protection: OnceLock<Protection>,
    upgraded: Mutex<Option<Upgraded>>,
    /// The key of the request that is being answered, where it is not the token of `.env`.
    shown: Mutex<Option<Shown>>,
    /// Called once what was taken to be written is in the socket.
    on_flushed: Mutex<Vec<OnSent>>,
}

/// What an accepted upgrade leaves for the session.
pub(super) struct Upgraded {
    pub(super) handle: Arc<ClientHandle>,
    pub(super) is_authenticated: bool,
}

/// A wrong token is dropped without an answer: as many of its address as may wait for theirs do.
#[derive(Debug)]
pub(super) struct Unanswered;

impl std::fmt::Display for Unanswered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("too many wrong tokens of this address wait for their answer")
    }
}

impl std::error::Error for Unanswered {}

impl std::fmt::Debug for HttpConnection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpConnection")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

/// The connection notes what came and what was taken, and nothing more. After an upgrade the session has the
/// bare socket again.
impl Observer for Arc<HttpConnection> {
    fn read(&self, bytes: usize) -> io::Result<()> {
        if bytes > 0 {
            self.progress.came();
        }
        Ok(())
    }

    fn wrote(&self, written: &Poll<io::Result<usize>>) {
        match written {
            Poll::Ready(Ok(taken)) => self.progress.wrote(*taken),
            Poll::Pending => self.progress.blocked(),
            Poll::Ready(Err(_)) => {}
        }
    }

    fn flushed(&self) {
        if self.progress.is_flush_awaited() {
            for callback in std::mem::take(&mut *self.on_flushed()) {
                callback();
            }
        }
    }
}

/// A request is being answered while this lives.
struct Answering(Arc<HttpConnection>);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.progress.end_request();
    }
}

/// Why a request is refused that shows no token, or a wrong one.
const NO_TOKEN: &str =
    "wrong or missing token; send Authorization: Bearer with CLEUDOCODEBOT_TOKEN of .env";

/// Why a request is refused whose key ended while it was answered.
const KEY_ENDED: &str =
    "this key was revoked or has expired, or the token was changed; ask the owner for a new one";

/// What the paths of webhooks begin with.
const WEBHOOKS: &str = "/webhooks/";

/// What the paths of the interface of `OpenAI` begin with.
const V1: &str = openai::PREFIX;

const READ: &[Method] = &[Method::GET, Method::HEAD];

/// What the paths of kept files begin with.
const MEDIA: &str = "/media/";

impl HttpConnection {
    pub(super) fn new(gateway: Arc<Gateway>, address: SocketAddr, permit: Permit) -> Self {
        Self {
            gateway,
            address,
            permit,
            progress: Progress::default(),
            protection: OnceLock::new(),
            upgraded: Mutex::new(None),
            shown: Mutex::default(),
            on_flushed: Mutex::default(),
        }
    }

    fn shown(&self) -> MutexGuard<'_, Option<Shown>> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Resolves once what this request showed is no longer good. Polled whenever the request is, so it sees when
    /// something was shown.
    async fn shown_ended(&self) {
        let shown = poll_fn(|_| match &*self.shown() {
            Some(shown) => Poll::Ready(shown.clone()),
            None => Poll::Pending,
        });
        shown.await.ended().await;
    }

    fn on_flushed(&self) -> MutexGuard<'_, Vec<OnSent>> {
        let callbacks = self.on_flushed.lock();
        callbacks.unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls these back once the answer is in the socket, whole.
    fn call_back(self: &Arc<Self>, reply: &mut HttpReply, callbacks: Vec<OnSent>) {
        if callbacks.is_empty() {
            return;
        }
        let connection = Arc::clone(self);
        reply.body_mut().on_taken(move || {
            connection.on_flushed().extend(callbacks);
            connection.progress.await_flush();
        });
    }

    /// Says how the connection is protected; said once, before the first request.
    pub(super) fn protect(&self, protection: Protection) {
        let _ = self.protection.set(protection);
    }

    /// The beginning of our own addresses, as the client of a request with this `Host` reaches them.
    fn base(&self, host: &str, config: &Config) -> String {
        let is_public = |url: &BaseUrl| url.authority().eq_ignore_ascii_case(host);
        let scheme = if self.is_tls() || config.secure_url().is_some_and(is_public) {
            "https"
        } else {
            "http"
        };
        format!("{scheme}://{host}")
    }

    fn is_tls(&self) -> bool {
        self.protection.get() == Some(&Protection::Tls)
    }

    /// Whether an upgrade was accepted.
    pub(super) fn is_upgraded(&self) -> bool {
        let upgraded = self.upgraded.lock();
        upgraded.unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// The upgrade, if one was accepted, and the place of the connection.
    pub(super) fn into_upgraded(self) -> Option<(Upgraded, Permit)> {
        let upgraded = self.upgraded.into_inner();
        let upgraded = upgraded.unwrap_or_else(PoisonError::into_inner)?;
        Some((upgraded, self.permit))
    }

    /// Answers one request.
    pub(super) async fn answer(
        self: Arc<Self>,
        request: Request<Body>,
    ) -> Result<HttpReply, Unanswered> {
        self.progress.begin_request();
        let config = self.gateway.settings();
        let head = config.limits.max_header_bytes;
        self.permit.forget_authentication(head);
        self.shown().take();
        let reply = tokio::select! {
            biased;
            reply = self.route(request, &config) => reply,
            // Whatever it waits for: whoever has a key no longer gets no answer by it.
            () = self.shown_ended() => Err(unauthorized(KEY_ENDED)),
        };
        if let Err(reply) = &reply
            && reply.status() == StatusCode::TOO_MANY_REQUESTS
        {
            let held_back = self.gateway.attempts.hold_back(self.address.ip());
            held_back.ok_or(Unanswered)?.wait().await;
        }
        // Between two requests only those count that must show their key again.
        let rest = if self.permit.is_authenticated() {
            0
        } else {
            head
        };
        if self.permit.held() != rest {
            self.permit.hold(rest, &config.limits, None);
        }
        let mut reply = reply.unwrap_or_else(|refusal| refusal);
        if let (Some(seconds), true) = (config.hsts, self.is_tls()) {
            add_hsts(&mut reply, seconds);
        }
        if let Some(shown) = self.shown().take() {
            reply.body_mut().until(async move { shown.ended().await });
        }
        if !reply.body_mut().hold(|| Answering(Arc::clone(&self))) {
            self.progress.end_request();
        }
        Ok(reply)
    }

    async fn route(
        self: &Arc<Self>,
        request: Request<Body>,
        config: &Config,
    ) -> Result<HttpReply, HttpReply> {
        let head = Head::of(request.headers());
        check_framing(&head)?;
        let host = checked_host(&head, request.uri(), &self.gateway, config)?;
        if self.protection.get() == Some(&Protection::Missing) {
            return Err(to_https(host, request.uri()));
        }
        let path = request.uri().path();
        if matches!(path, "/" | "/ws") && head.opening.is_asked() {
            let reply = self.upgrade(&request, &head, host, config);
            return reply.inspect_err(|_| {
                GatewayCounters::add(&self.gateway.counters.upgrade_refusals);
            });
        }
        GatewayCounters::add(&self.gateway.counters.http_requests);
        match path {
            "/rpc" => {
                let access = self.expect_token(&request, &head, &[Method::POST], host, config)?;
                let answer = rpc::answer(&self.gateway, &self.permit, &access, request, config);
                Ok(Box::pin(answer).await)
            }
            "/asyncapi.json" => {
                let access = self.expect_token(&request, &head, READ, host, config)?;
                Ok(asyncapi::answer(&access, &self.base(host, config)))
            }
            "/mcp" => {
                let access = self.expect_token(&request, &head, &[Method::POST], host, config)?;
                let (base, permit) = (self.base(host, config), &self.permit);
                let answer = mcp::answer(&self.gateway, permit, access, request, &base, config);
                let (mut reply, callbacks) = Box::pin(answer).await;
                self.call_back(&mut reply, callbacks);
                Ok(reply)
            }
            "/pair" => {
                allow(&request, &[Method::POST])?;
                check_origin(&head, host, self.is_tls(), config)?;
                let address = self.address.ip();
                let answer = pair::answer(&self.gateway, &self.permit, address, request, config);
                Box::pin(answer).await
            }
            "/backup" => {
                let access = self.expect_token(&request, &head, &[Method::GET], host, config)?;
                Ok(Box::pin(backup::answer(&self.gateway, &access, &request)).await)
            }
            "/media" => {
                let access = self.expect_token(&request, &head, &[Method::POST], host, config)?;
                expect_door(&access, Door::Upload)?;
                Ok(Box::pin(media::upload(&self.gateway, &access, request)).await)
            }
            chat if chat.starts_with(V1) => {
                let methods = openai::methods(&chat[V1.len()..]).ok_or_else(openai::unknown)?;
                let door = openai::door(&chat[V1.len()..]);
                let shown = self.expect_token(&request, &head, methods, host, config);
                let shown = shown.and_then(|access| expect_door(&access, door));
                shown.map_err(openai::shaped)?;
                let base = self.base(host, config);
                let answer = openai::answer(&self.gateway, &self.permit, request, &base, config);
                Ok(Box::pin(answer).await)
            }
            sent if sent.starts_with(send::PREFIX) => {
                let access = self.expect_token(&request, &head, &[Method::POST], host, config)?;
                let answer = send::answer(&self.gateway, &self.permit, &access, request, config);
                Ok(Box::pin(answer).await)
            }
            file if file.starts_with(MEDIA) => {
                self.expect_token(&request, &head, READ, host, config)?;
                let name = &file[MEDIA.len()..];
                Ok(Box::pin(media::download(&self.gateway, name, &request)).await)
            }
            hook if hook.starts_with(WEBHOOKS) => {
                allow(&request, &[Method::POST, Method::GET])?;
                // Behind the name may stand the event, as services post that sort them by path.
                let name = hook[WEBHOOKS.len()..].split('/').next();
                let name = name.unwrap_or_default().to_owned();
                let answer = webhook::answer(&self.gateway, &self.permit, &name, request, config);
                Ok(Box::pin(answer).await)
            }
            "/metrics" => {
                allow(&request, &[Method::GET, Method::HEAD])?;
                let access = self.check_bearer(&head)?;
                expect_door(&access, Door::Metrics)?;
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
        head: &Head<'_>,
        host: &str,
        config: &Config,
    ) -> Result<HttpReply, HttpReply> {
        allow(request, &[Method::GET])?;
        let accepted = head
            .opening
            .check(request.version())
            .map_err(upgrade_refused)?;
        check_origin(head, host, self.is_tls(), config)?;
        check_query(request)?;
        let access = self
            .check_token(head, || head.opening.token())
            .transpose()?;
        let is_authenticated = access.is_some();
        if self.gateway.shutdown.reason().is_some() {
            return Err(busy(ErrorCode::ShuttingDown, "the daemon is stopping"));
        }
        let limits = &config.limits;
        let id = self.gateway.next_client.fetch_add(1, Ordering::Relaxed);
        let handle = Arc::new(ClientHandle::new(
            id,
            self.address,
            accepted.dialect,
            limits.max_queue_bytes,
        ));
        handle.set_access(access.unwrap_or_default());
        let admitted = self.permit.upgrade(&handle, limits);
        admitted.map_err(|_| busy(ErrorCode::RateLimited, Full::REASON))?;
        *self.upgraded.lock().unwrap_or_else(PoisonError::into_inner) = Some(Upgraded {
            handle,
            is_authenticated,
        });
        GatewayCounters::add(&self.gateway.counters.upgrades);
        Ok(switching(accepted))
    }

    /// The token must be there, and right.
    fn check_bearer(&self, head: &Head<'_>) -> Result<Access, HttpReply> {
        // A request without any token is no attempt to guess one.
        self.check_token(head, || None)
            .unwrap_or_else(|| Err(unauthorized(NO_TOKEN)))
    }

    /// Fails unless the request has a method of its path, comes from no foreign page, and shows the token.
    fn expect_token(
        &self,
        request: &Request<Body>,
        head: &Head<'_>,
        methods: &[Method],
        host: &str,
        config: &Config,
    ) -> Result<Access, HttpReply> {
        allow(request, methods)?;
        check_origin(head, host, self.is_tls(), config)?;
        self.check_bearer(head)
    }

    /// The token in `Authorization`: exactly one header, compared whole; where there is none, the one that was
    /// `offered` in another way. None where there is neither.
    fn check_token(
        &self,
        head: &Head<'_>,
        offered: impl FnOnce() -> Option<String>,
    ) -> Option<Result<Access, HttpReply>> {
        let given = match given_token(head) {
            Some(given) => given,
            None => Cow::Owned(offered()?),
        };
        let checked = self.gateway.check_token(self.address.ip(), &given);
        let refused = checked.map_err(|refusal| match refusal {
            TokenRefusal::Wrong(why) => unauthorized(why),
            TokenRefusal::TooMany(wait) => slow_down(wait),
        });
        Some(refused.inspect(|access| {
            self.permit
                .mark_authenticated(access.key().map(|key| key.id));
            *self.shown() = Shown::of(access, &self.gateway.owner_token);
        }))
    }
}

/// Fails where the key is not for this way in.
fn expect_door(access: &Access, door: Door) -> Result<(), HttpReply> {
    let expected = access.expect_door(door);
    expected.map_err(|fault| refuse_fault(fault.code.row().http, &fault))
}
