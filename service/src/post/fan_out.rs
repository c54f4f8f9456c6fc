//! Carrying a post to its author's and their followers' timelines.

use darkroom_entity::post;
use darkroom_platform::timelines::of_author;
use sea_orm::EntityTrait;
use tracing::Instrument;
use uuid::Uuid;

use crate::app::App;
use crate::error::Result;
use crate::job::FanOutPost;
use crate::{feed, follow, live};

/// Pushes a post to one page of followers; the job of the next page is written before, so that pages run side by side. Of an
/// author who is pulled it goes to their own timelines only.
///
/// A page that runs twice pushes twice what is kept once. Whoever begins to follow while this goes on has a timeline of a
/// new epoch, which is built from the database.
pub async fn fan_out(app: &App, post_id: Uuid, after: Option<Uuid>) -> Result<()> {
    let Some(post) = post::Entity::find_by_id(post_id).one(app.rows()).await? else { return Ok(()) };
    if after.is_none() {
        app.timelines.push(&[post.author_id, of_author(post.author_id)], post_id).await?;
        feed::consider(app, post.author_id).await?;
    }
    // Asked for each page anew: once they are pulled, every follower looks at the author's own timeline.
    if feed::is_pulled(app, post.author_id).await? {
        live::announce_post_of(app, post.author_id, post_id).await;
        return Ok(());
    }
    let chunk = usize::try_from(app.config.feed.fan_out_chunk).unwrap_or(1000);
    let page = follow::fan_out_page(app, post.author_id, after, chunk).await?;
    if let Some(last) = page.last().filter(|_| page.len() == chunk) {
        let mut tx = app.begin().await?;
        tx.enqueue(&FanOutPost { post_id, after: Some(last.id) }).await?;
        tx.commit().await?;
    }
    let followers: Vec<Uuid> = page.iter().map(|follow| follow.account_id).collect();
    let span = tracing::trace_span!("feed.push_page", page.followers = followers.len());
    app.timelines.push(&followers, post_id).instrument(span).await?;
    live::announce_post(app, &followers, post_id).await;
    Ok(())
}
