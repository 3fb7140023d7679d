//! Discord's integration against a fake of the service.

mod coming;
mod connection;
#[cfg(target_os = "linux")]
mod memory;
mod sending;

use cleudocodebot::client::Client;
use serde_json::{Value, json};

use crate::support::{
    Daemon, Scratch, daemon_command,
    discord::{ANA, DiscordFake, use_discord},
};

/// A fake, and a home for daemons with one bot on it.
struct DiscordSetup {
    fake: DiscordFake,
    home: Scratch,
}

impl DiscordSetup {
    fn new() -> Self {
        Self {
            fake: DiscordFake::start(),
            home: Scratch::new(),
        }
    }

    fn daemon(&self, settings: &[(&str, &str)]) -> Daemon {
        let mut command = daemon_command(&self.home.0);
        use_discord(&mut command, &self.fake).envs(settings.iter().copied());
        Daemon::from_command(command, &self.home.0)
    }
}

/// Sends, and waits for the outcome.
async fn send(client: &mut Client, payload: Value) -> Value {
    let mut whole = json!({"channel": "discord", "to": "42", "wait": true});
    for (key, value) in payload.as_object().expect("fields") {
        whole[key] = value.clone();
    }
    client.call("send", &whole).await.expect("an outcome")
}

/// The peer of Ana's direct messages.
fn ana() -> String {
    format!("user:{ANA}")
}
