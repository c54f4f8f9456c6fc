//! A look at the ledger and the stores.

use std::future::Future;
use std::time::Duration;

use darkroom_entity::doomed_object;
use darkroom_platform::metrics::{self, Queue as QueueLabel, Store};
use sea_orm::sea_query::{Order, Query};
use tokio::time::timeout;

use crate::app::App;
use crate::error::Result;
use crate::job::{self, Queue};

/// A look without an answer within this has found nothing.
const PATIENCE: Duration = Duration::from_secs(2);

/// Looks once, and sets the gauges. What could not be read keeps its value, and the time of the last success says so.
pub async fn sample(app: &App) {
    let redis = async {
        match app.cache.is_shared() {
            true => store("redis", app.transport.ping()).await,
            false => true,
        }
    };
    let looks = async {
        tokio::join!(
            store("database", app.database.ping()),
            store("objects", app.objects.ping()),
            redis,
            timeout(PATIENCE, ledger(app)),
        )
    };
    // In a box: looks at four stores at once take much room.
    let (database, objects, redis, ledger) = Box::pin(looks).await;
    match ledger {
        Ok(Ok(())) if database && objects && redis => {
            let now = app.clock.now().timestamp_micros() as f64 / 1e6;
            metrics::record(|metrics| _ = metrics.sampled.set(now));
        }
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "the queues can't be measured"),
        Err(_) => tracing::debug!("the queues can't be measured in time"),
    }
}

/// Notes whether a store answers, and says so.
async fn store<E>(store: &'static str, answer: impl Future<Output = std::result::Result<(), E>>) -> bool {
    let up = matches!(timeout(PATIENCE, answer).await, Ok(Ok(())));
    metrics::record(|metrics| _ = metrics.store_up.get_or_create(&Store { store }).set(i64::from(up)));
    up
}

async fn ledger(app: &App) -> Result<()> {
    for queue in Queue::ALL {
        let line = job::gauge::line(app, queue).await?;
        let age = line.oldest.map_or(0.0, |oldest| (app.clock.now() - oldest).as_seconds_f64().max(0.0));
        let queue = QueueLabel { queue: queue.as_str() };
        metrics::record(|metrics| {
            metrics.queue_depth.get_or_create(&queue).set(line.depth);
            metrics.queue_oldest.get_or_create(&queue).set(age);
            metrics.dead_jobs.get_or_create(&queue).set(line.dead);
        });
    }
    let doomed = Query::select()
        .column(doomed_object::Column::ObjectKey)
        .from(doomed_object::Entity)
        .order_by(doomed_object::Column::ObjectKey, Order::Asc)
        .to_owned();
    let doomed = job::gauge::counted(app, doomed).await?;
    metrics::record(|metrics| _ = metrics.doomed.set(doomed));
    Ok(())
}
