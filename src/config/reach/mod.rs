//! How other devices reach the gateway, as the settings say it: TLS on its own port, the address that they use,
//! and what of both does not go together; and whom the gateway tells by HTTP.
//!
//! Not here: what is in the files (`certificate`), and whether the address leads here (`cli`).

mod push;
pub(super) mod webhooks;

use std::path::{Path, PathBuf};

pub use self::{push::PushSettings, webhooks::WebhookSettings};

use super::{
    Config, Lookup,
    keys::{
        ALLOWED_HOSTS, HOST, TOKEN,
        reach::{HSTS, PUBLIC_URL, TLS_CERT, TLS_KEY},
    },
    values::{BaseUrl, LEAST_TOKEN_CHARS, SAFE_TOKEN_CHARS, reach},
};
use crate::error::{Error, Result};

/// What `1` means in the seconds of HSTS.
const YEAR_SECONDS: u64 = 31_536_000;

/// The files of a certificate. Absolute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, and those that signed it.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// For how many seconds browsers shall come by https only; `None` to say nothing.
pub(super) fn hsts(lookup: &Lookup) -> Option<u64> {
    let seconds = lookup.number(HSTS).filter(|seconds| *seconds > 0)?;
    Some(if seconds == 1 { YEAR_SECONDS } else { seconds })
}

/// The address under which other devices reach the gateway.
pub(super) fn public_url(lookup: &Lookup) -> Result<Option<BaseUrl>> {
    let url = lookup.text(PUBLIC_URL).map(reach::public_url).transpose();
    url.map_err(Error::Config)
}

/// Half a pair would leave the port unprotected where somebody meant to protect it.
pub(super) fn tls_files(lookup: &Lookup, home: &Path) -> Result<Option<TlsFiles>> {
    let path = |name| lookup.text(name).map(|text| home.join(text));
    let lacks = |there, missing| {
        Error::Config(format!(
            "{there} is set and {missing} is not; set both, each to a PEM file, or neither"
        ))
    };
    let (certificate, key) = match (path(TLS_CERT), path(TLS_KEY)) {
        (None, None) => return Ok(None),
        (Some(_), None) => return Err(lacks(TLS_CERT, TLS_KEY)),
        (None, Some(_)) => return Err(lacks(TLS_KEY, TLS_CERT)),
        (Some(certificate), Some(key)) => (certificate, key),
    };
    if !cfg!(feature = "tls") {
        return Err(Error::Config(format!(
            "{TLS_CERT} is set, and this program was built without the feature tls; \
             use a build with it, or unset {TLS_CERT} and {TLS_KEY}"
        )));
    }
    Ok(Some(TlsFiles { certificate, key }))
}

impl Config {
    /// The address that others use, where it is one of https.
    pub fn secure_url(&self) -> Option<&BaseUrl> {
        self.public_url.as_ref().filter(|url| url.is_https())
    }

    /// The name in the address that others use.
    pub fn public_host(&self) -> Option<&str> {
        self.public_url.as_ref().map(BaseUrl::host)
    }

    /// Whether there is a token that is soon guessed.
    pub(super) fn has_short_token(&self) -> bool {
        let token = self.token.as_ref();
        token.is_some_and(|token| token.len() < LEAST_TOKEN_CHARS)
    }

    /// Refuses to listen beyond loopback without a token that cannot be guessed and a list of host
    /// names. Without the list, DNS rebinding would bypass the `Host` check.
    ///
    /// A token below [`LEAST_TOKEN_CHARS`] is refused anywhere: other users and pages of this machine reach
    /// loopback too.
    pub fn check_exposure(&self) -> Result<()> {
        if self.has_short_token() {
            return Err(Error::Config(format!(
                "{TOKEN} has fewer than {LEAST_TOKEN_CHARS} characters and is soon guessed; \
                 leave it out, and the next start makes a safe one"
            )));
        }
        if self.host.is_loopback() {
            return Ok(());
        }
        let token = self.token.as_deref().unwrap_or_default();
        let missing = if token.len() < SAFE_TOKEN_CHARS {
            format!("{TOKEN} with at least {SAFE_TOKEN_CHARS} characters")
        } else if self.allowed_hosts.is_empty() && self.public_url.is_none() {
            format!("{ALLOWED_HOSTS} with the names clients use for this machine")
        } else {
            return Ok(());
        };
        Err(Error::Config(format!(
            "{HOST} is {}, which others can reach; that needs {missing}, \
             or set it to 127.0.0.1",
            self.host
        )))
    }

