//! A fake server, a daemon on it, and a client of that.

use std::sync::{Arc, Mutex, MutexGuard};

use cleudocodebot::client::Client;
use serde_json::{Value, json};

use super::servers::{Account, Told, WhatsappFake};
use crate::support::{
    Daemon, Scratch, daemon_command,
    fake::{Fake, Reply},
    history, integration, until_running, until_state,
};

pub(super) use super::servers::Author;

pub(super) const ANA: Author = Author {
    chat: "5511987654321@s.whatsapp.net",
    number: "5511987654321",
    hidden: "103899771998284@lid",
    own: false,
};

/// Written on the phone, to Ana.
pub(super) const OURSELVES: Author = Author {
    number: "5511900000000",
    hidden: "",
    own: true,
    ..ANA
};

/// Ana in a group that hides numbers.
pub(super) const MEMBER: Author = Author {
    chat: "120363021234567890@g.us",
    ..ANA
};

/// A server and the home of the daemon.
pub(super) struct Setup {
    pub server: Arc<dyn WhatsappFake>,
    pub account: Arc<Mutex<Account>>,
    pub fake: Fake,
}

impl Setup {
    pub(super) fn new(server: impl WhatsappFake) -> Self {
        let server: Arc<dyn WhatsappFake> = Arc::new(server);
        let account = Arc::new(Mutex::new(Account::new()));
        let (asked, answers) = (Arc::clone(&account), Arc::clone(&server));
        let fake = Fake::start(move |request| {
            let mut account = asked.lock().expect("not poisoned");
            answers.answer(&mut account, request)
        });
        Self {
            server,
            account,
            fake,
        }
    }

    /// A server whose answer to the first message is lost.
    pub(super) fn losing(server: impl WhatsappFake) -> Self {
        let server: Arc<dyn WhatsappFake> = Arc::new(server);
        let account = Arc::new(Mutex::new(Account::new()));
        let (asked, answers) = (Arc::clone(&account), Arc::clone(&server));
        let fake = Fake::start(move |request| {
            let mut account = asked.lock().expect("not poisoned");
            let before = account.sent.len();
            let answer = answers.answer(&mut account, request);
            if before == 0 && account.sent.len() == 1 {
                return Reply::Half;
            }
            answer
        });
        Self {
            server,
            account,
            fake,
        }
    }

    pub(super) fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().expect("not poisoned")
    }

    /// A daemon of this home on the server, with more settings.
    pub(super) fn daemon(&self, home: &Scratch, settings: &[(&str, &str)]) -> Daemon {
        let mut command = daemon_command(&home.0);
        command
            .env("WHATSAPP_SERVER", self.server.server())
            .env("WHATSAPP_BASE_URL", self.fake.url())
            .env("WHATSAPP_API_TOKEN_INSTANCE", self.server.key())
            .env("WHATSAPP_RATE", "0")
            .env("CLEUDOCODEBOT_RETRY_DELAYS", "1ms,1ms")
            .envs(settings.iter().copied());
        Daemon::from_command(command, &home.0)
    }
}

/// All of it, while everyone may write.
pub(super) struct Stage {
    pub setup: Setup,
    pub daemon: Daemon,
    pub client: Client,
    pub home: Scratch,
}

impl Stage {
    pub(super) async fn open(server: impl WhatsappFake) -> Self {
        let stage = Self::on(Setup::new(server)).await;
        stage.until("running").await;
        stage
    }

    /// On a server that may not be connected.
    pub(super) async fn on(setup: Setup) -> Self {
        let home = Scratch::new();
        let daemon = setup.daemon(&home, &[("WHATSAPP_ALLOW_FROM", "*")]);
        let client = daemon.client().await;
        Self {
            setup,
            daemon,
            client,
            home,
        }
    }

    /// Waits until the channel is in this state, and returns it.
    pub(super) async fn until(&self, state: &str) -> Value {
        let mut states = self.daemon.listener(&["integration.state"]).await;
        let now = integration(&mut self.daemon.client().await, "whatsapp").await;
        match now.filter(|now| now["state"] == state) {
            Some(now) => now,
            None => until_state(&mut states, "whatsapp", state).await,
        }
    }

    /// Posts something, where the server tells it; it has to be taken.
    #[track_caller]
    pub(super) fn post(&self, told: &Told) -> bool {
        let Some(body) = self.setup.server.body(told) else {
            return false;
        };
        assert_eq!(self.post_body(&body), 200, "{body}");
        true
    }

    /// Posts this with its proof; the status of the answer.
    pub(super) fn post_body(&self, body: &str) -> u16 {
        let (path, proof) = {
            let account = self.setup.account();
            let server = &self.setup.server;
            (server.path(&account), server.proof(&account, body))
        };
        self.daemon.post(&path, &proof, body).0
    }

    pub(super) fn message(&self, author: Author, id: &str, message: &Value) {
        let told = Told::Message {
            author,
            id: id.to_owned(),
            message: message.clone(),
        };
        assert!(self.post(&told), "{id} is not told");
    }

    pub(super) async fn stored(&mut self) -> Vec<Value> {
        history(&mut self.client, "whatsapp").await
    }

    /// What became of a message to Ana, with these fields.
    pub(super) async fn send(&mut self, to: &str, more: &Value) -> Value {
        let mut payload = json!({"channel": "whatsapp", "to": to, "wait": true});
        for (key, value) in more.as_object().expect("fields") {
            payload[key] = value.clone();
        }
        self.client
            .call("send", &payload)
            .await
            .expect("an outcome")
    }

    pub(super) async fn running(&mut self) {
        until_running(&mut self.client, "whatsapp").await;
    }
}
