//! Calls of addresses that others gave, such as a browser's push service: only https, only where the address
//! leads outside of the user's network, and to the very addresses that were checked, so that a name which is
//! resolved anew cannot lead elsewhere.

use std::time::Duration;

use bytes::Bytes;
use hyper::Method;
use tokio::time::Instant;

use super::{
    address,
    call::{HttpAnswer, HttpBody, HttpError, HttpLimits},
    collected,
    connection::connect,
    failed, not_sent,
    request::request,
    tls::Tls,
};
use crate::{config::BaseUrl, redact::without_secrets};

/// An https address that somebody gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutsideUrl {
    host: BaseUrl,
    target: String,
}

impl OutsideUrl {
    /// Takes an address apart; `None` where it is none, or not https.
    pub fn parse(url: &str) -> Option<Self> {
        let (host, target) = address::parsed(url)?;
        host.is_https().then(|| Self {
            target: target.to_owned(),
            host,
        })
    }

    /// Scheme, host and port, as RFC 6454 §6.2 writes an origin: without the port that https has anyway.
    pub fn origin(&self) -> String {
        let authority = self.authority();
        format!("https://{}", authority.trim_end_matches(":443"))
    }

    /// The host, with the port where one is named, in lower case. It may be shown: the secret of such an
    /// address is in its path.
    pub fn authority(&self) -> String {
        self.host.authority().to_ascii_lowercase()
    }

    /// Whether this is one of a list of hosts, each with or without a port.
    pub fn is_one_of(&self, hosts: &[String]) -> bool {
        let authority = self.authority();
        let bare = authority.strip_suffix(&format!(":{}", self.host.address().1));
        let bare = bare.unwrap_or(&authority);
        hosts.iter().any(|host| *host == authority || host == bare)
    }

    /// Whether it leads to this machine or a network that is not public; `None` where it is not found in time.
    pub async fn leads_inside(&self, limit: Duration) -> Option<bool> {
        let found = tokio::time::timeout(limit, address::resolve(&self.host)).await;
        let found = found.ok()?.ok()?;
        Some(address::leads_inside(&found))
    }
}

/// Where a call may lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Only to the public internet.
    Outside,
    /// Anywhere: the owner named the host.
    Anywhere,
}

/// A client of addresses that others gave. It keeps no connection.
#[derive(Default)]
pub struct Outside {
    tls: Tls,
}

impl Outside {
    /// Posts these bytes. No redirect is followed. Errors name the host alone.
    pub async fn post(
        &self,
        url: &OutsideUrl,
        headers: &[(&'static str, &str)],
        body: Bytes,
        limits: HttpLimits,
        reach: Reach,
    ) -> Result<HttpAnswer, HttpError> {
        let host = &url.host;
        let deadline = Instant::now() + limits.connect;
        let found = tokio::time::timeout_at(deadline, address::resolve(host)).await;
        let found = found.map_err(|_| not_sent(host, "was not found in time"))?;
        let found = found.map_err(|why| not_sent(host, &why))?;
        if reach == Reach::Outside && address::leads_inside(&found) {
            return Err(not_sent(host, "leads to a private network"));
        }
        let body = HttpBody::Bytes(body);
        let request = request(host, Method::POST, &url.target, headers, body);
        let request = request.map_err(|why| not_sent(host, why))?;
        let open = connect(host, Some(&found), &self.tls, deadline).await;
        let mut open = open.map_err(|why| not_sent(host, &why))?;
        let answered = open.send(request, limits).await;
        let response = answered.map_err(|unsent| failed(host, unsent))?;
        let mut answer = collected(host, response, limits).await?;
        let said = String::from_utf8_lossy(&answer.body);
        answer.body = without_secrets(&said, std::slice::from_ref(&url.target)).into();
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> OutsideUrl {
        OutsideUrl::parse(text).expect("an address")
    }

    #[test]
    fn only_https_is_an_address_and_its_origin_has_no_usual_port() {
        for wrong in [
            "http://a.example/b",
            "https://u:p@a.example/b",
            "a.example/b",
            "https://a.example/b#c",
        ] {
            assert!(OutsideUrl::parse(wrong).is_none(), "{wrong}");
        }
        assert_eq!(
            url("https://A.example:443/b?c").origin(),
            "https://a.example"
        );
        assert_eq!(url("https://[::1]:8443/").origin(), "https://[::1]:8443");
    }

    #[test]
    fn a_host_is_named_with_or_without_its_port() {
        let hosts = |all: &[&str]| all.iter().map(|&host| host.to_owned()).collect::<Vec<_>>();
        let push = url("https://Push.lan:8443/x");
        assert!(push.is_one_of(&hosts(&["push.lan"])));
        assert!(push.is_one_of(&hosts(&["a", "push.lan:8443"])));
        assert!(!push.is_one_of(&hosts(&["push.lan:443", "lan"])));
        assert!(url("https://push.lan/x").is_one_of(&hosts(&["push.lan"])));
    }

    #[tokio::test]
    async fn what_leads_inside_is_refused_before_anything_is_sent() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"] {
            let url = url(&format!("https://{host}:{port}/secret"));
            let limit = Duration::from_secs(5);
            assert_eq!(url.leads_inside(limit).await, Some(true), "{host}");
            let (client, limits) = (Outside::default(), HttpLimits::default());
            let posted = client.post(&url, &[], Bytes::new(), limits, Reach::Outside);
            let error = posted.await.expect_err("refused").to_string();
            assert!(error.ends_with("leads to a private network"), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
        let none = tokio::time::timeout(Duration::ZERO, listener.accept()).await;
        assert!(none.is_err(), "nobody connected");
    }
}
