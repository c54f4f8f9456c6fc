#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::*;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn env<const N: usize>(pairs: [(&str, &str); N]) -> Vec<(String, String)> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// Loads with a throw-away data folder (and without touching it: the secret is given).
fn load(role: Role, pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let mut all = env([("DARKROOM_SECRET", SECRET)]);
    all.extend(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
    Config::load_from(role, None, all)
}

fn refusal(role: Role, pairs: &[(&str, &str)]) -> String {
    load(role, pairs).expect_err("must be refused").to_string()
}

fn defaults() -> toml::Table {
    layer::DEFAULTS.parse().unwrap()
}

#[test]
fn the_defaults_work() {
    let config = load(Role::Single, &[]).unwrap();
    assert_eq!(config.listen().unwrap(), "127.0.0.1:8000".parse().unwrap());
    assert_eq!(config.public_url(), "http://127.0.0.1:8000");
    assert_eq!(config.database_url(), "sqlite://./data/darkroom.sqlite");
    assert_eq!(config.objects_url(), "file://./data/objects");
    assert_eq!(config.redis_url(), "memory:");
    assert_eq!(config.media_base_url(), None);
    assert_eq!(config.worker.queues, QUEUES);
    assert_eq!(config.limits.upload_max_bytes, 30 << 20);
    assert!(config.worker.effective_concurrency() >= 1);
}

#[test]
fn the_built_in_file_has_a_comment_with_the_variable_for_every_key() {
    let lines: Vec<&str> = layer::DEFAULTS.lines().collect();
    for (key, _) in layer::keys(&defaults()) {
        let variable = layer::variable(&key);
        let comment = format!("# {variable}: ");
        let at = lines.iter().position(|line| line.starts_with(&comment)).unwrap_or_else(|| panic!("no {comment}"));
        let name = key.rsplit('.').next().unwrap();
        let next = lines[at..].iter().find(|line| !line.starts_with('#')).unwrap();
        assert!(next.starts_with(&format!("{name} = ")), "{variable} stands above {next:?}");
    }
}

#[test]
fn the_built_in_file_and_the_struct_have_the_same_keys_and_variables_are_unique() {
    let config = load(Role::Single, &[]).unwrap();
    let of_struct: BTreeSet<String> = config.effective().into_iter().map(|(key, _)| key).collect();
    let of_file: BTreeSet<String> = layer::keys(&defaults()).into_iter().map(|(key, _)| key).collect();
    assert_eq!(of_struct, of_file);
    let variables: BTreeSet<String> = of_file.iter().map(|key| layer::variable(key)).collect();
    assert_eq!(variables.len(), of_file.len());
}

/// docs/operating.md lists every setting in a row: key, variable, default, meaning.
#[test]
fn the_operators_guide_lists_every_setting() {
    let guide = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/operating.md")).unwrap();
    for (key, default) in layer::keys(&defaults()) {
        let default = match &default {
            toml::Value::String(text) if text.is_empty() => "empty".to_owned(),
            toml::Value::String(text) => format!("`{text}`"),
            toml::Value::Array(items) if items.is_empty() => "empty".to_owned(),
            toml::Value::Array(items) => {
                format!("`{}`", items.iter().map(|item| item.as_str().unwrap()).collect::<Vec<_>>().join(","))
            }
            other => format!("`{other}`"),
        };
        let row = format!("| `{key}` | `{}` | {default} |", layer::variable(&key));
        assert!(guide.contains(&row), "docs/operating.md lacks {row}");
    }
}

#[test]
fn every_variable_reaches_its_key() {
    for (key, default) in layer::keys(&defaults()) {
        let value = match (key.as_str(), &default) {
            ("listen", _) => "127.0.0.1:9000".to_owned(),
            ("data_dir", _) => "/srv/photos".to_owned(),
            ("public_url", _) => "https://photos.example".to_owned(),
            ("database_url", _) => "postgres://localhost/photos".to_owned(),
            ("redis_url", _) => "redis://localhost:6379/3".to_owned(),
            ("objects_url" | "media_base_url", _) => continue, // one needs the other; they have a test of their own
            ("secret", _) => "another secret of at least thirty-two characters".to_owned(),
            ("database.pooler" | "database.direct_url" | "database.replica_url", _) => continue, // they need PostgreSQL; they have a test of their own
            ("redis.key_prefix", _) => "photos".to_owned(),
            ("worker.queues", _) => "bulk,fanout".to_owned(),
            ("http.cors_origins", _) => "https://app.example.test".to_owned(),
            ("http.trusted_proxies" | "rates.exempt", _) => "10.0.0.0/8,::1".to_owned(),
            ("media.isolation", _) => "thread".to_owned(),
            ("graphql.documents", _) => "off".to_owned(),
            ("graphql.documents_file", _) => continue, // it needs a mode; they have a test of their own
            ("metrics.listen", _) => "127.0.0.1:9464".to_owned(),
            ("telemetry.otlp_endpoint", _) => "http://collector.example:4318".to_owned(),
            ("telemetry.service_name", _) => "photos".to_owned(),
            ("telemetry.sample_ratio", _) => "0.5".to_owned(),
            ("log.format", _) => "json".to_owned(),
            ("log.filter", _) => "debug".to_owned(),
            ("media.url_window_seconds", _) => "7200".to_owned(),
            ("worker.concurrency", _) => "3".to_owned(),
            (_, toml::Value::Boolean(is_on)) => (!is_on).to_string(),
            (_, toml::Value::Integer(number)) => (number - 1).max(1).to_string(),
            (_, other) => panic!("{key} has a new type: {other:?}"),
        };
        if default.to_string() == value {
            continue;
        }
        let variable = layer::variable(&key);
        let config = load(Role::Single, &[(&variable, &value)]).unwrap_or_else(|error| panic!("{error}"));
        let in_force: BTreeMap<String, String> = config.effective().into_iter().collect();
        match key.as_str() {
            "secret" => assert_eq!(config.secret().expose(), value),
            _ => assert_eq!(in_force[&key], value, "{variable}"),
        }
    }
    let pairs = [("DARKROOM_OBJECTS_URL", "s3://photos/eu"), ("DARKROOM_MEDIA_BASE_URL", "https://cdn.example/m/")];
    let config = load(Role::Single, &pairs).unwrap();
    assert_eq!(config.objects_url(), "s3://photos/eu");
    assert_eq!(config.media_base_url(), Some("https://cdn.example/m"));
}

#[test]
fn the_environment_goes_before_the_file_and_the_file_before_the_defaults() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("my.toml");
    std::fs::write(&file, "listen = \"127.0.0.1:1\"\n[feed]\nwindow = 100\nfan_out_chunk = 7\n").unwrap();
    let env = env([("DARKROOM_FEED_WINDOW", "200"), ("DARKROOM_SECRET", SECRET), ("DARKROOM_LISTEN", "")]);
    let config = Config::load_from(Role::Single, Some(&file), env).unwrap();
    assert_eq!(config.feed.window, 200);
    assert_eq!(config.feed.fan_out_chunk, 7);
    assert_eq!(config.feed.timeline_ttl_days, 7);
    assert_eq!(config.public_url(), "http://127.0.0.1:1", "an empty variable counts as not set");
}

