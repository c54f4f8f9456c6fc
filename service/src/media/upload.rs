//! Taking a photo in: streamed from the client to the object store, recognised and measured as it passes.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use darkroom_entity::media::{self, Attachment, Kind, Status};
use darkroom_entity::upload::Purpose;
use darkroom_media::{Failure, FailureCode, Format, Inspector};
use darkroom_platform::objects::PutError;
use futures::TryStreamExt;
use futures::stream::{self, BoxStream, StreamExt};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use tracing::Instrument;
use uuid::Uuid;

use super::limits;
use crate::app::App;
use crate::error::{Error, Result, reject_if_any};
use crate::feature::{self, Feature};
use crate::job::ProcessMedia;
use crate::object;
use crate::session::Viewer;
use crate::transaction::Transaction;
use crate::{rate, sight, text};

/// A photo on its way in.
pub struct NewUpload {
    /// Its bytes, as they come. An error means that the client is gone.
    pub body: BoxStream<'static, io::Result<Bytes>>,
    /// What is to be seen, for those who don't see it. May be empty.
    pub alt_text: String,
    /// What it is for.
    pub purpose: Purpose,
}

/// Stores a photo and leaves it to be processed. It holds a few chunks in memory, never the file.
///
/// Refused as soon as it is known not to be usable: not a picture, too large, too many pixels, cut off. Then nothing of
/// it is left, no row, no object, no job. The work goes on in a task of its own, so that a client who hangs up does not
/// cut the clean-up off as well.
pub async fn upload(app: &App, viewer: &Viewer, new: NewUpload) -> Result<media::Model> {
    if let Some(id) = app.done_before() {
        return super::own(app, viewer, id).await;
    }
    let last_byte = LastByte::default();
    let result = receive(app, viewer, new, &last_byte).await;
    sight::upload("whole", last_byte.at(), &result);
    result
}

/// When the last byte of a body came, as far as it has come.
#[derive(Clone)]
struct LastByte(Arc<Mutex<Instant>>);

impl Default for LastByte {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Instant::now())))
    }
}

