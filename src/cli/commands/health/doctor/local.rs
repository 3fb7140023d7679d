//! Checks that need no daemon: folders, `.env`, settings, token, clock.

use std::path::Path;

use super::check::{Check, CheckResult};
use crate::{
    cli::{context::Context, output::Times},
    clock,
    config::{Places, SAFE_TOKEN_CHARS, dotenv, keys, permission_warning},
    fs, random,
};

/// 2024-01-01, which no clock that was ever set precedes.
const SANE_MS: u64 = 1_704_067_200_000;

pub(super) fn checks(context: &Context<'_>) -> Vec<Check> {
    let mut checks = vec![clock(clock::now_ms(), &context.terminal.times)];
    let places = match context.places() {
        Ok(places) => places,
        Err(error) => {
            checks.push(Check::broken("home", error.to_string(), ""));
            return checks;
        }
    };
    checks.push(home(&places.home));
    checks.push(logs(&places.home.join("logs")));
    #[cfg(feature = "store")]
    checks.push(super::message_file::check(&places.home));
    let env_file = env_file(&places);
    let readable = env_file.result != CheckResult::Broken;
    checks.push(env_file);
    // A file that cannot be read would be reported three times.
    if readable {
        checks.push(settings(context, &places.home));
        checks.push(token(context));
    }
    checks
}

fn clock(now_ms: u64, times: &Times) -> Check {
    if now_ms >= SANE_MS {
        return Check::fine("clock", times.full(now_ms));
    }
    let text = format!("it shows {}", times.full(now_ms));
    Check::broken("clock", text, "set the clock of this machine")
}

fn home(home: &Path) -> Check {
    let shown = home.display();
    if !home.exists() {
        let text = format!("{shown} does not exist yet");
        return Check::doubtful(
            "home",
            text,
            "the first start makes it: cleudocodebot daemon",
        );
    }
    if let Err(check) = writable("home", home) {
        return check;
    }
    match fs::foreign_permissions(home) {
        Ok(Some(mode)) => Check::doubtful(
            "home",
            format!("{shown} is open to others than its owner (mode {mode:o})"),
            format!("chmod 700 '{shown}'"),
        ),
        _ => Check::fine("home", format!("{shown}, private and writable")),
    }
}

fn logs(folder: &Path) -> Check {
    if !folder.exists() {
        return Check::fine("logs", "no log yet");
    }
    match writable("logs", folder) {
        Ok(()) => Check::fine("logs", format!("{}, writable", folder.display())),
        Err(check) => check,
    }
}

/// Permissions say too little (read-only mounts, full disks, quotas): only writing shows it.
fn writable(name: &'static str, folder: &Path) -> Result<(), Check> {
    let probe = folder.join(format!("probe-{}", random::hex(&random::bytes::<6>())));
    let written = fs::write_atomic(&probe, b"probe");
    let _ = std::fs::remove_file(&probe);
    written.map_err(|error| {
        let remedy = format!(
            "make room, or make {} a folder that you may write to",
            folder.display()
        );
        Check::broken(name, error.to_string(), remedy)
    })
}

fn env_file(places: &Places) -> Check {
    let shown = places.env_file.display();
    match dotenv::read_file(&places.env_file) {
        Ok(Some(_)) => Check::fine("env file", format!("{shown}, private and readable")),
        Ok(None) => Check::doubtful(
            "env file",
            format!("there is no {shown}"),
            "the first start makes one: cleudocodebot daemon",
        ),
        Err(error) => Check::broken("env file", error.to_string(), ""),
    }
}

fn settings(context: &Context<'_>, home: &Path) -> Check {
    let loaded = match context.client_settings() {
        Ok(loaded) => loaded,
        Err(error) => {
            return Check::broken(
                "settings",
                error.to_string(),
                "cleudocodebot config set KEY VALUE, or config unset KEY",
            );
        }
    };
    let warnings = beside_the_home(loaded.warnings, home);
    if warnings.is_empty() {
        Check::fine("settings", "valid")
    } else {
        Check::doubtful("settings", warnings.join("\n"), "")
    }
}

/// Without what the check of the home says already.
fn beside_the_home(mut warnings: Vec<String>, home: &Path) -> Vec<String> {
    let of_home = permission_warning(home);
    warnings.retain(|warning| Some(warning) != of_home.as_ref());
    warnings
}

fn token(context: &Context<'_>) -> Check {
    let Ok(config) = context.client_config() else {
        return Check::doubtful("token", "unknown while the settings are wrong", "");
    };
    match config.token {
        None => Check::doubtful(
            "token",
            format!("{} is not set", keys::TOKEN),
            "the first start makes one: cleudocodebot daemon",
        ),
        Some(token) if token.len() < SAFE_TOKEN_CHARS => Check::doubtful(
            "token",
            format!("it has only {} characters and may be guessed", token.len()),
            "cleudocodebot token rotate",
        ),
        Some(token) => Check::fine("token", format!("{} characters", token.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_never_set_is_noticed() {
        let times = Times::new(Some("UTC"), false, true);
        assert_eq!(clock(0, &times).result, CheckResult::Broken);
        assert_eq!(clock(SANE_MS, &times).result, CheckResult::Fine);
    }

    #[cfg(unix)]
    #[test]
    fn what_is_wrong_with_the_home_is_said_once() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = std::env::temp_dir().join(format!("cleudocodebot-open-{}", random::token()));
        std::fs::create_dir(&folder).expect("made");
        let open = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(&folder, open).expect("open");
        let of_home = permission_warning(&folder).expect("others may read it");
        let warnings = vec![of_home, "another".to_owned()];
        assert_eq!(home(&folder).result, CheckResult::Doubtful);
        assert_eq!(beside_the_home(warnings, &folder), ["another"]);
        std::fs::remove_dir_all(folder).expect("removed");
    }

    #[test]
    fn folders_are_judged_by_writing_to_them() {
        let name = format!("cleudocodebot-doctor-{}", random::token());
        let folder = std::env::temp_dir().join(name);
        assert_eq!(home(&folder).result, CheckResult::Doubtful);
        assert_eq!(logs(&folder).result, CheckResult::Fine);
        fs::create_private_dir(&folder).expect("made");
        assert_eq!(home(&folder).result, CheckResult::Fine);
        assert_eq!(logs(&folder).result, CheckResult::Fine);
        let left = std::fs::read_dir(&folder).expect("listed").count();
        assert_eq!(left, 0, "the probe is taken away");
        let file = folder.join("file");
        fs::write_atomic(&file, b"x").expect("written");
        assert_eq!(home(&file).result, CheckResult::Broken);
        std::fs::remove_dir_all(folder).expect("removed");
    }
}
