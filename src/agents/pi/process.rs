//! One process of pi: what it is told and what it says. It never outlives the value here.

use std::{io, process::Stdio, time::Duration};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    process::{Child, ChildStdin, ChildStdout, Command},
    task::JoinHandle,
    time::timeout,
};

use super::{
    dialog::cancelled,
    lines::Lines,
    records::{Record, Response},
};
use crate::{
    child::{Group, Keeper, Tail},
    log::printable,
};

/// What it may take to start: Node is slow on a busy machine.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// What it may take to answer what needs no model.
pub(super) const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);

/// What it may take to end an aborted run.
const ABORT_TIMEOUT: Duration = Duration::from_secs(10);

/// What it may take to end by itself, and once more when it is asked to.
const END_TIMEOUT: Duration = Duration::from_secs(2);

/// What an end and the words before it may take to be heard.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// A running pi.
pub(super) struct PiProcess {
    child: Child,
    group: Group,
    stdin: Option<ChildStdin>,
    lines: Lines<ChildStdout>,
    /// The end of what it wrote on standard error.
    complaint: Tail,
    complaining: JoinHandle<()>,
    last_id: u64,
    /// A command went out in part only; nothing after it would be understood.
    is_torn: bool,
    /// Dialogs that were not answered yet.
    pub(super) open_dialogs: Vec<String>,
    /// The connection that the key of its tools came by, where it has one.
    pub(super) key_of: Option<u64>,
}

/// Pi ended, or does not speak as it should: why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Gone(pub(super) String);

impl PiProcess {
    /// Starts one and waits until it answers.
    pub(super) async fn start(keeper: &Keeper, mut command: Command) -> Result<Self, Gone> {
        command.stdin(Stdio::piped());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let started = keeper.start(command);
        let (mut child, group) =
            started.map_err(|error| Gone(format!("cannot start pi: {error}")))?;
        let (Some(stdin), Some(stdout), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(Gone("pi has no standard streams".to_owned()));
        };
        let complaint = Tail::default();
        let heard = complaint.clone();
        let complaining = tokio::spawn(async move { heard.follow(stderr).await });
        let mut process = Self {
            child,
            group,
            stdin: Some(stdin),
            lines: Lines::new(stdout),
            complaint,
            complaining,
            last_id: 0,
            is_torn: false,
            open_dialogs: Vec::new(),
            key_of: None,
        };
        match process
            .ask(json!({"type": "get_state"}), START_TIMEOUT)
            .await?
        {
            Ok(_) => Ok(process),
            Err(why) => Err(Gone(format!("pi did not start: {why}"))),
        }
    }

    /// Sends a command under a new id, which is returned.
    pub(super) async fn command(&mut self, mut command: Value) -> Result<String, Gone> {
        self.last_id += 1;
        let id = format!("c{}", self.last_id);
        command["id"] = json!(id);
        self.send(&command).await?;
        Ok(id)
    }

    /// Writes one line.
    pub(super) async fn send(&mut self, line: &Value) -> Result<(), Gone> {
        let Some(stdin) = &mut self.stdin else {
            return Err(Gone("pi was told to end".to_owned()));
        };
        self.is_torn = true;
        let line = format!("{line}\n");
        let written = async {
            stdin.write_all(line.as_bytes()).await?;
            stdin.flush().await
        };
        match written.await {
            Ok(()) => {
                self.is_torn = false;
                Ok(())
            }
            Err(_) => Err(self.gone().await),
        }
    }

    /// The next record. Cancel-safe.
    pub(super) async fn next(&mut self) -> Result<Record, Gone> {
        match self.lines.next().await {
            Ok(Some(line)) => {
                let record = Record::parse(&line);
                if let Record::Dialog(dialog) = &record {
                    self.open_dialogs.push(dialog.id.clone());
                }
                Ok(record)
            }
            Ok(None) | Err(_) => Err(self.gone().await),
        }
    }

    /// Sends a command that starts no run and waits for its answer. Dialogs that open meanwhile are
    /// cancelled.
    pub(super) async fn ask(
        &mut self,
        command: Value,
        limit: Duration,
    ) -> Result<Result<Value, String>, Gone> {
        let asked = async {
            let id = self.command(command).await?;
            loop {
                match self.next().await? {
                    Record::Response(Response { id: of, outcome }) if of == id => {
                        return Ok(outcome);
                    }
                    _ => self.cancel_dialogs().await?,
                }
            }
        };
        match timeout(limit, asked).await {
            Ok(answered) => answered,
            Err(_) => Err(Gone(self.explained(&format!(
                "pi did not answer within {} s",
                limit.as_secs()
            )))),
        }
    }

    /// Answers every open dialog with nothing.
    pub(super) async fn cancel_dialogs(&mut self) -> Result<(), Gone> {
        while let Some(id) = self.open_dialogs.pop() {
            self.send(&cancelled(&id)).await?;
        }
        Ok(())
    }

    /// Ends the run under way, with what is queued behind it; false where the process is of no more use.
    pub(super) async fn abort(&mut self) -> bool {
        if self.is_torn {
            return false;
        }
        let aborted = async {
            self.cancel_dialogs().await?;
            // What is queued would come with the next prompt.
            self.command(json!({"type": "clear_queue"})).await?;
            self.ask(json!({"type": "abort"}), ABORT_TIMEOUT).await
        };
        matches!(timeout(ABORT_TIMEOUT, aborted).await, Ok(Ok(Ok(_))))
    }

    /// Ends it: the end of its input, then SIGTERM, then SIGKILL, which dropping it sends.
    pub(super) async fn close(mut self) {
        drop(self.stdin.take());
        let mut ended = timeout(END_TIMEOUT, self.child.wait()).await;
        if ended.is_err() {
            self.group.terminate();
            ended = timeout(END_TIMEOUT, self.child.wait()).await;
        }
        if let Ok(Ok(_)) = ended {
            self.group.ended();
        }
    }

    /// Says how it ended, once that is known with what it complained about.
    async fn gone(&mut self) -> Gone {
        let ended = timeout(LAST_WORDS, self.child.wait()).await;
        if !self.complaining.is_finished() {
            let _ = timeout(LAST_WORDS, &mut self.complaining).await;
        }
        let how = match ended {
            Ok(Ok(status)) => {
                self.group.ended();
                format!("pi ended ({status})")
            }
            _ => "pi closed its streams".to_owned(),
        };
        Gone(self.explained(&how))
    }

    /// The same with the last line on standard error.
    fn explained(&self, what: &str) -> String {
        // At each start of a conversation pi warns that it is new.
        let is_news = |line: &str| !line.starts_with("Warning: No project session");
        let said = self.complaint.last_line(is_news);
        match said {
            Some(said) => format!("{what}: {}", printable(&said)),
            None => what.to_owned(),
        }
    }
}

/// Whether a program can be run, and what it says of its version.
pub(super) async fn version(keeper: &Keeper, mut command: Command) -> io::Result<String> {
    command.arg("--version").stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    let (mut child, _group) = keeper.start(command)?;
    let mut said = String::new();
    let late = || io::Error::new(io::ErrorKind::TimedOut, "it did not answer");
    if let Some(stdout) = child.stdout.take() {
        let read = async { stdout.take(1024).read_to_string(&mut said).await };
        timeout(ANSWER_TIMEOUT, read).await.map_err(|_| late())??;
    }
    Ok(said.trim().to_owned())
}
