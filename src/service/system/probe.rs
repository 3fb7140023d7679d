//! Asking the gateway itself: who answers on the port, and is it the daemon of this home folder?
//!
//! The settings are read as the installed daemon reads them: from its `.env` alone. What the
//! environment or the command line of this process say besides does not reach it.

use std::{path::PathBuf, thread, time::Duration};

use serde_json::{Value, json};
use tokio::{runtime, time::timeout};

use super::runtime_file::{self, RuntimeFile};
use crate::{
    client::{Client, Endpoint},
    config::{self, Config, Environment, Overrides, keys},
    error::{Error, Result},
};

/// Time for an answer. Whoever takes a connection and says nothing is a stranger.
const PATIENCE: Duration = Duration::from_secs(3);

/// Who answers on the port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GatewayAnswer {
    /// Nobody.
    Nobody,
    /// Something that is no gateway of ours, and what it did.
    Stranger(String),
    /// A gateway of ours that does not know our token.
    OtherToken,
    /// A gateway of ours that knows our token.
    Ours(DaemonIdentity),
    /// The settings do not say where to ask, and why.
    Unknown(String),
}

/// What a gateway says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DaemonIdentity {
    /// Its process.
    pub pid: u32,
    /// Its version.
    pub version: String,
    /// Its home folder, as it shows it.
    pub home: String,
    /// When it started, ms since 1970.
    pub started_ms: u64,
    /// Why it is not ready.
    pub not_ready: Option<String>,
    /// Where it was asked.
    pub address: String,
}

/// How the daemon sees one of its channels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelState {
    /// The channel.
    pub name: String,
    /// `starting`, `running`, `parked`, ….
    pub state: String,
    /// What went wrong last.
    pub last_error: Option<String>,
}

/// Who asks the gateway.
pub trait GatewayProbe {
    /// Who answers on the port.
    fn ask(&self) -> GatewayAnswer;

    /// Asks the daemon to stop. Its agreement is not its end.
    fn shut_down(&self) -> Result<()>;

    /// Where the settings say that the gateway shall be, as `host:port`; for port 0, where it is.
    fn address(&self) -> String;
}

/// The door of the daemon of a home folder, over the network.
pub struct SocketProbe {
    home: PathBuf,
    environment: Environment,
}

impl SocketProbe {
    /// The door of the daemon with this home.
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

    /// How the daemon's channels are.
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

    /// Where the daemon really listens, while there is one; else where it should.
    fn endpoint(&self) -> Result<Endpoint> {
        let config = self.config()?;
        let runs = runtime_file::is_held(&self.home).unwrap_or(false);
        let noted = RuntimeFile::read(&self.home).filter(|_| runs);
        let noted = noted.map(|note| note.endpoint());
        let (host, port) = noted.unwrap_or_else(|| config.endpoint());
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
    alone(async {
        match timeout(PATIENCE, call(endpoint, action)).await {
            Ok(answer) => answer,
            Err(_) => Err(Error::Failed(format!(
                "it takes connections and says nothing within {} s",
                PATIENCE.as_secs()
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

/// On a thread of its own: whoever asks may stand in a runtime already.
fn alone<T: Send>(work: impl Future<Output = Result<T>> + Send) -> Result<T> {
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
