//! Answers with what a program says: one process a turn, the text on its standard input, the answer on its
//! standard output. It gets no token and ends with its turn, with all that it started.

use std::{
    convert::Infallible,
    ffi::OsString,
    io,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    process::{ChildStdin, Command},
    time::sleep,
};

use super::{Agent, Answer, BoxFuture, Failure, MAX_ANSWER_BYTES, Reply, Turn, quote::quoted};
use crate::{
    child::{self, Keeper, Tail},
    log::printable,
};

/// How often the gateway hears that the program still runs. How long it may take is its own limit.
const SIGN_OF_LIFE: Duration = Duration::from_secs(20);

/// Variables that a program gets from our environment, besides those about the turn. Everything else may
/// hold secrets.
const KEPT: [&str; 17] = [
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "USER",
    "LOGNAME",
    "TMPDIR",
    "SystemRoot",
    "SystemDrive",
    "ComSpec",
    "PATHEXT",
    "TEMP",
    "TMP",
    "USERPROFILE",
    "APPDATA",
];

/// The agent `exec`.
#[derive(Debug)]
pub struct Exec {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Whether it gets the whole turn, as JSON, and not its text.
    pub json: bool,
    /// How long it may take; `None` for as long as the gateway waits.
    pub timeout: Option<Duration>,
    /// Further variables that it gets.
    pub variables: Vec<(String, OsString)>,
    /// Starts it.
    pub keeper: Keeper,
}

impl Agent for Exec {
    fn answer<'a>(
        &'a self,
        turn: &'a Turn,
        reply: &'a Reply,
    ) -> BoxFuture<'a, Result<Answer, Failure>> {
        Box::pin(async move {
            tokio::select! {
                answer = self.run(turn, reply) => answer,
                failure = late(self.timeout) => Err(failure),
                never = stay_alive(reply) => match never {},
            }
        })
    }
}

impl Exec {
    async fn run(&self, turn: &Turn, reply: &Reply) -> Result<Answer, Failure> {
        // Dropping the group kills the program and what it left behind, in whatever way this ends.
        let started = self.keeper.start(self.command(turn));
        let (mut child, mut group) = started.map_err(|error| self.not_started(&error))?;
        let (Some(input), Some(output), Some(complaint)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(Failure::unknown("the program has no standard streams"));
        };
        let given = if self.json {
            format!("{}\n", turn.json)
        } else {
            turn.text()
        };
        let tail = Tail::default();
        let mut said = Vec::new();
        let streams = async {
            let input = async {
                give(input, given).await;
                Ok(())
            };
            let complaint = async {
                tail.follow(complaint).await;
                Ok(())
            };
            tokio::try_join!(input, read(output, &mut said, reply), complaint)?;
            Ok(())
        };
        // An answer that is refused ends the program, which may print for ever.
        let status = child::ended(&mut child, streams).await?;
        let status = status
            .map_err(|error| Failure::unknown(format!("cannot wait for the program: {error}")))?;
        group.ended();
        if !status.success() {
            let complaint = tail.last_line(|_| true).unwrap_or_default();
            return Err(Failure::permanent(complained(
                status,
                &quoted(&complaint, turn),
            )));
        }
        answer(said)
    }

