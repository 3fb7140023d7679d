//! What a program says of itself before it is put in place.

use std::path::Path;

use serde_json::Value;

use crate::{
    error::{Error, Result},
    service::system::{
        command::{CommandOutcome, SystemCommand},
        executor::Executor,
    },
    store,
};

/// What a program says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ProgramFacts {
    pub(super) version: String,
    /// The schema of its store; versions before this command did not say.
    pub(super) schema: Option<u64>,
    platform: String,
}

impl ProgramFacts {
    /// Runs it with `version --json`.
    pub(super) fn ask(executor: &Executor<'_>, program: &Path) -> Result<Self> {
        let path = program.display().to_string();
        let command = SystemCommand::read_only(&path, ["version", "--json"]);
        let outcome = executor.query(&command);
        let CommandOutcome::Exited {
            code: 0, stdout, ..
        } = &outcome
        else {
            return Err(Error::Failed(format!(
                "the new program does not run here: {}; nothing was changed",
                outcome.failure()
            )));
        };
        let fields: Value = serde_json::from_slice(stdout).unwrap_or_default();
        let text = |name: &str| fields[name].as_str().map(str::to_owned);
        match (text("version"), text("platform")) {
            (Some(version), Some(platform)) => Ok(Self {
                version,
                schema: fields["schema"].as_u64(),
                platform,
            }),
            _ => Err(Error::Failed(
                "the new program does not say which version it is; is it cleudocodebot? Nothing was changed"
                    .to_owned(),
            )),
        }
    }

    /// Fails if it could not take over from this program.
    pub(super) fn check(&self) -> Result<()> {
        let here = format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH);
        if self.platform != here {
            return Err(Error::Failed(format!(
                "the new program is for {}, and this is {here}; nothing was changed",
                self.platform
            )));
        }
        match self.schema {
            Some(schema) if schema < store::SCHEMA => Err(Error::Failed(format!(
                "version {} is older: it knows schema {schema} of the message file, which has {}; nothing was changed",
                self.version,
                store::SCHEMA
            ))),
            _ => Ok(()),
        }
    }

    /// Whether the store may look different once it has run.
    pub(super) fn changes_store(&self) -> bool {
        self.schema != Some(store::SCHEMA)
    }
}
