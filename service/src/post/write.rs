//! Writing, changing, publishing and deleting posts.

use std::collections::HashSet;

use darkroom_entity::audience::Audience;
use darkroom_entity::media::{self, Attachment, Status};
use darkroom_entity::post::{self, Commenters, State};
use darkroom_entity::{account, post_hashtag, post_media, post_mention};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::app::App;
use crate::error::{Error, Problem, Result, reject_if_any};
use crate::job::{FanOutPost, PurgePost};
use crate::media as photos;
use crate::notification::{self, Event};
use crate::session::Viewer;
use crate::transaction::Transaction;
use crate::{account as people, text};

/// What somebody wants to post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPost {
    /// One to ten of the author's own photos that are not in use, in order.
    pub media_ids: Vec<Uuid>,
    /// At most 2,200 characters; may be empty.
    pub caption: String,
    /// At most 200 characters.
    pub location: Option<String>,
    /// For whom it is.
    pub audience: Audience,
    /// Who may comment on it.
    pub commenters: Commenters,
}

/// What an author changes; `None` leaves it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PostChange {
    /// The new caption.
    pub caption: Option<String>,
    /// The new location; `Some(None)` removes it.
    pub location: Option<Option<String>>,
    /// For whom it is from now on.
    pub audience: Option<Audience>,
    /// Who may comment on it from now on.
    pub commenters: Option<Commenters>,
}

/// Accepts a post.
pub async fn create(app: &App, viewer: &Viewer, new: NewPost) -> Result<post::Model> {
    if let Some(id) = app.done_before() {
        return super::visible_in(app.rows(), viewer, id).await;
    }
    let mut problems = Vec::new();
    let most = app.config.limits.media_per_post;
    if new.media_ids.is_empty() || new.media_ids.len() > most {
        problems.push(Problem::invalid("mediaIds", format!("A post holds 1 to {most} photos.")));
    }
    if new.media_ids.iter().collect::<HashSet<_>>().len() != new.media_ids.len() {
        problems.push(Problem::invalid("mediaIds", "A photo stands in a post once."));
    }
    let caption = text::clean("caption", &new.caption, app.config.limits.caption_max_chars, &mut problems);
    let location = checked_location(app, new.location, &mut problems);
    reject_if_any(problems)?;

    let mut tx = app.begin().await?;
    let row = post::Model {
        id: app.clock.new_id(),
        author_id: viewer.id(),
        state: State::Pending,
        audience: new.audience,
        commenters: new.commenters,
        caption,
        location,
        like_count: 0,
        comment_count: 0,
        created_at: app.clock.now(),
        published_at: None,
        edited_at: None,
        pinned_at: None,
        card_revision: 0,
    };
    let taken = photos::attach(&tx, viewer.id(), &new.media_ids, Attachment::Post, "mediaIds").await?;
    post::Entity::insert(post::ActiveModel::from(row.clone())).exec_without_returning(tx.rows()).await?;
    let places = taken.iter().enumerate().map(|(position, media)| post_media::ActiveModel {
        post_id: Set(row.id),
        position: Set(position as i32),
        media_id: Set(media.id),
    });
    post_media::Entity::insert_many(places).exec_without_returning(tx.rows()).await?;
    write_words(&tx, &row).await?;
    let row = if taken.iter().all(|media| media.status == Status::Ready) { publish(&mut tx, row).await? } else { row };
    tx.outcome(row.id);
    tx.commit().await?;
    Ok(row)
}

