//! The gateway: one connection that the service sends its events on
//! (<https://docs.discord.com/developers/events/gateway>).
//!
//! A session outlives its connections: after a cut the next connection resumes it with the number of the last event
//! that is on disk, and the service repeats what came behind that. So nothing is lost, and what comes twice is
//! known by its dedup key. The session is kept between the runs that the supervisor starts.

mod close;
mod heartbeat;
mod payload;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::time::{Duration, Instant, sleep, sleep_until, timeout};

use self::{
    close::{AfterClose, after},
    heartbeat::Pulse,
    payload::Payload,
};
use super::{api::DiscordApi, receive::Receiver, who::Session};
use crate::{
    backoff::STABLE,
    http_client::{HttpError, HttpLimits, ServiceSocket, SocketMessage, read_json},
    integrations::{RunContext, RunError},
    log::Log,
    random,
};

pub(super) use self::close::MISSING_INTENT;

/// Longest message of the service: what a large server tells of itself when the bot comes to it. It is in memory
/// while it is read, and no longer.
const MAX_MESSAGE: usize = 16 << 20;

/// The time for the service's first word.
const HELLO: Duration = Duration::from_secs(20);

/// Version and encoding (<https://docs.discord.com/developers/events/gateway#connecting>).
const QUERY: &str = "v=10&encoding=json";

/// Connections in a row that the address of a session may fail to open; then a new one is begun elsewhere, and what was
/// missed is asked for.
const MAX_UNOPENED: u32 = 12;

/// Longest pause before a new session, after the old one was refused.
const PAUSE_MS: u64 = 5000;

/// The gateway of one bot.
pub(super) struct Gateway {
    api: Arc<DiscordApi>,
    session: Mutex<Option<Session>>,
    log: Log,
    name: String,
}

/// Why a connection ended.
#[derive(Debug)]
enum End {
    /// The session goes on by another connection.
    Resume(String),
    /// It does not.
    Anew(String),
    /// For good, or until the supervisor tries again.
    Failed(RunError),
}

impl From<HttpError> for End {
    fn from(error: HttpError) -> Self {
        Self::Resume(error.to_string())
    }
}

impl Gateway {
    pub(super) fn new(name: &str, api: Arc<DiscordApi>, log: Log) -> Self {
        Self {
            api,
            session: Mutex::default(),
            log,
            name: name.to_owned(),
        }
    }

    fn session(&self) -> MutexGuard<'_, Option<Session>> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes events until it cannot go on. The service ends connections as it likes, and asks for another one then:
    /// one that held for a while is followed by the next at once. Others are the supervisor's to space out.
    pub(super) async fn listen(&self, receiver: &Receiver, context: &RunContext) -> RunError {
        loop {
            let (begun, resumed) = (Instant::now(), self.session().is_some());
            let ended = self.connection(receiver, context).await;
            let held = begun.elapsed() >= STABLE;
            let why = match ended {
                End::Failed(error) => return error,
                End::Resume(why) if held => why,
                End::Anew(why) if held || resumed => {
                    *self.session() = None;
                    sleep(Duration::from_millis(
                        1000 + random::seed() % (PAUSE_MS - 1000),
                    ))
                    .await;
                    why
                }
                End::Resume(why) => return RunError::Failed(why, None),
                End::Anew(why) => {
                    *self.session() = None;
                    return RunError::Failed(why, Some(Duration::from_millis(PAUSE_MS)));
                }
            };
            self.log.debug(
                "integration",
                "the gateway is connected to anew",
                &[("name", &self.name), ("why", &why)],
            );
        }
    }

    /// One connection, from its first word to its end.
    async fn connection(&self, receiver: &Receiver, context: &RunContext) -> End {
        let opened = match Box::pin(self.open()).await {
            Ok(opened) => opened,
            Err(end) => {
                self.count_unopened();
                return end;
            }
        };
        let (mut socket, pulse) = opened;
        let mut connection = Connection {
            gateway: self,
            socket: &mut socket,
            pulse,
        };
        let end = connection.run(receiver, context).await;
        if let End::Resume(_) = end {
            // Any code but 1000 and 1001 keeps the session.
            socket.close(4000).await;
        }
        end
    }

