//! Reaching the user's own systemd: it may not be there, not yet, or not for this session.

use std::{path::PathBuf, time::Duration};

use crate::{
    error::{Error, Result},
    service::{
        hand::Hand,
        run::{Order, Outcome},
        site::{Scope, Site},
    },
};

/// How long a user's manager may take to come up, in looks.
const LOOKS: u32 = 50;

/// The pause between two looks.
const LOOK: Duration = Duration::from_millis(100);

/// The order with what it takes to reach the manager that is meant.
pub(super) fn addressed(site: &Site, mut order: Order) -> Order {
    if site.scope == Scope::User {
        order.args.insert(0, "--user".to_owned());
        // `su` and some logins by SSH leave it unset; the folder is there all the same.
        let runtime = runtime_folder(site).filter(|_| site.folders.runtime.is_none());
        if let Some(folder) = runtime {
            let folder = folder.display().to_string();
            order
                .environment
                .push(("XDG_RUNTIME_DIR".to_owned(), folder));
        }
    }
    order
}

fn runtime_folder(site: &Site) -> Option<PathBuf> {
    let named = site.folders.runtime.clone();
    named.or_else(|| {
        let uid = site.account.uid?;
        Some(site.folders.root.join(format!("run/user/{uid}")))
    })
}

/// `sd_booted(3)`.
pub(super) fn booted(site: &Site) -> Result<()> {
    let root = &site.folders.root;
    if root.join("run/systemd/system").is_dir() {
        return Ok(());
    }
    let kernel = std::fs::read_to_string(root.join("proc/sys/kernel/osrelease"));
    let is_wsl = kernel.is_ok_and(|text| text.to_ascii_lowercase().contains("microsoft"));
    let hint = if is_wsl {
        "; to get it, put `[boot]` and `systemd=true` into /etc/wsl.conf and run: wsl --shutdown"
    } else {
        ""
    };
    Err(Error::Failed(format!(
        "this system was not started by systemd{hint}"
    )))
}

/// Makes sure that the user's manager answers. Where it does not run, lingering starts it: that is
/// what a login without a session (root by SSH, `su`, a container) needs.
pub(super) fn open(site: &Site, hand: &mut Hand<'_>) -> Result<()> {
    booted(site)?;
    let ask = addressed(site, Order::looks("systemctl", ["show-environment"]));
    match hand.look(&ask) {
        Outcome::Missing => Err(Error::Failed("systemctl is not installed".to_owned())),
        answer if answer.succeeded() => Ok(()),
        _ => wake(site, hand, &ask),
    }
}

fn wake(site: &Site, hand: &mut Hand<'_>, ask: &Order) -> Result<()> {
    let lingers = is_lingering(site) || hand.attempt(&enable_linger(site)).succeeded();
    let looks = if lingers && !hand.manner.dry {
        LOOKS
    } else {
        1
    };
    let mut answer = hand.look(ask);
    for _ in 1..looks {
        if answer.succeeded() {
            break;
        }
        (hand.world.pause)(LOOK);
        answer = hand.look(ask);
    }
    if answer.succeeded() {
        return Ok(());
    }
    let folder = runtime_folder(site).map_or_else(String::new, |path| path.display().to_string());
    Err(Error::Failed(format!(
        "the systemd of user {} cannot be reached (no bus in {folder}); a login in its own session \
         has one, so has `machinectl shell {}@`; systemctl: {}",
        site.account.name,
        site.account.name,
        answer.complaint()
    )))
}

/// Without lingering the daemon ends when its user logs out.
pub(super) fn linger(site: &Site, hand: &mut Hand<'_>) {
    if is_lingering(site) {
        return;
    }
    let outcome = hand.attempt(&enable_linger(site));
    if !outcome.succeeded() {
        let name = &site.account.name;
        hand.note(format!(
            "the daemon ends when you log out, until this is run once: \
             sudo loginctl enable-linger {name} ({})",
            outcome.complaint()
        ));
    }
}

/// logind keeps a file for every user who lingers.
pub fn is_lingering(site: &Site) -> bool {
    let folder = site.folders.root.join("var/lib/systemd/linger");
    !site.account.name.is_empty() && folder.join(&site.account.name).exists()
}

/// Without asking for a password: nobody may sit at the terminal, and what to run is said anyway.
fn enable_linger(site: &Site) -> Order {
    let mut order = Order::changes("loginctl", ["--no-ask-password", "enable-linger"]);
    if !site.account.name.is_empty() {
        order.args.push(site.account.name.clone());
    }
    order
}
