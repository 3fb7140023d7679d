//! A fake Evolution API, a daemon that uses it, and what it posts.

use std::{collections::VecDeque, sync::Mutex};

use serde_json::{Value, json};

use crate::support::{
    Daemon, Scratch, assert_field, daemon_command,
    fake::{Fake, Reply, Request},
    services::{self, use_evolution},
};

/// A fake service, and the home of the daemon.
pub(super) struct EvolutionSetup {
    pub fake: Fake,
    pub home: Scratch,
}

impl EvolutionSetup {
    pub(super) fn new(answers: Vec<Reply>, found: Value) -> Self {
        let answers = Mutex::new(VecDeque::from(answers));
        Self::serving(found, move |_| {
            let next = answers.lock().expect("not poisoned").pop_front();
            next.unwrap_or_else(|| Reply::Json(201, json!({"key": {"id": "3EB0"}})))
        })
    }

    /// A service that answers sends by `answer`, and finds these messages: those with a `remoteJid` only
    /// when asked for it.
    pub(super) fn serving(
        found: Value,
        answer: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let fake = services::evolution(move |request| match request.path.as_str() {
            "/chat/findMessages/Cleudocode" => {
                let asked = &request.body["where"]["key"]["remoteJid"];
                let mut found = found.as_array().expect("messages").clone();
                found.retain(|one| one["key"].get("remoteJid").is_none_or(|jid| jid == asked));
                Reply::Json(200, json!({"messages": {"records": found}}))
            }
            _ => answer(request),
        });
        Self {
            fake,
            home: Scratch::new(),
        }
    }

    /// Starts the daemon; returns it with the secret that it registered for the webhook.
    pub(super) fn daemon(&self) -> (Daemon, String) {
        self.daemon_with(&[])
    }

    /// The same with more settings.
    pub(super) fn daemon_with(&self, settings: &[(&str, &str)]) -> (Daemon, String) {
        let mut command = daemon_command(&self.home.0);
        use_evolution(&mut command, &self.fake)
            .env("WHATSAPP_ALLOW_FROM", "551133334444, +55 11 98765-4321")
            .envs(settings.iter().copied());
        let daemon = Daemon::from_command(command, &self.home.0);
        let webhook = self.fake.saw("/webhook/set/Cleudocode").body["webhook"].take();
        let url = format!("http://{}/webhooks/whatsapp", daemon.address);
        assert_field(&webhook, "url", json!(url.as_str()));
        let secret = webhook["headers"]["x-cleudocodebot-secret"].as_str();
        (daemon, secret.expect("a secret").to_owned())
    }
}

/// Posts to the webhook; the status of the answer.
pub(super) fn post(daemon: &Daemon, body: &Value, secret: &str) -> u16 {
    let header = format!("x-cleudocodebot-secret: {secret}");
    daemon
        .post("/webhooks/whatsapp", &header, &body.to_string())
        .0
}

/// A new message as the service posts it, `own` if the account itself wrote it.
pub(super) fn upsert(id: &str, jid: &str, own: bool, text: &str) -> Value {
    json!({"event": "messages.upsert", "instance": "Cleudocode", "apikey": "k", "data": {
        "key": {"id": id, "remoteJid": jid, "fromMe": own}, "message": {"conversation": text}}})
}
