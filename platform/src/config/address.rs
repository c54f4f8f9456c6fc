//! The URLs of the stores, taken apart. The scheme alone chooses the store.

use std::path::PathBuf;

use url::Url;

use super::ConfigError;

/// Which database, from `database_url`.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseAddress {
    /// A file.
    Sqlite(PathBuf),
    /// A server, by its whole URL (with its password).
    Postgres(String),
}

impl DatabaseAddress {
    /// Reads the setting `key`, which is a URL.
    pub(super) fn parse(key: &str, url: &str) -> Result<Self, ConfigError> {
        let refuse = |problem: &str| Err(ConfigError::new(key, problem));
        if let Some(rest) = url.strip_prefix("sqlite:") {
            let path = rest.strip_prefix("//").unwrap_or(rest);
            if path.is_empty() || path.contains(":memory:") || path.contains('?') {
                return refuse(
                    "write sqlite:// and a file's path, without parameters: sqlite:///var/lib/darkroom/darkroom.sqlite",
                );
            }
            return Ok(Self::Sqlite(path.into()));
        }
        let Some(rest) = url.strip_prefix("postgres://").or_else(|| url.strip_prefix("postgresql://")) else {
            return refuse("the scheme must be sqlite:// or postgres://");
        };
        let normal = format!("postgres://{rest}");
        match Url::parse(&normal) {
            Ok(parsed) if parsed.path().len() > 1 => Ok(Self::Postgres(normal)),
            Ok(_) => refuse("the database's name is missing: postgres://user:password@host/darkroom"),
            Err(_) => refuse(
                "not a URL; write postgres://user:password@host/darkroom, with special characters of the password as %40",
            ),
        }
    }
}

/// Where media bytes live, from `objects_url`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ObjectsAddress {
    /// A folder on this machine.
    Folder(PathBuf),
    /// A bucket, and the first part of every key in it (may be empty).
    S3 {
        /// The bucket's name.
        bucket: String,
        /// First part of every key, without `/` at either end.
        prefix: String,
    },
}

impl ObjectsAddress {
    pub(super) fn parse(url: &str) -> Result<Self, ConfigError> {
        let refuse = |problem: &str| Err(ConfigError::new("objects_url", problem));
        if let Some(rest) = url.strip_prefix("file:") {
            let path = rest.strip_prefix("//").unwrap_or(rest);
            if path.is_empty() {
                return refuse("write file:// and a folder's path: file:///var/lib/darkroom/objects");
            }
            return Ok(Self::Folder(path.into()));
        }
        let Some(rest) = url.strip_prefix("s3://") else {
            return refuse("the scheme must be file:// or s3://");
        };
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._/".contains(&byte));
        if bucket.is_empty() || !plain(bucket) || !plain(prefix) || prefix.contains("..") || prefix.contains("//") {
            return refuse("write s3://bucket or s3://bucket/prefix; endpoint and keys come from the AWS_ variables");
        }
        Ok(Self::S3 { bucket: bucket.to_owned(), prefix: prefix.trim_matches('/').to_owned() })
    }
}

/// Where job hints, timelines and events live, from `redis_url`.
#[derive(Clone, PartialEq, Eq)]
pub enum RedisAddress {
    /// In this process.
    Memory,
    /// On a server, a cluster or behind sentinels, by the whole URL (with its password).
    Server(String),
}

impl RedisAddress {
    pub(super) fn parse(url: &str) -> Result<Self, ConfigError> {
        if url == "memory:" {
            return Ok(Self::Memory);
        }
        let known = ["redis", "rediss", "redis-cluster", "rediss-cluster", "redis-sentinel", "rediss-sentinel"];
        let scheme = url.split_once("://").map_or("", |(scheme, _)| scheme);
        if !known.contains(&scheme) {
            return Err(ConfigError::new(
                "redis_url",
                "must be memory: or begin with redis://, rediss://, redis-cluster:// or redis-sentinel://",
            ));
        }
        // The client is the judge: it knows lists of nodes and the parameters of each scheme. It sets TLS up at once.
        crate::tls::provide();
        match fred::types::config::Config::from_url(url) {
            Ok(_) => Ok(Self::Server(url.to_owned())),
            Err(error) => Err(ConfigError::new(
                "redis_url",
                format!("not a Redis URL ({}); write redis://user:password@host:6379/0", error.details()),
            )),
        }
    }
}