    /// Warnings about what others could read on the way, or cannot reach at all.
    pub(super) fn warnings_about_reach(&self) -> impl Iterator<Item = String> {
        let in_the_clear = !self.host.is_loopback() && self.tls.is_none();
        let in_the_clear = in_the_clear.then(|| {
            format!(
                "{HOST} is {} without TLS: whoever is on the way can read the token and every message; \
                 set {TLS_CERT} and {TLS_KEY}, or listen on 127.0.0.1 behind a proxy or `tailscale serve`",
                self.host
            )
        });
        let leads_nowhere = self.public_url.as_ref();
        let leads_nowhere = leads_nowhere.filter(|url| !url.is_https()).map(|url| {
            format!(
                "{PUBLIC_URL} is {}, which leads other devices to themselves; \
                 they need an address with https",
                url.url()
            )
        });
        in_the_clear.into_iter().chain(leads_nowhere)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::{Environment, Loaded, Overrides, load},
        fs::scratch::Scratch,
    };

    fn loaded(pairs: &[(&str, &str)]) -> Result<Loaded> {
        let folder = Scratch::new();
        let pair = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        let overrides = Overrides {
            home: Some(folder.path().to_owned()),
            settings: pairs.iter().map(pair).collect(),
            ..Overrides::default()
        };
        load(&overrides, &Environment::default())
    }

    fn refused(pairs: &[(&str, &str)]) -> String {
        loaded(pairs).expect_err("refused").to_string()
    }

    #[test]
    fn half_a_pair_is_refused_with_what_is_missing() {
        let told = refused(&[(TLS_CERT, "a.pem")]);
        assert!(
            told.contains("CLEUDOCODEBOT_TLS_KEY is not; set both"),
            "{told}"
        );
        let told = refused(&[(TLS_KEY, "a.key")]);
        assert!(
            told.contains("CLEUDOCODEBOT_TLS_CERT is not; set both"),
            "{told}"
        );
    }

    #[cfg(not(feature = "tls"))]
    #[test]
    fn a_build_without_tls_says_so() {
        let told = refused(&[(TLS_CERT, "a.pem"), (TLS_KEY, "a.key")]);
        assert!(told.contains("built without the feature tls"), "{told}");
    }

    #[cfg(feature = "tls")]
    #[test]
    fn paths_begin_in_the_home_folder() {
        let config = loaded(&[(TLS_CERT, "tls/a.pem"), (TLS_KEY, "/etc/a.key")]);
        let config = config.expect("settings").config;
        let files = config.tls.expect("files");
        assert_eq!(files.certificate, config.home.join("tls/a.pem"));
        assert_eq!(files.key, Path::new("/etc/a.key"));
    }

    #[test]
    fn one_second_of_hsts_is_a_year_and_none_is_silence() {
        let of = |text| loaded(&[(HSTS, text)]).expect("settings").config.hsts;
        assert_eq!(
            (of("0"), of("1"), of("2")),
            (None, Some(YEAR_SECONDS), Some(2))
        );
        assert!(refused(&[(HSTS, "63072001")]).contains("whole number"));
    }

    #[test]
    fn a_key_that_was_pasted_is_not_shown() {
        let told = refused(&[(TLS_KEY, "-----BEGIN PRIVATE KEY----- MIGHAgEA")]);
        assert!(
            told.contains("the path of a file") && !told.contains("MIGH"),
            "{told}"
        );
    }

    #[test]
    fn listening_beyond_loopback_without_tls_is_warned_of() {
        let token = "x".repeat(SAFE_TOKEN_CHARS);
        let open = [
            (HOST, "192.0.2.7"),
            (TOKEN, &token),
            (ALLOWED_HOSTS, "box.lan"),
        ];
        let warned = |pairs: &[(&str, &str)]| {
            let warnings = loaded(pairs).expect("settings").warnings;
            warnings.iter().any(|one| one.contains("without TLS"))
        };
        assert!(warned(&open) && !warned(&open[1..]));
        #[cfg(feature = "tls")]
        assert!(!warned(
            &[&open[..], &[(TLS_CERT, "a"), (TLS_KEY, "b")]].concat()
        ));
    }

    #[test]
    fn the_public_name_is_a_name_clients_use() {
        let token = "x".repeat(SAFE_TOKEN_CHARS);
        let open = [(HOST, "192.0.2.7"), (TOKEN, &*token)];
        assert!(refused(&open).contains(ALLOWED_HOSTS));
        let named = [&open[..], &[(PUBLIC_URL, "https://box.example")]].concat();
        let config = loaded(&named).expect("settings").config;
        assert_eq!(config.public_host(), Some("box.example"));
    }

    #[test]
    fn a_public_address_of_this_machine_alone_is_warned_of() {
        let loaded = loaded(&[(PUBLIC_URL, "http://localhost:18789")]).expect("settings");
        assert!(loaded.config.secure_url().is_none());
        assert!(loaded.warnings[0].contains("leads other devices to themselves"));
    }
}
