//! Calls of the Bot API (<https://core.telegram.org/bots/api#making-requests>). The token is part of every
//! path: no error here may name one.

use hyper::Method;
use serde_json::{Value, json};

use super::{
    errors::{CallError, Refusal},
    settings::BotSettings,
};
use crate::{
    config::services::TELEGRAM,
    http_client::{Http, HttpBody, HttpCall, HttpLimits},
    message::take_at,
};

/// One bot's access to the service.
pub(super) struct Api {
    settings: BotSettings,
    /// The key of the token in the settings.
    key: String,
    http: Http,
}

impl Api {
    /// The access of the bot on the channel `name`.
    pub(super) fn new(name: &str, settings: &BotSettings) -> Self {
        Self {
            key: TELEGRAM.token_keys(name).swap_remove(0),
            http: Http::new(settings.base.clone()).redacting([&settings.token]),
            settings: settings.clone(),
        }
    }

    /// Makes one call.
    pub(super) async fn call(
        &self,
        method: &str,
        body: &Value,
        limits: HttpLimits,
    ) -> Result<Value, CallError> {
        self.post(method, HttpBody::Json(body), limits).await
    }

    /// Makes one call with parameters in any form.
    pub(super) async fn post(
        &self,
        method: &str,
        body: HttpBody<'_>,
        limits: HttpLimits,
    ) -> Result<Value, CallError> {
        let token = &self.settings.token;
        if !token
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"/?#\\".contains(&byte))
        {
            return Err(CallError::Refused(Refusal::of_token(&self.key, token)));
        }
        let path = self.path(method);
        let call = HttpCall {
            method: Method::POST,
            path: &path,
            headers: &[],
            body,
            limits,
        };
        let answer = self.http.call(call).await.map_err(CallError::Http)?;
        let mut body = answer.json();
        if answer.status == 200 && body["ok"] == true {
            return Ok(take_at(&mut body, "result"));
        }
        Err(CallError::Refused(Refusal::new(
            &answer,
            &body,
            &self.settings,
            &self.key,
        )))
    }

    /// Makes one call without parameters.
    pub(super) async fn ask(&self, method: &str) -> Result<Value, CallError> {
        self.call(method, &json!({}), HttpLimits::default()).await
    }

    /// The client, for what is no method.
    pub(super) fn http(&self) -> &Http {
        &self.http
    }

    /// Where a file is, by its place on the server.
    pub(super) fn file_url(&self, place: &str) -> String {
        let base = &self.settings.base;
        let scheme = if base.is_https() { "https" } else { "http" };
        let prefix = base.prefix();
        let prefix = prefix.strip_suffix("/bot").unwrap_or(prefix);
        let (host, token) = (base.authority(), &self.settings.token);
        format!("{scheme}://{host}{prefix}/file/bot{token}/{place}")
    }

    /// The manual writes addresses as `https://api.telegram.org/bot<token>/METHOD`; a base that was
    /// copied with the `/bot` has that part already.
    fn path(&self, method: &str) -> String {
        let prefix = if self.settings.base.prefix().ends_with("/bot") {
            ""
        } else {
            "/bot"
        };
        format!("{prefix}{}/{method}", self.settings.token)
    }
}
