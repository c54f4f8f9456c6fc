//! `PUT /uploads/{upload}/{number}?size=…&exp=…&sig=…`: a part of a large file, from whoever holds a link, until it expires.
//!
//! The link is the right: no session is asked for, and no other header counts. A bucket answers for itself; this is for
//! parts that come through the API.

use axum::body::Body;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use chrono::DateTime;
use darkroom_service::media::FailureCode;
use darkroom_service::upload::{self, PartLink};
use darkroom_service::{App, Error};
use futures::{StreamExt, TryStreamExt};
use http::StatusCode;
use serde::Deserialize;
use uuid::Uuid;

use crate::graphql::inbound::Inbound;
use crate::refusal::Refusal;

/// What makes a path into a link.
#[derive(Deserialize)]
pub(crate) struct Right {
    size: u64,
    exp: i64,
    sig: String,
}

/// 204 once every byte is stored.
pub(crate) async fn put(
    State(app): State<App>,
    part: Result<Path<(Uuid, u32)>, PathRejection>,
    right: Result<Query<Right>, QueryRejection>,
    request: http::Request<Body>,
) -> Response {
    let (parts, body) = request.into_parts();
    let pace = app.config.limits.body_min_bytes_per_second;
    let inbound = Inbound::new(body, &parts.headers, 0, pace);
    let answer = match granted(&app, part.ok(), right.ok()) {
        Some(link) => receive(&app, &link, &inbound).await,
        None => Err(not_granted()),
    };
    let response = answer.map(|()| StatusCode::NO_CONTENT).into_response();
    inbound.answered(parts.version, response).await
}

/// The link, if it is one of ours and its time is not over.
fn granted(app: &App, part: Option<Path<(Uuid, u32)>>, right: Option<Query<Right>>) -> Option<PartLink> {
    let (Path((upload_id, number)), Query(Right { size, exp, sig })) = (part?, right?);
    let link = PartLink { upload_id, number, byte_size: size, expires_at: DateTime::from_timestamp(exp, 0)? };
    upload::grant(app, &link, &sig).then_some(link)
}

/// The status that a bucket gives to such a link.
fn not_granted() -> Refusal {
    let message = "This link was not made by this server, or its time is over. Ask for the upload again: its parts have \
                   new ones.";
    Refusal::new(StatusCode::FORBIDDEN, "FORBIDDEN", message)
}

async fn receive(app: &App, link: &PartLink, inbound: &Inbound) -> Result<(), Refusal> {
    // A part that is announced as too large is refused before it is read.
    inbound.bound(link.byte_size).map_err(|_| too_large(link))?;
    let body = inbound.stream().map_err(std::io::Error::from).boxed();
    upload::receive(app, link, body).await.map_err(|error| refusal(error, link))
}

fn refusal(error: Error, link: &PartLink) -> Refusal {
    let is_too_large = |failure: Option<FailureCode>| failure == Some(FailureCode::TooLarge);
    match &error {
        Error::Rejected { .. } if error.is_not_found() => Refusal::not_found(),
        Error::Rejected { problems } if problems.iter().any(|problem| is_too_large(problem.failure)) => too_large(link),
        _ => error.into(),
    }
}

fn too_large(link: &PartLink) -> Refusal {
    Refusal::too_large("The part", link.byte_size)
}
