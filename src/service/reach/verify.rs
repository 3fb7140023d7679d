//! Asking oneself through the address that others use: whoever answers `/healthz` there with the mark of this run is
//! this daemon, whatever lies between.

use std::time::Duration;

use super::Obstacle;
use crate::{
    config::{BaseUrl, keys::HOST},
    http_client::{Distrust, HttpAnswer, ProbeError, Probed, probe},
};

/// The question that needs no token: none is sent to whoever answers.
const PATH: &str = "/healthz";

/// How long each step may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The same of Tailscale, which fetches the certificate at the first handshake.
const PATIENCE_OF_TAILSCALE: Duration = Duration::from_secs(60);

/// The names that Tailscale gives.
const OF_TAILSCALE: &str = ".ts.net";

/// What answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// When the certificate that was shown ends, ms since 1970.
    pub until_ms: Option<u64>,
}

/// Asks at `url`; `here` is where the daemon answers on this machine, as `host:port`.
pub async fn ask(url: &BaseUrl, here: &str) -> Result<Answered, Obstacle> {
    let own = own_mark(here).await?;
    let patience = if is_of_tailscale(url) {
        PATIENCE_OF_TAILSCALE
    } else {
        PATIENCE
    };
    let probed = probe(url, PATH, patience).await;
    let Probed { answer, until_ms } = probed.map_err(|error| obstacle(url, &error))?;
    check_answer(url, here, &own, &answer)?;
    Ok(Answered { until_ms })
}

/// The mark of the daemon's run.
async fn own_mark(here: &str) -> Result<String, Obstacle> {
    let nobody = || {
        Obstacle::new(
            format!("no daemon answers at {here}, so nobody can be reached"),
            "start it: cleudocodebot daemon",
        )
    };
    let here = BaseUrl::parse(&format!("http://{here}")).map_err(|_| nobody())?;
    let probed = probe(&here, PATH, PATIENCE).await.map_err(|_| nobody())?;
    mark(&probed.answer).ok_or_else(|| {
        Obstacle::new(
            format!("{} is no daemon of this version", here.authority()),
            "restart it: cleudocodebot restart",
        )
    })
}

fn mark(answer: &HttpAnswer) -> Option<String> {
    let mark = &answer.json()["instance"];
    mark.as_str().map(str::to_owned)
}

fn is_of_tailscale(url: &BaseUrl) -> bool {
    url.host().ends_with(OF_TAILSCALE)
}

fn check_answer(url: &BaseUrl, here: &str, own: &str, answer: &HttpAnswer) -> Result<(), Obstacle> {
    let name = url.authority();
    match (answer.status, answer.json()["code"].as_str()) {
        (200, _) if mark(answer).as_deref() == Some(own) => Ok(()),
        (200, _) => Err(Obstacle::new(
            format!("{name} is answered by somebody else, not by the daemon at {here}"),
            "let the name, or the proxy there, lead to this machine and port",
        )),
        (403, Some("forbidden_host")) => Err(Obstacle::new(
            format!("the daemon is reached at {name}, and does not take that name"),
            "have it read its settings: cleudocodebot reload",
        )),
        (502..=504, _) => Err(Obstacle::new(
            format!(
                "the proxy at {name} does not reach the gateway (status {})",
                answer.status
            ),
            format!("have it pass on to http://{here}"),
        )),
        (status @ 300..400, _) => Err(Obstacle::new(
            format!("{name} sends elsewhere (status {status})"),
            "name the address that it leads to",
        )),
        (status, _) => Err(Obstacle::new(
            format!("{name} answers with status {status}"),
            "see the log of the proxy there",
        )),
    }
}