    fn count_unopened(&self) {
        let mut session = self.session();
        if let Some(known) = session.as_mut() {
            known.unopened += 1;
            if known.unopened >= MAX_UNOPENED {
                *session = None;
            }
        }
    }

    /// Connects, and begins a session or resumes the one that was.
    async fn open(&self) -> Result<(ServiceSocket, Pulse), End> {
        let known = self.session().clone();
        let url = match &known {
            Some(session) => session.url.clone(),
            None => self.address().await?,
        };
        let between = if url.contains('?') { "&" } else { "/?" };
        let url = format!("{}{between}{QUERY}", url.trim_end_matches('/'));
        let limits = HttpLimits {
            max_bytes: MAX_MESSAGE,
            ..HttpLimits::default()
        };
        let mut socket = self.api.http().websocket(&url, limits).await?;
        let hello = timeout(HELLO, socket.next()).await;
        let hello = hello.map_err(|_| End::Resume("the gateway said nothing".to_owned()))??;
        let interval = match &hello {
            SocketMessage::Text(text) => match Payload::read(text) {
                Some(Payload::Hello(interval)) => interval,
                _ => {
                    return Err(End::Resume(
                        "the gateway did not begin with a hello".to_owned(),
                    ));
                }
            },
            SocketMessage::Closed(code, reason) => return Err(self.closed(*code, reason)),
        };
        let token = self.api.token();
        socket
            .send(match known {
                Some(session) => payload::resume(token, &session.id, session.sequence),
                None => payload::identify(token),
            })
            .await?;
        Ok((socket, Pulse::new(interval)))
    }

    /// Where a new session is had. The service lets a bot begin a thousand a day and resets its token where it begins
    /// more (<https://docs.discord.com/developers/events/gateway#session-start-limit-object>).
    async fn address(&self) -> Result<String, End> {
        let asked = self.api.gateway().await;
        let found = asked.map_err(|error| End::Failed(error.into()))?;
        let limit = &found["session_start_limit"];
        if limit["remaining"] == 0 {
            let wait = Duration::from_millis(limit["reset_after"].as_u64().unwrap_or(60_000));
            let why = "Discord lets the bot begin no more sessions today; it goes on by itself"
                .to_owned();
            return Err(End::Failed(RunError::Failed(why, Some(wait))));
        }
        let url = found["url"].as_str().map(str::to_owned);
        url.ok_or_else(|| {
            let why = "Discord named no address for its gateway".to_owned();
            End::Failed(RunError::Failed(why, None))
        })
    }

    fn closed(&self, code: Option<u16>, reason: &str) -> End {
        let number = code.map_or_else(|| "no code".to_owned(), |code| code.to_string());
        let why = format!("Discord closed the gateway: {reason} ({number})");
        match after(code, self.api.key()) {
            AfterClose::Resume => End::Resume(why),
            AfterClose::Anew => End::Anew(why),
            AfterClose::Never(what) => End::Failed(RunError::Refused(format!("{why}; {what}"))),
        }
    }
}

/// An open connection with its session.
struct Connection<'a> {
    gateway: &'a Gateway,
    socket: &'a mut ServiceSocket,
    pulse: Pulse,
}

