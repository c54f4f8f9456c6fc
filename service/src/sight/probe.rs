//! How late events are: each process sends one to itself now and then, the way that every other event goes.
//!
//! So the events of people need not carry a time, and a channel on which nothing happens is measured too.

use std::time::{Duration, Instant};

use darkroom_platform::{Event, Subscription, metrics};
use futures::StreamExt;
use tokio::time::timeout;

use crate::app::App;

/// One that was not heard within this is lost.
const PATIENCE: Duration = Duration::from_secs(2);

/// Listens to what it sends itself.
pub(super) struct Probe {
    topic: String,
    heard: Option<Subscription>,
}

impl Probe {
    pub(super) async fn new(app: &App) -> Self {
        // A topic of this process alone.
        let topic = format!("probe:{}", app.clock.new_id());
        let heard = app.events.subscribe(&topic).await.ok();
        Self { topic, heard }
    }

    /// Sends one, and notes when it is heard.
    pub(super) async fn send(&mut self, app: &App) {
        let Some(heard) = &mut self.heard else { return };
        let (sign, sent) = (app.clock.new_id().to_string(), Instant::now());
        let sending = app.events.publish(&self.topic, &sign);
        let hearing = async {
            while let Some(event) = heard.next().await {
                if matches!(&event, Event::Message(message) if **message == *sign) {
                    return true;
                }
            }
            false
        };
        let arrived = async { sending.await.is_ok() && hearing.await };
        let arrived = timeout(PATIENCE, arrived).await.unwrap_or_default();
        metrics::record(|metrics| match arrived {
            true => _ = metrics.event_lag.set(metrics::since(sent)),
            false => _ = metrics.events_lost.inc(),
        });
    }
}
