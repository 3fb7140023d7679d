//! `doctor`: looks at each thing that commonly breaks and says the remedy.
//!
//! `local` looks at this machine, `remote` at the port and at the daemon behind it, `service` at how
//! the daemon is installed.

mod local;
mod remote;
mod service;

use serde_json::{Value, json};

use super::{
    command::Command,
    context::Context,
    layout::Style,
    spec::{CommandSpec, JSON, no_words},
};
use crate::error::{Error, Result};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "doctor",
    summary: "Check what commonly breaks and say the remedy",
    usage: &["[--json]"],
    details: "Exit code 1 where a check fails; warnings alone are success.",
    options: &[JSON],
    examples: &[("cleudocodebot doctor", "before asking anyone else")],
    first_word: no_words,
    read: |args| {
        Ok(Command::Doctor {
            json: args.flag("json"),
        })
    },
};

/// How a check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Fine,
    Doubtful,
    Broken,
}

impl Verdict {
    fn word(self) -> &'static str {
        match self {
            Self::Fine => "ok",
            Self::Doubtful => "warn",
            Self::Broken => "fail",
        }
    }

    fn style(self) -> Style {
        match self {
            Self::Fine => Style::Good,
            Self::Doubtful => Style::Doubtful,
            Self::Broken => Style::Bad,
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Check {
    name: &'static str,
    verdict: Verdict,
    text: String,
    remedy: Option<String>,
}

impl Check {
    fn fine(name: &'static str, text: impl Into<String>) -> Self {
        Self {
            name,
            verdict: Verdict::Fine,
            text: text.into(),
            remedy: None,
        }
    }

    fn doubtful(name: &'static str, text: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Doubtful,
            remedy: Some(remedy.into()).filter(|remedy| !remedy.is_empty()),
            ..Self::fine(name, text)
        }
    }

    fn broken(name: &'static str, text: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Broken,
            ..Self::doubtful(name, text, remedy)
        }
    }

    fn json(&self) -> Value {
        let mut value =
            json!({"check": self.name, "verdict": self.verdict.word(), "text": self.text});
        if let Some(remedy) = &self.remedy {
            value["remedy"] = json!(remedy);
        }
        value
    }
}

pub(super) async fn run(as_json: bool, context: &mut Context<'_>) -> Result<()> {
    let mut checks = local::checks(context);
    checks.extend(remote::checks(context).await);
    checks.extend(service::checks(context));
    for check in &checks {
        if as_json {
            context.terminal.json(&check.json())?;
        } else {
            tell(check, context)?;
        }
    }
    let broken = checks
        .iter()
        .filter(|check| check.verdict == Verdict::Broken);
    match broken.count() {
        0 => Ok(()),
        count => Err(Error::Failed(format!(
            "{count} of {} checks failed",
            checks.len()
        ))),
    }
}

/// Texts of several lines (all mistakes of a file at once) stay below each other.
fn tell(check: &Check, context: &mut Context<'_>) -> Result<()> {
    const MARGIN: &str = "\n                    ";
    let word = format!("{:<4}", check.verdict.word());
    let word = context.terminal.painted(check.verdict.style(), &word);
    let text = check.text.replace('\n', MARGIN);
    context
        .terminal
        .line(format!("{word}  {:<12}  {text}", check.name))?;
    match &check.remedy {
        Some(remedy) => context
            .terminal
            .line(format!("{}fix: {remedy}", &MARGIN[1..])),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_is_told_to_scripts_with_its_remedy() {
        let check = Check::broken("port", "taken", "choose another");
        assert_eq!(
            check.json(),
            json!({"check": "port", "verdict": "fail", "text": "taken", "remedy": "choose another"})
        );
        assert!(Check::fine("port", "free").json().get("remedy").is_none());
        assert_eq!(Check::doubtful("port", "odd", "").remedy, None);
    }
}
