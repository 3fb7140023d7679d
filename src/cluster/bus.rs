//! The connection to the servers, and the streams and buckets on them.
//!
//! Not here: what travels on them (`wire`).

use std::{
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use async_nats::{
    Client, ConnectOptions,
    connection::State as ConnectionState,
    jetstream::{
        self, Context,
        kv::{self, Store as Bucket},
        object_store::{self, ObjectStore},
        stream::{self, DiscardPolicy, RetentionPolicy, Stream},
    },
};

use sha2::{Digest as _, Sha256};

use super::{fence::TTL, settings::ClusterSettings};
use crate::{clock, error::Error, percent};

/// The wait for one answer of the servers.
pub(super) const ANSWER_TIMEOUT: Duration = Duration::from_secs(4);

/// A connection over which nothing comes counts as broken after two of these.
const PING_EVERY: Duration = Duration::from_secs(3);

/// The longest wait between two attempts to connect.
const RECONNECT_AT_MOST: Duration = Duration::from_secs(2);

/// How long the streams tell repeats by their id. Later ones are told by the names of the messages.
const DUPLICATE_WINDOW: Duration = Duration::from_secs(600);

/// How long events, files and idempotency keys stay on the bus.
const EVENTS_FOR: Duration = Duration::from_secs(90 * 86_400);
const FILES_FOR: Duration = Duration::from_secs(7 * 86_400);
const KEYS_FOR: Duration = Duration::from_secs(7 * 86_400);

/// Copies that the servers keep, where there are as many.
const REPLICAS: usize = 3;

/// How long servers that are a cluster may take to keep so many: they find each other first. Two never can.
const COPIES_WITHIN: Duration = Duration::from_secs(15);

/// A connection that comes back by itself.
pub(super) struct Bus {
    pub(super) client: Client,
    pub(super) context: Context,
    cluster: String,
    away_since_ms: Mutex<Option<u64>>,
    /// Since when the servers refuse to keep so many copies.
    refusing_since: OnceLock<Instant>,
}

/// The streams and buckets of one cluster.
#[derive(Clone)]
pub(super) struct Streams {
    /// Messages to be sent, each until its outcome is on `events`.
    pub(super) out: Stream,
    /// What happened to messages.
    pub(super) events: Stream,
    /// Leases and nodes: what is not renewed is gone.
    pub(super) live: Bucket,
    /// Who stands for which channel, who is alone, what is to be handed over.
    pub(super) stands: Bucket,
    /// Idempotency keys.
    pub(super) keys: Bucket,
    /// Files of messages.
    pub(super) files: ObjectStore,
    /// Copies that are kept of each.
    pub(super) replicas: usize,
}

impl Bus {
    /// Begins to connect; comes back at once, also where no server answers.
    pub(super) async fn open(settings: &ClusterSettings) -> Result<Self, Error> {
        let options = connect_options(settings).await?.retry_on_initial_connect();
        let client = options.connect(settings.servers.clone()).await;
        let client = client.map_err(|error| Error::Config(format!("CLUSTER_URL: {error}")))?;
        let context = jetstream::ContextBuilder::new()
            .timeout(ANSWER_TIMEOUT)
            .build(client.clone());
        Ok(Self {
            client,
            context,
            cluster: settings.name.clone(),
            away_since_ms: Mutex::new(Some(clock::now_ms())),
            refusing_since: OnceLock::new(),
        })
    }

    /// Whether a server is connected now.
    pub(super) fn is_connected(&self) -> bool {
        self.client.connection_state() == ConnectionState::Connected
    }

    /// Since when the streams cannot be used, in ms since 1970, where they cannot.
    pub(super) fn away_since_ms(&self) -> Option<u64> {
        *self.away()
    }

    fn away(&self) -> MutexGuard<'_, Option<u64>> {
        self.away_since_ms
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes whether the streams answered; whether that is news.
    pub(super) fn note(&self, is_there: bool) -> bool {
        let mut since = self.away();
        let is_news = since.is_none() != is_there;
        if is_there {
            *since = None;
        } else if since.is_none() {
            *since = Some(clock::now_ms());
        }
        is_news
    }

    /// The subject of a message to be sent.
    pub(super) fn out_subject(&self, channel: &str, peer: &str) -> String {
        let hash = crate::random::hex(&Sha256::digest(peer.as_bytes())[..8]);
        format!("cdb.{}.out.{channel}.{hash}", self.cluster)
    }

    /// The subjects of all messages to be sent on a channel.
    pub(super) fn out_filter(&self, channel: &str) -> String {
        format!("cdb.{}.out.{channel}.*", self.cluster)
    }

    /// The subject of the events of a channel.
    pub(super) fn event_subject(&self, channel: &str) -> String {
        format!("cdb.{}.ev.{channel}", self.cluster)
    }

    /// The subject on which topics of clients travel.
    pub(super) fn topics_subject(&self) -> String {
        format!("cdb.{}.app", self.cluster)
    }

    /// The subject on which the nodes are asked which of them has a file.
    pub(super) fn who_has_subject(&self) -> String {
        format!("cdb.{}.has", self.cluster)
    }

    /// The subject on which one run of a node is asked to put a file on the bus.
    pub(super) fn give_subject(&self, run: &str) -> String {
        format!("cdb.{}.give.{run}", self.cluster)
    }

    /// The subject on which a node is asked to have on the stream what it told.
    pub(super) fn cursors_subject(&self, store: u64) -> String {
        format!("cdb.{}.told.{store:016x}", self.cluster)
    }

    /// Finds the streams and buckets, and creates those that are missing.
    pub(super) async fn streams(&self) -> Result<Streams, async_nats::Error> {
        let name = &self.cluster;
        let out = self.stream(stream::Config {
            name: format!("CDB_OUT_{name}"),
            subjects: vec![format!("cdb.{name}.out.>")],
            retention: RetentionPolicy::WorkQueue,
            discard: DiscardPolicy::New,
            duplicate_window: DUPLICATE_WINDOW,
            ..stream::Config::default()
        });
        let (out, replicas) = out.await?;
        let events = self.stream(stream::Config {
            name: format!("CDB_EV_{name}"),
            subjects: vec![format!("cdb.{name}.ev.>")],
            retention: RetentionPolicy::Limits,
            max_age: EVENTS_FOR,
            duplicate_window: DUPLICATE_WINDOW,
            ..stream::Config::default()
        });
        let (events, _) = events.await?;
        let bucket = |what: &str, max_age| {
            let bucket = format!("cdb-{name}-{what}");
            self.bucket(kv::Config {
                bucket,
                history: 1,
                max_age,
                num_replicas: replicas,
                ..kv::Config::default()
            })
        };
        Ok(Streams {
            live: bucket("live", TTL).await?,
            stands: bucket("stands", Duration::ZERO).await?,
            keys: bucket("keys", KEYS_FOR).await?,
            files: self.files(replicas).await?,
            out,
            events,
            replicas: self.raise_copies(replicas).await,
        })
    }

    /// Whether the servers are a cluster, of however many.
    fn is_clustered(&self) -> bool {
        self.client.server_info().cluster.is_some()
    }

    /// Has the servers keep more copies of what was made when there were fewer of them; how many they keep now.
    async fn raise_copies(&self, replicas: usize) -> usize {
        if !self.is_clustered() {
            return replicas;
        }
        let mut fewest = REPLICAS;
        for name in self.stream_names() {
            let Ok(stream) = self.context.get_stream(&name).await else {
                return replicas;
            };
            let config = stream.cached_info().config.clone();
            let copies = config.num_replicas;
            let more = stream::Config {
                num_replicas: REPLICAS,
                ..config
            };
            if copies < REPLICAS && self.context.update_stream(more).await.is_err() {
                fewest = fewest.min(copies);
            }
        }
        fewest
    }

    /// What the servers call the streams, the buckets and the store of files.
    fn stream_names(&self) -> [String; 6] {
        let name = &self.cluster;
        [
            format!("CDB_OUT_{name}"),
            format!("CDB_EV_{name}"),
            format!("KV_cdb-{name}-live"),
            format!("KV_cdb-{name}-stands"),
            format!("KV_cdb-{name}-keys"),
            format!("OBJ_cdb-{name}-files"),
        ]
    }

    /// A stream with as many copies as the servers can keep.
    async fn stream(&self, config: stream::Config) -> Result<(Stream, usize), async_nats::Error> {
        if let Ok(found) = self.context.get_stream(&config.name).await {
            let replicas = found.cached_info().config.num_replicas;
            return Ok((found, replicas));
        }
        let wanted = stream::Config {
            num_replicas: REPLICAS,
            ..config.clone()
        };
        let refused = match self.context.get_or_create_stream(wanted).await {
            Ok(created) => return Ok((created, REPLICAS)),
            Err(refused) => refused,
        };
        // One copy would be on one of the servers, and go with it.
        let since = self.refusing_since.get_or_init(Instant::now);
        if self.is_clustered() && since.elapsed() < COPIES_WITHIN {
            return Err(refused.into());
        }
        Ok((self.context.get_or_create_stream(config).await?, 1))
    }

    async fn bucket(&self, config: kv::Config) -> Result<Bucket, async_nats::Error> {
        if let Ok(found) = self.context.get_key_value(&config.bucket).await {
            return Ok(found);
        }
        Ok(self.context.create_key_value(config).await?)
    }

    async fn files(&self, replicas: usize) -> Result<ObjectStore, async_nats::Error> {
        let bucket = format!("cdb-{}-files", self.cluster);
        if let Ok(found) = self.context.get_object_store(&bucket).await {
            return Ok(found);
        }
        let config = object_store::Config {
            bucket,
            max_age: FILES_FOR,
            num_replicas: replicas,
            ..object_store::Config::default()
        };
        Ok(self.context.create_object_store(config).await?)
    }
}

/// How servers are connected to.
pub(super) async fn connect_options(settings: &ClusterSettings) -> Result<ConnectOptions, Error> {
    let mut options = ConnectOptions::new()
        .name(format!("cleudocodebot {}", settings.node))
        .connection_timeout(ANSWER_TIMEOUT)
        .request_timeout(Some(ANSWER_TIMEOUT))
        .ping_interval(PING_EVERY)
        .reconnect_delay_callback(|attempts| {
            let attempts = u32::try_from(attempts).unwrap_or(u32::MAX);
            (Duration::from_millis(100).saturating_mul(attempts)).min(RECONNECT_AT_MOST)
        });
    options = match settings.servers.iter().find_map(|server| login(server)) {
        Some((user, Some(password))) => options.user_and_password(user, password),
        Some((token, None)) => options.token(token),
        None => options,
    };
    if let Some(path) = &settings.creds {
        let read = options.credentials_file(path).await;
        options = read
            .map_err(|error| Error::Config(format!("CLUSTER_CREDS {}: {error}", path.display())))?;
    }
    if let Some(path) = &settings.ca {
        if !path.is_file() {
            let path = path.display();
            return Err(Error::Config(format!(
                "CLUSTER_CA {path}: there is no such file"
            )));
        }
        options = options
            .add_root_certificates(path.clone())
            .require_tls(true);
    }
    Ok(options)
}

/// The user and the password, or the token alone, that an address has before its host (nats.io, "Connecting to a
/// server"). The client of NATS does not go by them itself.
fn login(server: &str) -> Option<(String, Option<String>)> {
    let (_, rest) = server.split_once("://")?;
    let (login, _) = rest.rsplit_once('@')?;
    let plain = |text: &str| String::from_utf8_lossy(&percent::decode(text, b'%')).into_owned();
    Some(match login.split_once(':') {
        Some((user, password)) => (plain(user), Some(plain(password))),
        None => (plain(login), None),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_read_from_the_address() {
        for (server, user, password) in [
            ("nats://ana:se%40cret@bus:4222", "ana", Some("se@cret")),
            ("tls://a-long-secret@bus.example", "a-long-secret", None),
        ] {
            let expected = (user.to_owned(), password.map(str::to_owned));
            assert_eq!(login(server), Some(expected), "{server}");
        }
        assert_eq!(login("nats://127.0.0.1:4222"), None);
    }
}