/// Changes the words of one of the viewer's posts.
pub async fn update(app: &App, viewer: &Viewer, post_id: Uuid, change: PostChange) -> Result<post::Model> {
    let mut problems = Vec::new();
    let caption = change
        .caption
        .map(|caption| text::clean("caption", &caption, app.config.limits.caption_max_chars, &mut problems));
    let location = change.location.map(|location| checked_location(app, location, &mut problems));
    reject_if_any(problems)?;
    let mut tx = app.begin().await?;
    let row = own_in(&tx, viewer, post_id).await?;
    let rewritten = caption.is_some();
    let mut changed =
        post::ActiveModel { id: Set(row.id), card_revision: Set(row.card_revision + 1), ..Default::default() };
    // The mark is about what people read.
    if rewritten || location.is_some() {
        changed.edited_at = Set(Some(app.clock.now()));
    }
    if let Some(audience) = change.audience {
        changed.audience = Set(audience);
    }
    if let Some(commenters) = change.commenters {
        changed.commenters = Set(commenters);
    }
    if let Some(caption) = caption {
        changed.caption = Set(caption);
    }
    if let Some(location) = location {
        changed.location = Set(location);
    }
    let row = post::Entity::update(changed).exec(tx.rows()).await?;
    if rewritten {
        let before = mentioned(&tx, row.id).await?;
        post_hashtag::Entity::delete_many().filter(post_hashtag::Column::PostId.eq(row.id)).exec(tx.rows()).await?;
        post_mention::Entity::delete_many().filter(post_mention::Column::PostId.eq(row.id)).exec(tx.rows()).await?;
        write_words(&tx, &row).await?;
        if row.state == State::Published {
            tell_of_mentions(&mut tx, row.id, &before).await?;
        }
    }
    tx.commit().await?;
    Ok(row)
}

/// The people whom a post mentions.
async fn mentioned(tx: &Transaction<'_>, post_id: Uuid) -> Result<HashSet<Uuid>> {
    let people: Vec<Uuid> = post_mention::Entity::find()
        .select_only()
        .column(post_mention::Column::AccountId)
        .filter(post_mention::Column::PostId.eq(post_id))
        .into_tuple()
        .all(tx.rows())
        .await?;
    Ok(people.into_iter().collect())
}

/// Tells those whom a caption mentions that did not mention them before, and takes it back from those whom it does not
/// mention any more.
async fn tell_of_mentions(tx: &mut Transaction<'_>, post_id: Uuid, before: &HashSet<Uuid>) -> Result<()> {
    let now = mentioned(tx, post_id).await?;
    for account_id in now.difference(before).copied() {
        notification::tell(tx, Event::Mentioned { post_id, account_id }).await?;
    }
    for account_id in before.difference(&now).copied() {
        notification::withdraw(tx, Event::Mentioned { post_id, account_id }).await?;
    }
    Ok(())
}

/// Deletes one of the viewer's posts: its rows now, what is many or elsewhere by jobs.
pub async fn delete(app: &App, viewer: &Viewer, post_id: Uuid) -> Result<()> {
    if app.done_before().is_some() {
        return Ok(());
    }
    let mut tx = app.begin().await?;
    let row = own_in(&tx, viewer, post_id).await?;
    let held: Vec<Uuid> = post_media::Entity::find()
        .select_only()
        .column(post_media::Column::MediaId)
        .filter(post_media::Column::PostId.eq(post_id))
        .into_tuple()
        .all(tx.rows())
        .await?;
    let removed = post::Entity::delete_by_id(post_id).exec(tx.rows()).await?;
    if removed.rows_affected == 0 {
        return Err(Error::not_found("postId", "post"));
    }
    photos::delete(&mut tx, &held).await?;
    if row.state == State::Published {
        people::count(tx.rows(), viewer.id(), account::Column::PostCount, -1).await?;
    }
    // Whatever its counters say: not everything that hangs on a post is counted, and what they left out must not stay for ever.
    tx.enqueue(&PurgePost { post_id }).await?;
    tx.outcome(post_id);
    tx.commit().await
}

fn checked_location(app: &App, location: Option<String>, problems: &mut Vec<Problem>) -> Option<String> {
    let location = text::clean_line("location", &location?, app.config.limits.location_max_chars, problems);
    (!location.is_empty()).then_some(location)
}