#[test]
fn unknown_names_are_refused_with_the_nearest_known_one() {
    assert_eq!(
        refusal(Role::Single, &[("DARKROOM_WORKER_QUEUE", "bulk")]),
        "DARKROOM_WORKER_QUEUE: no such setting; did you mean DARKROOM_WORKER_QUEUES?"
    );
    let far = refusal(Role::Single, &[("DARKROOM_XYZ", "1")]);
    assert!(far.ends_with("default.toml lists all settings"), "{far}");

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("darkroom.toml");
    let with = |text: &str| {
        std::fs::write(&file, text).unwrap();
        Config::load_from(Role::Single, Some(&file), env([("DARKROOM_SECRET", SECRET)])).unwrap_err().to_string()
    };
    let unknown = with("[feed]\nwindows = 3\n");
    assert!(unknown.starts_with("feed.windows: no such setting (in ") && unknown.contains("did you mean feed.window?"));
    let table = with("[fed]\nwindow = 3\n");
    assert!(table.contains("did you mean feed.window?"), "{table}");
    let wrong = with("[feed]\nwindow = \"3\"\n");
    assert!(wrong.contains("must be a whole number, as in `feed.window = 800`"), "{wrong}");
    let scalar = with("feed = 3\n");
    assert!(scalar.starts_with("feed: no such setting"), "{scalar}");
    assert!(with("listen = [").contains("darkroom.toml"));

    let gone = Config::load_from(Role::Single, Some(Path::new("/nowhere/x.toml")), env([])).unwrap_err().to_string();
    assert!(gone.contains("/nowhere/x.toml: cannot be read") && gone.contains("DARKROOM_CONFIG"), "{gone}");
}

