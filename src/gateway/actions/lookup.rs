//! What several actions ask first: the way to a channel, a message by its id, a reading of the store
//! off the runtime's thread.

use serde_json::json;

use crate::{
    gateway::Gateway,
    integrations::addresses,
    message::{Message, MessageId},
    phone::{self, Country},
    protocol::{
        error_code::{ErrorCode, Fault},
        payload::{Payload, bad_field},
    },
    router::Route,
    store::{Store, StoreError},
};

/// After how long a channel may be known of that another machine has.
#[cfg(feature = "nats")]
const UNHEARD_MS: u64 = 2_000;

/// The way to a channel, or the fault that there is none.
pub(in crate::gateway) fn routed(gateway: &Gateway, channel: &str) -> Result<Route, Fault> {
    let route = gateway.router.route(channel);
    route.map_err(|unknown| {
        #[cfg(feature = "nats")]
        if let Some(why) = gateway.cluster.get().and_then(|it| it.why_unheard()) {
            let text = format!("{unknown}; {why}");
            return Fault::new(ErrorCode::UnknownChannel, text).retry_after(UNHEARD_MS);
        }
        Fault::new(ErrorCode::UnknownChannel, unknown.to_string())
    })
}

/// The country of numbers that clients write without its code: that of the settings, or of the first
/// number that was paired.
fn country(gateway: &Gateway, channel: &str) -> Option<Country> {
    // Only there are peers numbers; elsewhere the pairings need not be asked.
    let has_numbers = phone::CHANNELS.contains(&channel);
    let set = gateway.settings().country;
    set.or_else(|| has_numbers.then(|| gateway.channels.pairings().country())?)
}

/// The peer that a client means by an address to send to, or the fault that it cannot be one.
pub(super) fn target(
    gateway: &Gateway,
    channel: &str,
    field: &str,
    address: &str,
) -> Result<String, Fault> {
    let peer = addresses::peer(channel, address, country(gateway, channel));
    peer.map_err(|expected| bad_field(field, &expected, &format!("{address:?}")))
}

/// The peer that a client means where it asks for what is stored, whatever that was called.
pub(in crate::gateway) fn stored_peer(gateway: &Gateway, channel: &str, address: &str) -> String {
    target(gateway, channel, "peer", address).unwrap_or_else(|_| phone::peer(channel, address))
}

/// What is expected of a peer of this channel, where this address cannot be one.
pub(in crate::gateway) fn expected_peer(
    gateway: &Gateway,
    channel: &str,
    address: &str,
) -> Option<String> {
    addresses::peer(channel, address, country(gateway, channel)).err()
}

/// Fails where what comes by this channel is not for clients to say.
pub(super) fn expect_hand_in(gateway: &Gateway, channel: &str) -> Result<(), Fault> {
    if routed(gateway, channel)?.clients_hand_in {
        return Ok(());
    }
    let text = format!("messages of {channel} come from its service, clients cannot hand them in");
    Err(Fault::new(ErrorCode::ChannelUnavailable, text))
}

/// An id that is none of ours cannot be found, whatever it looks like.
pub(super) fn message_id(payload: &Payload, field: &str) -> Result<MessageId, Fault> {
    payload
        .text(field)
        .parse()
        .map_err(|()| StoreError::NotFound.into())
}

/// A message id that says where a page begins.
pub(super) fn position(payload: &Payload, field: &str) -> Result<Option<MessageId>, Fault> {
    let wrong = |()| bad_field(field, "a message id such as m-17", "something else");
    let text = payload.optional_text(field);
    text.map(|text| text.parse().map_err(wrong)).transpose()
}

/// A message's id and its state.
pub(super) fn state_json(message: &Message) -> String {
    json!({"message_id": message.id.to_string(), "state": message.state.as_str()}).to_string()
}

/// Reads the store on a thread that may block; a failure comes back as a fault.
pub(in crate::gateway) async fn reading<T: Send + 'static>(
    store: &Store,
    read: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, Fault> {
    Ok(store.run_blocking(read).await?)
}
