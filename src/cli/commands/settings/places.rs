//! The conversations that a key is limited to, as a person names them: a name or a number in place of an address, and
//! nothing that can never be one.
//!
//! Not here: what an address of a channel looks like, which the gateway says.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    cli::{commands::messages::recipient, context::Context},
    client::Client,
    config::services::SERVICES,
    error::{Error, Result},
};

/// Conversations that are looked at for channels that are away.
const LOOKED_AT: u64 = 200;

/// Puts addresses in the place of names in the field `peers`, and fails where a channel is not there.
pub(super) async fn resolve(
    client: &mut Client,
    payload: &mut Value,
    context: &Context<'_>,
) -> Result<()> {
    let Some(places) = payload.get_mut("peers").and_then(Value::as_array_mut) else {
        return Ok(());
    };
    let known = channels(client).await?;
    for place in places {
        // The gateway refuses what is no place at all.
        let Some((channel, peer)) = place.as_str().and_then(|place| place.split_once('/')) else {
            continue;
        };
        let (channel, peer) = (channel.trim().to_lowercase(), peer.trim());
        if !channel.contains('*') && !known.contains(&channel) {
            let all: Vec<_> = known.into_iter().collect();
            return Err(Error::Usage(format!(
                "no channel {:?}; there are: {}",
                channel.as_str(),
                all.join(", ")
            )));
        }
        if channel.contains('*') || peer.contains('*') {
            continue;
        }
        let mut named = json!({"channel": channel, "to": peer});
        recipient::resolve(client, &mut named, "to", context).await?;
        let address = named["to"].as_str().unwrap_or(peer);
        *place = json!(format!("{channel}/{address}"));
    }
    Ok(())
}

/// The channels that are here, that may be set up, that a bridge has a key for, or that were here.
async fn channels(client: &mut Client) -> Result<BTreeSet<String>> {
    let mut known: BTreeSet<String> = SERVICES
        .iter()
        .flat_map(|service| service.channels)
        .map(|&name| name.to_owned())
        .collect();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let asked = [
        ("integrations", json!({}), "integrations", "name"),
        (
            "conversations",
            json!({"limit": LOOKED_AT}),
            "conversations",
            "channel",
        ),
        ("keys", json!({}), "keys", "channels"),
    ];
    for (action, payload, list, field) in asked {
        let answer = client.call(action, &payload).await?;
        for one in answer[list].as_array().into_iter().flatten() {
            match &one[field] {
                Value::Array(names) => known.extend(names.iter().filter_map(text)),
                name => known.extend(text(name)),
            }
        }
    }
    Ok(known)
}
