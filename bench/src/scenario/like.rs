//! Likes of one popular post by many people at once, through the service: every one of them wants the same row.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::ensure;
use darkroom_service::{App, Viewer, like};
use sea_orm::{ConnectionTrait, Statement};
use uuid::Uuid;

use super::Effort;
use crate::population;
use crate::report::{Section, quantile};
use crate::stores::World;

/// Likes under way at once.
const WRITERS: usize = 64;

/// Measures it beside the floor: the same two statements of SQL in a transaction each, with nothing around them.
pub(crate) async fn run(section: &mut Section<'_>, world: &World, effort: Effort) -> anyhow::Result<()> {
    let app = world.open().await?;
    let (people, [post, floor]) = population::crowd(&app, effort.likes).await?;
    let people = Arc::new(people);
    let (database, crowd) = (app.clone(), Arc::clone(&people));
    let raw = measure(world, &people, move |number| {
        let (app, person) = (database.clone(), crowd[number].id());
        async move { statements(&app, floor, person).await }
    })
    .await?;
    let (service, crowd) = (app.clone(), Arc::clone(&people));
    let ours = measure(world, &people, move |number| {
        let (app, people) = (service.clone(), Arc::clone(&crowd));
        async move { Ok(like::like(&app, &people[number], post).await.map(drop)?) }
    })
    .await?;
    app.settle().await;
    let counted = darkroom_service::post::by_ids(&app, None, &[post]).await?;
    let counted = counted.get(&post).map_or(0, |row| row.like_count);
    ensure!(counted == people.len() as i64, "{counted} likes are counted of {}", people.len());
    section.beside(format!("likes of one post, {WRITERS} at once"), ours.rate, "/s", raw.rate);
    section.beside("a like, median", ours.p50, "ms", raw.p50);
    section.beside("a like, 99th percentile", ours.p99, "ms", raw.p99);
    let names = std::iter::once("this process").chain(world.servers.iter().map(|(name, _)| *name));
    for (name, (ours, raw)) in names.zip(ours.cpu.iter().zip(&raw.cpu)).filter(|(name, _)| *name != "S3") {
        section.beside(format!("CPU a like, {name}"), *ours, "ms", *raw);
    }
    Ok(app.database.close().await?)
}

/// What a run of likes costs.
struct Measured {
    /// Likes a second.
    rate: f64,
    /// Milliseconds from the call to its answer.
    p50: f64,
    p99: f64,
    /// CPU milliseconds a like: of this process, and of the servers behind.
    cpu: Vec<f64>,
}

/// Runs one task a person, a bounded number at once.
async fn measure<F>(
    world: &World,
    people: &[Viewer],
    task: impl Fn(usize) -> F + Clone + Send + 'static,
) -> anyhow::Result<Measured>
where
    F: Future<Output = anyhow::Result<()>> + Send,
{
    let next = Arc::new(AtomicUsize::new(0));
    let all = people.len();
    let meter = world.meter(&[std::process::id()])?;
    let writers: Vec<_> = (0..WRITERS)
        .map(|_| {
            let (next, task) = (Arc::clone(&next), task.clone());
            tokio::spawn(async move {
                let mut took = Vec::new();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= all {
                        return anyhow::Ok(took);
                    }
                    let begun = Instant::now();
                    task(number).await?;
                    took.push(begun.elapsed().as_secs_f64() * 1e3);
                }
            })
        })
        .collect();
    let mut took = Vec::with_capacity(all);
    for writer in writers {
        took.extend(writer.await??);
    }
    let (seconds, cpu) = meter.read()?;
    Ok(Measured {
        rate: all as f64 / seconds,
        p50: quantile(&mut took, 0.5),
        p99: quantile(&mut took, 0.99),
        cpu: cpu.iter().map(|seconds| seconds * 1e3 / all as f64).collect(),
    })
}

/// The row and the counter, as SQL.
async fn statements(app: &App, post: Uuid, person: Uuid) -> anyhow::Result<()> {
    let tx = app.database.begin().await?;
    let backend = tx.connection().get_database_backend();
    let row = [post.into(), person.into(), app.clock.new_id().into(), app.clock.now().into()];
    let insert = "INSERT INTO post_like (post_id, account_id, id, created_at) VALUES ($1, $2, $3, $4)";
    tx.connection().execute_raw(Statement::from_sql_and_values(backend, insert, row)).await?;
    let count = "UPDATE post SET like_count = like_count + 1 WHERE id = $1";
    tx.connection().execute_raw(Statement::from_sql_and_values(backend, count, [post.into()])).await?;
    Ok(tx.commit().await?)
}