#[test]
fn variables_that_are_no_settings_pass() {
    let others = [
        ("DARKROOM_CONFIG", "x"),
        ("DARKROOM_CORPUS", "x"),
        ("DARKROOM_LOG", "x"),
        ("DARKROOM_TEST_REDIS_URL", "x"),
        ("HOME", "x"),
    ];
    assert!(load(Role::Single, &others).is_ok());
}

#[test]
fn values_of_the_wrong_kind_are_refused() {
    let number = refusal(Role::Single, &[("DARKROOM_FEED_WINDOW", "many")]);
    assert!(number.starts_with("DARKROOM_FEED_WINDOW: \"many\" is not a whole number"), "{number}");
    let negative = refusal(Role::Single, &[("DARKROOM_FEED_WINDOW", "-1")]);
    assert!(negative.contains("correct the value"), "{negative}");
    let format = refusal(Role::Single, &[("DARKROOM_LOG_FORMAT", "xml")]);
    assert!(format.contains("`auto`") && format.contains("`json`") && format.contains("`text`"), "{format}");
}

const SHARED: [(&str, &str); 3] = [
    ("DARKROOM_DATABASE_URL", "postgres://darkroom:hunter2@db/darkroom"),
    ("DARKROOM_REDIS_URL", "redis://:hunter2@cache:6379"),
    ("DARKROOM_OBJECTS_URL", "s3://photos"),
];

#[test]
fn separate_processes_need_shared_stores() {
    for role in [Role::Api, Role::Worker] {
        assert!(load(role, &SHARED).is_ok());
        for (left_out, key, fix) in [
            (0, "database_url", "DARKROOM_DATABASE_URL=postgres://"),
            (1, "redis_url", "DARKROOM_REDIS_URL=redis://"),
            (2, "objects_url", "DARKROOM_OBJECTS_URL=s3://bucket"),
        ] {
            let mut pairs = SHARED.to_vec();
            pairs.remove(left_out);
            let message = refusal(role, &pairs);
            assert!(message.starts_with(&format!("{key}: ")), "{message}");
            assert!(message.contains(fix) && message.contains("run `darkroom` alone"), "{message}");
        }
    }
    for left_out in 0..3 {
        let mut pairs = SHARED.to_vec();
        pairs.remove(left_out);
        assert!(load(Role::Single, &pairs).is_ok(), "one process may mix");
    }
}

#[test]
fn shared_stores_need_a_secret() {
    for pair in SHARED {
        let message = Config::load_from(Role::Single, None, env([pair])).unwrap_err().to_string();
        assert!(message.starts_with("secret: is required") && message.contains("openssl rand -hex 32"), "{message}");
    }
    let short = refusal(Role::Single, &[("DARKROOM_SECRET", "short")]);
    assert!(short.contains("has 5 characters, at least 32"), "{short}");
}

