//! The Run value of the user's registry: the usual way, which needs no administrator.

use std::path::PathBuf;

use super::{
    copies, daemon_bat, is_windowless, launch,
    layout::{PROGRAMS, WINDOWLESS, below},
    mention_window, open,
    reg_file::Value,
    registry::{self, NAME, RUN},
    rest, utf16,
};
use crate::{
    error::{Error, Result},
    service::{
        artefact::Artefact,
        hand::Hand,
        site::Site,
        way::{Condition, Kind, Registration, Way},
    },
};

/// Windows never runs a longer value, and does not say so.
const MAX_VALUE: usize = 260;

/// The Run value.
pub(in crate::service) struct RunKey;

/// What Windows shall run. Without the starter, `start` opens a minimised window, in the home folder
/// so that no path stands in the command line of the inner `cmd`.
pub fn command(home: &str, windowless: bool) -> String {
    if windowless {
        return format!("\"{}\"", below(home, &[PROGRAMS, WINDOWLESS]));
    }
    format!("cmd.exe /d /c start \"\" /min /d \"{home}\" cmd.exe /d /c .\\daemon.bat")
}

/// Why a Run value will not do for this home.
pub fn unfit(home: &str, windowless: bool) -> Option<String> {
    let length = utf16::length(&command(home, windowless));
    if length > MAX_VALUE {
        return Some(format!(
            "its Run value would have {length} characters, and Windows ignores those above {MAX_VALUE}"
        ));
    }
    // `cmd` fills in variables outside of batch files too, where nothing can keep it from it.
    let filled_in = !windowless && home.contains('%');
    filled_in.then(|| format!("{home} has a %, which a Run value without {WINDOWLESS} cannot name"))
}

impl Way for RunKey {
    fn kind(&self) -> Kind {
        Kind::RunKey
    }

    fn artefacts(&self, site: &Site) -> Result<Vec<Artefact>> {
        Ok(vec![daemon_bat(site)])
    }

    fn copies(&self, site: &Site) -> Vec<(PathBuf, PathBuf)> {
        copies(site)
    }

    fn open(&self, site: &Site, hand: &mut Hand<'_>) -> Result<()> {
        open(site)?;
        if let Some(why) = unfit(Site::text(&site.home)?, is_windowless(site)) {
            return Err(Error::Failed(why));
        }
        mention_window(site, hand);
        Ok(())
    }

    fn must_rest_to_change(&self) -> bool {
        true
    }

    fn registration(&self, site: &Site, hand: &Hand<'_>) -> Registration {
        let Ok(home) = Site::text(&site.home) else {
            return Registration::None;
        };
        let text = match registry::read(site, hand, RUN, NAME) {
            None => return Registration::None,
            Some(Value::Text(text)) => text,
            Some(_) => String::new(),
        };
        if text == command(home, !is_windowless(site)) {
            return Registration::Different("it starts with a window, or would without".to_owned());
        }
        if text != command(home, is_windowless(site)) {
            return Registration::Elsewhere;
        }
        if registry::is_switched_off(site, hand, &registry::approved_run(), NAME) {
            return Registration::SwitchedOff("Task Manager".to_owned());
        }
        Registration::Complete
    }

    /// Read back, because `reg` is not the last who may refuse: policies and guards put values back.
    fn register(&self, site: &Site, hand: &mut Hand<'_>) -> Result<()> {
        let wanted = command(Site::text(&site.home)?, is_windowless(site));
        let key = format!(r"HKCU\{RUN}");
        let add = ["add", &key, "/v", NAME, "/t", "REG_SZ", "/d", &wanted, "/f"];
        hand.demand(&registry::changes(site, add))?;
        registry::switch_on(site, hand, &registry::approved_run());
        let complete = hand.manner.dry || self.registration(site, hand) == Registration::Complete;
        if complete {
            return Ok(());
        }
        Err(Error::Failed(
            "the Run value was written and is not there: does a policy or a guard put it back?"
                .to_owned(),
        ))
    }

    fn unregister(&self, site: &Site, hand: &mut Hand<'_>) -> Result<()> {
        if self.registration(site, hand).is_ours() {
            let key = format!(r"HKCU\{RUN}");
            hand.demand(&registry::changes(site, ["delete", &key, "/v", NAME, "/f"]))?;
        }
        Ok(())
    }

    fn condition(&self, site: &Site, _hand: &Hand<'_>) -> Condition {
        super::condition(site)
    }

    fn start(&self, site: &Site, hand: &mut Hand<'_>) -> Result<()> {
        launch(site, hand)
    }

    fn stop(&self, site: &Site, hand: &mut Hand<'_>) -> Result<()> {
        rest(site, hand)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::{
        super::cmd_model::{FOLDER, Place, filled_in, read},
        *,
    };

    proptest! {
        #[test]
        fn a_run_value_that_is_fit_survives_cmd(name in FOLDER) {
            let home = format!("D:\\{name}");
            let variables = BTreeMap::from([("PATH", "x & y")]);
            let line = command(&home, false);
            let line = line.strip_prefix("cmd.exe /d /c ").expect("a command line");
            let reading = read(&filled_in(line, Place::CommandLine, &variables));
            let expected = ["start", "", "/min", "/d", &home, "cmd.exe", "/d", "/c", r".\daemon.bat"];
            if unfit(&home, false).is_none() {
                prop_assert_eq!(reading.words, expected);
                prop_assert_eq!(reading.operators, vec![]);
            } else {
                prop_assert!(name.contains('%'));
            }
            // Without `cmd` in between the quotes are all there is.
            prop_assert_eq!(unfit(&home, true), None);
        }
    }

    #[test]
    fn a_value_of_260_characters_is_the_longest() {
        let home = |length: usize| format!("C:\\{}", "ö".repeat(length - 3));
        let around = command("", true).len();
        assert_eq!(unfit(&home(MAX_VALUE - around), true), None);
        assert!(unfit(&home(MAX_VALUE - around + 1), true).is_some());
    }
}
