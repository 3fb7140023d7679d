//! Checks of how other devices reach the gateway: the certificate in the files, and the address they use, which is
//! asked.

use super::check::Check;
use crate::{
    cli::{context::Context, output::Times},
    config::{BaseUrl, Config, keys::reach::PUBLIC_URL},
    service::{
        reach::{
            Obstacle,
            tailscale::{Serving, Tailscale},
        },
        system::{
            executor::{Executor, ExecutorMode, World},
            platform::System,
            probe::SocketProbe,
            this_machine::ThisMachine,
        },
    },
};

/// No checks where the settings are wrong, which `local` reported, or the daemon is another machine's.
pub(super) fn checks(context: &Context<'_>) -> Vec<Check> {
    let Ok(config) = context.client_config() else {
        return Vec::new();
    };
    if context.common.host.is_some() {
        return Vec::new();
    }
    let mut checks = certificate(&config, &context.terminal.times);
    if let Some(url) = &config.public_url {
        checks.push(address(url, &config, context));
    }
    checks
}

#[cfg(feature = "tls")]
fn certificate(config: &Config, times: &Times) -> Vec<Check> {
    use crate::{
        certificate::{Certificate, open_to_all},
        clock,
    };
    const NAME: &str = "certificate";
    let Some(files) = &config.tls else {
        return Vec::new();
    };
    let shown = files.certificate.display();
    let loaded = match Certificate::load(files) {
        Ok(loaded) => loaded,
        Err(why) => return vec![Check::broken(NAME, why, "")],
    };
    let mut checks = Vec::new();
    if let Some(due) = loaded.is_due(clock::now_ms()) {
        let is_over = loaded.until_ms.is_some_and(|until| until < clock::now_ms());
        checks.push(if is_over {
            Check::broken(NAME, due, "")
        } else {
            Check::doubtful(NAME, due, "")
        });
    }
    let others = config.allowed_hosts.iter().map(String::as_str);
    let names: Vec<&str> = match config.public_host() {
        Some(name)
            if config
                .secure_url()
                .is_some_and(|url| url.address().1 == config.port) =>
        {
            vec![name]
        }
        _ => others.collect(),
    };
    let bare = |name: &str| name.split(':').next().unwrap_or_default().to_owned();
    if !names.is_empty() && !names.iter().any(|name| loaded.is_for(&bare(name))) {
        checks.push(Check::broken(
            NAME,
            format!("{shown} is not for {}", names.join(", ")),
            "get one for the name under which others reach this machine",
        ));
    }
    let open = open_to_all(&files.key).map(|text| Check::doubtful(NAME, text, ""));
    checks.extend(open);
    if checks.is_empty() {
        let until = loaded
            .until_ms
            .map_or_else(String::new, |ms| format!(", until {}", times.full(ms)));
        checks.push(Check::fine(NAME, format!("{shown}{until}")));
    }
    checks
}

/// A certificate without the feature is a mistake in the settings, which `local` reports.
#[cfg(not(feature = "tls"))]
fn certificate(_: &Config, _: &Times) -> Vec<Check> {
    Vec::new()
}

/// The time before its end at which a certificate that somebody else renews looks forgotten.
const ENDS_SOON_MS: u64 = 7 * 24 * 3_600_000;

/// Asks the daemon through the address. Where Tailscale is what is missing, that is told rather than its effect.
fn address(url: &BaseUrl, config: &Config, context: &Context<'_>) -> Check {
    const NAME: &str = "reach";
    let times = &context.terminal.times;
    let shown = url.url();
    if !url.is_https() {
        let text = format!("{PUBLIC_URL} is {shown}, which leads other devices to themselves");
        return Check::doubtful(NAME, text, "cleudocodebot onboard --reach tailscale");
    }
    let probe = SocketProbe::new(config.home.clone(), context.environment);
    // Asked first: what is missing there is told at once, where a name that is not found takes its time.
    let missing = missing_in_tailscale(url, config, &probe);
    let until = match missing.map_or_else(|| probe.ask_through(url), Err) {
        Ok(answered) => answered.until_ms,
        Err(obstacle) => return Check::broken(NAME, obstacle.text, obstacle.remedy),
    };
    let Some(until) = until else {
        return Check::fine(NAME, format!("{shown} leads here"));
    };
    if until.saturating_sub(crate::clock::now_ms()) < ENDS_SOON_MS {
        let text = format!("the certificate at {shown} ends on {}", times.full(until));
        return Check::doubtful(NAME, text, "renew it, or see why nothing does");
    }
    Check::fine(
        NAME,
        format!(
            "{shown} leads here, certificate until {}",
            times.full(until)
        ),
    )
}

/// What Tailscale lacks, where the address is one of its names.
fn missing_in_tailscale(url: &BaseUrl, config: &Config, probe: &SocketProbe) -> Option<Obstacle> {
    if !url.host().ends_with(".ts.net") {
        return None;
    }
    let world = World {
        runner: &ThisMachine,
        probe,
        pause: &std::thread::sleep,
        progress: &|_| {},
    };
    let executor = Executor::new(world, ExecutorMode::default());
    let tailscale = match Tailscale::find(&executor, System::current()) {
        Ok(tailscale) => tailscale,
        Err(obstacle) => return Some(obstacle),
    };
    let (name, port) = (&tailscale.name, config.port);
    if name != url.host() {
        return Some(Obstacle {
            text: format!("this machine is {name} in its tailnet, not {}", url.host()),
            remedy: "cleudocodebot onboard --reach tailscale".to_owned(),
        });
    }
    (tailscale.serving(&executor, port) != Serving::Us).then(|| Obstacle {
        text: format!("Tailscale does not serve port {port}"),
        remedy: format!("run: {}", tailscale.command(port)),
    })
}
