//! A server with the API of `OpenAI`: `POST /v1/audio/transcriptions`, a form with the file, the model and the
//! language, answered by `{"text"}` (<https://platform.openai.com/docs/api-reference/audio/createTranscription>).

use hyper::Method;
use serde_json::Value;

use crate::{
    body::{FileBody, Multipart},
    config::BaseUrl,
    http_client::{Http, HttpAnswer, HttpBody, HttpCall, HttpLimits, bearer},
    media::{
        OpenFile,
        probe::{ending, essence},
    },
    message::text_at,
};

/// The action, below the version of the API.
const ACTION: &str = "/audio/transcriptions";

pub(super) struct Server {
    http: Http,
    /// What follows the prefix of the address.
    path: String,
    authorization: Option<String>,
    model: String,
    language: Option<String>,
}

impl Server {
    pub(super) fn new(
        base: BaseUrl,
        key: Option<&str>,
        model: String,
        language: Option<String>,
    ) -> Self {
        let path = path(base.prefix()).to_owned();
        let secret = key.unwrap_or_default();
        Self {
            http: Http::new(base).redacting([secret]),
            path,
            authorization: bearer(key),
            model,
            language,
        }
    }

    pub(super) async fn ask(&self, file: OpenFile) -> Result<String, String> {
        let row = &file.row;
        // Servers tell the format by the ending of the name.
        let name = format!("voice.{}", ending(&row.mime));
        let body = FileBody::new(file.file, 0, row.bytes);
        let mut form = Multipart::default()
            .text("model", &self.model)
            .text("response_format", "json");
        if let Some(language) = &self.language {
            form = form.text("language", language);
        }
        let authorization = self.authorization.as_deref();
        let headers = authorization.map(|value| ("authorization", value));
        let call = HttpCall {
            method: Method::POST,
            path: &self.path,
            headers: headers.as_slice(),
            body: HttpBody::Form(form.file("file", &name, essence(&row.mime), body)),
            limits: HttpLimits::for_file(row.bytes),
        };
        let answer = self.http.call(call).await;
        said(&answer.map_err(|error| error.to_string())?)
    }
}

/// The path of the action, where the address may have been given with it, with the version, or without.
fn path(prefix: &str) -> &'static str {
    if prefix.ends_with(ACTION) {
        ""
    } else if prefix.ends_with("/v1") {
        ACTION
    } else {
        "/v1/audio/transcriptions"
    }
}

fn said(answer: &HttpAnswer) -> Result<String, String> {
    let json = answer.json();
    if let (200, Some(text)) = (answer.status, json.get("text").and_then(Value::as_str)) {
        return Ok(text.to_owned());
    }
    let why = json.get("error").map_or(Value::Null, Value::clone);
    let why = text_at(&why, "message").or_else(|| json["error"].as_str());
    let why = why.or_else(|| text_at(&json, "detail"));
    Err(match why {
        Some(why) => format!("the server answered {}: {why}", answer.status),
        None => format!("the server answered {} and no text", answer.status),
    })
}
