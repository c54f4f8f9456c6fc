//! What the edge asks of what lies behind it: the product's schema and service, or a test's own.

use std::future::Future;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use async_graphql::{Executor, Request, Response};
use darkroom_platform::config::{ConfigError, Networks, Origins};
use darkroom_schema::{Schema, Validator};
use darkroom_service::idempotency::Keeper;
use darkroom_service::rate::{self, Charge};
use darkroom_service::session::{self, Presumed};
use darkroom_service::{App, Viewer};
use http::request::Parts;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::address;
use crate::graphql::documents::Documents;
use crate::graphql::load::Load;
use crate::refusal::Refusal;

/// Most files in one request.
pub(crate) const MAX_FILES: u64 = 10;

/// Who asks.
#[derive(Debug, Clone)]
pub(crate) struct Caller<V> {
    /// The signed-in person, if any.
    pub(crate) viewer: Option<V>,
    /// Who it probably is, in place of `viewer`.
    pub(crate) presumed: Option<Arc<Presumed>>,
    /// What their program calls itself, at most 200 characters.
    pub(crate) user_agent: String,
    /// The client's address.
    pub(crate) address: IpAddr,
    /// Names this request in logs and errors.
    pub(crate) request_id: String,
}

/// Bounds of a request's body, bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BodyLimits {
    /// JSON, and the part of a multipart body that is no file.
    pub(crate) request: u64,
    /// One file.
    pub(crate) upload: u64,
    /// Bytes a second that a body must come at while it is waited for; 0 for however slowly.
    pub(crate) pace: u64,
}

impl BodyLimits {
    /// The most that a body with so many files has.
    pub(crate) fn whole(self, files: u64) -> u64 {
        self.upload.saturating_mul(files.min(MAX_FILES)).saturating_add(self.request)
    }
}

/// What lies behind the edge.
pub(crate) trait Gateway: Clone + Send + Sync + 'static {
    /// What runs operations.
    type Executor: Executor;
    /// What validates documents.
    type Validator: Executor;
    /// A signed-in person.
    type Viewer: Clone + Send + Sync + 'static;

    /// What runs operations.
    fn executor(&self) -> &Self::Executor;
    /// The same schema, which validates and executes nothing.
    fn validator(&self) -> &Self::Validator;
    /// Who sent this token; none if it is unknown, revoked or expired.
    fn authenticate(&self, token: &str) -> impl Future<Output = Result<Option<Self::Viewer>, Refusal>> + Send;
    /// Who probably sent this token, if that is known without asking. For documents that [prove it](super::documents::Admitted::proves).
    fn presume(&self, _token: &str) -> Option<(Self::Viewer, Presumed)> {
        None
    }
    /// Whether the session of whom was presumed has ended.
    fn has_ended(&self, _presumed: &Presumed) -> impl Future<Output = Result<bool, Refusal>> + Send {
        // Who presumes nobody is asked of nobody.
        std::future::ready(Ok(false))
    }
    /// Remembers who sent this token, for a document that [proves it](super::documents::Admitted::proves).
    fn remember(&self, _token: &str, _viewer: &Self::Viewer) {}
    /// Whether the viewer's session still stands. A store that is away for a moment ends nobody's.
    fn is_live(&self, viewer: &Self::Viewer) -> impl Future<Output = bool> + Send;
    /// Whose request it is, by address.
    fn address(&self, parts: &Parts) -> IpAddr;
    /// Takes points from those of whoever asks; none if they have no limit.
    fn charge(
        &self,
        viewer: Option<&Self::Viewer>,
        address: IpAddr,
        points: u64,
    ) -> impl Future<Output = Option<Charge>> + Send;
    /// Puts into the request what its resolvers need.
    fn prepare(&self, request: Request, caller: Caller<Self::Viewer>) -> Request;
    /// What keeps the keys of this caller's mutations; none if keys are not kept.
    fn keeper(&self, viewer: Option<&Self::Viewer>) -> Option<Keeper>;
    /// Takes out of the response what no client may see.
    fn mask(&self, response: Response, request_id: &str) -> Response;
    /// Bounds of bodies.
    fn limits(&self) -> BodyLimits;
    /// Where a file waits that is needed later than it came.
    fn spool_dir(&self) -> PathBuf;
    /// How clients reach this server.
    fn public_url(&self) -> String;
    /// Whose pages may use it besides its own.
    fn origins(&self) -> &Origins;
}

/// The product.
#[derive(Clone)]
pub(crate) struct Product {
    app: App,
    schema: Schema,
    validator: Validator,
    proxies: Arc<Networks>,
    origins: Arc<Origins>,
}

