//! For load balancers and orchestrators: is the process alive, and should it get requests?

use std::future::Future;
use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use darkroom_service::{App, job};
use http::header::CACHE_CONTROL;
use http::{HeaderValue, StatusCode};
use serde::Serialize;

/// A check without an answer within this has failed.
const PATIENCE: Duration = Duration::from_secs(2);

/// `GET /healthz`: the process answers. Looks at nothing else, since starting it anew would mend nothing else.
pub(crate) async fn alive() -> &'static str {
    "ok"
}

/// What a check has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Finding {
    Ok,
    /// Requests are still served, slower or later.
    Degraded,
    Failed,
}

#[derive(Serialize)]
struct Checks {
    database: Finding,
    objects: Finding,
    redis: Finding,
    worker: Finding,
}

#[derive(Serialize)]
struct Readiness {
    ready: bool,
    checks: Checks,
}

/// `GET /readyz`: 200 if requests can be served, else 503.
///
/// Without rows or media bytes nothing can. Without Redis everything still works from the database, and without a worker
/// photos wait: taking the server away would turn a slow product into none, on every replica at the same moment, so both
/// are reported and don't count.
pub(crate) async fn ready(State(app): State<App>) -> Response {
    let heartbeat = async {
        match job::ledger::heartbeat_seen(&app).await {
            Ok(true) => Ok(()),
            Ok(false) => Err("no worker has run its heartbeat lately".into()),
            Err(error) => Err(Box::<dyn std::error::Error + Send + Sync>::from(error)),
        }
    };
    let (database, objects, redis, worker) = tokio::join!(
        check("database", Finding::Failed, app.database.ping()),
        check("objects", Finding::Failed, app.objects.ping()),
        check("redis", Finding::Degraded, app.transport.ping()),
        check("worker", Finding::Degraded, heartbeat),
    );
    let ready = database == Finding::Ok && objects == Finding::Ok;
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let checks = Checks { database, objects, redis, worker };
    let mut response = (status, axum::Json(Readiness { ready, checks })).into_response();
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn check<E>(name: &'static str, otherwise: Finding, answer: impl Future<Output = Result<(), E>>) -> Finding
where
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    within(PATIENCE, name, otherwise, answer).await
}

async fn within<E>(
    patience: Duration,
    name: &'static str,
    otherwise: Finding,
    answer: impl Future<Output = Result<(), E>>,
) -> Finding
where
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    match tokio::time::timeout(patience, answer).await {
        Ok(Ok(())) => Finding::Ok,
        Ok(Err(error)) => {
            let error: Box<dyn std::error::Error + Send + Sync> = error.into();
            tracing::warn!(check = name, %error, "a readiness check failed");
            otherwise
        }
        Err(_) => {
            tracing::warn!(check = name, "a readiness check got no answer in time");
            otherwise
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_check_that_hangs_fails() {
        let hangs = std::future::pending::<Result<(), std::io::Error>>();
        let patience = Duration::from_millis(10);
        assert_eq!(within(patience, "x", Finding::Degraded, hangs).await, Finding::Degraded);
        assert_eq!(check("x", Finding::Failed, async { Ok::<_, std::io::Error>(()) }).await, Finding::Ok);
        let fails = async { Err(std::io::Error::other("away")) };
        assert_eq!(check("x", Finding::Failed, fails).await, Finding::Failed);
    }
}
