//! `integrations connect`: a QR code to scan with the phone, drawn anew whenever the service makes
//! another, until the phone is paired.
//!
//! It polls: there is no event for a new code, and asking also shows that the phone is paired.

use std::{fmt::Write as _, time::Duration};

use serde_json::{Value, json};
use tokio::{
    signal::ctrl_c,
    time::{sleep, timeout},
};

use crate::{
    cli::{
        context::Context,
        output::{TextStyle, printable, qr_drawing},
        parser::{OptionSpec, ParsedArgs, Takes, option},
    },
    client::Client,
    error::{Error, Result},
    qr::Qr,
};

/// The pause between two polls.
const POLL_INTERVAL: Duration = Duration::from_secs(2);

/// How long to wait by default.
const LIMIT_SECONDS: u64 = 180;

pub(super) const TIMEOUT: OptionSpec = option(
    "timeout",
    Takes::Text("SECONDS"),
    "connect: give up after so long (default 180)",
);

/// Which integration, and how.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ConnectOptions {
    name: String,
    limit: Duration,
    json: bool,
}

impl ConnectOptions {
    pub(super) fn parse(args: &mut ParsedArgs) -> Result<Self> {
        let seconds = args.number("timeout", &(1..=3600))?;
        Ok(Self {
            name: args.required_word("NAME")?,
            limit: Duration::from_secs(seconds.unwrap_or(LIMIT_SECONDS)),
            json: args.flag("json"),
        })
    }

    /// Shows codes until the phone is paired, the time limit passes or Ctrl-C is pressed.
    pub(super) async fn follow(
        &self,
        client: &mut Client,
        context: &mut Context<'_>,
    ) -> Result<()> {
        let name = &self.name;
        tokio::select! {
            followed = timeout(self.limit, self.poll(client, context)) => {
                let seconds = self.limit.as_secs();
                followed.unwrap_or_else(|_| Err(Error::Failed(format!(
                    "{name} was not connected within {seconds} s; \
                     try again: cleudocodebot integrations connect {name}"
                ))))
            }
            _ = ctrl_c() => Err(Error::Failed(format!("stopped; {name} is not connected yet"))),
        }
    }

    async fn poll(&self, client: &mut Client, context: &mut Context<'_>) -> Result<()> {
        let asked = json!({"name": self.name});
        let mut screen = PairingScreen::default();
        loop {
            match client.call("integration.connect", &asked).await {
                Ok(answer) => {
                    if screen.is_new(&answer) {
                        screen.show(&answer, self, context)?;
                    }
                    if answer["state"] == "connected" {
                        return Ok(());
                    }
                }
                // A service that answered before may be restarting.
                Err(error @ Error::Refused { .. }) if screen.last.is_some() => {
                    screen.show_trouble(&error, context);
                }
                Err(error) => return Err(error),
            }
            sleep(POLL_INTERVAL).await;
        }
    }
}

/// What is on the screen.
#[derive(Default)]
struct PairingScreen {
    /// The last answer, which is not shown again.
    last: Option<Value>,
    /// Lines to go up to draw over the last drawing.
    lines: usize,
    /// The last trouble, which is not shown again.
    trouble: Option<String>,
}

impl PairingScreen {
    fn is_new(&mut self, answer: &Value) -> bool {
        let is_new = self.last.as_ref() != Some(answer);
        self.last = Some(answer.clone());
        self.trouble = None;
        is_new
    }

    /// Shows each trouble once.
    fn show_trouble(&mut self, error: &Error, context: &mut Context<'_>) {
        let text = error.to_string();
        if self.trouble.as_ref() != Some(&text) {
            context.terminal.note(printable(&text));
            self.lines = 0;
            self.trouble = Some(text);
        }
    }

    fn show(
        &mut self,
        answer: &Value,
        options: &ConnectOptions,
        context: &mut Context<'_>,
    ) -> Result<()> {
        if options.json {
            return context.terminal.json(answer);
        }
        let name = &options.name;
        match (answer["state"].as_str(), answer["code"].as_str()) {
            (Some("connected"), _) => context.terminal.line(format!("{name} is connected")),
            (_, None) => {
                let why = answer["why"]
                    .as_str()
                    .map(|why| format!(": {}", printable(why)));
                let why = why.unwrap_or_default();
                context
                    .terminal
                    .note(format!("waiting for the service to make a code{why}"));
                self.lines = 0;
                Ok(())
            }
            (_, Some(code)) => self.show_code(code, answer["pairing_code"].as_str(), context),
        }
    }

    fn show_code(
        &mut self,
        code: &str,
        typed: Option<&str>,
        context: &mut Context<'_>,
    ) -> Result<()> {
        let terminal = &mut context.terminal;
        let square = Qr::of(code).filter(|_| terminal.is_watched());
        let mut text = if let Some(square) = &square {
            qr_drawing::drawn(square, terminal.has_colors())
        } else {
            let line = format!("text of the QR code: {}", printable(code));
            format!("{}\n", terminal.translator().sentence(&line))
        };
        if let Some(typed) = typed {
            let line = format!("code to type on the phone: {}", printable(typed));
            let _ = writeln!(text, "{}", terminal.translator().sentence(&line));
        }
        match square {
            Some(square) => {
                let what = format!(
                    "Scan it with the phone (WhatsApp: Linked devices), in a window of {} columns.\n\
                     It changes every half a minute and is drawn anew; Ctrl-C ends.",
                    qr_drawing::width(&square)
                );
                let what = terminal.translator().sentence(&what);
                text.push_str(&terminal.painted(TextStyle::Dim, &what));
                text.push('\n');
            }
            None => terminal
                .note("run this in a terminal to see it drawn, or: qrencode -t ansiutf8 'TEXT'"),
        }
        terminal.erase(self.lines)?;
        self.lines = text.lines().count();
        terminal.drawing(&text)
    }
}
