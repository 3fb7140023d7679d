//! Asking the gateway: who answers on the port, and whether it is the daemon of this home folder.
//!
//! The settings are read as the installed daemon reads them: from its `.env` alone. The environment and
//! the command line of this process do not reach it.

use std::{path::PathBuf, thread, time::Duration};

use serde_json::{Value, json};
use tokio::{runtime, time::timeout};

use super::runtime_file::{self, RuntimeFile};
use crate::{
    client::{Client, Endpoint},
    config::{self, BaseUrl, Config, Environment, Overrides, keys},
    error::{Error, Result},
    service::reach::{
        Obstacle,
        verify::{self, Answered},
    },
};

/// How long to wait for an answer. Whoever accepts a connection and sends nothing is not a gateway.
const DEADLINE: Duration = Duration::from_secs(3);

/// Who answers on the port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GatewayAnswer {
    /// Nobody.
    Nobody,
    /// Another program, and what it did.
    Stranger(String),
    /// A gateway of this program that does not accept our token.
    OtherToken,
    /// A gateway of this program that accepts our token. Its home folder may be another one.
    Ours(DaemonIdentity),
    /// The address could not be determined from the settings, and why.
    Unknown(String),
}

/// What a gateway reports about itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DaemonIdentity {
    /// Its process id.
    pub pid: u32,
    /// Its version.
    pub version: String,
    /// Its home folder, as it writes the path.
    pub home: String,
    /// When it started, ms since 1970.
    pub started_ms: u64,
    /// Why it is not ready.
    pub not_ready: Option<String>,
    /// The address at which it answered.
    pub address: String,
}

/// The state of one channel, as the daemon reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelState {
    /// The channel.
    pub name: String,
    /// `starting`, `running`, `parked`, ….
    pub state: String,
    /// The last error.
    pub last_error: Option<String>,
}

/// Asks the gateway.
pub trait GatewayProbe {
    /// Who answers on the port.
    fn ask(&self) -> GatewayAnswer;

    /// Asks the daemon to stop. When this returns, it has agreed, but may still be running.
    fn shut_down(&self) -> Result<()>;

    /// The address in the settings as `host:port`; for port 0 the one where the daemon listens.
    fn address(&self) -> String;
}

/// Asks the daemon of a home folder over its socket.
pub struct SocketProbe {
    home: PathBuf,
    environment: Environment,
}

impl SocketProbe {
    /// A probe for the daemon of this home folder.
    pub fn new(home: PathBuf, environment: &Environment) -> Self {
        Self {
            home,
            environment: environment.without(keys::PREFIX),
        }
    }

    /// The settings as the daemon sees them.
    pub fn config(&self) -> Result<Config> {
        let overrides = Overrides {
            home: Some(self.home.clone()),
            ..Overrides::default()
        };
        Ok(config::load(&overrides, &self.environment)?.config)
    }

    /// The states of the daemon's channels.
    pub fn integrations(&self) -> Result<Vec<ChannelState>> {
        let answer = ask(&self.endpoint()?, "integrations")?;
        let all = answer["integrations"].as_array().into_iter().flatten();
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Ok(all
            .map(|one| ChannelState {
                name: text(&one["name"]).unwrap_or_default(),
                state: text(&one["state"]).unwrap_or_default(),
                last_error: text(&one["last_error"]),
            })
            .collect())
    }

    /// Asks the daemon through the address that others use.
    pub fn ask_through(&self, url: &BaseUrl) -> std::result::Result<Answered, Obstacle> {
        let here = self.endpoint().map(|endpoint| endpoint.authority());
        let here = here.unwrap_or_else(|_| self.address());
        let asked = block_on(async { Ok(verify::ask(url, &here).await) });
        asked.unwrap_or_else(|error| {
            Err(Obstacle {
                text: error.to_string(),
                remedy: "see: cleudocodebot doctor".to_owned(),
            })
        })
    }

