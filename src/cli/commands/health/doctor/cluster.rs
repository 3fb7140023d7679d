//! Checks of the cluster: which servers of the bus answer, and what this machine's daemon says of the others.

use serde_json::{Value, json};

use super::check::Check;
use crate::{
    cli::{
        connection::connect,
        context::Context,
        output::{Times, printable, units},
    },
    clock,
    cluster::{ClusterSettings, ProbedServer, ServerTrouble, probe},
};

const NAME: &str = "cluster";

/// Events that may be under way while all is well.
const USUAL: u64 = 100;

const SEE_LOGS: &str = "it catches up by itself; if it does not: cleudocodebot logs";

/// No checks where the settings are wrong, which `local` reported, name no cluster, or are of another machine.
pub(super) async fn checks(context: &Context<'_>) -> Vec<Check> {
    let Ok(loaded) = context.client_settings() else {
        return Vec::new();
    };
    if context.common.host.is_some() {
        return Vec::new();
    }
    let settings = match ClusterSettings::read(&loaded.lookup, &loaded.config.home) {
        Ok(Some(settings)) => settings,
        Ok(None) => return Vec::new(),
        Err(why) => return vec![unfit(&why.to_string())],
    };
    let mut checks = match probe(&settings).await {
        Ok(probed) => servers(&probed),
        Err(why) => vec![unfit(&why.to_string())],
    };
    // Where none answers, `remote` reported it.
    if let Ok(mut connection) = connect(context).await
        && let Ok(status) = connection.client.call("status", &json!({})).await
    {
        checks.extend(told(&status, clock::now_ms(), &context.terminal.times));
    }
    checks
}

fn unfit(why: &str) -> Check {
    Check::broken(NAME, printable(why), "cleudocodebot config set KEY VALUE")
}

/// One check for each server; one that is missing is only doubtful while others are there.
fn servers(probed: &[ProbedServer]) -> Vec<Check> {
    let is_any = probed.iter().any(|server| server.found.is_ok());
    let check = |server: &ProbedServer| {
        let address = printable(&server.address);
        match &server.found {
            Ok(version) => {
                let text = format!("{address} answers: NATS {}", printable(version));
                Check::fine(NAME, text)
            }
            Err(trouble) => {
                let (text, remedy) = said(trouble, &address);
                if is_any {
                    Check::doubtful(NAME, text, remedy)
                } else {
                    Check::broken(NAME, text, remedy)
                }
            }
        }
    };
    probed.iter().map(check).collect()
}

/// What is wrong with a server, and what to do.
fn said(trouble: &ServerTrouble, address: &str) -> (String, &'static str) {
    match trouble {
        ServerTrouble::Unknown => (
            format!("{address} leads nowhere: its name is not known"),
            "correct CLUSTER_URL",
        ),
        ServerTrouble::Unreachable(why) => (
            format!("{address} cannot be reached: {}", printable(why)),
            "start the server, or correct CLUSTER_URL; see whether a firewall is between",
        ),
        ServerTrouble::Silent => (
            format!("{address} does not answer in time"),
            "see whether it is a NATS server, and whether a firewall is between",
        ),
        ServerTrouble::Tls(why) => (
            format!("TLS with {address} fails: {}", printable(why)),
            "set CLUSTER_CA to the authority that signed its certificate; tls:// only where the server has TLS",
        ),
        ServerTrouble::Credentials => (
            format!("{address} does not let this machine in"),
            "correct the user and the password in CLUSTER_URL, or the file in CLUSTER_CREDS",
        ),
        ServerTrouble::NoStreams => (
            format!("{address} answers without JetStream"),
            "start it with -js, and give the account of this machine JetStream",
        ),
        ServerTrouble::Old(version) => (
            format!("{address} is NATS {}, too old", printable(version)),
            "install nats-server 2.11 or later there",
        ),
    }
}

/// What the daemon says of its cluster.
fn told(status: &Value, now_ms: u64, times: &Times) -> Vec<Check> {
    let cluster = &status["cluster"];
    if !cluster.is_object() {
        let text = "the daemon is in no cluster yet";
        return vec![Check::doubtful(NAME, text, "cleudocodebot restart")];
    }
    let mut checks = vec![bus(cluster, times)];
    if cluster["draining"] == true {
        let text = "this machine gives up its channels and takes none";
        checks.push(Check::doubtful(NAME, text, "cleudocodebot restart"));
    }
    checks.push(lag(cluster));
    checks.extend(unsent(cluster));
    let machines = cluster["machines"].as_array().into_iter().flatten();
    checks.extend(machines.filter_map(|one| gone(one, now_ms)));
    let channels = cluster["channels"].as_array().into_iter().flatten();
    checks.extend(channels.filter_map(|one| channel(one, cluster)));
    checks
}

fn bus(cluster: &Value, times: &Times) -> Check {
    let text = |name: &str| printable(cluster[name].as_str().unwrap_or("?"));
    if let Some(since_ms) = cluster["away_since_ms"].as_u64() {
        let since = times.full(since_ms);
        let text = format!("the daemon is without the bus since {since}");
        let remedy = "see the servers above; what waits goes out when the bus is back";
        return Check::broken(NAME, text, remedy);
    }
    let count = cluster["nodes"].as_array().map_or(0, Vec::len);
    let (node, name) = (text("node"), text("name"));
    let text = format!("this machine is {node} in {name}; machines there: {count}");
    Check::fine(NAME, text)
}

fn lag(cluster: &Value) -> Check {
    match cluster["behind"].as_u64().unwrap_or(0) {
        0 => Check::fine(NAME, "every event of the others is here"),
        behind if behind <= USUAL => Check::fine(
            NAME,
            format!("{behind} events of the others are on their way"),
        ),
        behind => {
            let text = format!("{behind} events of the others are not here yet");
            Check::doubtful(NAME, text, SEE_LOGS)
        }
    }
}

