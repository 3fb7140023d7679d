//! What is asked, and which settings come of it. The services and their questions are rows of
//! `config::services`. Nothing is asked that the program can find out, and what `.env` holds is the
//! default, so an empty line changes nothing.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};

use super::dialogue::Dialogue;
use crate::{
    agents::survey::Found,
    cli::output::Terminal,
    config::{
        Config,
        dotenv::Document,
        keys, mask,
        services::{SERVICES, Service},
    },
    error::Result,
    service::{
        port_conflict,
        system::{
            port_owner,
            probe::{GatewayAnswer, GatewayProbe},
        },
        target::InstallTarget,
    },
};

/// How many ports above a taken one are tried.
const NEARBY: u16 = 50;

/// The channels that these changes set up. Several instances of a service have a number behind the
/// name of the first.
pub(super) fn channels(edits: &[EnvEdit]) -> Vec<&'static str> {
    let is_changed = |key: &str| edits.iter().any(|(edited, _)| edited.starts_with(key));
    let services = SERVICES.iter().filter(|service| {
        // The country is asked for by several services and sets up none.
        let own = service.questions.iter().map(|(key, _)| *key);
        let mut own = own.filter(|key| key.starts_with(service.prefix));
        own.any(is_changed)
    });
    let names = services.filter_map(|service| service.channels.first());
    names.copied().collect()
}

/// A change of `.env`.
pub(super) type EnvEdit = (String, String);

/// The questions under way, and what they need to know.
pub(super) struct Interview<'a> {
    /// Who answers.
    pub dialogue: Dialogue<'a>,
    /// Where the questions go.
    pub terminal: &'a mut Terminal,
    /// The present settings.
    pub config: Config,
    /// The present `.env`.
    pub document: Document,
    /// Answers that came as options.
    pub given: Vec<EnvEdit>,
    /// Whether it was said how other devices shall reach it.
    pub reach: bool,
    /// Looks for what could answer messages.
    pub survey: &'a dyn Fn() -> Found,
}

