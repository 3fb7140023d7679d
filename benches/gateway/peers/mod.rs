//! What a user could choose instead, each in a process of its own and doing the same work: check the
//! token, parse the JSON, answer `ping`, pass `publish` on to the subscribers.

mod answers;
mod echo;
mod gathered;
mod plain;

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use tokio::net::TcpStream;

use crate::support::{Result, process, server::Server, stream::Stream, tls::Acceptor};

/// The token that every peer asks for.
pub(crate) const TOKEN: &str = "bench-token-of-every-peer";

/// A server to compare with.
struct Peer {
    name: &'static str,
    runs: Runs,
}

/// How a peer is started.
enum Runs {
    /// By this program itself, with `--serve`.
    Here,
    /// A script, run by the first of these programs that is installed.
    Script(&'static str, &'static [&'static str]),
}

const PEERS: [Peer; 6] = [
    Peer {
        name: ECHO,
        runs: Runs::Here,
    },
    Peer {
        name: GATHERED,
        runs: Runs::Here,
    },
    Peer {
        name: PLAIN,
        runs: Runs::Here,
    },
    Peer {
        name: "Bun",
        runs: Runs::Script("bun.js", &["bun"]),
    },
    Peer {
        name: "Node ws",
        runs: Runs::Script("ws.mjs", &["node"]),
    },
    Peer {
        name: "Python websockets",
        runs: Runs::Script("websockets.py", &["python3", "python"]),
    },
];

/// Where a peer finds its certificate, if it is to speak TLS.
const TLS_FOLDER: &str = "BENCH_TLS_FOLDER";

const ECHO: &str = "bare TCP echo";
const PLAIN: &str = "tokio-tungstenite";
const GATHERED: &str = "tokio-tungstenite gathered";

/// Serves as one of the peers written in Rust, until it is killed.
pub(crate) fn serve(name: &str) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let local = tokio::task::LocalSet::new();
    let tls = std::env::var_os(TLS_FOLDER).map(|folder| Acceptor::of(Path::new(&folder)));
    let tls = tls.transpose()?;
    local.block_on(&runtime, async {
        match name {
            ECHO => echo::serve(tls).await,
            PLAIN => plain::serve().await,
            GATHERED => gathered::serve(tls).await,
            other => Err(format!("no peer {other}").into()),
        }
    })
}

/// Starts every peer that is wanted and installed; reports those that are not.
/// Inside TLS, with the certificate of this folder, only those that can.
pub(crate) fn start(
    pinned: bool,
    tls: Option<&Path>,
    wanted: impl Fn(&str) -> bool,
) -> Vec<Server> {
    let can = |peer: &&Peer| tls.is_none() || [ECHO, GATHERED].contains(&peer.name);
    let wanted = PEERS.iter().filter(can).filter(|peer| wanted(peer.name));
    let started = wanted.filter_map(|peer| match peer.start(pinned, tls) {
        Ok(server) => Some(server),
        Err(why) => {
            eprintln!("left out: {} ({why})", peer.name);
            None
        }
    });
    started.collect()
}

impl Peer {
    fn start(&self, pinned: bool, tls: Option<&Path>) -> Result<Server> {
        let mut command = self.command(pinned)?;
        if let Some(folder) = tls {
            command.env(TLS_FOLDER, folder);
        }
        command.env("BENCH_TOKEN", TOKEN).stdin(Stdio::null());
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let Ok(address) = line.trim().parse() else {
            let _ = child.kill();
            let _ = child.wait();
            return Err("not installed: it did not start".into());
        };
        let mut server = Server::new(child, self.name, address, TOKEN);
        server.target.speaks_websocket = self.name != ECHO;
        Ok(server)
    }

    fn command(&self, pinned: bool) -> Result<Command> {
        let (program, argument) = match self.runs {
            Runs::Here => (std::env::current_exe()?, format!("--serve={}", self.name)),
            Runs::Script(script, names) => {
                let found = names.iter().find_map(|name| on_path(name));
                let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/gateway/peers");
                let script = folder.join(script).to_string_lossy().into_owned();
                (found.ok_or("not installed")?, script)
            }
        };
        let mut command = process::on_server_core(&program, pinned);
        command.arg(argument);
        Ok(command)
    }
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
}

/// The stream of a connection that was accepted; `None` where its handshake failed.
async fn opened(stream: TcpStream, tls: Option<&Acceptor>) -> Option<Stream> {
    match tls {
        None => Some(Stream::Plain(stream)),
        Some(tls) => tls.accept(stream).await.ok(),
    }
}

/// A listening socket. Its address goes to standard output, where the bench reads it.
async fn listen() -> Result<tokio::net::TcpListener> {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    println!("{}", listener.local_addr()?);
    Ok(listener)
}
