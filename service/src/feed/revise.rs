//! Who begins to follow has their timeline brought up to the new epoch, instead of having it built anew; who ends it has
//! it tidied.
//!
//! Nothing depends on it: what is not revised is built anew when it is read next, or passed over by the query. So whatever is
//! in the way (a build under way, a busy process, an absent Redis), it is left.

use darkroom_platform::timelines::Revision;
use uuid::Uuid;

use super::build::{self, Turn};
use super::pull;
use crate::app::App;
use crate::error::Result;
use crate::visibility;

/// What has become of a follow, and the epoch of the follower's timeline before.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Change {
    /// It is accepted; the epoch has been counted up by it.
    Begun { follower_id: Uuid, followee_id: Uuid, epoch: i64 },
    /// It has ended.
    Ended { follower_id: Uuid, followee_id: Uuid, epoch: i64 },
}

/// Revises the timelines that committed changes concern. To be called after the commit: a post that is published from then on
/// is pushed, and one from before is found.
pub(crate) fn revise_in_background(app: &App, changes: Vec<Change>) {
    if changes.is_empty() {
        return;
    }
    let (app, tasks) = (app.clone(), app.tasks.clone());
    tasks.spawn(async move {
        for change in changes {
            if let Err(error) = revise(&app, change).await {
                tracing::debug!(%error, "a timeline was not revised");
            }
        }
    });
}

async fn revise(app: &App, change: Change) -> Result<()> {
    let (Change::Begun { follower_id, followee_id, epoch } | Change::Ended { follower_id, followee_id, epoch }) =
        change;
    let Some(_turn) = Turn::take(app, follower_id) else { return Ok(()) };
    // A process that builds as much as it may lets the next look at the feed decide whether this is needed.
    let Ok(_permit) = app.rebuilds.permits.try_acquire() else { return Ok(()) };
    if !app.timelines.stands(follower_id, epoch).await? {
        return Ok(());
    }
    let ids = build::ids_of(app, visibility::released_by(followee_id)).await?;
    let revision = match change {
        Change::Begun { .. } => {
            let mark = pull::is_marked(app, followee_id).await?.then_some(followee_id);
            Revision { from: epoch, to: epoch + 1, add: ids, mark, ..Revision::default() }
        }
        // Only of the same epoch: who follows again at once has counted it up, and keeps what that brought.
        Change::Ended { .. } => {
            Revision { from: epoch, to: epoch, remove: ids, unmark: Some(followee_id), ..Revision::default() }
        }
    };
    app.timelines.revise(follower_id, &revision).await?;
    Ok(())
}