    fn command(&self, turn: &Turn) -> Command {
        let mut command = Command::new(&self.command[0]);
        command.args(&self.command[1..]).env_clear();
        for name in KEPT {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        let more = self.variables.iter();
        command.envs(more.map(|(name, value)| (name, value)));
        command.env("CLEUDOCODEBOT_TURN", &turn.id);
        command.env("CLEUDOCODEBOT_SESSION", &turn.session);
        for (name, value) in [
            ("CLEUDOCODEBOT_CHANNEL", turn.channel()),
            ("CLEUDOCODEBOT_PEER", turn.peer()),
            ("CLEUDOCODEBOT_SENDER", turn.sender.as_deref()),
        ] {
            // NUL can be in no variable; it is in no address either.
            if let Some(value) = value.filter(|value| !value.contains('\0')) {
                command.env(name, value);
            }
        }
        command.stdin(Stdio::piped());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn not_started(&self, error: &io::Error) -> Failure {
        let name = printable(&self.command[0]);
        Failure::permanent(format!(
            "cannot start {name}: {error}; is it installed and on the PATH?"
        ))
    }
}

/// Comes back once the program has taken too long.
async fn late(most: Option<Duration>) -> Failure {
    let Some(most) = most else {
        return std::future::pending().await;
    };
    sleep(most).await;
    Failure::unknown(format!("the program did not end within {most:?}"))
}

/// Has the gateway hear that the program runs, for as long as this is polled.
async fn stay_alive(reply: &Reply) -> Infallible {
    loop {
        sleep(SIGN_OF_LIFE).await;
        reply.alive();
    }
}

/// Writes all of it. A program that does not read it is no failure.
async fn give(mut input: ChildStdin, text: String) {
    let _ = input.write_all(text.as_bytes()).await;
    let _ = input.shutdown().await;
}

/// Reads the answer and shows it as it comes.
async fn read(
    mut output: impl AsyncRead + Unpin,
    all: &mut Vec<u8>,
    reply: &Reply,
) -> Result<(), Failure> {
    let mut shown = 0;
    loop {
        let read = output.read_buf(all).await;
        let read =
            read.map_err(|error| Failure::unknown(format!("cannot read the answer: {error}")))?;
        if read == 0 {
            return Ok(());
        }
        if all.len() > MAX_ANSWER_BYTES {
            return Err(Failure::permanent(format!(
                "the program answered with more than {MAX_ANSWER_BYTES} bytes"
            )));
        }
        shown += show(&all[shown..], reply);
    }
}

/// What it said, without the line end behind it.
fn answer(said: Vec<u8>) -> Result<Answer, Failure> {
    let mut text = String::from_utf8(said).map_err(|_| {
        Failure::permanent(
            "the program's answer is not UTF-8 text; set PYTHONIOENCODING=utf-8 or the like",
        )
    })?;
    text.truncate(text.trim_end().len());
    Ok(Answer::text(text))
}

/// Shows what is text so far; a character may be half here.
fn show(bytes: &[u8], reply: &Reply) -> usize {
    let whole = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
    };
    reply.delta(whole);
    whole.len()
}

fn complained(status: ExitStatus, complaint: &str) -> String {
    let how = match status.code() {
        Some(code) => format!("ended with {code}"),
        None => "was killed".to_owned(),
    };
    if complaint.is_empty() {
        format!("the program {how} and said nothing on standard error")
    } else {
        format!("the program {how}: {complaint}")
    }
}

#[cfg(all(test, unix))]
mod tests {
    use serde_json::json;
    use tokio::time::timeout;

    use super::*;
    use crate::{agents::Certainty, child::shell, client::Endpoint};

    fn exec(script: &str) -> Exec {
        Exec {
            command: shell(script),
            json: false,
            timeout: Some(Duration::from_secs(30)),
            variables: Vec::new(),
            keeper: Keeper::default(),
        }
    }

    async fn answered(exec: &Exec) -> (Result<Answer, Failure>, String) {
        let turn = json!({"turn_id": "t-7", "session": "webchat.ana", "channel": "webchat",
            "peer": "ana", "message": "olá", "transcript": "and a voice note", "kind": "text", "attempt": 1, "group": false});
        let turn = Turn::parse(turn).expect("a turn");
        let endpoint = Endpoint {
            host: String::new(),
            port: 0,
            token: Some("secret".to_owned()),
        };
        let (reply, _) = Reply::unheard(endpoint);
        let answer = exec.answer(&turn, &reply).await;
        (answer, reply.shown())
    }

    async fn failure(exec: &Exec) -> Failure {
        answered(exec).await.0.expect_err("a failure")
    }

    #[tokio::test]
    async fn the_text_goes_in_and_the_answer_comes_out_and_is_shown() {
        let (answer, shown) = answered(&exec("read x; echo \"you said $x\"; echo")).await;
        assert_eq!(answer, Ok(Answer::text("you said olá")));
        assert_eq!(shown.trim_end(), "you said olá");
        let mut whole = exec("cat");
        whole.json = true;
        let (answer, _) = answered(&whole).await;
        let turn: serde_json::Value =
            serde_json::from_str(&answer.expect("an answer").text).expect("JSON");
        assert_eq!(turn["message"], "olá");
    }