#[test]
fn addresses_that_cannot_work_are_refused() {
    for (variable, values) in [
        ("DARKROOM_LISTEN", &["8000", "localhost", "127.0.0.1", "127.0.0.1:99999"][..]),
        (
            "DARKROOM_PUBLIC_URL",
            &[
                "photos.example",
                "ftp://photos.example",
                "https://x.example/?a=1",
                "https://x.example/#a",
                "https://u:p@x.example",
            ],
        ),
        (
            "DARKROOM_DATABASE_URL",
            &[
                "mysql://db/x",
                "sqlite::memory:",
                "sqlite://",
                "sqlite://x?mode=ro",
                "postgres://db",
                "postgres://u:p@ss@:x/y",
            ],
        ),
        ("DARKROOM_REDIS_URL", &["memory", "http://cache", "redis://cache:port", "unix:/tmp/x"]),
        (
            "DARKROOM_OBJECTS_URL",
            &["gs://photos", "s3://", "s3://photos/../x", "file:", "/srv/photos", "s3://photos?x=1"],
        ),
        ("DARKROOM_MEDIA_BASE_URL", &["cdn.example", "https://cdn.example"]),
        ("DARKROOM_REDIS_KEY_PREFIX", &["{x}", "a b"]),
        ("DARKROOM_LOG_FILTER", &["info,=what=is=this"]),
    ] {
        for value in values {
            let message = refusal(Role::Single, &[(variable, value)]);
            let key = message.split(": ").next().unwrap();
            assert_eq!(layer::variable(key), variable, "{value}: {message}");
            assert!(message.len() > key.len() + 30, "{message}");
        }
    }
    let public = refusal(Role::Single, &[("DARKROOM_PUBLIC_URL", "https://x.example/?a=1")]);
    assert!(public.contains("must have no ? and no #; write it like https://"), "{public}");
}

#[test]
fn addresses_that_work_are_taken() {
    for value in ["redis://cache", "rediss://u:p@cache:6380/1", "redis-cluster://a:1?node=b:2"] {
        assert!(load(Role::Single, &[("DARKROOM_REDIS_URL", value)]).is_ok(), "{value}");
    }
    let sentinel = "redis-sentinel://a:26379?node=b:26379&sentinelServiceName=main";
    assert!(load(Role::Single, &[("DARKROOM_REDIS_URL", sentinel)]).is_ok());
    let config = load(Role::Single, &[("DARKROOM_DATABASE_URL", "postgresql://u@db/x")]).unwrap();
    assert!(config.database_address().unwrap() == DatabaseAddress::Postgres("postgres://u@db/x".into()));
    let config = load(Role::Single, &[("DARKROOM_LISTEN", "0.0.0.0:80")]).unwrap();
    assert_eq!(config.public_url(), "http://localhost:80");
    let config = load(Role::Single, &[("DARKROOM_PUBLIC_URL", "https://x.example/photos/")]).unwrap();
    assert_eq!(config.public_url(), "https://x.example/photos");
}

#[test]
fn the_public_url_follows_the_port_that_the_system_chose() {
    let mut config = load(Role::Single, &[("DARKROOM_LISTEN", "127.0.0.1:0")]).unwrap();
    config.set_listen("127.0.0.1:40123".parse().unwrap());
    assert_eq!(config.public_url(), "http://127.0.0.1:40123");
}

#[test]
fn queues_must_exist() {
    let message = refusal(Role::Single, &[("DARKROOM_WORKER_QUEUES", "bulk,urgent")]);
    assert_eq!(message, "worker.queues: \"urgent\" is no queue; choose from interactive, fanout, bulk");
    assert!(refusal(Role::Single, &[("DARKROOM_WORKER_QUEUES", "bulk,bulk")]).contains("twice"));
    assert!(refusal(Role::Single, &[("DARKROOM_WORKER_QUEUES", ",")]).contains("names no queue"));
}

#[test]
fn photos_are_decoded_in_children_or_on_threads() {
    let message = refusal(Role::Single, &[("DARKROOM_MEDIA_ISOLATION", "container")]);
    assert!(message.contains("container") && message.contains("`process` or `thread`"), "{message}");
    let config = load(Role::Single, &[("DARKROOM_MEDIA_ISOLATION", "thread")]).unwrap();
    assert_eq!(config.media.isolation, Isolation::Thread);
}

#[test]
fn the_largest_photo_fits_into_a_childs_memory() {
    let pixels = ("DARKROOM_LIMITS_MEDIA_MAX_PIXELS", "200000000");
    let message = refusal(Role::Single, &[pixels]);
    assert!(message.starts_with("media.decode_memory_max_bytes: 1073741824 bytes are too few"), "{message}");
    let needed: String = message.chars().skip_while(|c| *c != ';').filter(char::is_ascii_digit).collect();
    assert!(load(Role::Single, &[pixels, ("DARKROOM_MEDIA_DECODE_MEMORY_MAX_BYTES", &needed)]).is_ok());
    assert!(
        load(Role::Single, &[pixels, ("DARKROOM_MEDIA_ISOLATION", "thread")]).is_ok(),
        "threads have no such limit"
    );
}