    /// Has the daemon read its settings; which keys wait for its next start.
    pub fn reload(&self) -> Result<Vec<String>> {
        let answer = ask(&self.endpoint()?, "reload")?;
        let waiting = answer["needs_restart"].as_array().into_iter().flatten();
        Ok(waiting
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect())
    }

    /// What the daemon that runs wrote about itself. The file of one that has ended may name a port that another program
    /// has now.
    fn noted(&self) -> Option<RuntimeFile> {
        let is_running = runtime_file::is_held(&self.home).unwrap_or(false);
        RuntimeFile::read(&self.home).filter(|_| is_running)
    }

    /// Where the daemon listens, if one is running; else the address in the settings.
    fn endpoint(&self) -> Result<Endpoint> {
        let config = self.config()?;
        let listening = self.noted().map(|daemon| daemon.endpoint());
        let (host, port) = listening.unwrap_or_else(|| config.endpoint());
        if port == 0 {
            let endpoint = format!("{host}:0");
            return Err(Error::NotRunning { endpoint });
        }
        Ok(Endpoint {
            host,
            port,
            token: config.token,
        })
    }
}

fn ask(endpoint: &Endpoint, action: &str) -> Result<Value> {
    block_on(async {
        match timeout(DEADLINE, call(endpoint, action)).await {
            Ok(answer) => answer,
            Err(_) => Err(Error::Failed(format!(
                "it accepts connections, but sends nothing within {} s",
                DEADLINE.as_secs()
            ))),
        }
    })
}

async fn call(endpoint: &Endpoint, action: &str) -> Result<Value> {
    let mut client = Client::connect(endpoint).await?;
    let answer = client.call(action, &json!({})).await;
    client.close().await;
    answer
}

/// Runs a future on a thread of its own: the caller may be inside a runtime, which must not block.
fn block_on<T: Send>(work: impl Future<Output = Result<T>> + Send) -> Result<T> {
    let run = || {
        runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Error::Failed(format!("cannot start the runtime: {error}")))?
            .block_on(work)
    };
    thread::scope(|scope| scope.spawn(run).join())
        .unwrap_or_else(|_| Err(Error::Failed("asking the gateway panicked".to_owned())))
}

impl GatewayProbe for SocketProbe {
    fn ask(&self) -> GatewayAnswer {
        let status = self.endpoint().and_then(|endpoint| {
            let status = ask(&endpoint, "status")?;
            Ok(DaemonIdentity::read(&status, endpoint.authority()))
        });
        match status {
            Ok(identity) => GatewayAnswer::Ours(identity),
            Err(Error::NotRunning { .. }) => GatewayAnswer::Nobody,
            Err(Error::Refused { .. }) => GatewayAnswer::OtherToken,
            Err(error @ (Error::Config(_) | Error::File { .. })) => {
                GatewayAnswer::Unknown(error.to_string())
            }
            // The port is that of the daemon which holds the home: it is stopped or stuck, and no other program.
            Err(_) if self.noted().is_some() => GatewayAnswer::Nobody,
            Err(error) => GatewayAnswer::Stranger(error.to_string()),
        }
    }

    fn shut_down(&self) -> Result<()> {
        ask(&self.endpoint()?, "shutdown").map(drop)
    }

    fn address(&self) -> String {
        let endpoint = self.config().and_then(|config| match config.endpoint() {
            (_, 0) => self.endpoint(),
            (host, port) => Ok(Endpoint {
                host,
                port,
                token: None,
            }),
        });
        endpoint.map_or_else(|_| "its port".to_owned(), |endpoint| endpoint.authority())
    }
}

impl DaemonIdentity {
    fn read(status: &Value, address: String) -> Self {
        let text = |name: &str| status[name].as_str().map(str::to_owned);
        Self {
            pid: status["pid"]
                .as_u64()
                .and_then(|pid| u32::try_from(pid).ok())
                .unwrap_or_default(),
            version: text("version").unwrap_or_default(),
            home: text("home").unwrap_or_default(),
            started_ms: status["started_ms"].as_u64().unwrap_or_default(),
            not_ready: text("not_ready"),
            address,
        }
    }
}
