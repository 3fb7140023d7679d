//! The Start-up folder: where the Run value is refused or too long.

use std::path::PathBuf;

use super::{
    batch, copies, daemon_bat, is_windowless, launch, mention_window, open, registry, rest,
};
use crate::{
    error::Result,
    service::{
        artefact::Artefact,
        hand::Hand,
        site::Site,
        way::{self, Condition, Kind, Registration, Way},
    },
};

/// The entry's name, also in what the user switched off.
const NAME: &str = "cleudocodebot.bat";

/// A batch file in the Start-up folder.
pub(in crate::service) struct StartupFolder;

impl StartupFolder {
    fn path(site: &Site) -> PathBuf {
        let below = ["Microsoft", "Windows", "Start Menu", "Programs", "Startup"];
        let mut path = site.folders.config.clone();
        path.extend(below);
        path.join(NAME)
    }
}

impl Way for StartupFolder {
    fn kind(&self) -> Kind {
        Kind::StartupFolder
    }

    fn artefacts(&self, site: &Site) -> Result<Vec<Artefact>> {
        let home = Site::text(&site.home)?;
        let local = Site::text(&site.folders.local)?;
        let text = batch::startup(home, local, is_windowless(site));
        let entry = Artefact::text(Self::path(site), &text).backed_up_in(&site.home);
        Ok(vec![daemon_bat(site), entry])
    }

    fn copies(&self, site: &Site) -> Vec<(PathBuf, PathBuf)> {
        copies(site)
    }

    fn open(&self, site: &Site, hand: &mut Hand<'_>) -> Result<()> {
        open(site)?;
        mention_window(site, hand);
        Ok(())
    }

    fn must_rest_to_change(&self) -> bool {
        true
    }

    fn registration(&self, site: &Site, hand: &Hand<'_>) -> Registration {
        let text = Site::text(&site.home).and_then(|home| {
            let local = Site::text(&site.folders.local)?;
            Ok(batch::names_home(home, local))
        });
        let Ok(words) = text else {
            return Registration::None;
        };
        let registration = way::by_file(&Self::path(site), &words);
        let off = || {
            let key = registry::approved_startup();
            registry::is_switched_off(site, hand, &key, NAME)
        };
        if registration == Registration::Complete && off() {
            return Registration::SwitchedOff("Task Manager".to_owned());
        }
        registration
    }

    fn register(&self, site: &Site, hand: &mut Hand<'_>) -> Result<()> {
        registry::switch_on(site, hand, &registry::approved_startup());
        hand.note("a console window may flash at log-on: the Start-up folder shows what it starts");
        Ok(())
    }

    fn unregister(&self, _site: &Site, _hand: &mut Hand<'_>) -> Result<()> {
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
