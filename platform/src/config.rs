//! One source for every setting: built-in defaults, then the operator's file, then the environment.
//!
//! `default.toml` lists the keys; a key's environment variable is `DARKROOM_` and its path in capitals, joined by `_`.
//! What does not exist or cannot work is refused at start, with the way out in the message.

mod address;
mod effective;
mod error;
mod layer;
mod network;
mod origins;
mod secret;
mod section;
mod validate;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use address::{DatabaseAddress, ObjectsAddress, RedisAddress};
pub(crate) use effective::without_password;
pub use error::ConfigError;
pub use network::Networks;
pub use origins::Origins;
pub use secret::Secret;
pub use section::{
    CardConfig, DatabaseConfig, DocumentsMode, FeedConfig, GraphqlConfig, HttpConfig, Isolation, LimitsConfig,
    LogConfig, LogFormat, MediaConfig, MetricsConfig, NotificationConfig, Pooler, RankingConfig, RatesConfig,
    RedisConfig, SessionConfig, StoryConfig, TelemetryConfig, WorkerConfig,
};

/// The queues that exist, most urgent first.
pub const QUEUES: [&str; 3] = ["interactive", "fanout", "bulk"];

/// What this process is: decides which combinations of stores can work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Role {
    /// API and workers in one process (`darkroom`): every store may be embedded.
    #[default]
    Single,
    /// An API server beside others (`darkroom-api`): every store must be shared.
    Api,
    /// A job worker beside others (`darkroom-worker`): every store must be shared.
    Worker,
}

/// All settings, validated. Made by [`Config::load`]; see `default.toml` for the meaning, unit and range of each key.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    listen: String,
    /// Folder of an embedded server's SQLite file, media and secret.
    pub data_dir: PathBuf,
    public_url: String,
    database_url: String,
    redis_url: String,
    objects_url: String,
    media_base_url: String,
    secret: Secret,
    /// Connections and time-outs of the database.
    pub database: DatabaseConfig,
    /// Key prefix and time-outs of Redis.
    pub redis: RedisConfig,
    /// Queues, concurrency, leases of the job workers.
    pub worker: WorkerConfig,
    /// Bounds of everything that clients send.
    pub limits: LimitsConfig,
    /// Whom the API believes, and what it tells browsers.
    pub http: HttpConfig,
    /// How much one may ask for in a time.
    pub rates: RatesConfig,
    /// Which documents run, and how much one may ask for.
    pub graphql: GraphqlConfig,
    /// Lifetime of sessions.
    pub session: SessionConfig,
    /// How photos are decoded; lifetime of media URLs and of unattached uploads.
    pub media: MediaConfig,
    /// Sizes of timelines and of fan-out.
    pub feed: FeedConfig,
    /// Weights of the ranked feed; how long an order is kept, and for whom it is prepared.
    pub ranking: RankingConfig,
    /// Memory and lifetime of cards.
    pub card: CardConfig,
    /// Lifetime of stories.
    pub story: StoryConfig,
    /// Lifetime of notifications.
    pub notification: NotificationConfig,
    /// Where metrics are read.
    pub metrics: MetricsConfig,
    /// Where traces go, and how many there are.
    pub telemetry: TelemetryConfig,
    /// Format and filter of the log.
    pub log: LogConfig,
    #[serde(skip)]
    role: Role,
    /// The `AWS_` variables, so that the S3 client depends on what was loaded and on nothing else.
    #[serde(skip)]
    aws: Vec<(String, Secret)>,
}

impl Config {
    /// Loads from the process's environment: `DARKROOM_CONFIG`, else `./darkroom.toml` if there is one, is the file.
    ///
    /// On an embedded server without a secret, one is made and kept in the data folder.
    ///
    /// # Errors
    /// Names the key, the value and the fix.
    pub fn load(role: Role) -> Result<Self, ConfigError> {
        let env: Vec<(String, String)> = std::env::vars_os()
            .filter_map(|(key, value)| Some((key.into_string().ok()?, value.to_string_lossy().into_owned())))
            .collect();
        let chosen = env.iter().find(|(key, value)| key == "DARKROOM_CONFIG" && !value.is_empty());
        let file = match chosen {
            Some((_, path)) => Some(PathBuf::from(path)),
            None => Some(PathBuf::from("darkroom.toml")).filter(|path| path.is_file()),
        };
        Self::load_from(role, file.as_deref(), env)
    }

