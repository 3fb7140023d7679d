//! What is asked, and which settings come of it. Nothing that can be known is asked; what stands in
//! `.env` is the default, so an empty line changes nothing.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};

use super::{super::terminal::Terminal, dialogue::Dialogue};
use crate::{
    config::{Config, dotenv::Document, keys, mask},
    error::Result,
    service::{
        door::{Answer, Door},
        port_owner,
        site::Site,
        state,
    },
};

/// Ports above a taken one that are tried.
const NEARBY: u16 = 50;

/// A service and the keys it needs, the first of which says whether it is wanted.
struct Service {
    name: &'static str,
    keys: &'static [Wanted],
}

struct Wanted {
    key: &'static str,
    question: &'static str,
    secret: bool,
    default: &'static str,
}

const SERVICES: &[Service] = &[
    Service {
        name: "Telegram",
        keys: &[Wanted {
            key: "TELEGRAM_BOT_TOKEN",
            question: "Bot token from @BotFather",
            secret: true,
            default: "",
        }],
    },
    Service {
        name: "WhatsApp (Evolution API)",
        keys: &[
            Wanted {
                key: "WHATSAPP_BASE_URL",
                question: "Address of the Evolution API, as in http://localhost:8080",
                secret: false,
                default: "",
            },
            Wanted {
                key: "WHATSAPP_API_TOKEN_INSTANCE",
                question: "Its API key",
                secret: true,
                default: "",
            },
            Wanted {
                key: "WHATSAPP_INSTANCE_NAME",
                question: "Name of the instance",
                secret: false,
                default: "Cleudocode",
            },
        ],
    },
];

/// A change of `.env`.
pub(super) type Edit = (String, String);

/// What the questions need to know.
pub(super) struct Interview<'a> {
    /// Who answers.
    pub dialogue: Dialogue<'a>,
    /// Where the questions go.
    pub terminal: &'a mut Terminal,
    /// The settings as they stand.
    pub config: Config,
    /// The file as it stands.
    pub document: Document,
    /// Answers that came as options.
    pub given: Vec<Edit>,
}

impl Interview<'_> {
    /// Everything that shall change, in the order of the questions.
    pub(super) fn edits(&mut self, site: &Site, door: &dyn Door) -> Result<Vec<Edit>> {
        let mut edits = self.given.clone();
        if self.dialogue.is_person() {
            self.show()?;
            edits.extend(self.port(site, door)?);
            edits.extend(self.reach()?);
            for service in SERVICES {
                edits.extend(self.service(service)?);
            }
        }
        edits.retain(|(key, value)| self.document.get(key).as_ref() != Some(value));
        Ok(edits)
    }

    fn is_given(&self, key: &str) -> bool {
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

    fn port(&mut self, site: &Site, door: &dyn Door) -> Result<Option<Edit>> {
        if self.is_given(keys::PORT) {
            return Ok(None);
        }
        let (host, port) = (self.config.host, self.config.port);
        let default = match holder(site, door, host, port) {
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

    /// A gateway that others can reach needs the names they use; nobody has to know that beforehand.
    fn reach(&mut self) -> Result<Vec<Edit>> {
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

    fn service(&mut self, service: &Service) -> Result<Vec<Edit>> {
        let known = |wanted: &Wanted| self.document.get(wanted.key).is_some();
        let is_set_up = service.keys.iter().all(known);
        let name = service.name;
        let question = if is_set_up {
            format!("{name} is set up. Change it?")
        } else {
            format!("Connect {name}?")
        };
        let mut edits = Vec::new();
        if !self.dialogue.confirm(self.terminal, &question, false)? {
            return Ok(edits);
        }
        for wanted in service.keys {
            if self.is_given(wanted.key) {
                continue;
            }
            let value = self.value(wanted)?;
            if !value.is_empty() {
                edits.push((wanted.key.to_owned(), value));
            }
        }
        Ok(edits)
    }

    fn value(&mut self, wanted: &Wanted) -> Result<String> {
        if wanted.secret {
            return self.dialogue.ask_secret(self.terminal, wanted.question);
        }
        let known = self.document.get(wanted.key);
        let default = known.unwrap_or_else(|| wanted.default.to_owned());
        let check = |_: &str| Ok(());
        self.dialogue
            .ask(self.terminal, wanted.question, &default, check)
    }
}

/// Who else has the port. Our own daemon may have it.
fn holder(site: &Site, door: &dyn Door, host: IpAddr, port: u16) -> Option<String> {
    if port == 0 || is_free(host, port) {
        return None;
    }
    let address = door.address();
    let answer = door.ask();
    if let Answer::Ours(_) | Answer::OtherToken = answer {
        return state::port_holder(site, &answer, &address);
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