/// One of the viewer's own posts, locked until the transaction ends. Another's visible post is forbidden, not absent.
pub(super) async fn own_in(tx: &Transaction<'_>, viewer: &Viewer, post_id: Uuid) -> Result<post::Model> {
    let own = post::Entity::find_by_id(post_id)
        .filter(post::Column::AuthorId.eq(viewer.id()))
        .lock_exclusive()
        .one(tx.rows())
        .await?;
    match own {
        Some(row) => Ok(row),
        None => {
            super::visible_in(tx.rows(), viewer, post_id).await?;
            Err(Error::forbidden("postId", "Only its author may do this."))
        }
    }
}

/// Writes the hashtags of a caption, and the mentions of people who exist.
async fn write_words(tx: &Transaction<'_>, row: &post::Model) -> Result<()> {
    let tags = text::hashtags(&row.caption);
    if !tags.is_empty() {
        let rows = tags.into_iter().enumerate().map(|(position, tag)| post_hashtag::ActiveModel {
            post_id: Set(row.id),
            tag: Set(tag),
            position: Set(position as i32),
        });
        post_hashtag::Entity::insert_many(rows).exec_without_returning(tx.rows()).await?;
    }
    let names = text::mentions(&row.caption);
    if names.is_empty() {
        return Ok(());
    }
    let mut people: Vec<(Uuid, String)> = account::Entity::find()
        .select_only()
        .columns([account::Column::Id, account::Column::UsernameKey])
        .filter(account::Column::UsernameKey.is_in(names.clone()))
        .into_tuple()
        .all(tx.rows())
        .await?;
    people.sort_by_key(|(_, name)| names.iter().position(|known| known == name));
    if !people.is_empty() {
        let rows = people.into_iter().enumerate().map(|(position, (account_id, _))| post_mention::ActiveModel {
            post_id: Set(row.id),
            account_id: Set(account_id),
            position: Set(position as i32),
        });
        post_mention::Entity::insert_many(rows).exec_without_returning(tx.rows()).await?;
    }
    Ok(())
}

/// Publishes the post that holds this photo if all its photos are ready by now.
///
/// The post is locked first: of two photos that become ready at the same moment the second sees the first.
pub(crate) async fn publish_if_ready(tx: &mut Transaction<'_>, media_id: Uuid) -> Result<()> {
    let place = post_media::Entity::find().filter(post_media::Column::MediaId.eq(media_id)).one(tx.rows()).await?;
    let Some(place) = place else { return Ok(()) };
    let row = post::Entity::find_by_id(place.post_id)
        .filter(post::Column::State.eq(State::Pending))
        .lock_exclusive()
        .one(tx.rows())
        .await?;
    let Some(row) = row else { return Ok(()) };
    let held = post_media::Entity::find()
        .select_only()
        .column(post_media::Column::MediaId)
        .filter(post_media::Column::PostId.eq(row.id))
        .order_by_asc(post_media::Column::Position)
        .into_tuple::<Uuid>()
        .all(tx.rows())
        .await?;
    let unready = media::Entity::find()
        .filter(media::Column::Id.is_in(held))
        .filter(media::Column::Status.ne(Status::Ready))
        .one(tx.rows())
        .await?;
    if unready.is_none() {
        publish(tx, row).await?;
    }
    Ok(())
}

async fn publish(tx: &mut Transaction<'_>, row: post::Model) -> Result<post::Model> {
    let change = post::ActiveModel {
        id: Set(row.id),
        state: Set(State::Published),
        published_at: Set(Some(tx.app().clock.now())),
        card_revision: Set(row.card_revision + 1),
        ..Default::default()
    };
    let row = post::Entity::update(change).exec(tx.rows()).await?;
    people::count(tx.rows(), row.author_id, account::Column::PostCount, 1).await?;
    tx.enqueue(&FanOutPost { post_id: row.id, after: None }).await?;
    if !text::mentions(&row.caption).is_empty() {
        notification::tell(tx, Event::Captioned { post_id: row.id }).await?;
    }
    Ok(row)
}
