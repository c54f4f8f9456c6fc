//! Timelines that many read, kept in the process and read again only when they have changed.
//!
//! Whether one has is seen exactly, without an event that could be lost: its length, its first element and its header are
//! asked for, about a hundred bytes. A push makes a list longer; whatever makes it shorter changes its header.

use std::sync::Arc;

use bytes::Bytes;
use fred::prelude::{Client, ListInterface};
use moka::sync::Cache;
use uuid::Uuid;

use super::{BATCH, RedisTimelines};
use crate::redis::RedisError;
use crate::timelines::Window;

/// What tells two states of a list apart: length, first element, header.
type Mark = (i64, Option<Bytes>, Option<Bytes>);

/// The timelines last read, as many as configured.
#[derive(Debug, Clone)]
pub(super) struct Cached {
    timelines: Cache<Uuid, (Mark, Arc<Window>)>,
}

impl Cached {
    pub(super) fn new(most: u64) -> Self {
        Self { timelines: Cache::new(most) }
    }
}

impl RedisTimelines {
    /// Each of these timelines that is complete for epoch nought, in the order asked for.
    pub(in crate::timelines) async fn read_shared(
        &self,
        timelines: &[Uuid],
    ) -> Result<Vec<Option<Arc<Window>>>, RedisError> {
        let mut windows = Vec::with_capacity(timelines.len());
        for batch in timelines.chunks(BATCH) {
            let known: Vec<_> = batch.iter().map(|timeline| self.cached.timelines.get(timeline)).collect();
            let marks = self.marks(batch).await?;
            let current = known
                .into_iter()
                .zip(marks)
                .map(|(known, mark)| known.filter(|(of, _)| *of == mark).map(|(_, window)| window));
            let current: Vec<Option<Arc<Window>>> = current.collect();
            let changed = batch.iter().zip(&current).filter(|(_, window)| window.is_none());
            let changed: Vec<Uuid> = changed.map(|(timeline, _)| *timeline).collect();
            let mut again = self.read_again(&changed).await?.into_iter();
            windows.extend(current.into_iter().map(|window| window.or_else(|| again.next().flatten())));
        }
        Ok(windows)
    }

    async fn marks(&self, batch: &[Uuid]) -> Result<Vec<Mark>, RedisError> {
        let keys: &Vec<String> = &batch.iter().map(|timeline| self.key(*timeline)).collect();
        let ask = |client: Client| async move {
            let pipeline = client.pipeline();
            for key in keys {
                pipeline.llen::<(), _>(key.as_str()).await?;
                pipeline.lindex::<(), _>(key.as_str(), 0).await?;
                pipeline.lindex::<(), _>(key.as_str(), -1).await?;
            }
            let answers: Vec<fred::prelude::Value> = pipeline.all().await?;
            let mut marks = Vec::with_capacity(keys.len());
            let mut answers = answers.into_iter();
            while let (Some(length), Some(first), Some(header)) = (answers.next(), answers.next(), answers.next()) {
                marks.push((length.convert()?, first.convert()?, header.convert()?));
            }
            Ok(marks)
        };
        if batch.is_empty() { Ok(Vec::new()) } else { self.redis.call(ask).await }
    }

    async fn read_again(&self, changed: &[Uuid]) -> Result<Vec<Option<Arc<Window>>>, RedisError> {
        if changed.is_empty() {
            return Ok(Vec::new());
        }
        let keys: &Vec<String> = &changed.iter().map(|timeline| self.key(*timeline)).collect();
        let ttl = self.ttl;
        let read = |client: Client| async move {
            let pipeline = client.pipeline();
            for key in keys {
                pipeline.lrange::<(), _>(key.as_str(), 0, -1).await?;
                fred::prelude::KeysInterface::expire::<(), _>(&pipeline, key.as_str(), ttl, None).await?;
            }
            let answers: Vec<fred::prelude::Value> = pipeline.all().await?;
            answers.into_iter().step_by(2).map(fred::prelude::Value::convert::<Vec<Bytes>>).collect()
        };
        let lists: Vec<Vec<Bytes>> = self.redis.call(read).await?;
        let windows = changed.iter().zip(lists).map(|(timeline, elements)| {
            let mark = (elements.len() as i64, elements.first().cloned(), elements.last().cloned());
            let window = Arc::new(self.complete(&elements, 0)?.contents().to_window());
            self.cached.timelines.insert(*timeline, (mark, window.clone()));
            Some(window)
        });
        Ok(windows.collect())
    }
}
