//! Checks of the port, and of the daemon if one answers there.

use std::{
    io::{self, ErrorKind},
    net::{SocketAddr, TcpListener},
    path::Path,
};

use serde_json::{Value, json};

use super::check::Check;
use crate::{
    cli::{
        connection::{ConnectAttempt, open, token_origin},
        context::Context,
        output::{
            TextStyle, Times, printable, trouble,
            units::{Noun, counted, unbelieved_clock},
        },
    },
    client::{Client, Endpoint},
    clock,
    config::{Config, keys},
    error::Error,
    store::SALVAGE_ADVICE,
};

/// No checks if the settings are wrong: `local` reported that, and they say where to connect.
pub(super) async fn checks(context: &Context<'_>) -> Vec<Check> {
    let Ok(config) = context.client_config() else {
        return Vec::new();
    };
    let ConnectAttempt { endpoint, client } = match open(context, &config).await {
        Ok(opened) => opened,
        Err(error) => return vec![Check::doubtful("port", error.to_string(), "")],
    };
    match client {
        Ok(client) if endpoint.token.is_some() => {
            daemon(client, &config, &endpoint, &context.terminal.times).await
        }
        Ok(_) => vec![unknown_token(&config, &endpoint)],
        Err(error) => vec![nobody(&error, context, &config, &endpoint)],
    }
}

fn unknown_token(config: &Config, endpoint: &Endpoint) -> Check {
    Check::broken(
        "daemon",
        format!("{} answers, but no token is known", endpoint.authority()),
        format!(
            "name its home folder with --home, or set {} in {}",
            keys::TOKEN,
            config.env_file.display()
        ),
    )
}

/// Why no daemon of ours answered.
fn nobody(error: &Error, context: &Context<'_>, config: &Config, endpoint: &Endpoint) -> Check {
    let authority = endpoint.authority();
    match error {
        Error::NotRunning { .. } if context.common.host.is_some() => Check::doubtful(
            "daemon",
            format!("nothing answers at {authority}"),
            "start it there: cleudocodebot daemon",
        ),
        Error::NotRunning { .. } => {
            let address = SocketAddr::new(config.host, config.port);
            let free = TcpListener::bind(address).map(drop);
            port(free, &authority)
        }
        Error::Refused { code, .. } if code == "unauthorized" => Check::broken(
            "daemon",
            format!(
                "the gateway at {authority} refuses the token from {}",
                token_origin(context, config)
            ),
            "name its home folder with --home, or restart it if the token was changed",
        ),
        Error::Refused { message, .. } => Check::broken("daemon", printable(message), ""),
        other => Check::broken(
            "port",
            format!("{authority} is another program's: {other}"),
            format!(
                "choose another port: cleudocodebot config set {} 18790",
                keys::PORT
            ),
        ),
    }
}

/// What an attempt to listen says about a port where nobody answered.
fn port(free: io::Result<()>, authority: &str) -> Check {
    let Err(error) = free else {
        let text = format!("none runs; {authority} is free");
        return Check::doubtful("daemon", text, "start it: cleudocodebot daemon");
    };
    let remedy = match error.kind() {
        ErrorKind::PermissionDenied => "choose a port above 1023",
        ErrorKind::AddrNotAvailable => "set CLEUDOCODEBOT_HOST to an address of this machine",
        _ => "choose another port, or end the program that holds it",
    };
    Check::broken(
        "port",
        format!("cannot listen on {authority}: {error}"),
        remedy,
    )
}

async fn daemon(
    mut client: Client,
    config: &Config,
    endpoint: &Endpoint,
    times: &Times,
) -> Vec<Check> {
    let status = match client.call("status", &json!({})).await {
        Ok(status) => status,
        Err(error) => {
            return vec![Check::broken(
                "daemon",
                error.to_string(),
                "see: cleudocodebot logs",
            )];
        }
    };
    let pid = &status["pid"];
    let authority = endpoint.authority();
    let mut checks = vec![
        Check::fine(
            "daemon",
            format!("process {pid} answers at {authority}, token accepted"),
        ),
        version(&status),
        same_home(&status, &config.home),
        ready(&status),
        store(&status["store"], times),
        wall_clock(&status["clock"]),
    ];
    checks.extend(certificate(&status["tls"]));
    checks.extend(backup(&status["backup"], clock::now_ms(), times));
    let integrations = status["integrations"].as_array().into_iter().flatten();
    checks.extend(integrations.map(integration));
    let agents = status["agents"].as_array().into_iter().flatten();
    checks.extend(agents.map(|one| Check {
        name: "agent",
        ..integration(one)
    }));
    let webhooks = status["webhooks"].as_array().into_iter().flatten();
    checks.extend(webhooks.map(|one| Check {
        name: "webhook",
        ..integration(one)
    }));
    checks
}

