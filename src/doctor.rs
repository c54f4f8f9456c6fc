//! `darkroom doctor`: is what is configured there, and does it do what it must?

use std::process::ExitCode;
use std::time::Duration;

use darkroom_platform::config::Isolation;
use darkroom_platform::{CLOCK_TOLERANCE, Clock, Config, Engine, Platform};
use darkroom_sandbox::Confinement;
use darkroom_service::media;

use crate::banner;

/// How long one check may take.
const CHECK_TIMEOUT: Duration = Duration::from_secs(10);

/// What a check found.
enum Finding {
    Good(String),
    /// It works without; something is slower or missing.
    Note(String),
    Bad(String),
}

/// Checks everything and prints what it found; fails if something can't work.
pub(crate) async fn run(config: Config) -> anyhow::Result<ExitCode> {
    println!("Settings in force:");
    for (key, value) in config.effective() {
        println!("  {key} = {value}");
    }
    println!("\nChecks:");
    let mut bad = 0;
    let mut report = |name: &str, finding: Finding| {
        let (mark, text) = match finding {
            Finding::Good(text) => ("ok  ", text),
            Finding::Note(text) => ("note", text),
            Finding::Bad(text) => {
                bad += 1;
                ("BAD ", text)
            }
        };
        println!("  {mark}  {name}: {text}");
    };
    report("decoder", decoder(&config).await);
    report("documents", documents(&config).await);
    let libheif = heif(&config);
    match within(Box::pin(Platform::connect(config, Clock::system()))).await {
        Err(error) => report("database", Finding::Bad(error)),
        Ok(platform) => {
            report("database", database(&platform).await);
            if let Some(finding) = replica(&platform).await {
                report("replica", finding);
            }
            report("clock", clock(&platform).await);
            report("redis", redis(&platform).await);
            report("objects", objects(&platform).await);
        }
    }
    report("libheif", libheif);
    report(
        "ffmpeg",
        match banner::has_ffmpeg() {
            true => Finding::Good("installed".to_owned()),
            false => Finding::Note("not installed: photos work, videos will need it".to_owned()),
        },
    );
    if bad > 0 {
        println!("\n{bad} of the checks failed.");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

async fn database(platform: &Platform) -> Finding {
    match within(platform.database.pending_migrations()).await {
        Err(error) => Finding::Bad(error),
        Ok(pending) if pending.is_empty() => {
            let engine = match platform.database.engine() {
                Engine::Sqlite => "SQLite",
                Engine::Postgres => "PostgreSQL",
            };
            Finding::Good(format!("{engine} answers and is up to date"))
        }
        Ok(pending) => {
            Finding::Note(format!("{} schema changes are to be made: run `darkroom migrate`", pending.len()))
        }
    }
}

/// The database's replica, if one is set.
async fn replica(platform: &Platform) -> Option<Finding> {
    // It is looked at in the background: give it a moment before it counts as away.
    for _ in 0..20 {
        let (keeps_up, _) = platform.database.replica()?;
        if keeps_up {
            return Some(Finding::Good("follows the database and keeps up".to_owned()));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Some(Finding::Note(
        "does not answer, is not as far as the database, or does not follow it: queries go to the database".to_owned(),
    ))
}

/// Which documents run; each of a list is looked at as it will be at the start.
async fn documents(config: &Config) -> Finding {
    match darkroom_api::documents_in_force(config).await {
        Ok(told) => Finding::Good(told),
        Err(error) => Finding::Bad(format!("{error:#}")),
    }
}

/// Photos are decoded as they will be when they are served.
async fn decoder(config: &Config) -> Finding {
    let sandbox = match media::sandbox(config) {
        Ok(sandbox) => sandbox,
        Err(error) => return Finding::Bad(error.to_string()),
    };
    match within(sandbox.check()).await {
        Err(error) => Finding::Bad(error),
        Ok(Confinement::LimitsAndFilter) => {
            Finding::Good("a child process decodes, with limits and a filter of system calls".to_owned())
        }
        Ok(Confinement::Limits) => {
            Finding::Note("a child process decodes, with limits: this system has no filter of system calls".to_owned())
        }
        Ok(Confinement::None) => Finding::Note(
            "this process decodes, as media.isolation says: a photo that ends its decoder ends the program".to_owned(),
        ),
    }
}

/// What the system adds to the formats that are always read.
fn heif(config: &Config) -> Finding {
    if config.media.isolation == Isolation::Thread {
        return Finding::Note("not used: HEIC and AVIF photos are decoded in child processes only".to_owned());
    }
    let support = media::heif_support();
    let formats = match (support.hevc, support.av1) {
        _ if !support.available => {
            return Finding::Note("not installed (1.15 or newer): HEIC and AVIF photos are refused".to_owned());
        }
        (true, true) => "HEIC and AVIF",
        (true, false) => "HEIC but, without a decoder for AV1, not AVIF",
        (false, true) => "AVIF but, without a decoder for HEVC, not HEIC",
        (false, false) => return Finding::Note(format!("{}, without decoders for HEVC and AV1", support.version)),
    };
    Finding::Good(format!("{}: reads {formats}", support.version))
}

/// Leases and expiry compare moments that several machines have made.
async fn clock(platform: &Platform) -> Finding {
    let apart = match within(platform.database.clock_apart(&platform.clock)).await {
        Err(error) => return Finding::Bad(error),
        Ok(apart) => apart,
    };
    let text = format!("{:.1} s apart from the database's", apart.as_secs_f64());
    if apart <= CLOCK_TOLERANCE { Finding::Good(text) } else { Finding::Bad(text) }
}

async fn redis(platform: &Platform) -> Finding {
    if !platform.config.redis_url().starts_with("redis") {
        return Finding::Good("not used: jobs, timelines and events stay in this process".to_owned());
    }
    // The connection is made in the background: give it a moment before it counts as away.
    let mut last = String::new();
    for _ in 0..20 {
        match within(platform.transport.ping()).await {
            Ok(()) => return Finding::Good("answers".to_owned()),
            Err(error) => last = error,
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Finding::Bad(last)
}

async fn objects(platform: &Platform) -> Finding {
    match within(platform.objects.probe()).await {
        Ok(()) => Finding::Good(format!("{} can be written, read and deleted", platform.config.objects_url())),
        Err(error) => Finding::Bad(error),
    }
}

/// The check's answer, in time and in one line.
async fn within<T, E: std::fmt::Display>(check: impl Future<Output = Result<T, E>>) -> Result<T, String> {
    match tokio::time::timeout(CHECK_TIMEOUT, check).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no answer within {} s", CHECK_TIMEOUT.as_secs())),
    }
}
