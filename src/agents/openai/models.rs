//! The models that a service has.

use hyper::Method;
use serde_json::Value;

use crate::{
    http_client::{Http, HttpBody, HttpCall, HttpLimits, bearer},
    message::text_at,
};

/// How many are named in an error.
const SHOWN: usize = 12;

/// The ids of the models of a service (<https://platform.openai.com/docs/api-reference/models/list>); the
/// error says why they are not known.
pub(super) async fn list(http: &Http, key: Option<&str>) -> Result<Vec<String>, String> {
    let authorization = bearer(key);
    let authorization = authorization.as_deref();
    let headers = authorization.map(|value| ("authorization", value));
    let call = HttpCall {
        method: Method::GET,
        path: "/models",
        headers: headers.as_slice(),
        body: HttpBody::Empty,
        limits: HttpLimits::default(),
    };
    let answer = http.call(call).await.map_err(|error| error.to_string())?;
    if matches!(answer.status, 401 | 403) {
        return Err(format!(
            "the list of models was refused with {}: the key is wrong, or may not be used for that",
            answer.status
        ));
    }
    if answer.status != 200 {
        return Err(format!(
            "the list of models was refused with {}",
            answer.status
        ));
    }
    let json = answer.json();
    let models = json["data"].as_array().map_or(&[][..], Vec::as_slice);
    let ids = models
        .iter()
        .filter_map(|model: &Value| text_at(model, "id"));
    Ok(ids.map(str::to_owned).collect())
}

/// The first of them, for an error.
pub(super) fn some(models: &[String]) -> String {
    let more = if models.len() > SHOWN { ", …" } else { "" };
    let shown = &models[..models.len().min(SHOWN)];
    format!("{}{more}", shown.join(", "))
}