impl Interview<'_> {
    /// Asks about what the shell sets and an installed daemon would not see. Adds what shall be written, and
    /// returns what shall not.
    pub(super) fn take_over(
        &mut self,
        of_the_shell: Vec<EnvEdit>,
        edits: &mut Vec<EnvEdit>,
    ) -> Result<Vec<EnvEdit>> {
        let mut left_out = Vec::new();
        for (key, value) in of_the_shell {
            let is_edited = edits.iter().any(|(edited, _)| *edited == key);
            if is_edited || self.document.get(&key).as_ref() == Some(&value) {
                continue;
            }
            let question = format!(
                "The shell sets {key}, which an installed daemon does not see. Write it into .env?"
            );
            let is_person = self.dialogue.is_person();
            if is_person && self.dialogue.confirm(self.terminal, &question, true)? {
                edits.push((key, value));
            } else {
                left_out.push((key, value));
            }
        }
        Ok(left_out)
    }

    /// Asks, and returns everything that shall change, in the order of the questions.
    pub(super) fn edits(
        &mut self,
        target: &InstallTarget,
        probe: &dyn GatewayProbe,
    ) -> Result<Vec<EnvEdit>> {
        let mut edits = self.given.clone();
        // Who names a way for other devices wants that and nothing else, and an early word if it is not there.
        if self.dialogue.is_person() && !self.reach {
            self.show()?;
            edits.extend(self.port(target, probe)?);
            edits.extend(self.reach()?);
            // The built-in page and bridges need no settings, so there is nothing to ask.
            for service in SERVICES.iter().filter(|one| !one.questions.is_empty()) {
                edits.extend(self.service(service)?);
            }
            edits.extend(self.agents()?);
        }
        Ok(self.changes(edits))
    }

    /// Those of these that change something.
    pub(super) fn changes(&self, mut edits: Vec<EnvEdit>) -> Vec<EnvEdit> {
        edits.retain(|(key, value)| self.document.get(key).as_ref() != Some(value));
        edits
    }

    pub(super) fn is_given(&self, key: &str) -> bool {
        self.given.iter().any(|(given, _)| given == key)
    }

    fn show(&mut self) -> Result<()> {
        let config = &self.config;
        let token = config
            .token
            .as_deref()
            .map_or_else(|| "a fresh one will be made".to_owned(), mask);
        self.terminal.line(format!(
            "home   {}\nport   {}\ntoken  {token}\nAn empty answer takes what stands in brackets.\n",
            config.home.display(),
            config.port
        ))
    }

    fn port(
        &mut self,
        target: &InstallTarget,
        probe: &dyn GatewayProbe,
    ) -> Result<Option<EnvEdit>> {
        if self.is_given(keys::PORT) {
            return Ok(None);
        }
        let (host, port) = (self.config.host, self.config.port);
        let default = match holder(target, probe, host, port) {
            None => port,
            Some(who) => {
                self.terminal
                    .line(format!("Port {port} is taken by {who}."))?;
                free_near(host, port).unwrap_or(port)
            }
        };
        let port = self.dialogue.ask(
            self.terminal,
            "Port for clients",
            &default.to_string(),
            |text| {
                keys::validate(keys::PORT, text).map_err(|_| "a number from 0 to 65535".to_owned())
            },
        )?;
        let edit = (keys::PORT.to_owned(), port);
        Ok(Some(edit).filter(|(_, port)| *port != self.config.port.to_string()))
    }

    /// A gateway that others can reach must allow the names they use, so both are asked together.
    fn reach(&mut self) -> Result<Vec<EnvEdit>> {
        if self.is_given(keys::HOST) || self.is_given(keys::ALLOWED_HOSTS) {
            return Ok(Vec::new());
        }
        let open = !self.config.host.is_loopback();
        let wanted =
            self.dialogue
                .confirm(self.terminal, "Shall other machines reach it?", open)?;
        let mut edits = Vec::new();
        if wanted {
            let names = self.config.allowed_hosts.join(",");
            let names = self.dialogue.ask(
                self.terminal,
                "Names or addresses they use for this machine, with commas between",
                &names,
                |text| {
                    let fits =
                        !text.is_empty() && keys::validate(keys::ALLOWED_HOSTS, text).is_ok();
                    let expected = "at least one, as in gateway.example.org or 192.0.2.7";
                    fits.then_some(()).ok_or_else(|| expected.to_owned())
                },
            )?;
            edits.push((keys::ALLOWED_HOSTS.to_owned(), names));
        }
        if wanted != open {
            let host = if wanted { "0.0.0.0" } else { "127.0.0.1" };
            edits.push((keys::HOST.to_owned(), host.to_owned()));
        }
        Ok(edits)
    }

    fn service(&mut self, service: &Service) -> Result<Vec<EnvEdit>> {
        let is_secret = |key: &str| keys::find(key).is_some_and(|key| key.secret);
        let mut secrets = service.questions.iter().filter(|(key, _)| is_secret(key));
        let is_set_up = secrets.all(|(key, _)| self.document.get(key).is_some());
        let name = service.title;
        let question = if is_set_up {
            format!("{name} is set up. Change it?")
        } else {
            format!("Connect {name}?")
        };
        let mut edits = Vec::new();
        if !self.dialogue.confirm(self.terminal, &question, false)? {
            return Ok(edits);
        }
        for (key, question) in service.questions {
            if !self.is_given(key) {
                edits.extend(self.value(key, question)?);
            }
        }
        Ok(edits)
    }

    /// Asks for the value of a key; `None` if it stays as it is.
    fn value(&mut self, key: &'static str, question: &str) -> Result<Option<EnvEdit>> {
        let spec = keys::find(key);
        let check = |text: &str| {
            let empty = text.is_empty();
            let checked = spec.filter(|_| !empty).map(|spec| spec.kind.check(text));
            checked.unwrap_or(Ok(()))
        };
        let value = if spec.is_some_and(|spec| spec.secret) {
            Some(self.dialogue.ask_secret(self.terminal, question, check)?)
        } else {
            let known = self.document.get(key);
            let default = spec.map_or("", |spec| spec.default);
            let shown = known.unwrap_or_else(|| default.to_owned());
            let value = self.dialogue.ask(self.terminal, question, &shown, check)?;
            Some(value).filter(|value| value != default || shown != default)
        };
        let value = value.filter(|value| !value.is_empty());
        Ok(value.map(|value| (key.to_owned(), value)))
    }
}

