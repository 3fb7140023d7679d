//! Finding the gateway and signing in, and the errors that tell a user why that failed.

use serde_json::{Value, json};

use crate::{
    cli::context::Context,
    client::{Client, Endpoint},
    config::{self, Config, Source, keys, reached_at},
    error::{Error, Result},
    service::system::runtime_file::RuntimeFile,
};

/// A connection that has signed in.
pub(crate) struct Connection {
    /// The client.
    pub client: Client,
    /// The answer to `auth`: what the gateway says of itself.
    pub hello: Value,
    /// Where it is.
    pub endpoint: Endpoint,
}

/// An endpoint that was tried, and what came of it.
pub(crate) struct ConnectAttempt {
    /// Where.
    pub endpoint: Endpoint,
    /// The connection, or why there is none.
    pub client: Result<Client>,
}

/// Where the gateway may be, the likeliest first. A running daemon writes into its home folder
/// where it really listens, which differs from the settings after `daemon --port`, after an edit of
/// `.env` and with port 0. But if a host or port is named for this run, only that is tried, except
/// port 0.
fn candidates(context: &Context<'_>, config: &Config) -> Vec<Endpoint> {
    let (host, port) = config.endpoint();
    let host = context.common.host.as_deref().map_or(host, reachable);
    let at = |host, port| Endpoint {
        host,
        port,
        token: config.token.clone(),
    };
    let named = port != 0 && is_named_for_this_run(context);
    let noted = RuntimeFile::read(&config.home).filter(|_| !named);
    let noted = noted.map(|noted| {
        let (host, port) = noted.endpoint();
        at(host, port)
    });
    let configured = Some(at(host, port)).filter(|endpoint| endpoint.port != 0);
    let mut all: Vec<Endpoint> = noted.into_iter().chain(configured).collect();
    all.dedup_by_key(|endpoint| endpoint.authority());
    all
}

fn is_named_for_this_run(context: &Context<'_>) -> bool {
    let lookup = config::look_up(&context.common.overrides, context.environment).ok();
    let source = |key| Some(lookup.as_ref()?.find(key)?.1);
    let here = |key| matches!(source(key), Some(Source::CommandLine | Source::Environment));
    context.common.host.is_some() || here(keys::HOST) || here(keys::PORT)
}

/// Connects to the first endpoint where anything answers, without signing in. If none answers,
/// returns the last attempt.
pub(crate) async fn open(context: &Context<'_>, config: &Config) -> Result<ConnectAttempt> {
    let mut last = None;
    for endpoint in endpoints(context, config)? {
        let client = Client::connect(&endpoint).await;
        let answered = !matches!(client, Err(Error::NotRunning { .. }));
        last = Some(ConnectAttempt { endpoint, client });
        if answered {
            break;
        }
    }
    last.ok_or_else(|| no_port(config))
}

/// Where the gateway may be, the likeliest first: at least one place.
pub(crate) fn endpoints(context: &Context<'_>, config: &Config) -> Result<Vec<Endpoint>> {
    let found = candidates(context, config);
    if found.is_empty() {
        return Err(no_port(config));
    }
    Ok(found)
}

fn no_port(config: &Config) -> Error {
    Error::Config(format!(
        "{} is 0, so only a running daemon knows its port, and none has left a note in {}",
        keys::PORT,
        config.home.display()
    ))
}

/// Turns an address to listen on into one to connect to: no brackets, loopback for all interfaces.
fn reachable(host: &str) -> String {
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let host = bare.unwrap_or(host);
    host.parse()
        .map_or_else(|_| host.to_owned(), |host| reached_at(host).to_string())
}

/// Connects and signs in with the token of the settings.
pub(crate) async fn connect(context: &Context<'_>) -> Result<Connection> {
    let config = context.client_config()?;
    let ConnectAttempt { endpoint, client } = open(context, &config).await?;
    let mut client = match client {
        Err(Error::NotRunning { endpoint }) => {
            return Err(not_there(endpoint, context, &config).await);
        }
        other => other.map_err(|error| explained(error, context, &config, &endpoint))?,
    };
    if endpoint.token.is_none() {
        return Err(no_token(&config, &endpoint));
    }
    let who = json!({"name": "cli", "kind": "cli", "version": env!("CARGO_PKG_VERSION")});
    let hello = client.call("auth", &json!({"client": who})).await?;
    Ok(Connection {
        client,
        hello,
        endpoint,
    })
}

/// Nobody answers at an address. Where that was named for this run, the daemon of this home may be at another.
async fn not_there(endpoint: String, context: &Context<'_>, config: &Config) -> Error {
    let noted = RuntimeFile::read(&config.home).filter(|_| is_named_for_this_run(context));
    let noted = noted.map(|noted| {
        let (host, port) = noted.endpoint();
        Endpoint {
            host,
            port,
            token: None,
        }
    });
    match noted.filter(|noted| noted.authority() != endpoint) {
        Some(other) if Client::connect(&other).await.is_ok() => Error::Failed(format!(
            "no daemon answers at {endpoint}; the one of this home is at {}",
            other.authority()
        )),
        _ => Error::NotRunning { endpoint },
    }
}

/// Adds the remedy to an error. A gateway that refuses our token is most likely another home
/// folder's.
fn explained(error: Error, context: &Context<'_>, config: &Config, endpoint: &Endpoint) -> Error {
    match error {
        Error::Refused { code, .. } if code == "unauthorized" => {
            if endpoint.token.is_none() {
                return no_token(config, endpoint);
            }
            if context.common.overrides.setting(keys::TOKEN).is_some() {
                return Error::Failed(format!(
                    "the token behind --token is not that of the gateway at {}; \
                     see the right one where it runs: cleudocodebot token show",
                    endpoint.authority()
                ));
            }
            Error::Failed(format!(
                "the gateway at {} refused the token from {}; \
                 is it the daemon of another home folder? Name that with --home",
                endpoint.authority(),
                token_origin(context, config)
            ))
        }
        other => other,
    }
}

fn no_token(config: &Config, endpoint: &Endpoint) -> Error {
    Error::Config(format!(
        "{} answers, but no token is known: {} should hold {}; \
         is it the daemon of another home folder? Name that with --home",
        endpoint.authority(),
        config.env_file.display(),
        keys::TOKEN
    ))
}

/// Where the token was set: the file and line, or what else set it.
pub(crate) fn token_origin(context: &Context<'_>, config: &Config) -> String {
    let lookup = config::look_up(&context.common.overrides, context.environment);
    let source = lookup.ok().and_then(|all| Some(all.find(keys::TOKEN)?.1));
    match source {
        Some(Source::EnvFile { line }) => format!("{}:{line}", config.env_file.display()),
        Some(Source::CommandLine) => "the command line".to_owned(),
        Some(Source::Environment) => "the environment".to_owned(),
        Some(Source::Default) => "the default".to_owned(),
        None => "nowhere".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_to_listen_on_become_addresses_to_connect_to() {
        for (typed, host) in [
            ("0.0.0.0", "127.0.0.1"),
            ("[::]", "::1"),
            ("[fe80::1]", "fe80::1"),
            ("box.example", "box.example"),
        ] {
            assert_eq!(reachable(typed), host);
        }
    }
}
