//! `--reach`: how other devices shall reach the gateway. What is missing is told before anything is written; once all is
//! written, the gateway is asked through the way that was chosen.

use super::{
    dialogue::Dialogue,
    questions::{EnvEdit, Interview},
};
use crate::{
    cli::{
        installed_daemon::Installation,
        output::{Terminal, Times},
    },
    config::{
        BaseUrl, Config,
        keys::{
            self, ALLOWED_HOSTS, HOST, PORT,
            reach::{PUBLIC_URL, TLS_CERT, TLS_KEY},
        },
    },
    error::{Error, Result},
    service::{
        reach::{
            Obstacle, Way,
            tailscale::{Serving, Tailscale},
        },
        system::{executor::Executor, runtime_file},
    },
};

/// What listens for others on all interfaces.
const EVERYWHERE: &str = "0.0.0.0";

/// What the way needs besides settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing.
    Settings,
    /// Tailscale is to serve this port.
    Serve(Tailscale, u16),
    /// Tailscale is to serve it no more.
    StopServing(Tailscale),
}

/// What the chosen way changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    /// What to change in `.env`.
    pub edits: Vec<EnvEdit>,
    /// What to do besides.
    pub step: Step,
    /// The address that is to be asked afterwards.
    pub url: Option<BaseUrl>,
}

/// What the ways are decided by.
pub(super) struct Ground<'a> {
    /// The present settings.
    pub config: &'a Config,
    /// What is about to be changed in them.
    pub edits: &'a [EnvEdit],
    /// Looks at the machine.
    pub executor: &'a Executor<'a>,
    /// The system of the machine.
    pub system: crate::service::system::platform::System,
}

impl Ground<'_> {
    /// A setting as it is going to be; `None` where it is empty.
    fn setting(&self, key: &str) -> Option<&str> {
        let edited = self.edits.iter().rfind(|(edited, _)| edited == key);
        edited
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    fn port(&self) -> Result<u16> {
        let port = self.setting(PORT).and_then(|port| port.parse().ok());
        match port.unwrap_or(self.config.port) {
            0 => Err(Error::Usage(format!(
                "{PORT} is 0, so each start has another port; choose one with --port"
            ))),
            port => Ok(port),
        }
    }

    /// The first of the names under which others are to reach us.
    fn name(&self, way: &str) -> Result<String> {
        let given = self
            .setting(ALLOWED_HOSTS)
            .map(|hosts| hosts.split(',').next());
        let known = || self.config.allowed_hosts.first().map(String::as_str);
        let name = given.unwrap_or_else(known).map(str::trim);
        name.filter(|name| !name.is_empty())
            .map(str::to_owned)
            .ok_or_else(|| {
                Error::Usage(format!(
                    "--reach {way} needs the name under which others reach this machine: \
                 --allowed-hosts NAME"
                ))
            })
    }

    /// What the way needs, and asks whether it shall be done.
    pub(super) fn plan(
        &self,
        way: Way,
        dialogue: &mut Dialogue<'_>,
        terminal: &mut Terminal,
    ) -> Result<Plan> {
        match way {
            Way::Tailscale => self.tailscale(dialogue, terminal),
            Way::Lan => self.lan(),
            Way::Proxy => self.proxy(),
            Way::None => self.none(dialogue, terminal),
        }
    }

    fn tailscale(&self, dialogue: &mut Dialogue<'_>, terminal: &mut Terminal) -> Result<Plan> {
        let port = self.port()?;
        let tailscale =
            Tailscale::find(self.executor, self.system).map_err(|obstacle| refused(&obstacle))?;
        let url = tailscale.url();
        let step = match tailscale.serving(self.executor, port) {
            Serving::Us => Step::Settings,
            Serving::Other(what) => {
                let command = tailscale.off_command();
                return Err(refused(&Obstacle {
                    text: format!("Tailscale serves {what} at {url} already"),
                    remedy: format!("end that with `{command}`, or use --reach proxy"),
                }));
            }
            Serving::Nothing => {
                let command = tailscale.command(port);
                let question = format!("Run `{command}`, so that your devices reach it at {url}?");
                if !dialogue.confirm(terminal, &question, true)? {
                    return Err(declined());
                }
                Step::Serve(tailscale, port)
            }
        };
        plan(vec![(PUBLIC_URL, url.clone())], step, Some(&url))
    }

    /// The certificate is judged here already: a daemon would not start with a wrong one.
    fn lan(&self) -> Result<Plan> {
        let (name, port) = (self.name("lan")?, self.port()?);
        let host = name.split(':').next().unwrap_or_default();
        self.check_certificate(host)?;
        let url = format!("https://{host}:{port}");
        let mut edits = vec![(PUBLIC_URL, url.clone())];
        if self.setting(HOST).is_none() && self.config.host.is_loopback() {
            edits.push((HOST, EVERYWHERE.to_owned()));
        }
        plan(edits, Step::Settings, Some(&url))
    }

    #[cfg(feature = "tls")]
    fn check_certificate(&self, host: &str) -> Result<()> {
        use crate::{certificate::Certificate, config::TlsFiles};
        let home = &self.config.home;
        let given = |key| self.setting(key).map(|path| home.join(path));
        let present = self.config.tls.as_ref();
        let certificate = given(TLS_CERT).or_else(|| Some(present?.certificate.clone()));
        let key = given(TLS_KEY).or_else(|| Some(present?.key.clone()));
        let (Some(certificate), Some(key)) = (certificate, key) else {
            return Err(Error::Usage(
                "--reach lan needs a certificate for the name of this machine: \
                 --tls-cert FILE --tls-key FILE"
                    .to_owned(),
            ));
        };
        let loaded = Certificate::load(&TlsFiles { certificate, key }).map_err(Error::Config)?;
        if !loaded.is_for(host) {
            return Err(Error::Config(format!(
                "the certificate is not for {host}; get one for that name, or name another: \
                 --allowed-hosts NAME"
            )));
        }
        match loaded.is_due(crate::clock::now_ms()) {
            Some(due)
                if loaded
                    .until_ms
                    .is_some_and(|until| until < crate::clock::now_ms()) =>
            {
                Err(Error::Config(due))
            }
            _ => Ok(()),
        }
    }

    #[cfg(not(feature = "tls"))]
    #[allow(clippy::unused_self, reason = "the same shape as with the feature")]
    fn check_certificate(&self, _: &str) -> Result<()> {
        let _ = (TLS_CERT, TLS_KEY);
        Err(Error::Usage(
            "--reach lan needs TLS, and this program was built without the feature tls".to_owned(),
        ))
    }

    fn proxy(&self) -> Result<Plan> {
        let url = format!("https://{}", self.name("proxy")?);
        plan(vec![(PUBLIC_URL, url.clone())], Step::Settings, Some(&url))
    }

    /// Undoes the others, but for the certificate: it does no harm on loopback.
    fn none(&self, dialogue: &mut Dialogue<'_>, terminal: &mut Terminal) -> Result<Plan> {
        let mut edits = Vec::new();
        if self.config.public_url.is_some() {
            edits.push((PUBLIC_URL, String::new()));
        }
        if !self.config.host.is_loopback() {
            edits.push((HOST, "127.0.0.1".to_owned()));
        }
        let step = match self.served_by_tailscale() {
            None => Step::Settings,
            Some(tailscale) => {
                let command = tailscale.off_command();
                let question = format!("Run `{command}`, so that Tailscale serves it no more?");
                if !dialogue.confirm(terminal, &question, true)? {
                    return Err(declined());
                }
                Step::StopServing(tailscale)
            }
        };
        plan(edits, step, None)
    }

    fn served_by_tailscale(&self) -> Option<Tailscale> {
        let tailscale = Tailscale::find(self.executor, self.system).ok()?;
        let port = self.port().ok()?;
        let serves_us = tailscale.serving(self.executor, port) == Serving::Us;
        serves_us.then_some(tailscale)
    }
}

