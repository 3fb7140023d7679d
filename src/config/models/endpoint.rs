//! Which service with the API of `OpenAI` the settings choose.

use super::text;
use crate::config::{
    BaseUrl, Lookup,
    keys::models::{
        DEEPSEEK_MODEL, GROQ_API_KEY, GROQ_MODEL, OLLAMA_HOST, OLLAMA_MODEL, OPENAI_API_KEY,
        OPENAI_BASE_URL, OPENAI_MODEL,
    },
};

/// The title of Ollama.
pub const OLLAMA_TITLE: &str = "Ollama";

/// Ollama's port, where its address names none.
pub const OLLAMA_PORT: u16 = 11_434;

/// A service that speaks `/v1/chat/completions`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelEndpoint {
    /// Whose it is.
    pub title: &'static str,
    /// Its base, up to `/v1`.
    pub base: BaseUrl,
    /// Its key.
    pub key: Option<String>,
    /// The model; `None` for the only one it has.
    pub model: Option<String>,
    /// The setting that names the model.
    pub model_key: &'static str,
}

/// The service that the settings name; a key counts more than a machine of one's own.
pub(super) fn endpoint(lookup: &Lookup) -> Option<ModelEndpoint> {
    let text = |name| text(lookup, name);
    let (key, base) = (text(OPENAI_API_KEY), text(OPENAI_BASE_URL));
    if key.is_some() || base.is_some() {
        let base = base.unwrap_or_else(|| "https://api.openai.com/v1".to_owned());
        return Some(ModelEndpoint {
            title: "OpenAI",
            base: BaseUrl::parse(&base).ok()?,
            key,
            model: text(OPENAI_MODEL),
            model_key: OPENAI_MODEL,
        });
    }
    if let Some(key) = text(GROQ_API_KEY) {
        return Some(ModelEndpoint {
            title: "Groq",
            base: BaseUrl::parse("https://api.groq.com/openai/v1").ok()?,
            key: Some(key),
            model: text(GROQ_MODEL),
            model_key: GROQ_MODEL,
        });
    }
    let (host, model) = (
        text(OLLAMA_HOST),
        text(OLLAMA_MODEL).or_else(|| text(DEEPSEEK_MODEL)),
    );
    if host.is_none() && model.is_none() {
        return None;
    }
    Some(ModelEndpoint {
        title: OLLAMA_TITLE,
        base: ollama_base(host.as_deref().unwrap_or_default(), "/v1")?,
        key: None,
        model,
        model_key: OLLAMA_MODEL,
    })
}

/// Ollama's address with a path, from what `OLLAMA_HOST` may hold: Ollama itself takes an address without
/// scheme or port there, and one to listen on (<https://docs.ollama.com/faq>).
pub fn ollama_base(host: &str, path: &str) -> Option<BaseUrl> {
    let host = host.trim().trim_end_matches('/');
    let (scheme, rest) = host.split_once("://").unwrap_or(("http", host));
    let (authority, prefix) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (name, port) = match authority.rsplit_once(':') {
        // The colons of an IPv6 address are no port.
        Some((name, port)) if !port.contains(']') && !name.ends_with(':') => (name, Some(port)),
        _ => (authority, None),
    };
    let name = match name {
        "" | "0.0.0.0" | "localhost" => "127.0.0.1",
        "[::]" => "[::1]",
        name => name,
    };
    let port = match port {
        Some(port) => format!(":{port}"),
        None if scheme == "https" => String::new(),
        None => format!(":{OLLAMA_PORT}"),
    };
    BaseUrl::parse(&format!("{scheme}://{name}{port}{prefix}{path}")).ok()
}