/// What waits here to be passed on, where that is more than what is under way.
fn unsent(cluster: &Value) -> Option<Check> {
    let count = cluster["to_publish"].as_u64().filter(|count| *count > 0)?;
    let is_away = cluster["away_since_ms"].is_u64();
    let text = format!("{count} events wait here for the bus");
    Some(if is_away || count > USUAL {
        Check::doubtful(NAME, text, SEE_LOGS)
    } else {
        Check::fine(NAME, text)
    })
}

/// A machine that has credentials and is not there.
fn gone(machine: &Value, now_ms: u64) -> Option<Check> {
    if machine["there"] != false {
        return None;
    }
    let node = printable(machine["node"].as_str().unwrap_or("?"));
    let text = match machine["seen_ms"].as_u64() {
        Some(ms) => format!(
            "{node} is not there, last seen {} ago",
            units::since(ms, now_ms)
        ),
        None => format!("{node} is not there"),
    };
    let remedy = "start it; another machine that has the credentials sends meanwhile";
    Some(Check::doubtful(NAME, text, remedy))
}

/// A channel that nobody sends on, or only one machine could.
fn channel(channel: &Value, cluster: &Value) -> Option<Check> {
    let name = printable(channel["channel"].as_str().unwrap_or("?"));
    let stands: Vec<&str> = channel["stands"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let here = cluster["node"].as_str().unwrap_or_default();
    let is_away = cluster["away_since_ms"].is_u64();
    match (channel["owner"].is_string(), stands.as_slice()) {
        (true, [only]) if is_away && *only == here => {
            let text = format!(
                "{name}: this machine alone has the credentials, and sends without the bus"
            );
            Some(Check::doubtful(
                NAME,
                text,
                "give them to another machine too",
            ))
        }
        (true, _) => None,
        (false, [only]) => {
            let only = printable(only);
            let text = format!(
                "no machine sends on {name}: only {only} has the credentials, and it does not"
            );
            let remedy = "start that machine, or give another one the credentials and hand the channel over: \
                          cleudocodebot cluster hand-over CHANNEL NODE";
            Some(Check::broken(NAME, text, remedy))
        }
        (false, _) => {
            let remedy = "one takes over within seconds; if none does: cleudocodebot cluster";
            Some(Check::broken(
                NAME,
                format!("no machine sends on {name}"),
                remedy,
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::check::CheckResult, *};

    fn probed(found: Result<String, ServerTrouble>) -> ProbedServer {
        ProbedServer {
            address: "bus:4222".into(),
            found,
        }
    }

    #[test]
    fn a_server_that_is_away_is_grave_where_no_other_answers() {
        let away = || probed(Err(ServerTrouble::Unreachable("refused".into())));
        let results = |all: &[ProbedServer]| -> Vec<CheckResult> {
            servers(all).iter().map(|check| check.result).collect()
        };
        assert_eq!(results(&[away()]), [CheckResult::Broken]);
        let two = [away(), probed(Ok("2.15.0".into()))];
        assert_eq!(results(&two), [CheckResult::Doubtful, CheckResult::Fine]);
    }

    #[test]
    fn every_trouble_of_a_server_is_said_with_its_remedy() {
        for (trouble, part) in [
            (ServerTrouble::Unknown, "leads nowhere"),
            (ServerTrouble::Silent, "in time"),
            (
                ServerTrouble::Tls("bad certificate".into()),
                "bad certificate",
            ),
            (ServerTrouble::Credentials, "does not let"),
            (ServerTrouble::NoStreams, "JetStream"),
            (ServerTrouble::Old("2.9.1".into()), "2.9.1"),
        ] {
            let check = &servers(&[probed(Err(trouble))])[0];
            assert!(check.text.contains(part), "{part} in {}", check.text);
            assert!(check.remedy.is_some());
        }
    }

    #[test]
    fn what_the_daemon_says_of_the_others_is_judged() {
        let times = Times::new(Some("UTC"), false, true);
        let judged = |cluster: Value| told(&json!({"cluster": cluster}), 60_000, &times);
        let well = judged(
            json!({"name": "home", "node": "a", "nodes": ["a", "b"], "behind": 0, "to_publish": 0,
            "machines": [{"node": "a", "there": true}], "channels": [{"channel": "telegram", "owner": "a"}]}),
        );
        assert!(
            well.iter().all(|check| check.result == CheckResult::Fine),
            "{well:?}"
        );
        assert!(
            well[0].text.contains("a in home; machines there: 2"),
            "{well:?}"
        );
        let ill = judged(
            json!({"name": "home", "node": "a", "nodes": [], "behind": 5000, "to_publish": 3,
            "away_since_ms": 1, "machines": [{"node": "b", "there": false, "seen_ms": 0}],
            "channels": [{"channel": "telegram", "stands": ["b"]}, {"channel": "discord", "stands": ["a", "b"]},
                {"channel": "zap", "owner": "a", "stands": ["a"], "alone": true}]}),
        );
        for part in [
            "without the bus since",
            "5000 events of the others are not here",
            "3 events wait here",
            "b is not there, last seen 1m",
            "only b has the credentials",
            "no machine sends on discord",
            "zap: this machine alone",
        ] {
            let found = ill.iter().find(|check| check.text.contains(part));
            let found = found.unwrap_or_else(|| panic!("{part} in {ill:#?}"));
            assert_ne!(found.result, CheckResult::Fine, "{part}");
            assert!(found.remedy.is_some(), "{part}");
        }
        assert_eq!(told(&json!({}), 0, &times)[0].result, CheckResult::Doubtful);
    }
}
