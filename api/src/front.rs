//! What stands at `/`: the IDE for browsers, a card for programs; and the IDE's files.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{Html, IntoResponse, Response};
use darkroom_platform::config::DocumentsMode;
use darkroom_service::App;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::json;

use crate::ide;
use crate::refusal::Refusal;

/// `GET /`.
pub(crate) async fn front(State(app): State<App>, headers: HeaderMap) -> Response {
    let accept = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let is_browser =
        accept.flat_map(|value| value.split([',', ';'])).any(|range| range.trim().eq_ignore_ascii_case("text/html"));
    let mut response = if is_browser && has_ide(&app) {
        let mut page = Html(ide::page()).into_response();
        let policy = HeaderValue::from_static(ide::CONTENT_SECURITY_POLICY);
        page.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
        page.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static(ide::PAGE_CACHE_CONTROL));
        page
    } else {
        let card = json!({ "name": "darkroom", "version": env!("CARGO_PKG_VERSION"), "graphql": "/graphql" });
        axum::Json(card).into_response()
    };
    response.headers_mut().insert(VARY, HeaderValue::from_static("Accept"));
    response
}

/// An IDE has nothing to do where only listed documents run.
fn has_ide(app: &App) -> bool {
    app.config.graphql.documents != DocumentsMode::Trusted
}

/// `GET /ide/{file}`.
pub(crate) async fn file(
    State(app): State<App>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let asset = ide::asset(&name).filter(|_| has_ide(&app)).ok_or_else(Refusal::not_found)?;
    let has_it = headers.get(IF_NONE_MATCH).is_some_and(|tag| tag.as_bytes() == asset.etag.as_bytes());
    let mut response = Response::new(if has_it { Body::empty() } else { Body::from(asset.bytes) });
    if has_it {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
    headers.insert(ETAG, HeaderValue::from_static(asset.etag));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(ide::ASSET_CACHE_CONTROL));
    Ok(response)
}
