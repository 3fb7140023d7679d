//! Running the procedures on a machine, and what a run did and said.

use std::fmt::Debug;

use cleudocodebot::{
    error::Result,
    service::{
        install::{InstallRequest, install},
        report::ServiceReport,
        system::{
            change::SystemChange,
            executor::{Executor, ExecutorMode},
            platform::System,
        },
        target::InstallTarget,
        uninstall::uninstall,
    },
};

use super::machine::Machine;

pub(super) const SYSTEMS: [System; 3] = [System::Linux, System::MacOs, System::Windows];

pub(super) const REAL: ExecutorMode = ExecutorMode {
    dry: false,
    force: false,
};
pub(super) const FORCE: ExecutorMode = ExecutorMode {
    dry: false,
    force: true,
};
pub(super) const DRY: ExecutorMode = ExecutorMode {
    dry: true,
    force: false,
};

/// The result of a procedure, its changes as lines without the folder of the test, and its notes.
pub(super) struct Run {
    pub result: Result<ServiceReport>,
    pub changes: Vec<String>,
    pub notes: Vec<String>,
}

impl Run {
    #[track_caller]
    pub(super) fn report(self) -> ServiceReport {
        self.result.expect("the procedure succeeds")
    }

    #[track_caller]
    pub(super) fn assert_note(&self, part: &str) {
        let is_noted = self.notes.iter().any(|note| note.contains(part));
        assert!(is_noted, "no note contains {part:?}: {:?}", self.notes);
    }
}

impl Machine {
    pub(super) fn run(
        &self,
        mode: ExecutorMode,
        procedure: impl FnOnce(&InstallTarget, &mut Executor<'_>) -> Result<ServiceReport>,
    ) -> Run {
        self.with_executor(mode, |target, executor| {
            let folder = self.path("").display().to_string();
            let folder = folder.trim_end_matches('/');
            let line = |change: &SystemChange| change.to_string().replace(folder, "");
            Run {
                result: procedure(target, executor),
                changes: executor.changes().iter().map(line).collect(),
                notes: executor.notes().to_vec(),
            }
        })
    }

    pub(super) fn install_as(&self, mode: ExecutorMode, request: InstallRequest) -> Run {
        self.run(mode, |target, executor| install(target, executor, request))
    }

    pub(super) fn install_in(&self, mode: ExecutorMode) -> Run {
        self.install_as(mode, InstallRequest::default())
    }

    /// Installs with the defaults, which must succeed.
    #[track_caller]
    pub(super) fn install(&self) -> ServiceReport {
        self.install_in(REAL).report()
    }

    pub(super) fn uninstall(&self, purge: bool) -> Run {
        self.run(REAL, |target, executor| uninstall(target, executor, purge))
    }
}

#[track_caller]
pub(super) fn assert_contains(text: &str, part: &str) {
    assert!(text.contains(part), "{part:?} is missing in: {text}");
}

/// Fails with the items that match, of a list of which none should.
#[track_caller]
pub(super) fn assert_none<T: Debug>(items: &[T], is_wrong: impl Fn(&T) -> bool) {
    let wrong: Vec<&T> = items.iter().filter(|item| is_wrong(item)).collect();
    assert!(wrong.is_empty(), "unexpected: {wrong:?}");
}