    /// As [`Config::load`], from a given file and environment (tests, tools). Variables of other programs are ignored.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn load_from(
        role: Role,
        file: Option<&Path>,
        env: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let env: Vec<(String, String)> = env.into_iter().collect();
        let mut config = layer::merge(file, &env)?;
        config.role = role;
        config.aws = env
            .into_iter()
            .filter(|(key, _)| key.starts_with("AWS_"))
            .map(|(key, value)| (key, Secret::new(value)))
            .collect();
        config.validate()?;
        if config.secret.is_empty() {
            config.secret = secret::keep_in(&config.data_dir)?;
        }
        Ok(config)
    }

    /// Refuses every value and combination that cannot work. Reads nothing but the settings.
    ///
    /// # Errors
    /// The first problem found, with the fix.
    pub fn validate(&self) -> Result<(), ConfigError> {
        validate::check(self)
    }

    /// Every key with the value in force (derived ones resolved), in the order of their names, without secrets.
    #[must_use]
    pub fn effective(&self) -> Vec<(String, String)> {
        effective::list(self)
    }

    /// What this process is.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }

    /// The address that the API listens on.
    ///
    /// # Errors
    /// Never after [`Config::validate`].
    pub fn listen(&self) -> Result<SocketAddr, ConfigError> {
        self.listen.parse().map_err(|_| {
            ConfigError::new("listen", format!("{:?} is not an address and port; write 127.0.0.1:8000", self.listen))
        })
    }

    /// Says where the API really listens (the system may have chosen the port), for the derived public URL.
    pub fn set_listen(&mut self, address: SocketAddr) {
        self.listen = address.to_string();
    }

    /// Where clients reach the API: scheme, host, perhaps a path; no `/` at the end.
    #[must_use]
    pub fn public_url(&self) -> String {
        if self.public_url.is_empty() {
            return match self.listen() {
                Ok(address) if address.ip().is_unspecified() => format!("http://localhost:{}", address.port()),
                _ => format!("http://{}", self.listen),
            };
        }
        self.public_url.trim_end_matches('/').to_owned()
    }

    /// The database's URL: `sqlite://<file>` or `postgres://…` (with its password: not for logs).
    #[must_use]
    pub fn database_url(&self) -> String {
        if self.database_url.is_empty() {
            return format!("sqlite://{}", self.data_dir.join("darkroom.sqlite").display());
        }
        self.database_url.clone()
    }

    /// Redis's URL, or `memory:` (with its password: not for logs).
    #[must_use]
    pub fn redis_url(&self) -> &str {
        &self.redis_url
    }

    /// Where media bytes live: `file://<folder>` or `s3://bucket[/prefix]`.
    #[must_use]
    pub fn objects_url(&self) -> String {
        if self.objects_url.is_empty() {
            return format!("file://{}", self.data_dir.join("objects").display());
        }
        self.objects_url.clone()
    }

    /// The base of the CDN in front of the bucket, without `/` at the end; none if there is no CDN.
    #[must_use]
    pub fn media_base_url(&self) -> Option<&str> {
        Some(self.media_base_url.trim_end_matches('/')).filter(|base| !base.is_empty())
    }

    /// The key that signs media URLs, at least 32 characters.
    #[must_use]
    pub fn secret(&self) -> &Secret {
        &self.secret
    }

    /// The database, read from its URL.
    ///
    /// # Errors
    /// Never after [`Config::validate`].
    pub fn database_address(&self) -> Result<DatabaseAddress, ConfigError> {
        // Derived, it is a path, in which no character has a meaning of its own.
        if self.database_url.is_empty() {
            return Ok(DatabaseAddress::Sqlite(self.data_dir.join("darkroom.sqlite")));
        }
        DatabaseAddress::parse("database_url", &self.database_url)
    }

    /// The object store, read from its URL.
    ///
    /// # Errors
    /// Never after [`Config::validate`].
    pub fn objects_address(&self) -> Result<ObjectsAddress, ConfigError> {
        if self.objects_url.is_empty() {
            return Ok(ObjectsAddress::Folder(self.data_dir.join("objects")));
        }
        ObjectsAddress::parse(&self.objects_url)
    }

    /// Redis or the process's own memory, read from the URL.
    ///
    /// # Errors
    /// Never after [`Config::validate`].
    pub fn redis_address(&self) -> Result<RedisAddress, ConfigError> {
        RedisAddress::parse(&self.redis_url)
    }

    /// The proxies that are believed, read from their networks.
    ///
    /// # Errors
    /// Never after [`Config::validate`].
    pub fn trusted_proxies(&self) -> Result<Networks, ConfigError> {
        Networks::parse("http.trusted_proxies", &self.http.trusted_proxies)
    }

    /// Whose pages may use the API.
    ///
    /// # Errors
    /// Never after [`Config::validate`].
    pub fn cors_origins(&self) -> Result<Origins, ConfigError> {
        Origins::parse("http.cors_origins", &self.http.cors_origins)
    }

    /// The networks whose addresses are not limited.
    ///
    /// # Errors
    /// Never after [`Config::validate`].
    pub fn exempt(&self) -> Result<Networks, ConfigError> {
        Networks::parse("rates.exempt", &self.rates.exempt)
    }

    /// Where metrics are read; none if nobody reads them.
    ///
    /// # Errors
    /// Never after [`Config::validate`].
    pub fn metrics_listen(&self) -> Result<Option<SocketAddr>, ConfigError> {
        let text = &self.metrics.listen;
        if text.is_empty() {
            return Ok(None);
        }
        let address = text.parse().map_err(|_| {
            ConfigError::new("metrics.listen", format!("{text:?} is no address and port; write 127.0.0.1:9464"))
        })?;
        Ok(Some(address))
    }

    /// The `AWS_` variables of the environment that was loaded.
    pub(crate) fn aws(&self) -> impl Iterator<Item = (&str, &str)> {
        self.aws.iter().map(|(key, value)| (key.as_str(), value.expose()))
    }
}

impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut out = f.debug_map();
        out.entry(&"role", &self.role);
        for (key, value) in self.effective() {
            out.entry(&key, &value);
        }
        out.finish()
    }
}

#[cfg(test)]
mod tests;
