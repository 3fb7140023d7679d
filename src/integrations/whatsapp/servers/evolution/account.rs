//! Which instances an Evolution API has, before one of them is written into the settings.

use serde_json::{Value, json};

use super::{
    api_of,
    errors::{Fault, fault, is_success},
};
use crate::{
    integrations::whatsapp::{connection::with_advice, settings::WhatsappSettings},
    message::text_at,
};

/// Instances that are told.
const MAX_INSTANCES: usize = 100;

/// The instances that this key gives access to: all with the server's own key, else the one whose key it is
/// (<https://doc.evolution-api.com/v2/api-reference/instance-controller/fetch-instances>).
pub(in super::super) async fn instances(settings: &WhatsappSettings) -> Result<Value, String> {
    let api = api_of(settings);
    let asked = api.get("/instance/fetchInstances").await;
    let answer = asked.map_err(|error| error.to_string())?;
    let found = answer.json();
    let all = found.as_array().filter(|_| is_success(&answer));
    let Some(all) = all else {
        return Err(match fault(&answer, &api.address) {
            Fault::Unauthorized(why) | Fault::Other(why) => why,
            Fault::Trouble(trouble) => with_advice(&trouble),
            // It says so where a key has no instance at all.
            Fault::NoInstance => return Ok(json!({"instances": []})),
        });
    };
    let told: Value = all
        .iter()
        .filter_map(instance)
        .take(MAX_INSTANCES)
        .collect();
    Ok(json!({"instances": told}))
}

/// One of them, without its key: `Cleudocode`, whether a phone is paired, and whose.
fn instance(found: &Value) -> Option<Value> {
    let older = &found["instance"];
    let name = text_at(found, "name").or(text_at(older, "instanceName"))?;
    let state = text_at(found, "connectionStatus").or(text_at(older, "status"));
    let mut told = json!({"name": name, "state": state.unwrap_or("close")});
    if let Some(title) = text_at(found, "profileName") {
        told["title"] = json!(title);
    }
    let owner = text_at(found, "ownerJid").and_then(|jid| jid.split(['@', ':']).next());
    if let Some(number) = owner {
        told["number"] = json!(number);
    }
    Some(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_is_told_without_its_key() {
        let found = json!({"name": "Shop", "connectionStatus": "open", "token": "secret",
            "ownerJid": "5511987654321@s.whatsapp.net", "profileName": "Ana"});
        let expected =
            json!({"name": "Shop", "state": "open", "title": "Ana", "number": "5511987654321"});
        assert_eq!(instance(&found), Some(expected));
        let older = json!({"instance": {"instanceName": "Old", "apikey": "secret"}});
        let expected = json!({"name": "Old", "state": "close"});
        assert_eq!(instance(&older), Some(expected));
        assert_eq!(instance(&json!({"token": "secret"})), None);
    }
}
