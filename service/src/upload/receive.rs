//! Taking a part in at our own route: streamed to the object store, measured as it passes.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use darkroom_entity::account;
use darkroom_entity::upload::{self, State};
use darkroom_media::{Failure, FailureCode};
use darkroom_platform::objects::PutError;
use futures::stream::{self, BoxStream, Stream, StreamExt};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::link::PartLink;
use super::{LATE, part};
use crate::app::App;
use crate::error::{Error, Result};
use crate::media::body_error;
use crate::session::is_admitted;

/// What the store calls a part: it is no file yet.
const CONTENT_TYPE: &str = "application/octet-stream";

/// Stores a part that somebody sends with a link that was [granted](super::grant). It holds a few chunks in memory, never
/// the part. One that was there before is replaced, once every byte of the new one is there.
///
/// # Errors
/// Not found if the upload is over (finished, cancelled, expired) or its person suspended; refused if the part has another
/// size than the link says, or was cut off; rate-limited if too many uploads are under way. Then nothing has changed.
pub async fn receive(app: &App, link: &PartLink, body: BoxStream<'static, io::Result<Bytes>>) -> Result<()> {
    let row = open(app, link).await?;
    let Ok(_permit) = Arc::clone(&app.uploads).try_acquire_owned() else {
        return Err(Error::RateLimited { retry_after: Duration::from_secs(5) });
    };
    let key = part::key(&row, link.number);
    let put = app.objects.put_stream(&key, exactly(link.byte_size, body), CONTENT_TYPE);
    // By then nothing may be written any more: the purge of what is left of an upload relies on it.
    let time = link.expires_at + LATE / 2 - app.clock.now();
    match tokio::time::timeout(time.to_std().unwrap_or_default(), put).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(PutError::Source(error))) => Err(error),
        Ok(Err(PutError::Objects(error))) => Err(error.into()),
        Err(_) => Err(Error::invalid("body", "The part came too slowly. Ask for a new link, and send it again.")),
    }
}

/// The upload, if parts of it are still taken.
async fn open(app: &App, link: &PartLink) -> Result<upload::Model> {
    let row = upload::Entity::find_by_id(link.upload_id)
        .filter(upload::Column::State.eq(State::Open))
        .filter(upload::Column::ExpiresAt.gt(app.clock.now()))
        .one(app.rows())
        .await?
        .ok_or_else(super::missing)?;
    let sender = account::Entity::find_by_id(row.account_id).one(app.rows()).await?;
    if sender.is_some_and(|account| is_admitted(&account)) { Ok(row) } else { Err(super::missing()) }
}

/// The bytes as they pass, which must be exactly so many. The error comes before the end of the stream, so that no object
/// is made of anything else.
fn exactly(size: u64, body: BoxStream<'static, io::Result<Bytes>>) -> impl Stream<Item = Result<Bytes>> + Send {
    stream::unfold(Some((body, size)), move |state| async move {
        let (mut body, left) = state?;
        let error = match body.next().await {
            Some(Ok(chunk)) => match left.checked_sub(chunk.len() as u64) {
                Some(left) => return Some((Ok(chunk), Some((body, left)))),
                None => {
                    let message = format!("The part has {size} bytes, and more came.");
                    Error::refused("body", Failure { code: FailureCode::TooLarge, message })
                }
            },
            Some(Err(error)) => body_error(error),
            None if left == 0 => return None,
            None => Error::invalid("body", format!("The part has {size} bytes, and {left} of them are missing.")),
        };
        Some((Err(error), None))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn taken(size: u64, chunks: &[&'static [u8]]) -> Option<Vec<u8>> {
        let body = stream::iter(chunks.to_vec()).map(|chunk| Ok(Bytes::from_static(chunk))).boxed();
        let passed: Vec<Result<Bytes>> = exactly(size, body).collect().await;
        let whole: Result<Vec<Bytes>> = passed.into_iter().collect();
        whole.ok().map(|chunks| chunks.concat())
    }

    #[tokio::test]
    async fn neither_more_nor_fewer_bytes_pass() {
        assert_eq!(taken(5, &[b"he", b"", b"llo"]).await.as_deref(), Some(b"hello".as_slice()));
        assert_eq!(taken(4, &[b"he", b"llo"]).await, None);
        assert_eq!(taken(6, &[b"he", b"llo"]).await, None);
        assert_eq!(taken(1, &[]).await, None);
    }
}
