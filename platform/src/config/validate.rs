//! What cannot work is refused before anything starts, with the way out in the message.

mod numbers;

use std::collections::HashSet;

use url::Url;

use super::secret::MIN_CHARS;
use super::{
    Config, ConfigError, DatabaseAddress, DocumentsMode, Isolation, ObjectsAddress, Pooler, QUEUES, RedisAddress, Role,
};

/// The first problem found. Pure: reads nothing but the settings.
pub(super) fn check(config: &Config) -> Result<(), ConfigError> {
    config.listen()?;
    config.metrics_listen()?;
    config.trusted_proxies()?;
    config.exempt()?;
    config.cors_origins()?;
    web_url("public_url", &config.public_url)?;
    web_url("media_base_url", &config.media_base_url)?;
    web_url("telemetry.otlp_endpoint", &config.telemetry.otlp_endpoint)?;
    let ratio = config.telemetry.sample_ratio;
    if !(0.0..=1.0).contains(&ratio) {
        let problem = format!("{ratio} cannot work; choose a number from 0 to 1");
        return Err(ConfigError::new("telemetry.sample_ratio", problem));
    }
    if config.data_dir.as_os_str().is_empty() {
        return Err(ConfigError::new("data_dir", "is empty; write a folder's path, as ./data"));
    }
    stores(config)?;
    pooler(config)?;
    replica(config)?;
    names(config)?;
    documents(config)?;
    numbers::check(config)?;
    times(config)?;
    parts(config)?;
    memory(config)
}

/// Stores that the role can share, and the secret that goes with shared ones.
fn stores(config: &Config) -> Result<(), ConfigError> {
    let database = config.database_address()?;
    let redis = config.redis_address()?;
    let objects = config.objects_address()?;

    let program = match config.role {
        Role::Single => None,
        Role::Api => Some("darkroom-api"),
        Role::Worker => Some("darkroom-worker"),
    };
    if let Some(program) = program {
        if matches!(database, DatabaseAddress::Sqlite(_)) {
            return Err(ConfigError::new(
                "database_url",
                format!(
                    "{program} shares its database with other processes, which SQLite cannot do safely; \
                     set DARKROOM_DATABASE_URL=postgres://user:password@host/darkroom, or run `darkroom` alone"
                ),
            ));
        }
        if redis == RedisAddress::Memory {
            return Err(ConfigError::new(
                "redis_url",
                format!(
                    "with memory: the other processes would never hear of {program}'s jobs and events; \
                     set DARKROOM_REDIS_URL=redis://host:6379, or run `darkroom` alone"
                ),
            ));
        }
        if matches!(objects, ObjectsAddress::Folder(_)) {
            return Err(ConfigError::new(
                "objects_url",
                format!(
                    "{program} shares media with other processes, which a local folder cannot do; \
                     set DARKROOM_OBJECTS_URL=s3://bucket and the AWS_ variables, or run `darkroom` alone"
                ),
            ));
        }
    }
    if !config.media_base_url.is_empty() && matches!(objects, ObjectsAddress::Folder(_)) {
        return Err(ConfigError::new(
            "media_base_url",
            "a CDN stands in front of a bucket, but objects_url is a folder; set DARKROOM_OBJECTS_URL=s3://bucket, \
             or leave media_base_url empty",
        ));
    }

    let remote = matches!(database, DatabaseAddress::Postgres(_))
        || matches!(redis, RedisAddress::Server(_))
        || matches!(objects, ObjectsAddress::S3 { .. });
    let length = config.secret.expose().chars().count();
    if remote && length == 0 {
        return Err(ConfigError::new(
            "secret",
            "is required as soon as one store is remote, the same in every process; \
             set DARKROOM_SECRET to the output of `openssl rand -hex 32`",
        ));
    }
    if length != 0 && length < MIN_CHARS {
        return Err(ConfigError::new(
            "secret",
            format!("has {length} characters, at least {MIN_CHARS} are needed; `openssl rand -hex 32` makes one"),
        ));
    }
    Ok(())
}

/// A pooler stands before PostgreSQL, and a way past it leads there, too.
fn pooler(config: &Config) -> Result<(), ConfigError> {
    let (pooler, direct) = (config.database.pooler, config.database.direct_url.expose());
    if pooler != Pooler::None && matches!(config.database_address()?, DatabaseAddress::Sqlite(_)) {
        let problem = "a pooler stands before PostgreSQL, but database_url is a file; leave this at \"none\"";
        return Err(ConfigError::new("database.pooler", problem));
    }
    if direct.is_empty() {
        return Ok(());
    }
    if pooler == Pooler::None {
        let problem = "does nothing unless database.pooler names a pooler; set that, or leave this empty";
        return Err(ConfigError::new("database.direct_url", problem));
    }
    match DatabaseAddress::parse("database.direct_url", direct)? {
        DatabaseAddress::Postgres(_) => Ok(()),
        DatabaseAddress::Sqlite(_) => {
            let problem = "must be PostgreSQL's own address: postgres://user:password@host/darkroom";
            Err(ConfigError::new("database.direct_url", problem))
        }
    }
}

