//! Carrying a post to its author's and their followers' timelines.

use darkroom_entity::post;
use sea_orm::EntityTrait;
use uuid::Uuid;

use crate::app::App;
use crate::error::Result;
use crate::follow;
use crate::job::FanOutPost;
use crate::live;

/// Pushes a post to one page of followers; the job of the next page is written before, so that pages run side by side.
///
/// A page that runs twice pushes twice what is kept once. Whoever begins to follow while this goes on has a timeline of a
/// new epoch, which is built from the database.
pub async fn fan_out(app: &App, post_id: Uuid, after: Option<Uuid>) -> Result<()> {
    let Some(post) = post::Entity::find_by_id(post_id).one(app.rows()).await? else { return Ok(()) };
    let chunk = usize::try_from(app.config.feed.fan_out_chunk).unwrap_or(1000);
    let page = follow::fan_out_page(app, post.author_id, after, chunk).await?;
    if let Some(last) = page.last().filter(|_| page.len() == chunk) {
        let mut tx = app.begin().await?;
        tx.enqueue(&FanOutPost { post_id, after: Some(last.id) }).await?;
        tx.commit().await?;
    }
    let mut accounts: Vec<Uuid> = page.iter().map(|follow| follow.account_id).collect();
    let followers = accounts.len();
    if after.is_none() {
        accounts.push(post.author_id);
    }
    app.timelines.push(&accounts, post_id).await?;
    live::announce_post(app, &accounts[..followers], post_id).await;
    Ok(())
}
