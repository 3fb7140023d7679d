//! Code that integrations share: files on their way in and out, splitting of long texts and their
//! formatting, progress of messages in parts, webhooks, vCards. Nothing here knows a particular service, but
//! for the table of what each takes (`files::limits`) and the signs of `WhatsApp` (`markup`).

pub mod base64;
pub mod files;
pub mod hmac;
pub mod hook;
pub mod markup;
pub mod progress;
pub mod split;
pub mod vcard;
