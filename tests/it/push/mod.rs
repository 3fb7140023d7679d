//! Web push to a push service of the tests' own, which is behind TLS and reads what browsers would.

#[cfg(feature = "tls")]
mod answers;
#[cfg(feature = "tls")]
mod browser;
#[cfg(feature = "tls")]
mod deliveries;
#[cfg(feature = "tls")]
mod endpoints;
#[cfg(feature = "tls")]
mod owners;
#[cfg(feature = "tls")]
mod service;

/// Without the cryptography, each action says what is missing.
#[cfg(not(feature = "tls"))]
#[tokio::test]
async fn without_tls_push_says_what_is_missing() {
    use crate::support::{Daemon, Scratch};
    use serde_json::json;

    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let mut client = daemon.client().await;
    let refused = client.call("push.key", &json!({})).await;
    let error = refused.expect_err("no key").to_string();
    assert!(error.contains("without the feature tls"), "{error}");
    let list = client.call("push.list", &json!({})).await.expect("a list");
    assert_eq!(list["subscriptions"], json!([]));
    assert!(!home.0.join("push.key").exists());
}