fn version(status: &Value) -> Check {
    let (ours, theirs) = (
        env!("CARGO_PKG_VERSION"),
        status["version"].as_str().unwrap_or("?"),
    );
    if ours == theirs {
        return Check::fine("version", ours);
    }
    let text = format!("the daemon is {}, this program {ours}", printable(theirs));
    Check::doubtful(
        "version",
        text,
        "cleudocodebot stop, then: cleudocodebot daemon",
    )
}

/// The same folder may go by several names.
fn same_home(status: &Value, home: &Path) -> Check {
    let theirs = status["home"].as_str().unwrap_or("?");
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    if real(Path::new(theirs)) == real(home) {
        return Check::fine("same home", theirs);
    }
    let text = format!(
        "the daemon's is {}, ours {}",
        printable(theirs),
        home.display()
    );
    Check::doubtful("same home", text, "name the daemon's with --home")
}

fn ready(status: &Value) -> Check {
    match status["not_ready"].as_str() {
        None => Check::fine("ready", "yes"),
        Some(reason) => Check::doubtful("ready", printable(reason), "see: cleudocodebot logs"),
    }
}

fn store(store: &Value, times: &Times) -> Check {
    if let Some(what) = store["damage"].as_str() {
        let text = format!("the message file is damaged: {}", printable(what));
        return Check::broken("store", text, SALVAGE_ADVICE);
    }
    if let Some(limit) = store["limit_reached"].as_u64() {
        let text = format!("it has reached {limit} bytes and takes no message");
        let remedy = "raise CLEUDOCODEBOT_MAX_STORE_BYTES, or keep history for fewer days";
        return Check::broken("store", text, remedy);
    }
    let Some(then) = store["failing_since_ms"].as_u64() else {
        let kind = store["kind"].as_str().unwrap_or("?");
        let messages = counted(&store["messages"], Noun::Message);
        return Check::fine("store", format!("{}, {messages}", printable(kind)));
    };
    let why = printable(store["error"].as_str().unwrap_or("no reason given"));
    let text = format!("it fails since {}: {why}", times.full(then));
    Check::broken("store", text, "make room on the disk of the home folder")
}

/// Why the daemon does not serve the certificate that is in the files now; `reach` judges those.
fn certificate(tls: &Value) -> Option<Check> {
    let why = printable(tls["error"].as_str()?);
    let remedy = "put a certificate and its key there that belong together";
    Some(Check::broken("certificate", why, remedy))
}

/// How the last backup went, where any are made by themselves, or one failed.
fn backup(backup: &Value, now_ms: u64, times: &Times) -> Option<Check> {
    if let Some(why) = backup["error"].as_str() {
        let remedy = "make room, or set BACKUP_DIR to a folder that can be written";
        return Some(Check::broken("backup", printable(why), remedy));
    }
    let every_ms = backup["every_ms"].as_u64()?;
    let at_ms = backup["at_ms"].as_u64();
    let text = at_ms.map_or_else(|| "none was made yet".to_owned(), |ms| times.full(ms));
    // Twice the time, since one may be under way.
    let is_late = at_ms.is_none_or(|ms| now_ms.saturating_sub(ms) > every_ms.saturating_mul(2));
    Some(if is_late {
        Check::doubtful(
            "backup",
            text,
            "the next one comes by itself; see: cleudocodebot logs",
        )
    } else {
        Check::fine("backup", text)
    })
}

fn wall_clock(clock: &Value) -> Check {
    match unbelieved_clock(clock) {
        None => Check::fine("daemon clock", "it runs without jumps"),
        Some(text) => Check::doubtful(
            "daemon clock",
            text,
            "set the clock of its machine, if it is wrong; otherwise this passes by itself",
        ),
    }
}