/// A replica of PostgreSQL's follows PostgreSQL.
fn replica(config: &Config) -> Result<(), ConfigError> {
    let url = config.database.replica_url.expose();
    if url.is_empty() {
        return Ok(());
    }
    if matches!(config.database_address()?, DatabaseAddress::Sqlite(_)) {
        let problem = "a replica follows PostgreSQL, but database_url is a file; leave this empty";
        return Err(ConfigError::new("database.replica_url", problem));
    }
    match DatabaseAddress::parse("database.replica_url", url)? {
        DatabaseAddress::Postgres(_) => Ok(()),
        DatabaseAddress::Sqlite(_) => {
            let problem = "must be a replica's address: postgres://user:password@host/darkroom";
            Err(ConfigError::new("database.replica_url", problem))
        }
    }
}

fn web_url(key: &str, text: &str) -> Result<(), ConfigError> {
    if text.is_empty() {
        return Ok(());
    }
    let refuse = |problem: &str| Err(ConfigError::new(key, format!("{problem}; write it like https://photos.example")));
    let Ok(url) = Url::parse(text) else {
        return refuse("is not a URL");
    };
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return refuse("must begin with http:// or https:// and name a host");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return refuse("must have no ? and no #");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refuse("must have no user name and no password");
    }
    Ok(())
}

fn names(config: &Config) -> Result<(), ConfigError> {
    let queues = &config.worker.queues;
    if queues.is_empty() {
        return Err(ConfigError::new("worker.queues", format!("names no queue; choose from {}", QUEUES.join(", "))));
    }
    if let Some(unknown) = queues.iter().find(|queue| !QUEUES.contains(&queue.as_str())) {
        let problem = format!("{unknown:?} is no queue; choose from {}", QUEUES.join(", "));
        return Err(ConfigError::new("worker.queues", problem));
    }
    if queues.iter().collect::<HashSet<_>>().len() != queues.len() {
        return Err(ConfigError::new("worker.queues", "names a queue twice; write each once"));
    }
    let prefix = &config.redis.key_prefix;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if prefix.is_empty() || prefix.len() > 64 || !prefix.bytes().all(plain) {
        let problem = "must be 1–64 letters, digits, -, _ or .; braces would move keys to other cluster slots";
        return Err(ConfigError::new("redis.key_prefix", problem));
    }
    if let Err(error) = tracing_subscriber::EnvFilter::builder().parse(&config.log.filter) {
        let problem = format!("cannot be read ({error}); write info, or info,darkroom_service=debug");
        return Err(ConfigError::new("log.filter", problem));
    }
    Ok(())
}

/// A file of trusted documents is there where it is used, and only there.
fn documents(config: &Config) -> Result<(), ConfigError> {
    let trusted = config.graphql.documents == DocumentsMode::Trusted;
    let problem = match (trusted, config.graphql.documents_file.is_empty()) {
        (true, true) => "names no file, so nothing would run; set it to the list of trusted documents",
        (false, false) => "does nothing unless graphql.documents is \"trusted\"; set that, or leave this empty",
        _ => return Ok(()),
    };
    Err(ConfigError::new("graphql.documents_file", problem))
}

/// A statement ends before the request that waits for it does: so whoever waits is told what was wrong.
fn times(config: &Config) -> Result<(), ConfigError> {
    let (statement, operation) = (config.database.statement_timeout_ms, config.limits.operation_timeout_seconds);
    if statement < operation * 1000 {
        return Ok(());
    }
    let problem = format!(
        "{operation} s are no longer than database.statement_timeout_ms, {statement} ms; set {} or more, or lower that",
        statement / 1000 + 1
    );
    Err(ConfigError::new("limits.operation_timeout_seconds", problem))
}

/// Parts of the largest file: what one answer lists, each with a URL.
const PARTS_MAX: u64 = 320;

/// The largest file comes in a number of parts that one answer can list.
fn parts(config: &Config) -> Result<(), ConfigError> {
    let least = config.limits.upload_max_bytes.div_ceil(PARTS_MAX);
    if config.media.upload_part_bytes >= least {
        return Ok(());
    }
    let problem = format!(
        "{} bytes would cut the largest file into more than {PARTS_MAX} parts; set {least} or more, or lower \
         limits.upload_max_bytes",
        config.media.upload_part_bytes
    );
    Err(ConfigError::new("media.upload_part_bytes", problem))
}

/// Memory of a child for everything but the file and its pixels, in bytes: the program and its libraries as mapped, what
/// threads of libraries reserve for stacks and heaps (libheif with dav1d: 172 MB in all), the renditions.
const DECODER: u64 = 256 << 20;

/// Bytes that a pixel takes at most while it is decoded: 9 in a progressive JPEG, and what scaling it takes.
const PIXEL: u64 = 10;

/// A photo that keeps to the limits is no reason for a child to run out of memory.
fn memory(config: &Config) -> Result<(), ConfigError> {
    let (limits, media) = (&config.limits, &config.media);
    let needed = DECODER + limits.upload_max_bytes + limits.media_max_pixels * PIXEL;
    if media.isolation == Isolation::Process && media.decode_memory_max_bytes < needed {
        let problem = format!(
            "{} bytes are too few for the largest photo that limits.media_max_pixels and limits.upload_max_bytes allow; \
             set {needed} or more, or lower one of them",
            media.decode_memory_max_bytes
        );
        return Err(ConfigError::new("media.decode_memory_max_bytes", problem));
    }
    Ok(())
}