impl LastByte {
    fn note(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn at(&self) -> Instant {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn receive(app: &App, viewer: &Viewer, new: NewUpload, last_byte: &LastByte) -> Result<media::Model> {
    let mut problems = Vec::new();
    let alt_text = text::clean("altText", &new.alt_text, app.config.limits.alt_text_max_chars, &mut problems);
    reject_if_any(problems)?;
    feature::require(app, Feature::Upload).await?;
    rate::upload(app, viewer).await?;
    let Ok(permit) = Arc::clone(&app.uploads).try_acquire_owned() else {
        return Err(Error::RateLimited { retry_after: Duration::from_secs(5) });
    };
    let last_byte = last_byte.clone();
    let body = new.body.inspect(move |_| last_byte.note()).map_err(body_error).boxed();
    let photo = NewPhoto { owner: viewer.id(), body, alt_text, purpose: new.purpose, announced: None };
    let app = app.clone();
    let tasks = app.tasks.clone();
    let work = async move {
        let _permit = permit;
        take_in(&app, photo).await
    };
    tasks.spawn(work.in_current_span()).await.map_err(Error::internal)?
}

async fn take_in(app: &App, photo: NewPhoto) -> Result<media::Model> {
    let stored = store(app, photo).await?;
    let accepted = async {
        let mut tx = app.begin().await?;
        let row = stored.accept(&mut tx).await?;
        tx.outcome(row.id);
        tx.commit().await?;
        Ok(row)
    };
    let accepted: Result<media::Model> = accepted.await;
    if accepted.is_err() {
        stored.discard(app).await;
    }
    accepted
}

/// A photo to be stored, wherever its bytes come from.
pub(crate) struct NewPhoto {
    /// Whose it will be.
    pub(crate) owner: Uuid,
    /// Its bytes, as they come.
    pub(crate) body: BoxStream<'static, Result<Bytes>>,
    /// Cleaned already.
    pub(crate) alt_text: String,
    /// What it is for.
    pub(crate) purpose: Purpose,
    /// The type that it must have, if one was announced.
    pub(crate) announced: Option<String>,
}

/// A photo of which every byte is in the store, and which is nobody's yet: accept it, or discard it.
pub(crate) struct Stored {
    row: media::Model,
    bytes: u64,
}

/// Streams a photo to the store, recognised and measured on the way. If that fails nothing of it is left.
pub(crate) async fn store(app: &App, photo: NewPhoto) -> Result<Stored, Cut> {
    let begun = recognise(photo.body, Inspector::new(limits(app))).await?;
    let format = begun.format;
    if let Some(announced) = photo.announced.filter(|announced| announced != format.content_type()) {
        let message = format!("The file is {}, and {announced} was announced.", format.content_type());
        return Err(Cut::Refused(Failure { code: FailureCode::UnsupportedFormat, message }));
    }
    let row = insert(app, photo.owner, format, photo.alt_text, photo.purpose).await?;
    let span = tracing::trace_span!("photo.receive", photo.format = format.content_type());
    let put = app.objects.put_stream(&row.original_key, checked(begun), format.content_type()).instrument(span).await;
    let cut = match put {
        Ok(bytes) => return Ok(Stored { row, bytes }),
        Err(PutError::Source(cut)) => cut,
        Err(PutError::Objects(error)) => Cut::Failed(error.into()),
    };
    Stored { row, bytes: 0 }.discard(app).await;
    Err(cut)
}

impl Stored {
    /// The photo's id.
    pub(crate) fn id(&self) -> Uuid {
        self.row.id
    }

    /// Makes it the ledger's: it will be processed.
    pub(crate) async fn accept(&self, tx: &mut Transaction<'_>) -> Result<media::Model> {
        let size = Set(self.bytes as i64);
        let changed = media::Entity::update_many()
            .set(media::ActiveModel { status: Set(Status::Processing), byte_size: size, ..Default::default() })
            .filter(media::Column::Id.eq(self.row.id))
            .filter(media::Column::Status.eq(Status::Uploading))
            .exec_with_returning(tx.rows())
            .await?;
        let row = changed.into_iter().next().ok_or_else(|| Error::internal("the row of an upload is gone"))?;
        tx.enqueue(&ProcessMedia { media_id: row.id }).await?;
        Ok(row)
    }

    /// Removes what there is of it. If that fails, the sweep does it within a day.
    pub(crate) async fn discard(&self, app: &App) {
        if let Err(error) = self.remove(app).await {
            tracing::warn!(%error, media = %self.row.id, "a refused upload is left to the sweep");
        }
    }

    async fn remove(&self, app: &App) -> Result<()> {
        // A commit whose answer was lost may have made it the ledger's: then it is kept, and processed.
        if !self.is_nobodys(app).await? {
            return Ok(());
        }
        app.objects.delete(&[self.row.original_key.as_str()]).await?;
        media::Entity::delete_by_id(self.row.id)
            .filter(media::Column::Status.eq(Status::Uploading))
            .exec(app.rows())
            .await?;
        Ok(())
    }

    /// Whether nobody has accepted it. Nobody will: the lock waits for a transaction that was given up and has not ended.
    async fn is_nobodys(&self, app: &App) -> Result<bool> {
        let tx = app.begin().await?;
        let row = media::Entity::find_by_id(self.row.id).lock_exclusive().one(tx.rows()).await?;
        tx.abandon().await?;
        Ok(row.is_some_and(|row| row.status == Status::Uploading))
    }
}

/// An upload whose format is known.
struct Begun {
    format: Format,
    /// What was read to know it.
    head: Vec<Bytes>,
    body: BoxStream<'static, Result<Bytes>>,
    inspector: Inspector,
}

/// Reads on until the format is known: a few bytes.
async fn recognise(mut body: BoxStream<'static, Result<Bytes>>, mut inspector: Inspector) -> Result<Begun, Cut> {
    let mut head = Vec::new();
    while let Some(chunk) = body.next().await {
        let chunk = chunk?;
        inspector.feed(&chunk).map_err(Cut::Refused)?;
        head.push(chunk);
        if let Some(format) = inspector.format() {
            return Ok(Begun { format, head, body, inspector });
        }
    }
    // The end came before the format was known: whatever it is, the inspector says why it is refused.
    match inspector.finish() {
        Err(failure) => Err(Cut::Refused(failure)),
        Ok(_) => Err(Error::internal("a file without a format passed inspection").into()),
    }
}

/// Why the bytes stopped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Cut {
    /// They are no picture that can be used.
    #[error("{0}")]
    Refused(Failure),
    /// Something else went wrong, or where they came from had enough.
    #[error(transparent)]
    Failed(Error),
}

impl From<Error> for Cut {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<Cut> for Error {
    fn from(cut: Cut) -> Self {
        match cut {
            Cut::Refused(failure) => Self::refused("file", failure),
            Cut::Failed(error) => error,
        }
    }
}

/// What to tell of a body that could not be read to its end, by the kind of its error.
pub fn body_error(error: io::Error) -> Error {
    use io::ErrorKind::{
        BrokenPipe, ConnectionAborted, ConnectionReset, FileTooLarge, InvalidData, InvalidInput, NotFound, StorageFull,
        TimedOut, UnexpectedEof,
    };
    tracing::debug!(%error, "an upload ended before its end");
    match error.kind() {
        InvalidInput | InvalidData | NotFound => Error::invalid("file", error.to_string()),
        FileTooLarge => {
            let message = "The file is larger than this server takes.".to_owned();
            Error::refused("file", Failure { code: FailureCode::TooLarge, message })
        }
        UnexpectedEof | TimedOut | BrokenPipe | ConnectionReset | ConnectionAborted => {
            Error::invalid("file", "The upload was cut off before its end. Send it again.")
        }
        StorageFull => Error::Unavailable { message: "The storage is full. Nothing was saved.", source: error.into() },
        _ => Error::internal(error),
    }
}

/// The bytes as they pass by the inspector. Its last word comes before the end of the stream, so that the object is never
/// made of a file that is refused at its very end.
fn checked(begun: Begun) -> BoxStream<'static, Result<Bytes, Cut>> {
    let Begun { head, body, inspector, .. } = begun;
    let rest = stream::unfold((body, Some(inspector)), |(mut body, inspector)| async move {
        let mut inspector = inspector?;
        let cut = match body.next().await {
            Some(Ok(chunk)) => match inspector.feed(&chunk) {
                Ok(()) => return Some((Ok(chunk), (body, Some(inspector)))),
                Err(failure) => Cut::Refused(failure),
            },
            Some(Err(error)) => Cut::Failed(error),
            None => Cut::Refused(inspector.finish().err()?),
        };
        Some((Err(cut), (body, None)))
    });
    stream::iter(head.into_iter().map(Ok)).chain(rest).boxed()
}

async fn insert(app: &App, owner: Uuid, format: Format, alt_text: String, purpose: Purpose) -> Result<media::Model> {
    let folder = match purpose {
        Purpose::Post => "photos",
        Purpose::Story => "stories",
    };
    let row = media::Model {
        id: app.clock.new_id(),
        account_id: owner,
        kind: Kind::Photo,
        status: Status::Uploading,
        attachment: Attachment::None,
        original_key: format!("{folder}/o/{}.{}", object::random_name()?, format.extension()),
        rendition_prefix: format!("{folder}/r/{}", object::random_name()?),
        content_type: format.content_type().to_owned(),
        byte_size: 0,
        width: None,
        height: None,
        placeholder: None,
        dominant_color: None,
        perceptual_hash: None,
        alt_text,
        failure_code: None,
        failure_message: None,
        facts: None,
        expires_at: None,
        created_at: app.clock.now(),
    };
    media::Entity::insert(media::ActiveModel::from(row.clone())).exec_without_returning(app.rows()).await?;
    Ok(row)
}