fn plan(edits: Vec<(&str, String)>, step: Step, url: Option<&String>) -> Result<Plan> {
    let edits = edits
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value));
    let edits: Vec<EnvEdit> = edits.collect();
    for (key, value) in &edits {
        keys::validate(key, value)?;
    }
    let url = url.map(|url| BaseUrl::parse(url)).transpose();
    let url = url.map_err(Error::Usage)?;
    Ok(Plan { edits, step, url })
}

fn refused(obstacle: &Obstacle) -> Error {
    Error::Failed(obstacle.to_string())
}

fn declined() -> Error {
    Error::Usage("nothing was changed".to_owned())
}

impl Plan {
    /// Does what is to be done besides the settings, before they are written: an address that does not work is not
    /// to stand there.
    pub(super) fn prepare(&self, executor: &mut Executor<'_>) -> Result<()> {
        match &self.step {
            Step::Settings => Ok(()),
            Step::Serve(tailscale, port) => tailscale.serve(executor, *port),
            Step::StopServing(tailscale) => tailscale.stop(executor),
        }
        .map_err(|obstacle| refused(&obstacle))
    }

    /// Asks the gateway through the way, once a daemon runs with the new settings; a line on what came of it.
    pub(super) fn verify(
        &self,
        installation: &Installation,
        times: &Times,
    ) -> Result<Option<String>> {
        let Some(url) = &self.url else {
            return Ok(None);
        };
        let shown = url.url();
        if !runtime_file::is_held(&installation.target.home)? {
            return Ok(Some(format!(
                "no daemon runs yet, so {shown} was not tried; cleudocodebot doctor does it later"
            )));
        }
        let waiting = installation.probe.reload()?;
        if !waiting.is_empty() {
            return Ok(Some(format!(
                "{} waits for a restart: cleudocodebot restart, then cleudocodebot doctor",
                waiting.join(", ")
            )));
        }
        let answered = installation
            .probe
            .ask_through(url)
            .map_err(|obstacle| refused(&obstacle))?;
        let until = answered.until_ms.map_or_else(String::new, |ms| {
            format!(", with a certificate until {}", times.full(ms))
        });
        Ok(Some(format!("reached at {shown}{until}")))
    }
}

impl Interview<'_> {
    /// Plans the way, where one was named.
    pub(super) fn plan(
        &mut self,
        way: Option<Way>,
        edits: &[EnvEdit],
        installation: &Installation,
    ) -> Result<Option<Plan>> {
        let Some(way) = way else {
            return Ok(None);
        };
        let (dialogue, terminal, config) = (&mut self.dialogue, &mut *self.terminal, &self.config);
        let planned = installation.inspect(|target, executor| {
            let ground = Ground {
                config,
                edits,
                executor,
                system: target.system,
            };
            ground.plan(way, dialogue, terminal)
        });
        planned.map(Some)
    }
}

#[cfg(test)]
mod tests;
