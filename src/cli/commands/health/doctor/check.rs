//! One check of the doctor: its name, its result and the remedy.

use serde_json::{Value, json};

use crate::cli::output::TextStyle;

/// How a check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CheckResult {
    Fine,
    Doubtful,
    Broken,
}

impl CheckResult {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Fine => "ok",
            Self::Doubtful => "warn",
            Self::Broken => "fail",
        }
    }

    pub(super) fn style(self) -> TextStyle {
        match self {
            Self::Fine => TextStyle::Good,
            Self::Doubtful => TextStyle::Doubtful,
            Self::Broken => TextStyle::Bad,
        }
    }
}

/// One thing that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Check {
    pub name: &'static str,
    pub result: CheckResult,
    pub text: String,
    pub remedy: Option<String>,
}

impl Check {
    pub(super) fn fine(name: &'static str, text: impl Into<String>) -> Self {
        Self {
            name,
            result: CheckResult::Fine,
            text: text.into(),
            remedy: None,
        }
    }

    pub(super) fn doubtful(
        name: &'static str,
        text: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            result: CheckResult::Doubtful,
            remedy: Some(remedy.into()).filter(|remedy| !remedy.is_empty()),
            ..Self::fine(name, text)
        }
    }

    pub(super) fn broken(
        name: &'static str,
        text: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            result: CheckResult::Broken,
            ..Self::doubtful(name, text, remedy)
        }
    }

    pub(super) fn json(&self) -> Value {
        let mut value =
            json!({"check": self.name, "verdict": self.result.word(), "text": self.text});
        if let Some(remedy) = &self.remedy {
            value["remedy"] = json!(remedy);
        }
        value
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
