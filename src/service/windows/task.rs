//! A task of the Task Scheduler: chosen with `--task`.

use std::path::PathBuf;

use super::{
    copies, daemon_bat, is_windowless, launch, layout::Layout, mention_window, open, rest, task_xml,
};
use crate::{
    error::{Error, Result},
    service::{
        artefact::Artefact,
        hand::Hand,
        run::Order,
        site::Site,
        way::{Condition, Kind, Registration, Way},
    },
};

/// The task's name.
const NAME: &str = "Cleudocodebot";

/// A scheduled task.
pub(in crate::service) struct Task;

impl Task {
    fn program(site: &Site) -> String {
        site.folders.windows_command("schtasks.exe")
    }

    fn is_known(site: &Site, hand: &Hand<'_>) -> bool {
        let order = Order::looks(&Self::program(site), ["/query", "/tn", NAME]);
        hand.look(&order).succeeded()
    }
}

impl Way for Task {
    fn kind(&self) -> Kind {
        Kind::Task
    }

    fn artefacts(&self, site: &Site) -> Result<Vec<Artefact>> {
        let home = Site::text(&site.home)?;
        let text = task_xml::task(&site.account.name, home, is_windowless(site));
        let task = Artefact::utf16(Layout::of(site).task_xml(), &text);
        Ok(vec![daemon_bat(site), task])
    }

    fn copies(&self, site: &Site) -> Vec<(PathBuf, PathBuf)> {
        copies(site)
    }

    fn open(&self, site: &Site, hand: &mut Hand<'_>) -> Result<()> {
        open(site)?;
        if site.account.name.is_empty() {
            return Err(Error::Failed(
                "whoami does not tell the user's security identifier, which a task needs"
                    .to_owned(),
            ));
        }
        mention_window(site, hand);
        Ok(())
    }

    fn must_rest_to_change(&self) -> bool {
        true
    }

    /// The file is what the task was made from; the scheduler is asked whether it still has it. There
    /// a stub that knows every task may answer, so without the file there is no task of ours.
    fn registration(&self, site: &Site, hand: &Hand<'_>) -> Registration {
        if !Layout::of(site).task_xml().exists() {
            return Registration::None;
        }
        if Self::is_known(site, hand) {
            return Registration::Complete;
        }
        Registration::Different("the Task Scheduler does not know the task any more".to_owned())
    }

    fn register(&self, site: &Site, hand: &mut Hand<'_>) -> Result<()> {
        let file = Layout::of(site).task_xml();
        let args = ["/create", "/tn", NAME, "/xml", Site::text(&file)?, "/f"];
        hand.demand(&Order::changes(&Self::program(site), args))
    }

    fn unregister(&self, site: &Site, hand: &mut Hand<'_>) -> Result<()> {
        if Layout::of(site).task_xml().exists() && Self::is_known(site, hand) {
            let args = ["/delete", "/tn", NAME, "/f"];
            hand.demand(&Order::changes(&Self::program(site), args))?;
        }
        Ok(())
    }

    fn condition(&self, site: &Site, _hand: &Hand<'_>) -> Condition {
        super::condition(site)
    }

    /// Through the scheduler, so that it counts as an instance of the task.
    fn start(&self, site: &Site, hand: &mut Hand<'_>) -> Result<()> {
        let order = Order::changes(&Self::program(site), ["/run", "/tn", NAME]);
        if hand.attempt(&order).succeeded() {
            return Ok(());
        }
        launch(site, hand)
    }

    fn stop(&self, site: &Site, hand: &mut Hand<'_>) -> Result<()> {
        rest(site, hand)
    }
}
