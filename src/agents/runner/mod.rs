//! Connects an agent to the gateway and keeps it connected: announces it, takes turns, and waits longer after
//! each failure. What an agent may do wrong (panic, never end) ends its turn and nothing else.
//!
//! A connection that is lost takes its turns with it: the gateway offers them again.

mod endings;
mod session;
mod stop;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use tokio::time::timeout;

use self::session::Session;
pub use self::stop::{StdinEnd, until_told};
use super::{Agent, journal::Journal};
use crate::{
    backoff::Backoff,
    client::{Client, Endpoint},
    error::{Error, Result},
    log::printable,
    random,
    shutdown::Shutdown,
};

/// The first wait after a lost connection.
const FIRST_WAIT: Duration = Duration::from_millis(250);

/// The longest.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// What an agent may take at the end to stop its programs.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(8);

/// The longest wait before another attempt that the gateway takes, in milliseconds: a day.
const MAX_RETRY_AFTER_MS: u64 = 86_400_000;

/// How an agent is run.
pub struct RunOptions {
    /// The name it announces.
    pub name: String,
    /// Turns at a time.
    pub turns: usize,
    /// Where the gateway may be, likeliest first; asked before each connection, because a daemon that was
    /// started again may be elsewhere.
    pub endpoints: Box<dyn Fn() -> Result<Vec<Endpoint>> + Send + Sync>,
    /// Where it says what it does.
    pub journal: Journal,
}

/// Why a session ended.
enum Ended {
    /// We were told to stop.
    Stopped,
    /// The connection was lost; says how.
    Lost(String),
    /// Another client took the name.
    Replaced,
}

/// Runs an agent until it is told to stop. Fails with [`Error::Config`] where another connection would end
/// the same way: a token that is refused, a name that is taken over.
pub async fn run(agent: Arc<dyn Agent>, options: RunOptions, shutdown: Shutdown) -> Result<()> {
    let mut runner = Runner {
        agent: Arc::clone(&agent),
        backoff: Backoff::new(FIRST_WAIT, LONGEST_WAIT, random::seed()),
        options,
        shutdown,
        told: None,
    };
    let ended = runner.keep_connected().await;
    if timeout(CLOSE_TIMEOUT, agent.close()).await.is_err() {
        runner.options.journal.warn("not everything ended in time");
    }
    ended
}

struct Runner {
    agent: Arc<dyn Agent>,
    options: RunOptions,
    backoff: Backoff,
    shutdown: Shutdown,
    /// Why there is no connection, as it was told last.
    told: Option<String>,
}

impl Runner {
    async fn keep_connected(&mut self) -> Result<()> {
        loop {
            let begun = self.shutdown.begun();
            let opened = tokio::select! {
                _ = begun => return Ok(()),
                opened = self.open() => opened,
            };
            let why = match opened {
                Ok((endpoint, client, hello)) => match self.serve(endpoint, client, &hello).await {
                    Ended::Stopped => return Ok(()),
                    Ended::Replaced => return Err(self.replaced()),
                    Ended::Lost(why) => why,
                },
                Err(error @ (Error::Config(_) | Error::Usage(_))) => return Err(error),
                Err(error) => error.to_string(),
            };
            self.tell_lost(why);
            tokio::select! {
                _ = self.shutdown.begun() => return Ok(()),
                () = tokio::time::sleep(self.backoff.next_wait()) => {}
            }
        }
    }

    /// Connects to the first place where a gateway answers, and announces the agent.
    async fn open(&self) -> Result<(Endpoint, Client, Value)> {
        let mut last = Error::Failed("it is not known where the gateway is".to_owned());
        for endpoint in (self.options.endpoints)()? {
            match Client::connect(&endpoint).await {
                Ok(client) => return self.announce(endpoint, client).await,
                Err(error @ Error::NotRunning { .. }) => last = error,
                Err(error) => return Err(lasting(error, &endpoint)),
            }
        }
        Err(last)
    }

    async fn announce(
        &self,
        endpoint: Endpoint,
        mut client: Client,
    ) -> Result<(Endpoint, Client, Value)> {
        let who = json!({"kind": "agent", "name": self.options.name, "turns": self.options.turns,
            "version": env!("CARGO_PKG_VERSION")});
        let hello = client.call("auth", &json!({"client": who})).await;
        let hello = hello.map_err(|error| lasting(error, &endpoint))?;
        Ok((endpoint, client, hello))
    }

    async fn serve(&mut self, endpoint: Endpoint, client: Client, hello: &Value) -> Ended {
        self.backoff.reset();
        self.told = None;
        let place = endpoint.authority();
        self.options.journal.info(&format!(
            "answers as {} at {place}, {} at a time",
            self.options.name, self.options.turns
        ));
        let session = Session::new(Arc::clone(&self.agent), &self.options, endpoint, client);
        session.run(hello, &self.shutdown).await
    }

    /// The same reason again and again is told once.
    fn tell_lost(&mut self, why: String) {
        if self.told.as_ref() != Some(&why) {
            let line = format!("no connection to the gateway: {why}; trying again");
            self.options.journal.info(&line);
            self.told = Some(why);
        }
    }

    fn replaced(&self) -> Error {
        Error::Config(format!(
            "another client answers as {} now; name this one differently with --name, or stop the other",
            self.options.name
        ))
    }
}

/// An error as it is, or as one that no other connection changes.
fn lasting(error: Error, endpoint: &Endpoint) -> Error {
    let Error::Refused { code, message } = &error else {
        return error;
    };
    let place = printable(&endpoint.authority());
    match code.as_str() {
        "unauthorized" => Error::Config(format!(
            "the gateway at {place} refuses the token; \
             take the one of its .env (CLEUDOCODEBOT_TOKEN), or name its home folder with --home"
        )),
        "invalid_payload" | "forbidden" => Error::Config(format!(
            "the gateway at {place} does not take this agent: {message}"
        )),
        _ => error,
    }
}