/// A sentence for each state, so that each can be said in another language.
fn in_state(name: &str, state: &str) -> String {
    match state {
        "running" => format!("{name} is running"),
        "connected" => format!("{name} is connected"),
        "starting" => format!("{name} is starting"),
        "stopped" => format!("{name} is stopped"),
        "paused" => format!("{name} is paused"),
        "impaired" => format!("{name} is impaired"),
        "away" => format!("{name} is away"),
        "parked" => format!("{name} is parked"),
        "backing_off" => format!("{name} is backing_off"),
        _ => format!("{name}: {state}"),
    }
}

fn integration(one: &Value) -> Check {
    let text = |name: &str| printable(one[name].as_str().unwrap_or_default());
    let state = text("state");
    let mut shown = in_state(&text("name"), &state);
    if let Some(trouble) = trouble(one) {
        shown = format!("{shown}: {trouble}");
    }
    let remedy = match one["advice"].as_str() {
        Some(advice) => printable(advice),
        None => "see: cleudocodebot logs".to_owned(),
    };
    match TextStyle::of_state(&state) {
        TextStyle::Good | TextStyle::Dim => Check::fine("integration", shown),
        TextStyle::Bad => Check::broken("integration", shown, remedy),
        _ => Check::doubtful("integration", shown, remedy),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::check::CheckResult, *};

    #[test]
    fn a_port_is_judged_by_what_listening_said() {
        assert_eq!(port(Ok(()), "a:1").result, CheckResult::Doubtful);
        let check = port(Err(ErrorKind::PermissionDenied.into()), "a:1");
        assert_eq!(check.result, CheckResult::Broken);
        assert_eq!(check.remedy.as_deref(), Some("choose a port above 1023"));
    }

    #[test]
    fn what_a_daemon_says_of_itself_is_judged() {
        let ours = json!({"version": env!("CARGO_PKG_VERSION")});
        assert_eq!(version(&ours).result, CheckResult::Fine);
        assert_eq!(
            version(&json!({"version": "0.0.0"})).result,
            CheckResult::Doubtful
        );
        let ahead = json!({"ahead_ms": 4_000_000, "believed": false});
        assert_eq!(wall_clock(&ahead).result, CheckResult::Doubtful);
        assert_eq!(wall_clock(&Value::Null).result, CheckResult::Fine);
        assert_eq!(
            ready(&json!({"not_ready": "starting"})).result,
            CheckResult::Doubtful
        );
        for broken in [
            json!({"failing_since_ms": 1}),
            json!({"damage": "a row of bodies"}),
            json!({"limit_reached": 1}),
        ] {
            assert_eq!(
                store(&broken, &Times::new(None, true, true)).result,
                CheckResult::Broken
            );
        }
        let times = Times::new(None, true, true);
        let judged = |last: Value| backup(&last, 10_000, &times).map(|check| check.result);
        assert_eq!(
            judged(json!({"at_ms": 1})),
            None,
            "none are made by themselves"
        );
        for (last, result) in [
            (
                json!({"at_ms": 9_000, "every_ms": 1_000}),
                CheckResult::Fine,
            ),
            (
                json!({"at_ms": 1_000, "every_ms": 1_000}),
                CheckResult::Doubtful,
            ),
            (json!({"every_ms": 1_000}), CheckResult::Doubtful),
            (
                json!({"at_ms": 9_000, "error": "full"}),
                CheckResult::Broken,
            ),
        ] {
            assert_eq!(judged(last), Some(result));
        }
        for (state, result) in [
            ("running", CheckResult::Fine),
            ("impaired", CheckResult::Doubtful),
            ("backing_off", CheckResult::Doubtful),
            ("away", CheckResult::Doubtful),
            ("parked", CheckResult::Broken),
        ] {
            assert_eq!(
                integration(&json!({"name": "x", "state": state})).result,
                result
            );
        }
    }

    #[test]
    fn an_impaired_channel_is_told_with_why_and_what_to_do() {
        let check = integration(&json!({"name": "whatsapp", "state": "impaired",
            "last_error": "the phone is off", "advice": "turn it on"}));
        assert_eq!(check.text, "whatsapp is impaired: the phone is off");
        assert_eq!(check.remedy.as_deref(), Some("turn it on"));
    }

    #[test]
    fn another_home_folder_is_noticed() {
        let status = json!({"home": std::env::temp_dir()});
        assert_eq!(
            same_home(&status, &std::env::temp_dir()).result,
            CheckResult::Fine
        );
        assert_eq!(
            same_home(&status, Path::new("/nowhere")).result,
            CheckResult::Doubtful
        );
    }
}