impl Connection<'_> {
    async fn run(&mut self, receiver: &Receiver, context: &RunContext) -> End {
        loop {
            let heard = tokio::select! {
                heard = self.socket.next() => heard,
                () = sleep_until(self.pulse.due()) => {
                    if !self.pulse.beat(true) {
                        return End::Resume("the gateway answered no heartbeat".to_owned());
                    }
                    match self.beat().await {
                        Ok(()) => continue,
                        Err(end) => return end,
                    }
                }
            };
            let taken = match heard {
                Ok(SocketMessage::Text(text)) => self.take(&text, receiver, context).await,
                Ok(SocketMessage::Closed(code, reason)) => Err(self.gateway.closed(code, &reason)),
                Err(error) => Err(error.into()),
            };
            if let Err(end) = taken {
                return end;
            }
        }
    }

    /// Takes one payload. An event that comes back is on disk, and only then counts as had.
    async fn take(
        &mut self,
        text: &str,
        receiver: &Receiver,
        context: &RunContext,
    ) -> Result<(), End> {
        match Payload::read(text) {
            Some(Payload::Dispatch(sequence, "READY", data)) => {
                self.begin(sequence, data, receiver).await?;
                context.alive();
            }
            Some(Payload::Dispatch(sequence, event, data)) => {
                if event == "RESUMED" {
                    context.alive();
                }
                self.store(sequence, event, data, receiver).await?;
            }
            Some(Payload::Beat) => {
                self.pulse.asked();
                self.beat().await?;
            }
            Some(Payload::Ack) => {
                self.pulse.answered();
                context.alive();
            }
            Some(Payload::Reconnect) => {
                return Err(End::Resume(
                    "Discord asked for another connection".to_owned(),
                ));
            }
            Some(Payload::Invalid(true)) => {
                return Err(End::Resume(
                    "Discord asked to resume the session".to_owned(),
                ));
            }
            Some(Payload::Invalid(false)) => {
                return Err(End::Anew(
                    "Discord does not know the session any more".to_owned(),
                ));
            }
            Some(Payload::Hello(_) | Payload::Other) => {}
            None => self.gateway.log.debug(
                "integration",
                "the gateway sent what cannot be read",
                &[("name", &self.gateway.name)],
            ),
        }
        Ok(())
    }

    /// <https://docs.discord.com/developers/events/gateway-events#ready>
    async fn begin(&mut self, sequence: u64, data: &str, receiver: &Receiver) -> Result<(), End> {
        let ready: Value = read_json(data).unwrap_or_default();
        let session = Session::of_ready(&ready, sequence);
        let session = session
            .ok_or_else(|| End::Anew("Discord began a session without saying which".to_owned()))?;
        // Before the session is known: one that is cut meanwhile begins again with this.
        let gateway = self.gateway;
        let caught_up = Box::pin(receiver.catch_up(&gateway.api, &session.me));
        let caught_up = self.meanwhile(caught_up).await?;
        caught_up.map_err(|error| {
            let why = format!("what was missed could not be stored: {error}");
            End::Failed(RunError::Failed(why, None))
        })?;
        *gateway.session() = Some(session);
        Ok(())
    }

    /// Does something while heartbeats go on. Nothing is read meanwhile, so that no more waits in memory than this.
    async fn meanwhile<T>(&mut self, work: impl Future<Output = T>) -> Result<T, End> {
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return Ok(done),
                () = sleep_until(self.pulse.due()) => {
                    self.pulse.beat(false);
                    self.beat().await?;
                }
            }
        }
    }

    /// Has an event stored.
    async fn store(
        &mut self,
        sequence: u64,
        event: &str,
        data: &str,
        receiver: &Receiver,
    ) -> Result<(), End> {
        let Some(session) = self.gateway.session().clone() else {
            return Ok(());
        };
        let key = format!("{}:{sequence}", session.id);
        let taking = receiver.take(event, data, &key, &session.me);
        self.meanwhile(taking).await?.map_err(End::Failed)?;
        if let Some(session) = self.gateway.session().as_mut() {
            (session.sequence, session.unopened) = (sequence, 0);
        }
        Ok(())
    }

    async fn beat(&mut self) -> Result<(), End> {
        let sequence = self
            .gateway
            .session()
            .as_ref()
            .map(|session| session.sequence);
        Ok(self.socket.send(payload::heartbeat(sequence)).await?)
    }
}