/// Why there was no answer, and what to do.
fn obstacle(url: &BaseUrl, error: &ProbeError) -> Obstacle {
    let name = url.authority();
    let (text, remedy) = match error {
        ProbeError::NotFound(_) if is_of_tailscale(url) => (
            format!("{name} has no address here"),
            "let this machine use the names of its tailnet: tailscale set --accept-dns=true"
                .to_owned(),
        ),
        ProbeError::NotFound(why) => (
            format!("{name} has no address here ({why})"),
            "give it one in the DNS of your network, or name an address of this machine".to_owned(),
        ),
        ProbeError::Refused => (
            format!("nothing listens at {name}"),
            format!("start what shall listen there; {HOST} says where the daemon does"),
        ),
        ProbeError::TimedOut => (
            format!("{name} did not answer in time"),
            "look for a firewall on the way".to_owned(),
        ),
        ProbeError::Unreachable(why) => (
            format!("{name} cannot be reached: {why}"),
            "look at its address, and at the network".to_owned(),
        ),
        ProbeError::NoTls(_) => (
            format!("what listens at {name} does not speak TLS"),
            "let the address lead to the port that speaks https".to_owned(),
        ),
        ProbeError::Untrusted(distrust) => return untrusted(name, distrust),
        ProbeError::Broken(why) => (
            format!("{name} broke the connection: {why}"),
            "see the log of the daemon, or of the proxy there".to_owned(),
        ),
    };
    Obstacle::new(text, remedy)
}

fn untrusted(name: &str, distrust: &Distrust) -> Obstacle {
    let (text, remedy) = match distrust {
        Distrust::OtherName => ("is for other names", "get one for this name"),
        Distrust::Ended => ("has ended", "renew it"),
        Distrust::NotYet => ("is not valid yet", "look at the clock of this machine"),
        Distrust::UnknownAuthority => (
            "is signed by nobody whom this machine trusts",
            "install its authority on each device, or get one of an authority that all trust",
        ),
        Distrust::Other(why) => {
            let text = format!("the certificate at {name} cannot be used: {why}");
            return Obstacle::new(text, "get another one");
        }
    };
    Obstacle::new(format!("the certificate at {name} {text}"), remedy)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::{Value, json};

    use super::*;

    fn checked(status: u16, body: &Value) -> Result<(), String> {
        let url = BaseUrl::parse("https://box.lan").expect("fine");
        let answer = HttpAnswer::new(status, Bytes::from(body.to_string()));
        let checked = check_answer(&url, "127.0.0.1:1", "ab", &answer);
        checked.map_err(|obstacle| obstacle.to_string())
    }

    #[test]
    fn only_the_same_run_is_us() {
        assert_eq!(checked(200, &json!({"ok": true, "instance": "ab"})), Ok(()));
        for (status, body, told) in [
            (200, json!({"ok": true, "instance": "cd"}), "somebody else"),
            (200, json!("hello"), "somebody else"),
            (
                403,
                json!({"code": "forbidden_host"}),
                "cleudocodebot reload",
            ),
            (403, json!({}), "status 403"),
            (502, json!({}), "pass on to http://127.0.0.1:1"),
            (308, json!({}), "sends elsewhere"),
        ] {
            let refused = checked(status, &body).expect_err("refused");
            assert!(refused.contains(told), "{status} {body}: {refused}");
        }
    }

    #[test]
    fn each_reason_has_its_remedy() {
        let told =
            |url: &str, error| obstacle(&BaseUrl::parse(url).expect("fine"), &error).to_string();
        let not_found = || ProbeError::NotFound("unknown".to_owned());
        assert!(told("https://box.tail1.ts.net", not_found()).contains("--accept-dns"));
        assert!(told("https://box.lan", not_found()).contains("DNS of your network"));
        assert!(
            told("https://box.lan", ProbeError::Refused).contains("nothing listens at box.lan")
        );
        for (distrust, text) in [
            (Distrust::OtherName, "is for other names"),
            (Distrust::Ended, "has ended; renew it"),
            (Distrust::NotYet, "clock"),
            (
                Distrust::UnknownAuthority,
                "nobody whom this machine trusts",
            ),
            (Distrust::Other("odd".to_owned()), "cannot be used: odd"),
        ] {
            let said = told("https://box.lan", ProbeError::Untrusted(distrust));
            assert!(said.contains(text), "{said}");
        }
    }
}