    #[tokio::test]
    async fn it_knows_its_turn_and_no_secret() {
        let mut knowing = exec("env; cat >/dev/null");
        knowing.variables = vec![("WEATHER_KEY".to_owned(), "k-1".into())];
        let (answer, _) = answered(&knowing).await;
        let text = answer.expect("an answer").text;
        for line in [
            "CLEUDOCODEBOT_TURN=t-7",
            "CLEUDOCODEBOT_PEER=ana",
            "PATH=",
            "WEATHER_KEY=k-1",
        ] {
            assert!(text.contains(line), "{line} in {text}");
        }
        assert!(
            !text.contains("CARGO") && !text.contains("secret"),
            "{text}"
        );
    }

    #[tokio::test]
    async fn an_exit_code_is_a_failure_that_says_what_was_complained_of() {
        let failed = failure(&exec(
            "echo half; echo first >&2; echo 'no model\n' >&2; exit 3",
        ))
        .await;
        assert_eq!(
            failed,
            Failure::permanent("the program ended with 3: no model")
        );
        // What was written is in no log, also where the program says it.
        let failed = failure(&exec("cat >&2; exit 1")).await;
        assert_eq!(failed, Failure::permanent("the program ended with 1: …"));
        let failed = failure(&exec("kill -KILL $$")).await;
        assert!(failed.error.contains("was killed"), "{failed:?}");
        let mut missing = exec("");
        missing.command = vec!["/no/such/program".to_owned()];
        let failed = failure(&missing).await;
        assert!(
            failed.error.contains("cannot start /no/such/program"),
            "{failed:?}"
        );
    }

    #[tokio::test]
    async fn too_much_is_refused_and_a_flood_of_complaints_is_read() {
        let failed = failure(&exec("yes")).await;
        assert!(
            failed.error.contains("more than 131072 bytes"),
            "{failed:?}"
        );
        let (answer, _) = answered(&exec("yes no | head -c 3000000 >&2; echo fine")).await;
        assert_eq!(answer, Ok(Answer::text("fine")));
        let failed = failure(&exec("printf '\\377'")).await;
        assert_eq!(failed.certainty, Certainty::Permanent);
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_says_nothing_for_long_is_known_to_live() {
        let (reply, _) = Reply::unheard(Endpoint {
            host: String::new(),
            port: 0,
            token: None,
        });
        let begun = tokio::time::Instant::now();
        let lived = timeout(SIGN_OF_LIFE + Duration::from_secs(1), stay_alive(&reply)).await;
        assert!(lived.is_err() && begun.elapsed() > SIGN_OF_LIFE);
        assert_eq!(reply.take_piece().as_deref(), Some(""));
    }

    /// Comes back with what was written once no process has the pipe open any more.
    fn at_end(pipe: &std::path::Path) -> tokio::task::JoinHandle<io::Result<Vec<u8>>> {
        let made = std::process::Command::new("mkfifo").arg(pipe).status();
        assert!(made.expect("mkfifo").success());
        let pipe = pipe.to_owned();
        tokio::task::spawn_blocking(move || std::fs::read(pipe))
    }

    #[tokio::test]
    async fn an_answer_does_not_wait_for_what_holds_the_output_open() {
        let pipe = std::env::temp_dir().join(format!("exec-{}", crate::random::token()));
        let gone = at_end(&pipe);
        let left = exec(&format!(
            "exec 3>'{}'; sleep 600 & echo fine",
            pipe.display()
        ));
        // The deadline, which is a failure, does not come into it.
        assert_eq!(answered(&left).await.0, Ok(Answer::text("fine")));
        assert_eq!(gone.await.expect("read").expect("read"), b"");
        std::fs::remove_file(pipe).expect("removed");
        let failed = failure(&exec("sleep 600 & echo no >&2; exit 4")).await;
        assert_eq!(failed, Failure::permanent("the program ended with 4: no"));
    }

    #[tokio::test]
    async fn one_that_takes_too_long_is_killed_with_what_it_started() {
        let pipe = std::env::temp_dir().join(format!("exec-{}", crate::random::token()));
        let gone = at_end(&pipe);
        let mut slow = exec(&format!(
            "exec 3>'{}'; sleep 600 & sleep 600",
            pipe.display()
        ));
        slow.timeout = Some(Duration::from_millis(300));
        let failed = failure(&slow).await;
        assert!(failed.error.contains("did not end"), "{failed:?}");
        assert_eq!(gone.await.expect("read").expect("read"), b"");
        std::fs::remove_file(pipe).expect("removed");
    }
}
