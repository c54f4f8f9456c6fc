//! Lists that grow: what comes to them, each row once, with nothing left out after a gap.

use std::sync::Arc;

use darkroom_service::Error;
use uuid::Uuid;

use super::track::Track;
use super::watch::{Found, Look, News, Then};
use crate::error::Result;

/// Rows of one look.
const PAGE: usize = 100;

/// Pages of a list that one look reads to find what is new among what was said.
const PAGES: usize = 11;

/// A list that grows.
pub(super) trait Source: Send + Sync + 'static {
    /// What stands in it.
    type Row: Send + Sync + 'static;

    fn id(row: &Self::Row) -> Uuid;

    /// Up to `limit` rows after a place that the viewer may see now, oldest first.
    fn after(&self, place: Uuid, limit: u64) -> impl Future<Output = Result<Vec<Self::Row>, Arc<Error>>> + Send;

    /// The ids of up to `limit` rows after a place, oldest first, whether the viewer may see them or not.
    fn ids_after(&self, place: Uuid, limit: u64) -> impl Future<Output = Result<Vec<Uuid>, Arc<Error>>> + Send;

    /// Those of these rows that the viewer may see now, in any order.
    fn among(&self, ids: &[Uuid]) -> impl Future<Output = Result<Vec<Self::Row>, Arc<Error>>> + Send;

    /// Whether the viewer may still see the list itself.
    fn is_open(&self) -> impl Future<Output = Result<bool, Arc<Error>>> + Send;
}

/// Listens to such a list.
pub(super) struct Arrivals<S> {
    source: S,
    track: Track,
}

impl<S: Source> Arrivals<S> {
    /// From `begun` on, or from the row `after`, which the client has: what has come since is found first.
    ///
    /// # Errors
    /// `CONFLICT` when more than [`PAGE`] have come since `after`.
    pub(super) async fn begin(begun: Uuid, source: S, after: Option<Uuid>) -> Result<(Self, Found<S::Row>)> {
        if let Some(after) = after {
            if source.after(after, PAGE as u64 + 1).await?.len() > PAGE {
                let message =
                    format!("More than {PAGE} have come since. Read the list again, and listen without `after`.");
                return Err(Error::conflict("after", message).into());
            }
            let arrivals = Self { source, track: Track::after(after) };
            let found = arrivals.read().await?;
            return Ok((arrivals, found));
        }
        let mut arrivals = Self { source, track: Track::after(begun) };
        // What was there before is not new; what comes later with an older id is.
        let ids = arrivals.source.ids_after(second_of(arrivals.track.floor()), (PAGE * PAGES) as u64).await?;
        let (old, new): (Vec<Uuid>, Vec<Uuid>) = ids.into_iter().partition(|id| *id < begun);
        old.into_iter().for_each(|id| arrivals.track.said(id));
        let found =
            if new.is_empty() { Found::wait(Vec::new()) } else { arrivals.look(News { ids: new, gap: false }).await? };
        Ok((arrivals, found))
    }

    /// Reads on from the last place: up to a page of what was not said yet.
    async fn read(&self) -> Result<Found<S::Row>, Arc<Error>> {
        let (mut place, mut fresh) = (self.track.floor(), Vec::new());
        for _ in 0..PAGES {
            let rows = self.source.after(place, PAGE as u64).await?;
            let more = rows.len() == PAGE;
            place = rows.last().map_or(place, S::id);
            fresh.extend(rows.into_iter().filter(|row| self.track.is_new(S::id(row))));
            if !more {
                return Ok(Found::wait(fresh));
            }
            if fresh.len() >= PAGE {
                break;
            }
        }
        fresh.truncate(PAGE);
        // Nothing new among so many that were said: what comes now comes as news.
        let then = if fresh.is_empty() { Then::Wait } else { Then::Again };
        Ok(Found { items: fresh, then })
    }
}

impl<S: Source> Look for Arrivals<S> {
    type Item = S::Row;

    async fn look(&mut self, news: News) -> Result<Found<S::Row>, Arc<Error>> {
        let (found, complete) = if news.gap {
            (self.read().await?, false)
        } else {
            let ids: Vec<Uuid> = news.ids.into_iter().filter(|id| self.track.is_new(*id)).collect();
            let mut rows = if ids.is_empty() { Vec::new() } else { self.source.among(&ids).await? };
            rows.sort_unstable_by_key(S::id);
            let complete = rows.len() == ids.len();
            (Found::wait(rows), complete)
        };
        // Whoever sees all that is new sees the list.
        if !complete && !self.source.is_open().await? {
            return Ok(Found::end());
        }
        Ok(found)
    }

    fn said(&mut self, row: &S::Row) {
        self.track.said(S::id(row));
    }
}

/// The whole second of a place among ids that begin with their time: those who begin to listen within one second ask the
/// same.
fn second_of(place: Uuid) -> Uuid {
    let millis = place.as_u128() >> 80;
    Uuid::from_u128((millis - millis % 1000) << 80)
}
