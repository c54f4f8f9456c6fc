//! For load balancers and orchestrators: is the process alive, and should it get requests?

use std::future::Future;
use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use darkroom_platform::CLOCK_TOLERANCE;
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

/// Why workers count as absent.
const SILENT: &str = "no worker has run its heartbeat lately";

/// What a check has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Finding {
    Ok,
    /// Requests are still served, slower or later.
    Degraded,
    /// An operator has paused it: nothing is known of it until it goes on.
    Paused,
    Failed,
}

#[derive(Serialize)]
struct Checks {
    database: Finding,
    objects: Finding,
    redis: Finding,
    worker: Finding,
    clock: Finding,
    /// Only where one is set. Without it the primary answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    replica: Option<Finding>,
}

#[derive(Serialize)]
struct Readiness {
    ready: bool,
    checks: Checks,
}

/// `GET /readyz`: 200 if requests can be served, else 503.
///
/// Without rows or media bytes nothing can. With a wrong clock, jobs are due at the wrong time and links end too early or
/// late. Without Redis everything still works from the database, and without a worker photos wait: taking the server away
/// would turn a slow product into none, on every replica at the same moment, so both are reported and don't count. While the
/// queue of the heartbeat is paused, nobody can say whether a worker is there: that is `paused`.
pub(crate) async fn ready(State(app): State<App>) -> Response {
    let mut is_paused = false;
    let heartbeat = async {
        if job::ledger::heartbeat_seen(&app).await? {
            return Ok(());
        }
        let paused = job::pause::paused(&app).await?;
        is_paused = paused.iter().any(|(queue, _)| *queue == job::Queue::Interactive);
        if is_paused { Ok(()) } else { Err(Box::<dyn std::error::Error + Send + Sync>::from(SILENT)) }
    };
    let clock = async {
        let apart = app.database.clock_apart(&app.clock).await?;
        if apart <= CLOCK_TOLERANCE {
            return Ok(());
        }
        Err(format!("this machine's clock is {} s apart from the database's", apart.as_secs()).into())
    };
    let (database, objects, redis, worker, clock) = tokio::join!(
        check("database", Finding::Failed, app.database.ping()),
        check("objects", Finding::Failed, app.objects.ping()),
        check("redis", Finding::Degraded, app.transport.ping()),
        check("worker", Finding::Degraded, heartbeat),
        check::<Box<dyn std::error::Error + Send + Sync>>("clock", Finding::Failed, clock),
    );
    let worker = if is_paused { Finding::Paused } else { worker };
    let ready = [database, objects, clock].iter().all(|finding| *finding == Finding::Ok);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let replica = app.database.replica().map(|(stands, _)| if stands { Finding::Ok } else { Finding::Degraded });
    let checks = Checks { database, objects, redis, worker, clock, replica };
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
