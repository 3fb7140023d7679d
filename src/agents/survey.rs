//! What there is on this machine to answer with: pi, and the models of Ollama.

use std::{net::IpAddr, time::Duration};

use hyper::Method;
use serde_json::Value;

use super::{
    openai,
    pi::{self, PiOptions},
};
use crate::{
    child::Keeper,
    config::{
        agents::AGENT,
        models::{ModelEndpoint, OLLAMA_MODEL, ollama_base},
    },
    http_client::{Http, HttpBody, HttpCall, HttpLimits},
    message::text_at,
};

/// Nobody waits longer for what may not be there.
const PATIENCE: Duration = Duration::from_secs(3);

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The version of pi.
    pub pi: Option<String>,
    /// The models of Ollama.
    pub ollama: Vec<String>,
}

impl Found {
    /// Whether there is anything.
    pub fn is_any(&self) -> bool {
        self.pi.is_some() || !self.ollama.is_empty()
    }
}

/// The settings by which an agent answers, with this model of Ollama where one is named.
pub fn settings(agent: &str, model: Option<&str>) -> Vec<(String, String)> {
    let model = model.map(|model| (OLLAMA_MODEL.to_owned(), model.to_owned()));
    let agent = (AGENT.to_owned(), agent.to_owned());
    std::iter::once(agent).chain(model).collect()
}

/// Whether this address of Ollama is one of this machine.
pub fn is_here(ollama_host: &str) -> bool {
    let base = ollama_base(ollama_host, "");
    let host = base.and_then(|base| base.host().parse::<IpAddr>().ok());
    host.is_some_and(|host| host.is_loopback())
}

/// Looks for the pi of this command, and for Ollama at this address, where there is one.
pub async fn survey(pi: &str, ollama_host: Option<&str>) -> Found {
    let words = PiOptions::words(pi);
    let keeper = Keeper::default();
    let models = async {
        match ollama_host {
            Some(host) => ollama(host).await,
            None => Vec::new(),
        }
    };
    let (version, models) = tokio::join!(pi::check(&keeper, &words), models);
    Found {
        pi: version.ok(),
        ollama: models,
    }
}

/// The models of Ollama (<https://docs.ollama.com/api/tags>); none where it does not answer.
async fn ollama(host: &str) -> Vec<String> {
    let Some(base) = ollama_base(host, "") else {
        return Vec::new();
    };
    let call = HttpCall {
        method: Method::GET,
        path: "/api/tags",
        headers: &[],
        body: HttpBody::Empty,
        limits: HttpLimits {
            connect: PATIENCE,
            first_byte: PATIENCE,
            body: PATIENCE,
            ..HttpLimits::default()
        },
    };
    let Ok(answer) = Http::new(base).call(call).await else {
        return Vec::new();
    };
    let json = answer.json();
    let models = json["models"].as_array().map_or(&[][..], Vec::as_slice);
    let names = models
        .iter()
        .filter_map(|model: &Value| text_at(model, "name"));
    names.map(str::to_owned).collect()
}

/// Whether the model of the settings answers: in words what is there, or what is wrong.
pub async fn check_model(endpoint: &ModelEndpoint) -> Result<String, String> {
    let (title, place) = (endpoint.title, endpoint.base.authority());
    let models = openai::models_of(endpoint).await?;
    match &endpoint.model {
        Some(model) if !has(&models, model) => {
            Err(format!("{title} at {place} has no model {model}"))
        }
        Some(model) => Ok(format!("{title} at {place} has {model}")),
        None if models.len() == 1 => Ok(format!("{title} at {place} has {}", models[0])),
        None => Err(format!(
            "{title} at {place} has {} models; name one in {}",
            models.len(),
            endpoint.model_key
        )),
    }
}

/// Ollama takes a name without its tag for the latest.
fn has(models: &[String], model: &str) -> bool {
    models
        .iter()
        .any(|one| one == model || one.strip_suffix(":latest") == Some(model))
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    use super::*;

    /// A server that answers once with this.
    async fn served(body: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a client");
            let _ = stream.read(&mut [0; 1024]).await;
            let length = body.len();
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}");
            let _ = stream.write_all(answer.as_bytes()).await;
        });
        address.to_string()
    }

    #[tokio::test]
    async fn what_answers_is_found_and_what_does_not_is_no_error() {
        let host = served(r#"{"models":[{"name":"llama3:latest"},{"name":"r1:8b"}]}"#).await;
        let found = survey("/no/such/pi", Some(&host)).await;
        assert_eq!(found.ollama, ["llama3:latest", "r1:8b"]);
        assert_eq!(found.pi, None);
        let nothing = survey("", Some("127.0.0.1:1")).await;
        assert!(!nothing.is_any());
        for (host, here) in [
            ("", true),
            ("http://localhost:5", true),
            ("[::1]:5", true),
            ("127.0.0.2", true),
            ("10.0.0.1", false),
            ("ollama.example", false),
        ] {
            assert_eq!(is_here(host), here, "{host}");
        }
    }

    #[tokio::test]
    async fn a_model_that_is_not_there_is_noticed() {
        for (model, fine) in [(Some("llama3"), true), (Some("r1"), false), (None, true)] {
            let host = served(r#"{"data":[{"id":"llama3:latest"}]}"#).await;
            let endpoint = ModelEndpoint {
                title: "Ollama",
                base: ollama_base(&host, "/v1").expect("an address"),
                key: None,
                model: model.map(str::to_owned),
                model_key: "OLLAMA_MODEL",
            };
            assert_eq!(check_model(&endpoint).await.is_ok(), fine, "{model:?}");
        }
    }
}
