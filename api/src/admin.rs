//! `/admin/graphql`: for operators. For everybody else there is nothing there, whatever they send.

mod page;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::{Request, Response};
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::any;
use darkroom_platform::config::{LimitsConfig, Origins};
use darkroom_schema::admin;
use darkroom_service::idempotency::Keeper;
use darkroom_service::rate::Charge;
use darkroom_service::{App, Viewer, operator};
use http::request::Parts;
use http::{HeaderMap, Method};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::auth;
use crate::graphql::documents::Documents;
use crate::graphql::gateway::{BodyLimits, Caller, Edge, Gateway, Product};
use crate::graphql::http::post;
use crate::graphql::load::{Bounds, Load};
use crate::refusal::Refusal;

/// Operations of operators that run at once: places of their own, so that a crowd of others keeps no operator out.
const PLACES: usize = 4;

/// How many wait for one.
const QUEUE: usize = 64;

/// The route.
pub(crate) fn routes(app: &App, product: Product, shutdown: CancellationToken, sockets: TaskTracker) -> Router {
    let load = Load::new(bounds(&app.config.limits));
    let operators = Operators { product, schema: admin::build(app), validator: admin::validator() };
    let edge = Edge::new(operators, Documents::of_operators(&app.config), load, shutdown, sockets);
    Router::new().route("/admin/graphql", any(serve)).with_state(Arc::new(edge)).merge(page::routes())
}

fn bounds(limits: &LimitsConfig) -> Bounds {
    let time = Duration::from_secs(limits.operation_timeout_seconds);
    Bounds { places: PLACES, reserved: 1, queue: QUEUE, patience: crate::PATIENCE, time }
}

/// Operations of operators. Who is none gets the very answer of a path that is no route: nothing of the request is looked at
/// but its session.
async fn serve(State(edge): State<Arc<Edge<Operators>>>, request: http::Request<Body>) -> axum::response::Response {
    match admit(&edge.gateway, request.headers()).await {
        Err(refusal) => refusal.into_response(),
        Ok(()) if request.method() == Method::POST => post(State(edge), request).await,
        Ok(()) => Refusal::method_not_allowed("Send operations by POST.", "POST").into_response(),
    }
}

async fn admit(operators: &Operators, headers: &HeaderMap) -> Result<(), Refusal> {
    let token = auth::bearer(headers).ok().flatten().ok_or_else(Refusal::not_found)?;
    operators.authenticate(token).await?.map(drop).ok_or_else(Refusal::not_found)
}

/// The operators' schema behind the edge; all else is as for everybody.
#[derive(Clone)]
struct Operators {
    product: Product,
    schema: admin::Schema,
    validator: admin::Schema,
}

impl Gateway for Operators {
    type Executor = admin::Schema;
    type Validator = admin::Schema;
    type Viewer = Arc<Viewer>;

    fn executor(&self) -> &admin::Schema {
        &self.schema
    }

    fn validator(&self) -> &admin::Schema {
        &self.validator
    }

    /// The role is in the account, which is read anew for each request.
    async fn authenticate(&self, token: &str) -> Result<Option<Arc<Viewer>>, Refusal> {
        let viewer = self.product.authenticate(token).await?;
        Ok(viewer.filter(|viewer| operator::actor(viewer).is_some()))
    }

    async fn is_live(&self, viewer: &Arc<Viewer>) -> bool {
        self.product.is_live(viewer).await
    }

    fn address(&self, parts: &Parts) -> IpAddr {
        self.product.address(parts)
    }

    async fn charge(&self, viewer: Option<&Arc<Viewer>>, address: IpAddr, points: u64) -> Option<Charge> {
        self.product.charge(viewer, address, points).await
    }

    fn prepare(&self, request: Request, caller: Caller<Arc<Viewer>>) -> Request {
        let Caller { viewer, presumed: _, user_agent, address, request_id } = caller;
        let address = Some(address);
        admin::prepare(request, darkroom_schema::Caller { viewer, presumed: None, user_agent, address, request_id })
    }

    fn keeper(&self, viewer: Option<&Arc<Viewer>>) -> Option<Keeper> {
        self.product.keeper(viewer)
    }

    fn mask(&self, response: Response, request_id: &str) -> Response {
        darkroom_schema::mask(response, request_id)
    }

    /// No field takes a file.
    fn limits(&self) -> BodyLimits {
        BodyLimits { upload: 0, ..self.product.limits() }
    }

    fn spool_dir(&self) -> PathBuf {
        self.product.spool_dir()
    }

    fn public_url(&self) -> String {
        self.product.public_url()
    }

    fn origins(&self) -> &Origins {
        self.product.origins()
    }
}
