//! Making a viewer's order, and finding the one that is good still.

use std::cmp::Reverse;

use bytes::Bytes;
use chrono::TimeDelta;
use darkroom_platform::timelines::Window;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::affinity::Taste;
use super::candidate::{self, Candidate, Standing};
use super::diversity::{most_per_author, spread};
use super::score::{Values, Weights, saturated};
use super::setting;
use super::snapshot::{Head, Snapshot};
use crate::app::App;
use crate::error::Result;
use crate::session::Viewer;

/// Most posts that are ranked, whatever the window: what is older goes on by time.
const MOST: usize = 800;

/// Of one's own fresh posts so many stand first.
const FRESH_FIRST: usize = 3;

/// Posts of a page of somebody who does nothing, and what is added for those who do very much.
const PAGE_LENGTH: (f64, f64) = (10.0, 20.0);

/// The part of a timeline that is ranked, and where it ends.
struct Ranked {
    ids: Vec<Uuid>,
    end: Option<Uuid>,
}

impl Ranked {
    fn of(mut window: Window) -> Self {
        if window.ids.len() > MOST {
            window.ids.truncate(MOST);
            window.end = window.ids.last().copied();
        }
        Self { ids: window.ids, end: window.end }
    }
}

/// The order that is shown to a viewer who begins to read: the latest of this state, if it is younger than `most`; else a new
/// one. None if snapshots can't be kept at the moment.
pub(super) async fn current(
    app: &App,
    viewer: &Viewer,
    window: Window,
    most: TimeDelta,
) -> Result<Option<(Uuid, Snapshot)>> {
    let ranked = Ranked::of(window);
    let state = state(viewer, &ranked);
    let now = app.clock.now();
    let good = |bytes: &Bytes| Snapshot::read(bytes).filter(|snapshot| now - snapshot.head.made_at < most);
    match app.snapshots.latest(viewer.id(), state, |bytes| good(bytes).is_some()).await {
        Ok(latest) => {
            if let Some((id, bytes)) = latest {
                return Ok(good(&bytes).map(|snapshot| (id, snapshot)));
            }
        }
        Err(error) => {
            tracing::debug!(%error, "snapshots are away; the feed goes by time");
            return Ok(None);
        }
    }
    // It is shown for a while: a post that stands in the timeline by now must not be left out of it for so long.
    let app = &*app.anew();
    let (id, bytes) = (app.clock.new_id(), Box::pin(rank(app, viewer, ranked)).await?);
    if let Err(error) = app.snapshots.put(viewer.id(), state, id, bytes.clone()).await {
        tracing::debug!(%error, "a snapshot was not kept; the feed goes by time");
        return Ok(None);
    }
    Ok(Snapshot::read(&bytes).map(|snapshot| (id, snapshot)))
}

/// How long an order is shown to those who begin to read.
pub(super) fn shown_for(app: &App) -> TimeDelta {
    TimeDelta::seconds(app.config.ranking.snapshot_seconds.into())
}

/// What tells two orders of one viewer apart: what is in the timeline, their own posts, which may not be in it yet, and their
/// settings. Other changes (who is closer now, what others like) show when the order is made anew by its age.
fn state(viewer: &Viewer, ranked: &Ranked) -> u64 {
    let account = &viewer.account;
    let mut hash = Sha256::new();
    ranked.ids.iter().for_each(|id| hash.update(id));
    hash.update(ranked.end.unwrap_or_default());
    hash.update(account.post_count.to_be_bytes());
    hash.update(account.setting_revision.to_be_bytes());
    let mut state = [0; 8];
    state.copy_from_slice(&hash.finalize()[..8]);
    u64::from_be_bytes(state)
}