#[test]
fn the_largest_file_has_a_bounded_number_of_parts() {
    let parts = ("DARKROOM_MEDIA_UPLOAD_PART_BYTES", "98303");
    let message = refusal(Role::Single, &[parts]);
    assert!(message.starts_with("media.upload_part_bytes: 98303 bytes would cut"), "{message}");
    assert!(message.contains("set 98304 or more"), "{message}");
    assert!(load(Role::Single, &[("DARKROOM_MEDIA_UPLOAD_PART_BYTES", "98304")]).is_ok());
    assert!(load(Role::Single, &[parts, ("DARKROOM_LIMITS_UPLOAD_MAX_BYTES", "1000000")]).is_ok());
}

#[test]
fn every_number_has_bounds() {
    for (key, default) in layer::keys(&defaults()) {
        if !default.is_integer() {
            continue;
        }
        let variable = layer::variable(&key);
        for absurd in ["0", "99999999999999"] {
            // Stands for the number of cores; for no audit, nobody to be prepared for, no pace, no limit, no word of it; for a
            // factor that does not count.
            let weights = ["relationship", "interest", "recency", "quality", "activity"];
            let is_weight = key.strip_prefix("ranking.").is_some_and(|name| weights.contains(&name));
            let is_rate = key.starts_with("rates.") && key != "rates.memory_keys";
            let may_be_none = [
                "worker.concurrency",
                "feed.audit_sample",
                "ranking.warm_people",
                "limits.body_min_bytes_per_second",
                "limits.operations_concurrent",
                "limits.operations_queued",
                "http.hsts_seconds",
            ];
            if absurd == "0" && (is_weight || is_rate || may_be_none.contains(&key.as_str())) {
                continue;
            }
            let message = refusal(Role::Single, &[(&variable, absurd)]);
            let wide = message.contains("correct the value"); // does not even fit the type
            assert!(
                wide || message.starts_with(&format!("{key}: {absurd} cannot work; choose a number from ")),
                "{message}"
            );
        }
    }
}

#[test]
fn an_embedded_server_makes_its_secret_once() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let env = || env([("DARKROOM_DATA_DIR", data.to_str().unwrap())]);
    let first = Config::load_from(Role::Single, None, env()).unwrap();
    let second = Config::load_from(Role::Single, None, env()).unwrap();
    assert_eq!(first.secret(), second.secret());
    assert_eq!(first.secret().expose().len(), 43, "32 bytes in base64url");
    let files: Vec<_> = std::fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(files, ["secret"], "nothing is left aside");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&data.join("secret")), 0o600);
        assert_eq!(mode(&data), 0o700);
    }
    std::fs::write(data.join("secret"), "short").unwrap();
    let message = Config::load_from(Role::Single, None, env()).unwrap_err().to_string();
    assert!(message.contains("is too short; delete it"), "{message}");
}

#[test]
fn servers_that_start_at_once_agree_on_the_secret() {
    let folder = tempfile::tempdir().unwrap();
    let starters: Vec<_> = (0..8)
        .map(|_| {
            let data = folder.path().to_owned();
            std::thread::spawn(move || secret::keep_in(&data).unwrap().expose().to_owned())
        })
        .collect();
    let secrets: BTreeSet<String> = starters.into_iter().map(|starter| starter.join().unwrap()).collect();
    assert_eq!(secrets.len(), 1);
}

#[test]
fn nothing_secret_is_shown() {
    let pairs = [
        ("DARKROOM_DATABASE_URL", "postgres://darkroom:hunter2@db/darkroom?sslpassword=hunter2"),
        ("DARKROOM_REDIS_URL", "redis-sentinel://:hunter2@a:1?sentinelServiceName=m&sentinelPassword=hunter2"),
        ("DARKROOM_OBJECTS_URL", "s3://photos"),
        ("AWS_SECRET_ACCESS_KEY", "hunter2"),
    ];
    let config = load(Role::Api, &pairs).unwrap();
    let shown = format!("{:?} {config:?} {config:#?}", config.effective());
    assert!(!shown.contains("hunter2") && !shown.contains(SECRET), "{shown}");
    let in_force: BTreeMap<String, String> = config.effective().into_iter().collect();
    assert!(in_force["database_url"].starts_with("postgres://darkroom:********@db/darkroom"));
    assert_eq!(in_force["secret"], "********");
    assert_eq!(format!("{:?}", config.secret()), "Secret(********)");
    assert_eq!(config.aws().collect::<Vec<_>>(), [("AWS_SECRET_ACCESS_KEY", "hunter2")]);
    let message = refusal(Role::Single, &[("DARKROOM_REDIS_URL", "redis://:hunter2@cache:port")]);
    assert!(!message.contains("hunter2"), "{message}");
}

