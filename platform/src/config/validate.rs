//! What cannot work is refused before anything starts, with the way out in the message.

use std::collections::HashSet;

use url::Url;

use super::secret::MIN_CHARS;
use super::{
    Config, ConfigError, DatabaseAddress, DocumentsMode, Isolation, ObjectsAddress, QUEUES, RedisAddress, Role,
};

/// The first problem found. Pure: reads nothing but the settings.
pub(super) fn check(config: &Config) -> Result<(), ConfigError> {
    config.listen()?;
    config.trusted_proxies()?;
    config.exempt()?;
    web_url("public_url", &config.public_url)?;
    web_url("media_base_url", &config.media_base_url)?;
    if config.data_dir.as_os_str().is_empty() {
        return Err(ConfigError::new("data_dir", "is empty; write a folder's path, as ./data"));
    }
    stores(config)?;
    names(config)?;
    documents(config)?;
    numbers(config)?;
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

fn numbers(config: &Config) -> Result<(), ConfigError> {
    let Config {
        database,
        redis,
        worker,
        limits,
        rates,
        graphql,
        session,
        media,
        feed,
        ranking,
        card,
        story,
        notification,
        ..
    } = config;
    let ranges = [
        ("database.max_connections", u64::from(database.max_connections), 1, 1000),
        ("database.statement_timeout_ms", database.statement_timeout_ms, 100, 600_000),
        ("database.acquire_timeout_ms", database.acquire_timeout_ms, 100, 60_000),
        ("redis.command_timeout_ms", redis.command_timeout_ms, 10, 60_000),
        ("redis.connect_timeout_ms", redis.connect_timeout_ms, 10, 60_000),
        ("worker.concurrency", worker.concurrency as u64, 0, 1024),
        ("worker.lease_seconds", worker.lease_seconds, 5, 3600),
        ("worker.sweep_interval_ms", worker.sweep_interval_ms, 50, 60_000),
        ("worker.max_attempts", u64::from(worker.max_attempts), 1, 100),
        ("worker.shutdown_timeout_seconds", worker.shutdown_timeout_seconds, 1, 3600),
        ("limits.upload_max_bytes", limits.upload_max_bytes, 1024, 5 << 30),
        ("limits.request_max_bytes", limits.request_max_bytes, 1024, 100 << 20),
        ("limits.uploads_concurrent", limits.uploads_concurrent as u64, 1, 10_000),
        ("limits.uploads_open_max", limits.uploads_open_max, 1, 1000),
        ("limits.uploads_open_max_bytes", limits.uploads_open_max_bytes, 1024, 1 << 40),
        ("limits.media_max_pixels", limits.media_max_pixels, 1_000_000, 1_000_000_000),
        ("limits.media_max_side", u64::from(limits.media_max_side), 1080, 65_535),
        ("limits.media_per_post", limits.media_per_post as u64, 1, 100),
        // What the columns hold: PostgreSQL would refuse more.
        ("limits.caption_max_chars", limits.caption_max_chars as u64, 1, 2200),
        ("limits.comment_max_chars", limits.comment_max_chars as u64, 1, 10_000),
        ("limits.location_max_chars", limits.location_max_chars as u64, 1, 200),
        ("limits.alt_text_max_chars", limits.alt_text_max_chars as u64, 1, 1000),
        ("limits.bio_max_chars", limits.bio_max_chars as u64, 1, 500),
        ("limits.page_max", limits.page_max as u64, 1, 1000),
        ("limits.follows_per_hour", limits.follows_per_hour, 1, 1_000_000),
        ("limits.following_max", limits.following_max, 1, 1_000_000),
        ("limits.follow_requests_max", limits.follow_requests_max, 1, 1_000_000),
        ("limits.connections_max", limits.connections_max as u64, 1, 1_000_000),
        ("limits.head_timeout_seconds", limits.head_timeout_seconds, 1, 3600),
        ("limits.idle_timeout_seconds", limits.idle_timeout_seconds, 1, 3600),
        ("limits.body_min_bytes_per_second", limits.body_min_bytes_per_second, 0, 100 << 20),
        ("rates.session_points", rates.session_points, 0, 10_000_000),
        ("rates.address_points", rates.address_points, 0, 10_000_000),
        ("rates.sign_ins_per_login", rates.sign_ins_per_login, 0, 1_000_000),
        ("rates.sign_ins_per_address", rates.sign_ins_per_address, 0, 1_000_000),
        ("rates.sign_ups_per_address", rates.sign_ups_per_address, 0, 1_000_000),
        ("rates.uploads_per_account", rates.uploads_per_account, 0, 1_000_000),
        ("rates.memory_keys", rates.memory_keys, 1000, 100_000_000),
        ("graphql.complexity_max", graphql.complexity_max, 1, 1_000_000_000),
        ("graphql.document_max_bytes", graphql.document_max_bytes as u64, 1024, 1 << 20),
        ("graphql.document_memory_max_bytes", graphql.document_memory_max_bytes, 1 << 20, 1 << 40),
        ("graphql.apq_ttl_seconds", u64::from(graphql.apq_ttl_seconds), 60, 31_536_000),
        ("session.ttl_days", u64::from(session.ttl_days), 1, 3650),
        ("media.decode_memory_max_bytes", media.decode_memory_max_bytes, 256 << 20, 64 << 30),
        ("media.decode_timeout_seconds", media.decode_timeout_seconds, 1, 100),
        ("media.url_window_seconds", media.url_window_seconds, 60, 604_800),
        ("media.unattached_ttl_hours", u64::from(media.unattached_ttl_hours), 1, 8760),
        ("media.upload_part_bytes", media.upload_part_bytes, 1024, 16 << 20),
        ("feed.window", feed.window as u64, 20, 10_000),
        ("feed.local_timelines", feed.local_timelines, 1, 1_000_000),
        ("feed.fan_out_chunk", feed.fan_out_chunk, 1, 100_000),
        ("feed.timeline_ttl_days", u64::from(feed.timeline_ttl_days), 1, 3650),
        ("feed.pull_above", u64::try_from(feed.pull_above).unwrap_or(0), 1, 1_000_000_000),
        ("feed.author_timelines", feed.author_timelines, 1, 1_000_000),
        ("feed.audit_sample", feed.audit_sample, 0, 100_000),
        ("ranking.relationship", u64::from(ranking.relationship), 0, 100),
        ("ranking.interest", u64::from(ranking.interest), 0, 100),
        ("ranking.recency", u64::from(ranking.recency), 0, 100),
        ("ranking.quality", u64::from(ranking.quality), 0, 100),
        ("ranking.activity", u64::from(ranking.activity), 0, 100),
        ("ranking.recency_half_life_hours", u64::from(ranking.recency_half_life_hours), 1, 8760),
        ("ranking.snapshot_seconds", u64::from(ranking.snapshot_seconds), 60, 86_400),
        ("ranking.snapshot_memory_max_bytes", ranking.snapshot_memory_max_bytes, 1 << 20, 1 << 40),
        ("ranking.warm_people", ranking.warm_people, 0, 10_000),
        ("card.memory_max_bytes", card.memory_max_bytes, 1 << 20, 1 << 40),
        ("card.post_ttl_seconds", u64::from(card.post_ttl_seconds), 1, 86_400),
        ("card.author_ttl_seconds", u64::from(card.author_ttl_seconds), 1, 86_400),
        ("story.ttl_hours", u64::from(story.ttl_hours), 1, 168),
        ("notification.retention_days", u64::from(notification.retention_days), 1, 3650),
    ];
    match ranges.into_iter().find(|(_, value, least, most)| value < least || value > most) {
        None => Ok(()),
        Some((key, value, least, most)) => {
            Err(ConfigError::new(key, format!("{value} cannot work; choose a number from {least} to {most}")))
        }
    }
}
