//! Every action: what a client sends and what it is answered. One file a theme; here only their order.

mod connection;
mod conversations;
mod house;
mod integrations;
mod messages;

use super::Action;

/// Every action, in the order of the manual.
pub const ACTIONS: &[Action] = &[
    connection::AUTH,
    connection::PING,
    house::STATUS,
    connection::DESCRIBE,
    messages::SEND,
    messages::RECEIVE,
    messages::DELIVERED,
    messages::FAILED,
    messages::MESSAGE,
    messages::HISTORY,
    conversations::CONVERSATIONS,
    conversations::READ,
    conversations::TYPING,
    messages::CANCEL,
    messages::RETRY,
    connection::SUBSCRIBE,
    connection::UNSUBSCRIBE,
    connection::PUBLISH,
    connection::CLIENTS,
    integrations::INTEGRATIONS,
    integrations::INTEGRATION_START,
    integrations::INTEGRATION_STOP,
    integrations::INTEGRATION_RESTART,
    integrations::INTEGRATION_FORGET,
    integrations::INTEGRATION_CONNECT,
    integrations::PAIRING,
    integrations::PAIRING_APPROVE,
    integrations::PAIRING_REJECT,
    integrations::PAIRING_REVOKE,
    messages::OUTBOX,
    house::LOGS,
    house::CONFIG,
    house::RELOAD,
    house::SHUTDOWN,
];
