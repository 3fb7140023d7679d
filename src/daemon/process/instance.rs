//! One daemon a home: a lock that dies with the process, a note of who holds it, and the port.

use std::{io, net::SocketAddr, time::Duration};

use serde_json::{Value, json};
use tokio::{net::TcpListener, time::timeout};

use crate::{
    client::{Client, Endpoint},
    clock::{self, Utc},
    config::Config,
    error::{Error, Result},
    fs::Lock,
    service::system::runtime_file::{self, RuntimeFile},
};

/// Time for whoever has our port to say who it is.
const WHO: Duration = Duration::from_secs(2);

/// The lock on the home folder, held for life.
#[derive(Debug)]
pub(in crate::daemon) struct Instance {
    _lock: Lock,
}

impl Instance {
    /// Takes the home, or tells who has it.
    pub(in crate::daemon) fn take(config: &Config) -> Result<Self> {
        match Lock::try_take(&config.home.join(runtime_file::LOCK))? {
            Some(lock) => Ok(Self { _lock: lock }),
            None => Err(Error::Failed(already_running(config))),
        }
    }

    /// Notes who holds the lock and where, for the next one who finds it taken.
    pub(in crate::daemon) fn announce(config: &Config, address: SocketAddr) -> Result<()> {
        let note = RuntimeFile {
            pid: std::process::id(),
            address,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            since_ms: clock::now_ms(),
        };
        note.write(&config.home)
    }
}

/// The note only informs: the lock alone decides.
fn already_running(config: &Config) -> String {
    let home = config.home.display();
    match RuntimeFile::read(&config.home) {
        Some(note) => format!(
            "a daemon runs already: pid {} at {} since {}, home {home}; stop it with: cleudocodebot stop",
            note.pid,
            note.address,
            Utc(note.since_ms)
        ),
        None => format!("a daemon starts or runs already with the home {home}"),
    }
}

/// Binds the port, or tells who has it.
pub(in crate::daemon) async fn bind(config: &Config) -> Result<TcpListener> {
    match listen(SocketAddr::new(config.host, config.port)) {
        Ok(listener) => Ok(listener),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            Err(Error::Failed(port_taken(config).await))
        }
        Err(error) => Err(Error::Config(format!(
            "cannot listen on {}:{}: {error}; set CLEUDOCODEBOT_HOST and CLEUDOCODEBOT_PORT",
            config.host, config.port
        ))),
    }
}

/// Unix: a port in `TIME_WAIT` is free for us. Windows: that option would share the port with a stranger.
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        tokio::net::TcpSocket::new_v4()?
    } else {
        tokio::net::TcpSocket::new_v6()?
    };
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(1024)
}

async fn port_taken(config: &Config) -> String {
    let (host, port) = config.endpoint();
    let endpoint = Endpoint {
        host,
        port,
        token: config.token.clone(),
    };
    let who = match timeout(WHO, ask(&endpoint)).await {
        Ok(Ok(status)) => format!(
            "a cleudocodebot {} (pid {}, home {})",
            status["version"].as_str().unwrap_or("?"),
            status["pid"],
            status["home"].as_str().unwrap_or("?")
        ),
        Ok(Err(Error::Refused { .. })) => "a cleudocodebot with another token".to_owned(),
        _ => "another program".to_owned(),
    };
    format!(
        "port {port} is taken by {who}; stop it or set CLEUDOCODEBOT_PORT in {}",
        config.env_file.display()
    )
}

async fn ask(endpoint: &Endpoint) -> Result<Value> {
    let mut client = Client::connect(endpoint).await?;
    let status = client.call("status", &json!({})).await;
    client.close().await;
    status
}
