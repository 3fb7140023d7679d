//! What integrations share: the HTTP client with its TLS, long texts in parts, what was sent of a
//! message so far, webhooks, and keeping secrets and texts out of errors. No service is named here.

pub mod hmac;
pub mod hook;
pub mod http;
pub mod progress;
pub mod redact;
pub mod split;
mod tls;
