//! `integrations connect`: a QR code to scan with the phone, drawn anew whenever the service makes
//! another, until the phone is paired.
//!
//! The service's code is asked for again and again: no event tells of a new one, and asking also finds
//! out that the phone is paired.

use std::{fmt::Write as _, time::Duration};

use serde_json::{Value, json};
use tokio::{
    signal::ctrl_c,
    time::{sleep, timeout},
};

use super::{
    context::Context,
    layout::{Style, printable},
    spec::{Opt, ParsedArgs, Takes, option},
};
use crate::{
    client::Client,
    error::{Error, Result},
    qr::{QUIET_ZONE, Qr},
};

/// The pause between two looks.
const LOOK: Duration = Duration::from_secs(2);

/// How long to follow, unless told.
const LIMIT_SECONDS: u64 = 180;

pub(super) const TIMEOUT: Opt = option(
    "timeout",
    Takes::Text("SECONDS"),
    "connect: give up after so long (default 180)",
);

/// Which integration, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Options {
    name: String,
    limit: Duration,
    json: bool,
}

pub(super) fn read(args: &mut ParsedArgs) -> Result<Options> {
    let seconds = args.number("timeout", &(1..=3600))?;
    Ok(Options {
        name: args.required_word("NAME")?,
        limit: Duration::from_secs(seconds.unwrap_or(LIMIT_SECONDS)),
        json: args.flag("json"),
    })
}

pub(super) async fn run(
    options: &Options,
    client: &mut Client,
    context: &mut Context<'_>,
) -> Result<()> {
    let name = &options.name;
    tokio::select! {
        followed = timeout(options.limit, follow(options, client, context)) => {
            let seconds = options.limit.as_secs();
            followed.unwrap_or_else(|_| Err(Error::Failed(format!(
                "{name} was not connected within {seconds} s; \
                 try again: cleudocodebot integrations connect {name}"
            ))))
        }
        _ = ctrl_c() => Err(Error::Failed(format!("stopped; {name} is not connected yet"))),
    }
}

async fn follow(options: &Options, client: &mut Client, context: &mut Context<'_>) -> Result<()> {
    let asked = json!({"name": options.name});
    let mut shown = Shown::default();
    loop {
        match client.call("integration.connect", &asked).await {
            Ok(answer) => {
                if shown.is_news(&answer) {
                    shown.show(&answer, options, context)?;
                }
                if answer["state"] == "connected" {
                    return Ok(());
                }
            }
            // A service that answered once may be restarting.
            Err(error @ Error::Refused { .. }) if shown.last.is_some() => {
                shown.trouble(&error, context);
            }
            Err(error) => return Err(error),
        }
        sleep(LOOK).await;
    }
}

/// What is on the screen.
#[derive(Default)]
struct Shown {
    last: Option<Value>,
    /// Lines to go up to draw over what was drawn.
    lines: usize,
    trouble: Option<String>,
}

impl Shown {
    fn is_news(&mut self, answer: &Value) -> bool {
        let is_news = self.last.as_ref() != Some(answer);
        self.last = Some(answer.clone());
        self.trouble = None;
        is_news
    }

    /// Each trouble is told once.
    fn trouble(&mut self, error: &Error, context: &mut Context<'_>) {
        let text = error.to_string();
        if self.trouble.as_ref() != Some(&text) {
            context.terminal.note(printable(&text));
            self.lines = 0;
            self.trouble = Some(text);
        }
    }

    fn show(&mut self, answer: &Value, options: &Options, context: &mut Context<'_>) -> Result<()> {
        if options.json {
            return context.terminal.json(answer);
        }
        let name = &options.name;
        match (answer["state"].as_str(), answer["code"].as_str()) {
            (Some("connected"), _) => context.terminal.line(format!("{name} is connected")),
            (_, None) => {
                context
                    .terminal
                    .note("waiting for the service to make a code");
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
        let mut text = match &square {
            Some(square) => drawn(square, terminal.has_colors()),
            None => format!("text of the QR code: {}\n", printable(code)),
        };
        if let Some(typed) = typed {
            let _ = writeln!(text, "code to type on the phone: {}", printable(typed));
        }
        match square {
            Some(square) => {
                let what = format!(
                    "Scan it with the phone (WhatsApp: Linked devices), in a window of {} columns.\n\
                     It changes every half a minute and is drawn anew; Ctrl-C ends.",
                    square.size() + 2 * QUIET_ZONE
                );
                text.push_str(&terminal.painted(Style::Dim, &what));
                text.push('\n');
            }
            None => terminal
                .note("run this in a terminal to see it drawn, or: qrencode -t ansiutf8 'TEXT'"),
        }
        if terminal.has_colors() && self.lines > 0 {
            // Up to the first line of the last drawing, and all below erased (ECMA-48 §8.3.22, §8.3.39).
            terminal.text(&format!("\u{1b}[{}A\u{1b}[J", self.lines))?;
        }
        self.lines = text.lines().count();
        terminal.text(&text)
    }
}

/// Two modules in each character, one above the other. With colours, black on white whatever the
/// terminal's own are; without, as a dark terminal needs it.
fn drawn(square: &Qr, colors: bool) -> String {
    let side = square.size() + 2 * QUIET_ZONE;
    // Far outside below where it would be less than nothing: light, too.
    let is_dark = |spec: usize, column: usize| {
        square.is_dark(
            spec.wrapping_sub(QUIET_ZONE),
            column.wrapping_sub(QUIET_ZONE),
        )
    };
    let mut text = String::new();
    for spec in (0..side).step_by(2) {
        if colors {
            // From the fixed part of the palette, which no theme changes.
            text.push_str("\u{1b}[38;5;16;48;5;231m");
        }
        text.extend((0..side).map(|column| {
            let above = is_dark(spec, column) == colors;
            let below = is_dark(spec + 1, column) == colors;
            match (above, below) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            }
        }));
        text.push_str(if colors { "\u{1b}[0m\n" } else { "\n" });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The modules of a drawing, true where it has ink.
    fn ink(drawing: &str) -> Vec<Vec<bool>> {
        let lines = drawing.lines().flat_map(|line| {
            let halves = |inked: [char; 2]| line.chars().map(move |c| inked.contains(&c)).collect();
            [halves(['█', '▀']), halves(['█', '▄'])]
        });
        lines.collect()
    }

    #[test]
    fn a_drawing_is_the_code_with_its_quiet_zone() {
        let square = Qr::of("https://example.com/").expect("it fits");
        let side = square.size() + 8;
        let plain = drawn(&square, false);
        let colored = drawn(&square, true)
            .replace("\u{1b}[38;5;16;48;5;231m", "")
            .replace("\u{1b}[0m", "");
        for (drawing, dark) in [(&plain, false), (&colored, true)] {
            let modules = ink(drawing);
            assert_eq!(modules.len(), side + 1, "half a line more");
            for (spec, line) in modules.iter().enumerate() {
                assert_eq!(line.len(), side);
                for (column, inked) in line.iter().enumerate() {
                    let wanted = spec >= 4 && column >= 4 && square.is_dark(spec - 4, column - 4);
                    assert_eq!(*inked == dark, wanted, "{spec} {column}");
                }
            }
        }
    }
}
