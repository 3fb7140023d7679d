//! The HTTP API of a server: its address, and the headers that prove who calls.

use hyper::Method;
use serde_json::Value;

use super::super::settings::WhatsappSettings;
use crate::{
    http_client::{
        DownloadError, Downloaded, Http, HttpAnswer, HttpBody, HttpCall, HttpError, HttpLimits,
        Sink,
    },
    integrations::RunError,
};

/// Calls of one server.
pub(in super::super) struct Api {
    http: Http,
    headers: Vec<(&'static str, String)>,
    /// Where the server is, as it is told.
    pub(super) address: String,
}

impl Api {
    /// Calls with these headers, in whose errors the secrets are not told.
    pub(super) fn new<const N: usize>(
        settings: &WhatsappSettings,
        headers: Vec<(&'static str, String)>,
        secrets: [&str; N],
    ) -> Self {
        Self {
            http: Http::new(settings.base.clone()).redacting(secrets),
            headers,
            address: settings.address(),
        }
    }

    fn headers(&self) -> Vec<(&'static str, &str)> {
        let all = self.headers.iter();
        all.map(|(name, value)| (*name, value.as_str())).collect()
    }

    /// Asks something.
    pub(super) async fn get(&self, path: &str) -> Result<HttpAnswer, HttpError> {
        self.call(Method::GET, path, HttpBody::Empty, HttpLimits::default())
            .await
    }

    /// Says something.
    pub(super) async fn post(&self, path: &str, json: &Value) -> Result<HttpAnswer, HttpError> {
        let limits = HttpLimits::default();
        self.call(Method::POST, path, HttpBody::Json(json), limits)
            .await
    }

    /// Any call.
    pub(super) async fn call(
        &self,
        method: Method,
        path: &str,
        body: HttpBody<'_>,
        limits: HttpLimits,
    ) -> Result<HttpAnswer, HttpError> {
        let headers = self.headers();
        let call = HttpCall {
            method,
            path,
            headers: &headers,
            body,
            limits,
        };
        self.http.call(call).await
    }

    /// A call whose answer is written away as it comes.
    pub(super) async fn download<S: Sink>(
        &self,
        method: Method,
        path: &str,
        body: HttpBody<'_>,
        limits: HttpLimits,
        into: &mut S,
    ) -> Result<Downloaded, DownloadError<S::Error>> {
        let headers = self.headers();
        let call = HttpCall {
            method,
            path,
            headers: &headers,
            body,
            limits,
        };
        self.http.download(call, into).await
    }
}

/// No answer came to a question that a run depends on.
pub(super) fn unanswered(error: HttpError) -> RunError {
    let (HttpError::NotSent(why) | HttpError::NoAnswer(why)) = error;
    RunError::Failed(why, None)
}
