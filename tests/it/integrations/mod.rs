//! Integrations against fakes of their services, and bridges that are clients of the gateway.

mod bridge;
mod chat_commands;
mod cloud;
mod discord;
mod evolution;
mod payloads;
mod secrets;
mod telegram;
#[cfg(feature = "tls")]
mod tls;
mod whatsapp;