/// What else holds the port; `None` if it is free or held by the daemon of this home.
fn holder(
    target: &InstallTarget,
    probe: &dyn GatewayProbe,
    host: IpAddr,
    port: u16,
) -> Option<String> {
    if port == 0 || is_free(host, port) {
        return None;
    }
    let address = probe.address();
    let answer = probe.ask();
    if let GatewayAnswer::Ours(_) | GatewayAnswer::OtherToken = answer {
        return port_conflict::other_owner(target, &answer, &address);
    }
    let owner = port_owner::find(&address);
    Some(owner.unwrap_or_else(|| "another program".to_owned()))
}

fn is_free(host: IpAddr, port: u16) -> bool {
    TcpListener::bind(SocketAddr::new(host, port)).is_ok()
}

fn free_near(host: IpAddr, port: u16) -> Option<u16> {
    let host = if host.is_unspecified() {
        host
    } else {
        Ipv4Addr::LOCALHOST.into()
    };
    (1..NEARBY)
        .filter_map(|step| port.checked_add(step))
        .find(|port| is_free(host, *port))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cli::output::captured,
        config::{self, Environment, Overrides},
        service::{
            system::{probe::DaemonIdentity, this_machine::ThisMachine},
            target::{InstallTarget, Scope},
        },
    };

    /// The questions ask it nothing.
    struct UnaskedGateway;

    impl GatewayProbe for UnaskedGateway {
        fn ask(&self) -> GatewayAnswer {
            GatewayAnswer::Ours(DaemonIdentity::default())
        }
        fn shut_down(&self) -> Result<()> {
            Ok(())
        }
        fn address(&self) -> String {
            String::new()
        }
    }

    /// What these answers change in this `.env`, and what was shown.
    fn answered(
        env: &str,
        given: &[(&str, &str)],
        answers: &'static str,
    ) -> (Vec<EnvEdit>, String) {
        answered_with(&Found::default(), env, given, answers)
    }

    /// The same on a machine where this is found.
    fn answered_with(
        found: &Found,
        env: &str,
        given: &[(&str, &str)],
        answers: &'static str,
    ) -> (Vec<EnvEdit>, String) {
        interviewed(found, env, given, answers, |interview, target| {
            interview.edits(target, &UnaskedGateway).expect("answered")
        })
    }

    /// What comes of an interview, and what was shown.
    fn interviewed<T>(
        found: &Found,
        env: &str,
        given: &[(&str, &str)],
        answers: &'static str,
        work: impl FnOnce(&mut Interview<'_>, &InstallTarget) -> T,
    ) -> (T, String) {
        let home = std::env::temp_dir().join("cleudocodebot-nowhere");
        let environment = Environment::from_pairs([("HOME", "/nowhere")]);
        let overrides = Overrides {
            home: Some(home.clone()),
            settings: vec![(keys::PORT.to_owned(), "0".to_owned())],
            ..Overrides::default()
        };
        let config = config::load(&overrides, &environment).expect("settings");
        let target =
            InstallTarget::survey(Scope::User, home, &environment, &ThisMachine).expect("a site");
        let (mut terminal, out, _) = captured::terminal();
        let pair = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        let mut interview = Interview {
            dialogue: Dialogue::Person(Box::new(answers.as_bytes())),
            terminal: &mut terminal,
            config: config.config,
            document: Document::parse(env).expect("a document"),
            given: given.iter().map(pair).collect(),
            reach: false,
            survey: &|| found.clone(),
        };
        let done = work(&mut interview, &target);
        (done, out.text())
    }

    fn edit(key: &str, value: &str) -> EnvEdit {
        (key.to_owned(), value.to_owned())
    }

    #[test]
    fn empty_answers_change_nothing() {
        let (edits, shown) = answered("", &[], "\n\n\n\n\n\n");
        assert_eq!(edits, []);
        assert!(shown.contains("a fresh one will be made"), "{shown}");
        assert!(shown.contains("Port for clients [0]: "), "{shown}");
    }

    #[test]
    fn what_the_shell_sets_is_written_or_left_out_as_the_user_likes() {
        let mut more = vec![edit(keys::PORT, "5000"), edit(keys::HOST, "127.0.0.2")];
        let env = "CLEUDOCODEBOT_LOG_LEVEL=debug\n";
        more.push(edit("CLEUDOCODEBOT_LOG_LEVEL", "debug"));
        let take_over = |interview: &mut Interview<'_>, _: &InstallTarget| {
            let mut edits = Vec::new();
            let left = interview.take_over(more, &mut edits).expect("answered");
            (edits, left)
        };
        let ((edits, left), shown) = interviewed(&Found::default(), env, &[], "\nn\n", take_over);
        assert_eq!(edits, [edit(keys::PORT, "5000")]);
        assert_eq!(left, [edit(keys::HOST, "127.0.0.2")]);
        assert!(!shown.contains("LOG_LEVEL"), "{shown}");
    }

    #[test]
    fn answers_become_settings() {
        let (edits, _) = answered("", &[], "18790\ny\nbox.example\ny\n12:ab\nn\nn\nn\n");
        let expected = [
            edit(keys::PORT, "18790"),
            edit(keys::ALLOWED_HOSTS, "box.example"),
            edit(keys::HOST, "0.0.0.0"),
            edit("TELEGRAM_BOT_TOKEN", "12:ab"),
        ];
        assert_eq!(edits, expected);
        assert_eq!(channels(&edits), ["telegram"]);
    }

    #[test]
    fn who_answers_is_asked_where_something_is_found() {
        let found = Found {
            pi: Some("1.5.2".to_owned()),
            ollama: vec!["llama3:latest".to_owned(), "r1:8b".to_owned()],
        };
        let ask = |env, answers| answered_with(&found, env, &[], answers);
        let (edits, shown) = ask("", "\n\n\n\n\n\n\n");
        assert_eq!(edits, []);
        assert!(
            shown.contains("pi (1.5.2), ollama (2 models) [nobody]"),
            "{shown}"
        );
        let (edits, _) = ask("", "\n\n\n\n\n\nollama\nr1:8b\n");
        assert_eq!(
            edits,
            [edit("AGENT", "openai"), edit("OLLAMA_MODEL", "r1:8b")]
        );
        let (edits, _) = ask("", "\n\n\n\n\n\npi\n\n");
        assert_eq!(edits, [edit("AGENT", "pi")]);
        let (edits, _) = ask("AGENT=pi\n", "\n\n\n\n\n\nnobody\n");
        assert_eq!(edits, [edit("AGENT", "")]);
        let (edits, _) = ask("AGENT=mine,pi\n", "\n\n\n\n\n\n\n");
        assert_eq!(edits, []);
    }

    #[test]
    fn what_came_as_an_option_is_not_asked_and_what_stands_there_is_no_change() {
        let given = [(keys::PORT, "7"), ("A", "1")];
        let (edits, shown) = answered("A=1\n", &given, "\n\n\n\n\n");
        assert_eq!(edits, [edit(keys::PORT, "7")]);
        assert!(!shown.contains("Port for clients"), "{shown}");
    }

    #[test]
    fn a_service_that_is_set_up_shows_what_is_known_and_no_secret() {
        let env = "WHATSAPP_API_TOKEN_INSTANCE=hunter2\nWHATSAPP_INSTANCE_NAME=mine\n";
        let (edits, shown) = answered(env, &[], "\n\n\ny\n\nhttp://box:1\n\n\nBR\n\n\n");
        let expected = [
            edit("WHATSAPP_BASE_URL", "http://box:1"),
            edit(keys::COUNTRY, "BR"),
        ];
        assert_eq!(edits, expected);
        assert_eq!(channels(&edits), ["whatsapp"]);
        assert!(shown.contains("is set up. Change it?"), "{shown}");
        assert!(
            shown.contains("[mine]") && !shown.contains("hunter2"),
            "{shown}"
        );
    }
}
