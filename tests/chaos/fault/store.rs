//! Redis, PostgreSQL and S3: restarted, emptied, away, slow, failing, hanging.

use std::time::{Duration, Instant};

use super::{Size, answered, backlog_moves};
use crate::book::Beat;
use crate::load::Load;
use crate::proxy::Mode;
use crate::report::Row;
use crate::site::{Site, Stores};

pub(super) const MINUTE: Duration = Duration::from_secs(60);

/// Redis is back: jobs go on.
const AFTER_REDIS: Duration = Duration::from_secs(5);

/// PostgreSQL is back: no request fails any more.
const AFTER_POSTGRES: Duration = Duration::from_secs(10);

/// S3 is back: jobs that waited for it come back every three seconds or so.
const AFTER_S3: Duration = Duration::from_secs(10);

/// Redis dies, and is back empty after a while.
pub(super) async fn redis_away(site: &mut Site, load: &Load, away: Duration, row: &mut Row) {
    let begun = Instant::now();
    site.stores().redis.kill();
    // Meanwhile people must not notice.
    while begun.elapsed() < away {
        load.flows(5, Duration::from_secs(10)).await;
    }
    site.stores().redis.restart().await;
    let over = Instant::now();
    backlog_moves(site, over, AFTER_REDIS, row).await;
    answered(load, over, AFTER_REDIS, row).await;
    no_failures(load, begun, row);
}

/// Redis loses everything, again and again.
pub(super) async fn redis_flush(site: &mut Site, load: &Load, row: &mut Row) {
    let begun = Instant::now();
    for _ in 0..5 {
        site.stores().redis.flush_all();
        load.flows(10, MINUTE).await;
    }
    let over = Instant::now();
    backlog_moves(site, over, AFTER_REDIS, row).await;
    no_failures(load, begun, row);
}

/// Redis hangs for 600 ms, again and again; then its connections break.
pub(super) async fn redis_stalls(site: &mut Site, load: &Load, row: &mut Row) {
    let begun = Instant::now();
    let proxy = &site.stores().to_redis;
    for _ in 0..6 {
        Stores::disturb(proxy, Mode::Stall, Duration::from_millis(600)).await;
        load.flows(5, MINUTE).await;
    }
    proxy.cut();
    let over = Instant::now();
    backlog_moves(site, over, AFTER_REDIS, row).await;
    no_failures(load, begun, row);
}

/// PostgreSQL's processes all end at once, and are back after two seconds.
pub(super) async fn postgres_restart(site: &mut Site, load: &Load, row: &mut Row) {
    site.stores().postgres.crash().await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    site.stores().postgres.restart().await;
    postgres_is_back(site, load, row).await;
}

/// The way to PostgreSQL hangs for three seconds, then every connection breaks, and none is to be had for two more: of what
/// was being committed nobody knows whether it was.
pub(super) async fn postgres_cut(site: &mut Site, load: &Load, row: &mut Row) {
    let proxy = &site.stores().to_postgres;
    Stores::disturb(proxy, Mode::Stall, Duration::from_secs(3)).await;
    load.flows(20, MINUTE).await;
    Stores::disturb(proxy, Mode::Refuse, Duration::from_secs(2)).await;
    postgres_is_back(site, load, row).await;
}

async fn postgres_is_back(site: &Site, load: &Load, row: &mut Row) {
    let over = Instant::now();
    answered(load, over, AFTER_POSTGRES, row).await;
    backlog_moves(site, over, AFTER_POSTGRES, row).await;
    // Watched for longer than the bound, or nothing could break it.
    while over.elapsed() < AFTER_POSTGRES + Duration::from_secs(2) {
        load.flows(10, MINUTE).await;
    }
    let last = load.company.book.open().failed_until(over).unwrap_or_default();
    row.recovered("last failure", last, AFTER_POSTGRES);
}

/// Every piece to and from S3 takes 300 ms.
pub(super) async fn s3_slow(site: &mut Site, load: &Load, size: Size, row: &mut Row) {
    let delay = Mode::Delay(Duration::from_millis(300));
    Stores::disturb(&site.stores().to_s3, delay, size.of(Duration::from_secs(5), MINUTE)).await;
    s3_is_back(site, load, row).await;
}

/// S3 answers 500 to everything.
pub(super) async fn s3_errors(site: &mut Site, load: &Load, size: Size, row: &mut Row) {
    let error = Mode::Answer("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    Stores::disturb(&site.stores().to_s3, error, size.of(Duration::from_secs(5), MINUTE)).await;
    // Connections that were closed by the last answers are not used again.
    site.stores().to_s3.cut();
    s3_is_back(site, load, row).await;
}

/// S3 takes what is sent and says nothing; in the long form for longer than its client's time-out.
pub(super) async fn s3_stalls(site: &mut Site, load: &Load, size: Size, row: &mut Row) {
    let duration = size.of(Duration::from_secs(5), Duration::from_secs(75));
    Stores::disturb(&site.stores().to_s3, Mode::Stall, duration).await;
    s3_is_back(site, load, row).await;
}

async fn s3_is_back(site: &Site, load: &Load, row: &mut Row) {
    let over = Instant::now();
    answered(load, over, AFTER_S3, row).await;
    backlog_moves(site, over, AFTER_S3, row).await;
}

/// Without Redis nobody gets an error.
fn no_failures(load: &Load, since: Instant, row: &mut Row) {
    let failed = load.company.book.open().beats_since(since, |beat| beat != Beat::Good);
    if failed > 0 {
        row.wrong(format!("{failed} requests failed, though nothing but Redis was away"));
    }
}