impl Product {
    /// The schema over the application, and the one that validates.
    ///
    /// # Errors
    /// Never with settings that were validated.
    pub(crate) fn new(app: App, schema: Schema, validator: Validator) -> Result<Self, ConfigError> {
        let proxies = Arc::new(app.config.trusted_proxies()?);
        let origins = Arc::new(app.config.cors_origins()?);
        Ok(Self { app, schema, validator, proxies, origins })
    }
}

impl Gateway for Product {
    type Executor = Schema;
    type Validator = Validator;
    type Viewer = Arc<Viewer>;

    fn executor(&self) -> &Schema {
        &self.schema
    }

    fn validator(&self) -> &Validator {
        &self.validator
    }

    async fn authenticate(&self, token: &str) -> Result<Option<Arc<Viewer>>, Refusal> {
        Ok(session::authenticate(&self.app, token).await?.map(Arc::new))
    }

    fn presume(&self, token: &str) -> Option<(Arc<Viewer>, Presumed)> {
        let presumed = session::presume(&self.app, token)?;
        Some((Arc::clone(presumed.probably()), presumed))
    }

    async fn has_ended(&self, presumed: &Presumed) -> Result<bool, Refusal> {
        Ok(presumed.has_ended(&self.app).await?)
    }

    fn remember(&self, token: &str, viewer: &Arc<Viewer>) {
        session::remember(&self.app, token, viewer);
    }

    async fn is_live(&self, viewer: &Arc<Viewer>) -> bool {
        self.schema.stands(viewer.session_id).await.unwrap_or(true)
    }

    fn address(&self, parts: &Parts) -> IpAddr {
        address::of(parts, &self.proxies)
    }

    async fn charge(&self, viewer: Option<&Arc<Viewer>>, address: IpAddr, points: u64) -> Option<Charge> {
        rate::charge(&self.app, viewer.map(Arc::as_ref), address, points).await
    }

    fn prepare(&self, request: Request, caller: Caller<Arc<Viewer>>) -> Request {
        let Caller { viewer, presumed, user_agent, address, request_id } = caller;
        let caller = darkroom_schema::Caller { viewer, presumed, user_agent, address: Some(address), request_id };
        darkroom_schema::prepare(request, &self.app, caller)
    }

    fn keeper(&self, viewer: Option<&Arc<Viewer>>) -> Option<Keeper> {
        Some(Keeper::new(&self.app, viewer.map(|viewer| viewer.id())))
    }

    fn mask(&self, response: Response, request_id: &str) -> Response {
        darkroom_schema::mask(response, request_id)
    }

    fn limits(&self) -> BodyLimits {
        let limits = &self.app.config.limits;
        BodyLimits {
            request: limits.request_max_bytes,
            upload: limits.upload_max_bytes,
            pace: limits.body_min_bytes_per_second,
        }
    }

    fn spool_dir(&self) -> PathBuf {
        // An embedded server keeps to its own disk; the system's folder may be in memory. A clustered one has no folder.
        let own = self.app.config.data_dir.join("tmp");
        let usable = self.app.config.data_dir.is_dir() && std::fs::create_dir_all(&own).is_ok();
        if usable { own } else { std::env::temp_dir() }
    }

    fn public_url(&self) -> String {
        self.app.config.public_url()
    }

    fn origins(&self) -> &Origins {
        &self.origins
    }
}

/// What every GraphQL route shares. Requests have it behind a pointer, which costs a count.
#[derive(Clone)]
pub(crate) struct Edge<G> {
    /// What lies behind.
    pub(crate) gateway: G,
    /// Cancelled when the server stops: long connections end.
    pub(crate) shutdown: CancellationToken,
    /// WebSockets that are open: shutdown waits until they have said good-bye.
    pub(crate) sockets: TaskTracker,
    /// Which documents may run, and those that have.
    pub(crate) documents: Documents,
    /// How many of them at once.
    pub(crate) load: Load,
    /// One WebSocket takes as long as these say.
    pub(crate) timing: Timing,
}

impl<G> Edge<G> {
    /// With the product's timing.
    pub(crate) fn new(
        gateway: G,
        documents: Documents,
        load: Load,
        shutdown: CancellationToken,
        sockets: TaskTracker,
    ) -> Self {
        Self { gateway, shutdown, sockets, documents, load, timing: Timing::default() }
    }
}

/// Periods of long connections; tests shorten them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timing {
    /// A WebSocket must send `connection_init` within this.
    pub(crate) init: std::time::Duration,
    /// Between two looks at a long connection: is the peer there, does the session stand.
    pub(crate) beat: std::time::Duration,
    /// A message must leave within this.
    pub(crate) send: std::time::Duration,
}

impl Default for Timing {
    fn default() -> Self {
        use std::time::Duration;
        Self { init: Duration::from_secs(10), beat: Duration::from_secs(30), send: Duration::from_secs(10) }
    }
}
