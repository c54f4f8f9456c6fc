//! HTTP: GraphQL over HTTP and WebSocket, uploads, media delivery, health, the IDE.
//!
//! Speaks HTTP and decides nothing: what a request may do is the service's matter, what a field means the schema's.
//!
//! ```text
//!   connection (serve) ── outermost ── browsers ──┬── /graphql, /graphql/ws   graphql
//!        time-outs        id, panics,  CORS, HSTS ├── /media/{key}            media
//!        good-byes        error bodies,           ├── /uploads/{upload}/{n}   uploads
//!                         log                     ├── /admin/graphql          admin
//!                                                 ├── /admin                  admin::page
//!                                                 ├── /healthz, /readyz       health
//!                                                 └── /, /ide/{file}          front, ide
//! ```

#![allow(unexpected_cfgs, reason = "cargo-fuzz sets cfg(fuzzing)")]

mod address;
mod admin;
mod auth;
mod browsers;
mod front;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod graphql;
mod health;
pub mod ide;
mod media;
mod outermost;
mod rate;
mod refusal;
mod request_id;
mod serve;
mod uploads;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, put};
use darkroom_platform::config::{LimitsConfig, Networks};
use darkroom_platform::{Cache, Config};
use darkroom_schema::Schema;
use darkroom_service::App;
use futures::FutureExt;
use futures::future::BoxFuture;
use http::header::CONTENT_TYPE;
use http::{Extensions, HeaderMap, StatusCode, Version};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{Predicate, SizeAbove};

use browsers::Browsers;
use graphql::documents::Documents;
use graphql::gateway::{Edge, Product};
use graphql::load::{Bounds, Load};
pub use serve::serve;

/// Smallest body worth compressing, bytes.
const COMPRESS_ABOVE: u16 = 1024;

/// All routes over the application. WebSockets and event streams on it live until their clients leave; [`serve`] ends
/// them when the server stops.
///
/// # Errors
/// The list of trusted documents, if there is one, can't be used.
pub fn router(app: App, schema: Schema) -> BoxFuture<'static, anyhow::Result<Router>> {
    routes(app, schema, CancellationToken::new(), TaskTracker::new()).boxed()
}

/// Which documents a server with these settings runs, in a sentence for its operator.
///
/// # Errors
/// The list of trusted documents can't be used: which of them, and why.
pub fn documents_in_force(config: &Config) -> BoxFuture<'_, anyhow::Result<String>> {
    let validator = darkroom_schema::validator(config);
    async move { Ok(Documents::open(config, Cache::new(None), &validator).await?.in_force()) }.boxed()
}

/// All routes; long connections end with `shutdown`, and `sockets` knows the open ones.
async fn routes(app: App, schema: Schema, shutdown: CancellationToken, sockets: TaskTracker) -> anyhow::Result<Router> {
    let validator = darkroom_schema::validator(&app.config);
    let documents = Documents::open(&app.config, app.cache.clone(), &validator).await?;
    let load = Load::new(bounds(&app.config.limits));
    let (origins, hsts_seconds) = (app.config.cors_origins()?, app.config.http.hsts_seconds);
    let trusted = app.config.trusted_proxies()?;
    let product = Product::new(app.clone(), schema, validator)?;
    let operators = admin::routes(&app, product.clone(), shutdown.clone(), sockets.clone());
    let edge = Edge::new(product, documents, load, shutdown, sockets);
    let rest = Router::new()
        .route("/", get(front::front))
        .route("/ide/{file}", get(front::file))
        .route("/media/{*key}", get(media::get))
        .route("/uploads/{upload}/{number}", put(uploads::put))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .with_state(app);
    Ok(wrap(graphql::routes(edge).merge(operators).merge(rest), &Browsers { origins, hsts_seconds }, trusted))
}

/// The longest that an operation waits for its turn: a client has given up by then, or its person has.
const PATIENCE: Duration = Duration::from_secs(10);

/// What runs at once, by the settings.
fn bounds(limits: &LimitsConfig) -> Bounds {
    let places = limits.effective_operations();
    Bounds {
        places,
        reserved: places.div_ceil(4),
        queue: limits.effective_queue(),
        patience: PATIENCE,
        time: Duration::from_secs(limits.operation_timeout_seconds),
    }
}

/// What is around every route. Trusted proxies may say which trace a request belongs to.
fn wrap(routes: Router, browsers: &Browsers, trusted: Networks) -> Router {
    let compression = CompressionLayer::new().compress_when(SizeAbove::new(COMPRESS_ABOVE).and(is_text));
    let routes = routes
        .fallback(outermost::unknown_path)
        .method_not_allowed_fallback(outermost::unknown_method)
        .layer(compression);
    browsers.tell(routes).layer(from_fn_with_state(Arc::new(trusted), outermost::around))
}

/// Pictures are compressed already, and events must not wait for a block to fill.
fn is_text(_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions) -> bool {
    let essence = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()?.split(';').next());
    let kinds = ["application/json", "application/graphql-response+json", "text/html", "text/css", "text/javascript"];
    essence.is_some_and(|essence| kinds.contains(&essence.trim()))
}

#[cfg(test)]
mod tests;
