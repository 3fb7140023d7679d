//! One daemon per home folder: the lock, which the system releases when the process dies, the runtime
//! file that says who holds it, and the port.

use std::{io, net::SocketAddr, time::Duration};

use serde_json::{Value, json};
use tokio::{net::TcpListener, time::timeout};

use crate::{
    client::{Client, Endpoint},
    clock::{self, Utc},
    config::Config,
    error::{Error, Result},
    fs::{Lock, remove_if_there},
    log::Log,
    service::system::runtime_file::{self, RuntimeFile},
};

/// Time for the program that has our port to identify itself.
const IDENTIFY_TIMEOUT: Duration = Duration::from_secs(2);

/// The lock on the home folder, held until exit.
#[derive(Debug)]
pub(in crate::daemon) struct Instance {
    _lock: Lock,
}

impl Instance {
    /// Takes the lock; the error says who holds it.
    pub(in crate::daemon) fn take(config: &Config) -> Result<Self> {
        match Lock::try_take(&config.home.join(runtime_file::LOCK))? {
            Some(lock) => Ok(Self { _lock: lock }),
            None => Err(Error::Failed(already_running(config))),
        }
    }

    /// Writes the runtime file, for other processes that find the lock taken. Where the disk is full they go by the
    /// settings: a daemon that does not start could not be asked to remove anything either.
    pub(in crate::daemon) fn announce(
        config: &Config,
        address: SocketAddr,
        log: &Log,
    ) -> Result<()> {
        let file = RuntimeFile {
            pid: std::process::id(),
            address,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            since_ms: clock::now_ms(),
        };
        match file.write(&config.home) {
            Err(error) if error.is_disk_full() => {
                let text = "the disk is full: commands find this daemon by the port of the settings alone; free space";
                log.warn("daemon", text, &[("error", &error)]);
                // The one before names a daemon that is gone.
                let _ = remove_if_there(&config.home.join(runtime_file::FILE));
                Ok(())
            }
            written => written,
        }
    }
}

/// The runtime file may be stale, so it only adds detail: the lock decides.
fn already_running(config: &Config) -> String {
    let home = config.home.display();
    match RuntimeFile::read(&config.home) {
        Some(file) => format!(
            "a daemon is already running: pid {} at {} since {}, home {home}; stop it with: cleudocodebot stop",
            file.pid,
            file.address,
            Utc(file.since_ms)
        ),
        None => format!("a daemon is already starting or running with the home {home}"),
    }
}

/// Binds the port; the error says which program has it.
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

/// `SO_REUSEADDR` lets a restart on Unix bind while old connections are in `TIME_WAIT`. On Windows the
/// same option would let another program bind the port too.
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
    let who = match timeout(IDENTIFY_TIMEOUT, status(&endpoint)).await {
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

async fn status(endpoint: &Endpoint) -> Result<Value> {
    let mut client = Client::connect(endpoint).await?;
    let status = client.call("status", &json!({})).await;
    client.close().await;
    status
}