/// Ranks what the timeline holds.
async fn rank(app: &App, viewer: &Viewer, ranked: Ranked) -> Result<Bytes> {
    let Ranked { mut ids, end } = ranked;
    let own = candidate::own_newest(app, viewer.id(), end.unwrap_or_default()).await?;
    ids.extend(own);
    ids.sort_unstable_by(|a, b| b.cmp(a));
    ids.dedup();
    let weights = setting::weights(app, &viewer.account).await?;
    let taste = if viewer.account.is_personalised { Taste::of(app, viewer.id()).await? } else { Taste::default() };
    let activity = saturated(taste.doings(), 30.0);
    let candidates = candidate::of(app, viewer.id(), &ids, &taste, activity).await?;
    let head = Head {
        made_at: app.clock.now(),
        weights,
        page_length: (PAGE_LENGTH.0 + PAGE_LENGTH.1 * activity).round() as u8,
        newest: ids.first().copied().unwrap_or_default(),
        end,
    };
    let order = arrange(candidates, weights, most_per_author(activity));
    let [.., activity] = Values::of([activity; 5]).0;
    Ok(Snapshot::pack(head, activity, order.into_iter().map(|post| (post.id, post.values))))
}

/// Best first, and of equals the newest first; spread; one's own fresh posts at the top. What is hidden stands where its score
/// would have it, and takes nobody's place.
fn arrange(mut candidates: Vec<Candidate>, weights: Weights, most_per_author: usize) -> Vec<Candidate> {
    candidates.sort_unstable_by_key(|post| Reverse((post.values.points(weights), post.id)));
    let (mut fresh, mut visible, mut hidden) = (Vec::new(), Vec::new(), Vec::new());
    for post in candidates {
        match post.standing {
            Standing::FreshOwn => fresh.push(post),
            Standing::Visible => visible.push(post),
            Standing::Hidden => hidden.push(post),
        }
    }
    fresh.sort_unstable_by_key(|post| Reverse(post.id));
    if fresh.len() > FRESH_FIRST {
        visible.extend(fresh.split_off(FRESH_FIRST));
        visible.sort_unstable_by_key(|post| Reverse((post.values.points(weights), post.id)));
    }
    let mut order = fresh;
    let mut hidden = hidden.into_iter().peekable();
    for post in spread(visible, |post| post.author_id, most_per_author) {
        let points = post.values.points(weights);
        while let Some(one) = hidden.next_if(|one| one.values.points(weights) >= points) {
            order.push(one);
        }
        order.push(post);
    }
    order.extend(hidden);
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEIGHTS: Weights = Weights([1, 0, 0, 0, 0]);

    fn post(id: u128, author: u128, points: u16, standing: Standing) -> Candidate {
        let (id, author_id) = (Uuid::from_u128(id), Uuid::from_u128(author));
        Candidate { id, author_id, standing, values: Values([points, 0, 0, 0, 0]) }
    }

    fn ids(order: &[Candidate]) -> Vec<u128> {
        order.iter().map(|post| post.id.as_u128()).collect()
    }

    #[test]
    fn the_best_comes_first_and_of_equals_the_newest() {
        use Standing::Visible;
        let posts =
            vec![post(1, 1, 5, Visible), post(2, 2, 9, Visible), post(3, 3, 5, Visible), post(4, 4, 7, Visible)];
        let order = arrange(posts.clone(), WEIGHTS, 3);
        assert_eq!(ids(&order), [2, 4, 3, 1]);
        let turned = arrange(posts.into_iter().rev().collect(), WEIGHTS, 3);
        assert_eq!(order, turned, "whatever order they come in");
    }

    #[test]
    fn own_fresh_posts_come_first_and_hidden_ones_take_no_place() {
        use Standing::{FreshOwn, Hidden, Visible};
        let posts = vec![
            post(1, 9, 1, FreshOwn),
            post(2, 9, 2, FreshOwn),
            post(3, 9, 3, FreshOwn),
            post(4, 9, 0, FreshOwn),
            post(5, 1, 900, Visible),
            post(6, 2, 800, Hidden),
            post(7, 1, 700, Visible),
            post(8, 3, 600, Visible),
            post(10, 2, 0, Hidden),
        ];
        // 7 would stand beside 5, of the same author, if 6 is not shown; so 8 comes between them.
        assert_eq!(ids(&arrange(posts, WEIGHTS, 3)), [4, 3, 2, 5, 6, 8, 7, 1, 10]);
    }
}
