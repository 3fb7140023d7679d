//! One run of an agent: its process, the lines it says, its end.

use std::{process::Stdio, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    process::{Child, Command},
    time::timeout,
};

use super::plan::Plan;
use crate::{
    agents::journal::WARNING,
    child::{Group, Keeper},
    log::{Log, LogField, printable},
};

/// The code of an end that a restart cannot mend (`EX_CONFIG`).
const CONFIG_EXIT: i32 = 78;

/// Longest line that is kept, in bytes.
const MAX_LINE: usize = 2048;

/// What an agent may take to end in order; it has programs of its own to end.
const STOP_TIMEOUT: Duration = Duration::from_secs(4);

/// What its last lines may take behind its end.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RunEnd {
    /// A restart may help.
    Failed(String),
    /// Only the user can.
    Parked(String),
}

/// A running agent.
pub(super) struct AgentProcess {
    child: Child,
    /// Kills what is left.
    group: Group,
    lines: tokio::task::JoinHandle<String>,
}

impl AgentProcess {
    /// Starts it. Its standard input stays open for as long as this lives.
    pub(super) fn start(plan: &Plan, keeper: &Keeper, log: &Log) -> Result<Self, RunEnd> {
        let mut command = Command::new(&plan.program);
        command.args(&plan.arguments);
        let variables = plan.variables.iter();
        command.envs(variables.map(|(name, value)| (name.as_str(), value.as_str())));
        command.stdin(Stdio::piped());
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let started = keeper.start(command);
        let (mut child, group) = started.map_err(|error| {
            let program = plan.program.display();
            RunEnd::Failed(format!("cannot start {program}: {error}"))
        })?;
        let stderr = child.stderr.take();
        let (name, log) = (plan.name.clone(), log.clone());
        let lines = tokio::spawn(async move {
            match stderr {
                Some(stderr) => follow(stderr, &name, &log).await,
                None => String::new(),
            }
        });
        Ok(Self {
            child,
            group,
            lines,
        })
    }

    /// Waits until it ends by itself.
    pub(super) async fn ended(&mut self) -> RunEnd {
        // `wait` would close its standard input, which tells it to end.
        let input = self.child.stdin.take();
        let status = self.child.wait().await;
        drop(input);
        if status.is_ok() {
            self.group.ended();
        }
        let last = timeout(LAST_WORDS, &mut self.lines).await;
        let last = last.ok().and_then(Result::ok).unwrap_or_default();
        let code = status
            .as_ref()
            .ok()
            .and_then(std::process::ExitStatus::code);
        let why = match (&status, last.is_empty()) {
            (_, false) => last,
            (Ok(status), true) => format!("it ended ({status})"),
            (Err(error), true) => format!("it cannot be waited for: {error}"),
        };
        if code == Some(CONFIG_EXIT) {
            RunEnd::Parked(why)
        } else {
            RunEnd::Failed(why)
        }
    }

    /// Has it end in order; kills it where it does not.
    pub(super) async fn stop(mut self) {
        drop(self.child.stdin.take());
        if let Ok(Ok(_)) = timeout(STOP_TIMEOUT, self.child.wait()).await {
            self.group.ended();
        }
    }
}

/// Logs the lines; returns the last, without the program's name before it.
async fn follow(mut stream: impl AsyncRead + Unpin, name: &str, log: &Log) -> String {
    let (mut kept, mut last) = (Vec::new(), String::new());
    while matches!(stream.read_buf(&mut kept).await, Ok(1..)) {
        while let Some(end) = kept.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = kept.drain(..=end).collect();
            last = tell(&line, name, log).unwrap_or(last);
        }
        if kept.len() > MAX_LINE {
            let line = std::mem::take(&mut kept);
            last = tell(&line, name, log).unwrap_or(last);
        }
    }
    tell(&kept, name, log).unwrap_or(last)
}

/// Logs one line, unless there is nothing in it.
fn tell(line: &[u8], name: &str, log: &Log) -> Option<String> {
    let line = &line[..line.len().min(MAX_LINE)];
    let text = printable(String::from_utf8_lossy(line).trim());
    if text.is_empty() {
        return None;
    }
    let mut marked = [WARNING, "cleudocodebot: "].into_iter();
    let warning = marked.find_map(|mark| text.strip_prefix(mark));
    let said = warning.unwrap_or(&text);
    // A field: the messages of the log are ours.
    let fields: [LogField<'_>; 2] = [("name", &name), ("said", &said)];
    match warning {
        Some(_) => log.warn("agent", "the agent warns", &fields),
        None => log.info("agent", "the agent says", &fields),
    }
    Some(said.to_owned())
}