#[test]
fn a_pooler_stands_before_postgresql_and_a_way_past_it_leads_there() {
    let (pooler, url) = (("DARKROOM_DATABASE_POOLER", "transaction"), SHARED[0]);
    let direct = ("DARKROOM_DATABASE_DIRECT_URL", "postgres://darkroom:hunter2@db/darkroom");
    let config = load(Role::Single, &[url, pooler, direct]).unwrap();
    assert_eq!(config.database.pooler, Pooler::Transaction);
    let shown = format!("{:?} {:?}", config.effective(), config.database);
    assert!(!shown.contains("hunter2") && shown.contains("postgres://darkroom:********@db/darkroom"), "{shown}");
    assert_eq!(load(Role::Single, &[url]).unwrap().database.pooler, Pooler::None);

    assert!(refusal(Role::Single, &[pooler]).contains("database_url is a file"));
    assert!(refusal(Role::Single, &[url, direct]).contains("does nothing"));
    let file = ("DARKROOM_DATABASE_DIRECT_URL", "sqlite://x");
    assert!(refusal(Role::Single, &[url, pooler, file]).starts_with("database.direct_url: "));
    let nonsense = refusal(Role::Single, &[url, pooler, ("DARKROOM_DATABASE_DIRECT_URL", "db:5432")]);
    assert!(nonsense.starts_with("database.direct_url: "), "{nonsense}");
    assert!(load(Role::Single, &[url, ("DARKROOM_DATABASE_POOLER", "pgbouncer")]).is_err());
}

#[test]
fn a_replica_follows_postgresql() {
    let replica = ("DARKROOM_DATABASE_REPLICA_URL", "postgres://darkroom:hunter2@replica/darkroom");
    let config = load(Role::Single, &[SHARED[0], replica]).unwrap();
    let shown = format!("{:?} {:?}", config.effective(), config.database);
    assert!(!shown.contains("hunter2") && shown.contains("postgres://darkroom:********@replica/darkroom"), "{shown}");
    assert!(refusal(Role::Single, &[replica]).contains("database_url is a file"));
    for wrong in ["sqlite://x", "replica:5432"] {
        let refused = refusal(Role::Single, &[SHARED[0], ("DARKROOM_DATABASE_REPLICA_URL", wrong)]);
        assert!(refused.starts_with("database.replica_url: "), "{refused}");
    }
    assert!(load(Role::Single, &[SHARED[0], ("DARKROOM_DATABASE_REPLICA_MAX_LAG_MS", "0")]).is_err());
}

#[test]
fn a_list_of_documents_and_its_mode_go_together() {
    let trusted = ("DARKROOM_GRAPHQL_DOCUMENTS", "trusted");
    let file = ("DARKROOM_GRAPHQL_DOCUMENTS_FILE", "documents.json");
    assert!(load(Role::Single, &[trusted, file]).is_ok());
    assert!(refusal(Role::Single, &[trusted]).contains("graphql.documents_file"));
    assert!(refusal(Role::Single, &[file]).contains("does nothing"));
    assert!(load(Role::Single, &[("DARKROOM_GRAPHQL_DOCUMENTS", "some")]).is_err());
}

#[test]
fn a_statement_ends_before_the_operation_that_waits_for_it() {
    let message = refusal(Role::Single, &[("DARKROOM_LIMITS_OPERATION_TIMEOUT_SECONDS", "10")]);
    assert!(message.starts_with("limits.operation_timeout_seconds: 10 s are no longer than"), "{message}");
    load(Role::Single, &[("DARKROOM_LIMITS_OPERATION_TIMEOUT_SECONDS", "11")]).unwrap();
}
