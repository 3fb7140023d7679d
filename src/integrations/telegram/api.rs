//! Calls of the Bot API (<https://core.telegram.org/bots/api#making-requests>). The token is part of every
//! path: no error here may name one.

use hyper::Method;
use serde_json::{Value, json};

use super::{
    errors::{CallError, Refusal},
    settings::BotSettings,
};
use crate::integrations::support::http::{Http, HttpBody, HttpCall, HttpLimits};

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
        let number = name.trim_start_matches("telegram").replace('-', "_");
        Self {
            key: format!("TELEGRAM_BOT_TOKEN{number}"),
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
            body: HttpBody::Json(body),
            limits,
        };
        let answer = self.http.call(call).await.map_err(CallError::Http)?;
        let mut body = answer.json();
        if answer.status == 200 && body["ok"] == true {
            return Ok(body["result"].take());
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
