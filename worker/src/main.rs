//! `darkroom-worker`: job workers beside API servers, any number of them.
//!
//! Exit codes: 0 after SIGTERM or SIGINT; 1 when it could not start, or when a worker ended by itself; 130 or 143 after a
//! second signal.

mod start;

use std::process::ExitCode;

use clap::Parser;
use darkroom_platform::config::{Config, Role};
use darkroom_platform::{memory, telemetry};

/// Runs Darkroom's jobs. Settings come from default.toml, darkroom.toml and DARKROOM_ variables.
#[derive(Debug, Parser)]
#[command(name = "darkroom-worker", version, about)]
struct Arguments {
    /// Queues to work on, comma separated: interactive, fanout, bulk. In place of DARKROOM_WORKER_QUEUES.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    queues: Option<Vec<String>>,
    /// Jobs at once in each queue; 0 is the number of cores. In place of DARKROOM_WORKER_CONCURRENCY.
    #[arg(long, value_name = "JOBS")]
    concurrency: Option<usize>,
}

impl Arguments {
    /// The settings, with what the command line says over the rest.
    fn config(self) -> anyhow::Result<Config> {
        let mut config = Config::load(Role::Worker)?;
        if let Some(queues) = self.queues {
            config.worker.queues = queues;
        }
        if let Some(concurrency) = self.concurrency {
            config.worker.concurrency = concurrency;
        }
        config.validate()?;
        Ok(config)
    }
}

#[global_allocator]
static MEMORY: memory::Allocator = memory::ALLOCATOR;

fn main() -> ExitCode {
    // Child processes that decode photos are this program, too.
    darkroom_sandbox::serve_if_child();
    memory::return_free_pages();
    work()
}

#[tokio::main]
async fn work() -> ExitCode {
    let arguments = Arguments::parse();
    // Two providers are compiled in; without a choice the first TLS connection panics.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let config = match arguments.config() {
        Ok(config) => config,
        Err(error) => {
            eprintln!("darkroom-worker: {error:#}");
            return ExitCode::FAILURE;
        }
    };
    telemetry::init(&config);
    let ended = Box::pin(start::run(config)).await;
    telemetry::trace::end().await;
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_read() {
        let arguments = Arguments::try_parse_from(["darkroom-worker", "--queues", "bulk,fanout", "--concurrency", "3"]);
        let arguments = arguments.unwrap_or(Arguments { queues: None, concurrency: None });
        assert_eq!(arguments.queues, Some(vec!["bulk".to_owned(), "fanout".to_owned()]));
        assert_eq!(arguments.concurrency, Some(3));
    }
}
