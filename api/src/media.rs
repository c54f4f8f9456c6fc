//! `GET /media/{key}?exp=…&sig=…`: media bytes for whoever holds a link, until it expires.
//!
//! A folder's bytes are streamed from here. A bucket's are fetched from the bucket or its CDN: the answer says where.
//! Whatever is wrong with a link, the answer is "not found".

mod conditional;
mod range;

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use chrono::{DateTime, Utc};
use darkroom_platform::objects::{ObjectRead, ObjectsError};
use darkroom_service::App;
use darkroom_service::media::{self, Grant};
use futures::TryStreamExt;
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, ETAG, LAST_MODIFIED, LOCATION,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde::Deserialize;

use crate::refusal::Refusal;
use conditional::Validators;
use range::Wanted;

/// Object stores sign for at most seven days.
const PRESIGNED_MAX: u64 = 7 * 24 * 3600;

const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// What makes a key into a link.
#[derive(Deserialize)]
pub(crate) struct Link {
    #[serde(default)]
    exp: String,
    #[serde(default)]
    sig: String,
}

/// GET and HEAD.
pub(crate) async fn get(
    State(app): State<App>,
    method: Method,
    Path(key): Path<String>,
    link: Result<Query<Link>, axum::extract::rejection::QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let Query(link) = link.map_err(|_| Refusal::not_found())?;
    let grant = media::grant(&app, &key, &link.exp, &link.sig).ok_or_else(Refusal::not_found)?;
    let rest = rest_of(&grant, app.clock.now());
    if !app.objects.is_remote() {
        return serve(&app, &grant, rest, &method, &headers).await;
    }
    if method == Method::HEAD {
        // A presigned URL is for one method; this one needs no bytes.
        return describe(&app, &grant, rest).await;
    }
    redirect(&app, &grant, rest).await
}

/// Whole seconds until the link expires.
fn rest_of(grant: &Grant, now: DateTime<Utc>) -> u64 {
    u64::try_from((grant.expires_at - now).num_seconds()).unwrap_or(0)
}

/// The bytes, or the asked part of them.
async fn serve(app: &App, grant: &Grant, rest: u64, method: &Method, headers: &HeaderMap) -> Result<Response, Refusal> {
    let etag = etag(&grant.key);
    // Keys are never written twice: a copy under this tag is right without a look at the disk.
    if conditional::has_tag(headers, &etag) {
        return Ok(not_modified(grant, rest, &etag));
    }
    let read = app.objects.read(&grant.key, None).await.map_err(missing)?;
    let (size, modified) = (read.meta.size, read.meta.last_modified);
    let validators = Validators { etag: &etag, modified };
    if conditional::is_current(headers, &validators) {
        return Ok(not_modified(grant, rest, &etag));
    }
    let wanted =
        if conditional::range_applies(headers, &validators) { range::wanted(headers, size) } else { Wanted::All };
    let (status, read) = match wanted {
        Wanted::All => (StatusCode::OK, read),
        Wanted::Part(part) => {
            drop(read);
            (StatusCode::PARTIAL_CONTENT, app.objects.read(&grant.key, Some(part)).await.map_err(missing)?)
        }
        Wanted::Unsatisfiable => {
            let message = format!("The file has {size} bytes.");
            let refusal = Refusal::new(StatusCode::RANGE_NOT_SATISFIABLE, "INVALID", message);
            return Err(refusal.header(CONTENT_RANGE, value(&format!("bytes */{size}"))));
        }
    };
    let mut response = bytes_of(read, status, size, method);
    facts(response.headers_mut(), grant, rest, &etag);
    response.headers_mut().insert(LAST_MODIFIED, value(&conditional::http_date(modified)));
    Ok(response)
}

fn bytes_of(read: ObjectRead, status: StatusCode, size: u64, method: &Method) -> Response {
    let length = read.range.end - read.range.start;
    let content_range = format!("bytes {}-{}/{size}", read.range.start, read.range.end.saturating_sub(1));
    let body = if method == Method::HEAD {
        Body::empty()
    } else {
        // The length is promised already: an error ends the connection before it is reached, and the client sees that.
        Body::from_stream(read.stream.inspect_err(|error| tracing::warn!(%error, "a media file could not be read")))
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_LENGTH, length.into());
    if status == StatusCode::PARTIAL_CONTENT {
        response.headers_mut().insert(CONTENT_RANGE, value(&content_range));
    }
    response
}

/// What a bucket's object is like, without its bytes.
async fn describe(app: &App, grant: &Grant, rest: u64) -> Result<Response, Refusal> {
    let size = app.objects.size(&grant.key).await.map_err(missing)?.ok_or_else(Refusal::not_found)?;
    let mut response = Response::new(Body::empty());
    response.headers_mut().insert(CONTENT_LENGTH, size.into());
    facts(response.headers_mut(), grant, rest, &etag(&grant.key));
    Ok(response)
}

/// Where a bucket's bytes are: at the bucket, or at what stands in front of it, signed for no longer than the link lives.
///
/// The CDN gets the bucket's signed query too: one that passes it on lets the bucket itself refuse what has expired, and
/// so a private bucket stays private behind it.
async fn redirect(app: &App, grant: &Grant, rest: u64) -> Result<Response, Refusal> {
    let life = rest.clamp(1, PRESIGNED_MAX);
    let signed = app.objects.presign_get(&grant.key, Duration::from_secs(life)).await.map_err(missing)?;
    let signed = signed.ok_or_else(Refusal::not_found)?;
    let location = match app.config.media_base_url() {
        Some(base) => format!("{base}/{}?{}", grant.key, signed.query().unwrap_or_default()),
        None => signed.into(),
    };
    // A cached redirect must end before what it leads to.
    let max_age = life / 2;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
    let headers = response.headers_mut();
    headers.insert(LOCATION, HeaderValue::try_from(location).map_err(|_| Refusal::not_found())?);
    headers.insert(CACHE_CONTROL, cache_control(grant, max_age, ""));
    headers.insert(CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
    Ok(response)
}

fn not_modified(grant: &Grant, rest: u64, etag: &str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    facts(response.headers_mut(), grant, rest, etag);
    response.headers_mut().remove(CONTENT_TYPE);
    response
}

/// The headers that every answer about the object's bytes has.
fn facts(headers: &mut HeaderMap, grant: &Grant, rest: u64, etag: &str) {
    let disposition = if grant.is_original { "attachment" } else { "inline" };
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(grant.content_type));
    headers.insert(ETAG, value(etag));
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(CACHE_CONTROL, cache_control(grant, rest, ", immutable"));
    headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static(disposition));
    // Uploaded bytes never run as a page or a script, whatever a browser takes them for.
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    headers.insert(CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
}

/// Originals are their owner's: no shared cache keeps them.
fn cache_control(grant: &Grant, seconds: u64, more: &str) -> HeaderValue {
    let scope = if grant.is_original { "private" } else { "public" };
    value(&format!("{scope}, max-age={seconds}{more}"))
}

/// A key names the same bytes for ever, so it is their strong validator.
fn etag(key: &str) -> String {
    format!("\"{}\"", key.replace('/', "."))
}

/// A header's value, of text that we made.
fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

fn missing(error: ObjectsError) -> Refusal {
    match error {
        ObjectsError::NotFound | ObjectsError::BadKey(_) | ObjectsError::OutOfRange => Refusal::not_found(),
        error => {
            tracing::warn!(%error, "a media file could not be read");
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", "The file can't be had right now. Try again.")
        }
    }
}

#[cfg(test)]
mod tests;
