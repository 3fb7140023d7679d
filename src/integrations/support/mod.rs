//! Code that integrations share: the HTTP client with TLS, files on their way in and out, splitting of long
//! texts, progress of messages in parts, webhooks, vCards, redaction of errors. Nothing here knows a
//! particular service, but for the table of what each takes (`files::limits`).

pub mod base64;
pub mod files;
pub mod hmac;
pub mod hook;
pub mod http;
pub mod progress;
pub mod redact;
pub mod split;
pub mod vcard;
