//! Logs: text for people, JSON for machines, always to standard error. And traces, where the settings name a collector.

mod export;
pub mod trace;

use std::io::IsTerminal;
use std::sync::Once;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt};

use crate::config::{Config, LogFormat};

static ONCE: Once = Once::new();

/// Starts logging for this process, and tracing if the settings ask for it, which needs the async runtime: call it in there, and
/// [`trace::end`] in the end. Calls after the first change nothing, nor does any if another program part has
/// already installed a subscriber.
///
/// The filter is `DARKROOM_LOG`, else `log.filter`; a `DARKROOM_LOG` that cannot be read is said so and passed over.
pub fn init(config: &Config) {
    ONCE.call_once(|| {
        let chosen = std::env::var("DARKROOM_LOG").ok().filter(|filter| !filter.trim().is_empty());
        let (filter, refused) = filter(chosen.as_deref(), &config.log.filter);
        let json = match config.log.format {
            LogFormat::Auto => !std::io::stderr().is_terminal(),
            LogFormat::Json => true,
            LogFormat::Text => false,
        };
        let lines = fmt::layer().with_writer(std::io::stderr);
        let lines: Box<dyn Layer<Registry> + Send + Sync> = if json {
            lines.json().flatten_event(true).with_current_span(true).with_span_list(false).with_filter(filter).boxed()
        } else {
            lines.with_ansi(std::io::stderr().is_terminal()).with_target(false).with_filter(filter).boxed()
        };
        let (traces, untraced) = match trace::layer(config) {
            Ok(traces) => (traces, None),
            Err(problem) => (None, Some(problem)),
        };
        let log = Registry::default().with(lines);
        // No layer at all where nothing is traced: an empty one would have each span of ours asked for anew each time.
        let begun = match traces {
            Some(traces) => tracing::subscriber::set_global_default(log.with(traces)),
            None => tracing::subscriber::set_global_default(log),
        };
        if begun.is_err() {
            return;
        }
        if let Some(problem) = refused {
            tracing::warn!(%problem, "DARKROOM_LOG cannot be read; write info, or info,darkroom_service=debug");
        }
        if let Some(problem) = untraced {
            tracing::warn!(problem, "nothing is traced: see telemetry.otlp_endpoint");
        }
    });
}

/// The filter to use, and why the chosen one was passed over.
fn filter(chosen: Option<&str>, configured: &str) -> (EnvFilter, Option<String>) {
    let parse = |text: &str| EnvFilter::builder().parse(text);
    let fallback = || parse(configured).unwrap_or_else(|_| EnvFilter::new("info"));
    match chosen.map(parse) {
        None => (fallback(), None),
        Some(Ok(filter)) => (filter, None),
        Some(Err(error)) => (fallback(), Some(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::filter;

    #[test]
    fn the_variable_goes_before_the_configuration() {
        assert_eq!(filter(None, "warn").0.to_string(), "warn");
        assert_eq!(filter(Some("debug"), "warn").0.to_string(), "debug");
    }

    #[test]
    fn an_unreadable_variable_is_passed_over_and_reported() {
        let (used, problem) = filter(Some("info,=what=is=this"), "warn");
        assert_eq!(used.to_string(), "warn");
        assert!(problem.is_some());
    }
}
