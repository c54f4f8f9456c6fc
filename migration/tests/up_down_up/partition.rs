//! Tables in parts hold the same rows under the same rules, and queries that name the key read one part.

use std::collections::BTreeSet;

use darkroom_entity as entity;
use darkroom_migration::{Migrator, MigratorTrait, partition};
use sea_orm_migration::sea_orm::sea_query::OnConflict;
use sea_orm_migration::sea_orm::{
    ActiveModelTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, ModelTrait, Set, Statement,
    TransactionTrait,
};
use uuid::Uuid;

use crate::stage::{Stage, new_id};
use crate::{account, every_entity};

/// Parts them, in a transaction as the program does.
async fn part(stage: &Stage) -> Result<Vec<&'static str>, DbErr> {
    let transaction = stage.rows.begin().await?;
    let parted = partition::partition(&transaction).await?;
    transaction.commit().await?;
    Ok(parted)
}

/// A person, a post of theirs with a photo, a hundred likes and a job, as models of what was written.
struct Filled {
    post: entity::post::Model,
    like: entity::post_like::Model,
    job: entity::job::Model,
}

fn job(queue: &str, key: Option<&str>) -> entity::job::ActiveModel {
    let moment = "2026-05-04T12:00:00Z".parse().unwrap();
    entity::job::ActiveModel {
        id: Set(new_id()),
        name: Set("x".to_owned()),
        payload: Set("{}".parse().unwrap()),
        queue: Set(queue.to_owned()),
        state: Set(entity::job::State::Queued),
        attempts: Set(0),
        run_at: Set(moment),
        lease_until: Set(None),
        unique_key: Set(key.map(ToOwned::to_owned)),
        trace: Set(None),
        last_error: Set(None),
        created_at: Set(moment),
    }
}

fn like(post_id: Uuid) -> entity::post_like::ActiveModel {
    entity::post_like::ActiveModel {
        post_id: Set(post_id),
        account_id: Set(new_id()),
        id: Set(new_id()),
        created_at: Set("2026-05-04T12:00:00Z".parse().unwrap()),
    }
}

async fn write_post(stage: &Stage, author_id: Uuid) -> entity::post::Model {
    let post = entity::post::ActiveModel {
        id: Set(new_id()),
        author_id: Set(author_id),
        state: Set(entity::post::State::Published),
        caption: Set("before".to_owned()),
        created_at: Set("2026-05-04T12:00:00Z".parse().unwrap()),
        ..Default::default()
    };
    let post = post.insert(&stage.rows).await.unwrap();
    let photo = entity::post_media::ActiveModel { post_id: Set(post.id), position: Set(0), media_id: Set(new_id()) };
    photo.insert(&stage.rows).await.unwrap();
    post
}

async fn fill(stage: &Stage) -> Filled {
    let author = account("Ada").insert(&stage.rows).await.unwrap();
    let post = write_post(stage, author.id).await;
    let like_of_it = like(post.id).insert(&stage.rows).await.unwrap();
    for _ in 0..100 {
        like(new_id()).insert(&stage.rows).await.unwrap();
    }
    let job = job("fanout", Some("once")).insert(&stage.rows).await.unwrap();
    Filled { post, like: like_of_it, job }
}

/// All rows of a table as text, in order.
async fn all_rows(stage: &Stage, table: &str) -> Vec<String> {
    stage.texts(&format!("SELECT t::text AS name FROM {table} AS t ORDER BY name")).await
}

/// The lines of a statement's plan.
async fn plan(stage: &Stage, sql: &str) -> String {
    let statement = Statement::from_string(stage.rows.get_database_backend(), format!("EXPLAIN {sql}"));
    let lines = stage.rows.query_all_raw(statement).await.unwrap();
    let lines: Vec<String> = lines.iter().map(|line| line.try_get("", "QUERY PLAN").unwrap()).collect();
    lines.join("\n")
}

/// The parts of a table that a plan reads.
async fn parts_read(stage: &Stage, table: &str, sql: &str) -> BTreeSet<String> {
    let parts =
        format!("SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = '{table}'::regclass");
    let (parts, plan) = (stage.texts(&parts).await, plan(stage, sql).await);
    parts.into_iter().filter(|part| plan.contains(&format!(" on {part} "))).collect()
}

const PARTED: [&str; 4] = ["post", "post_like", "comment_like", "job"];

#[tokio::test]
async fn rows_and_rules_stay_and_it_is_done_once() {
    let Some(stage) = Stage::postgres().await else { return };
    Migrator::up(&stage.rows, None).await.unwrap();
    let Filled { post, like: liked, job: waiting } = fill(&stage).await;
    let mut before = Vec::new();
    for table in PARTED.iter().chain(&["post_media"]) {
        before.push(all_rows(&stage, table).await);
    }

    assert_eq!(part(&stage).await.unwrap(), PARTED);
    assert_eq!(part(&stage).await.unwrap(), Vec::<&str>::new(), "the second time there is nothing to do");
    let mut after = Vec::new();
    for table in PARTED.iter().chain(&["post_media"]) {
        after.push(all_rows(&stage, table).await);
    }
    assert_eq!(after, before);

    // A like counts once, and says so to who asks for that.
    let twice = liked.clone().into_active_model().reset_all();
    assert!(twice.clone().insert(&stage.rows).await.unwrap_err().sql_err().is_some(), "a duplicate like");
    let columns = [entity::post_like::Column::PostId, entity::post_like::Column::AccountId];
    let written = entity::post_like::Entity::insert(twice)
        .on_conflict(OnConflict::columns(columns).do_nothing().to_owned())
        .exec_without_returning(&stage.rows)
        .await
        .unwrap();
    assert_eq!(written, 0);

    // A job with a unique key is written once.
    let insert = async |queue: &str, key: Option<&str>| {
        let insert =
            entity::job::Entity::insert(job(queue, key)).on_conflict(OnConflict::new().do_nothing().to_owned());
        insert.exec_without_returning(&stage.rows).await.unwrap()
    };
    assert_eq!(insert("fanout", Some("once")).await, 0);
    assert_eq!(insert("fanout", Some("twice")).await, 1);
    assert_eq!(insert("fanout", None).await + insert("fanout", None).await, 2, "without a key there may be many");
    assert_eq!(insert("of later", None).await, 1, "whatever its queue, it is kept");
    assert_eq!(entity::job::Entity::find_by_id(waiting.id).one(&stage.rows).await.unwrap().unwrap(), waiting);

    // References hold both ways.
    let mut orphan = post.clone().into_active_model().reset_all();
    (orphan.id, orphan.author_id) = (Set(new_id()), Set(new_id()));
    assert!(orphan.insert(&stage.rows).await.is_err(), "a post of nobody");
    let photo = entity::post_media::ActiveModel { post_id: Set(new_id()), position: Set(0), media_id: Set(new_id()) };
    assert!(photo.insert(&stage.rows).await.is_err(), "a photo of no post");
    let another = write_post(&stage, post.author_id).await;
    post.delete(&stage.rows).await.unwrap();
    let left = entity::post_media::Entity::find().all(&stage.rows).await.unwrap();
    assert_eq!(
        left.iter().map(|photo| photo.post_id).collect::<Vec<_>>(),
        [another.id],
        "what is a post's goes with it"
    );
    stage.end().await;
}

#[tokio::test]
async fn a_query_that_names_the_key_reads_one_part() {
    let Some(stage) = Stage::postgres().await else { return };
    Migrator::up(&stage.rows, None).await.unwrap();
    let filled = fill(&stage).await;
    part(&stage).await.unwrap();
    let id = filled.post.id;
    let read = parts_read(&stage, "post_like", &format!("SELECT * FROM post_like WHERE post_id = '{id}'")).await;
    assert_eq!(read.len(), 1, "{read:?}");
    let read = parts_read(&stage, "comment_like", &format!("DELETE FROM comment_like WHERE comment_id = '{id}'")).await;
    assert_eq!(read.len(), 1, "{read:?}");
    let read = parts_read(&stage, "post", &format!("SELECT * FROM post WHERE id = '{id}'")).await;
    assert_eq!(read.into_iter().collect::<Vec<_>>(), ["post_before"]);
    let read = parts_read(&stage, "job", "SELECT id FROM job WHERE queue = 'fanout' FOR UPDATE SKIP LOCKED").await;
    assert_eq!(read.into_iter().collect::<Vec<_>>(), ["job_fanout"]);
    // Jobs are vacuumed as eagerly as before, each queue by itself.
    let eager = "SELECT relname::text AS name FROM pg_class WHERE relispartition AND relkind = 'r' \
                 AND 'autovacuum_vacuum_threshold=2000' = ANY (reloptions) ORDER BY relname";
    assert_eq!(stage.texts(eager).await, ["job_bulk", "job_default", "job_fanout", "job_interactive"]);
    stage.end().await;
}

#[tokio::test]
async fn months_to_come_have_parts_and_a_month_without_one_loses_nothing() {
    let Some(stage) = Stage::postgres().await else { return };
    Migrator::up(&stage.rows, None).await.unwrap();
    assert!(partition::missing(&stage.rows).await.unwrap().is_empty(), "of a table in one piece none is missing");
    part(&stage).await.unwrap();
    assert!(partition::missing(&stage.rows).await.unwrap().is_empty());

    // As if the last two had not been made ahead, and a post had come in the first of these.
    let months = "SELECT relname::text AS name FROM pg_class WHERE relispartition AND relkind = 'r' \
                  AND relname LIKE 'post\\_2%' ORDER BY relname";
    let made = stage.texts(months).await;
    assert_eq!(made.len(), 12, "{made:?}");
    for month in &made[10..] {
        stage.rows.execute_unprepared(&format!("ALTER TABLE post DETACH PARTITION {month}")).await.unwrap();
        stage.rows.execute_unprepared(&format!("DROP TABLE {month}")).await.unwrap();
    }
    let missing = partition::missing(&stage.rows).await.unwrap();
    assert_eq!(missing.iter().map(|month| month.name().to_owned()).collect::<Vec<_>>(), made[10..]);
    let author = account("Ada").insert(&stage.rows).await.unwrap();
    let late = "INSERT INTO post (id, author_id, state, caption, created_at) SELECT \
                (lpad(to_hex((extract(epoch FROM date_trunc('month', now() AT TIME ZONE 'UTC') + interval '11 months') \
                * 1000)::bigint + 5), 12, '0') || '70008000000000000000')::uuid, '{author}', 'published', '', now()";
    stage.rows.execute_unprepared(&late.replace("{author}", &author.id.to_string())).await.unwrap();
    assert_eq!(all_rows(&stage, "post_default").await.len(), 1);

    let transaction = stage.rows.begin().await.unwrap();
    partition::make(&transaction, &missing).await.unwrap();
    transaction.commit().await.unwrap();
    let now = stage.texts(months).await;
    assert_eq!(now, [&made[..10], &made[11..]].concat(), "the month whose post lies in the default part stays there");
    assert_eq!(all_rows(&stage, "post").await.len(), 1);
    stage.end().await;
}

#[tokio::test]
async fn entities_and_the_way_back_are_as_in_one_piece() {
    let Some(stage) = Stage::postgres().await else { return };
    Migrator::up(&stage.rows, None).await.unwrap();
    let definition = stage.definition().await;
    part(&stage).await.unwrap();
    every_entity(&stage.rows).await;
    Migrator::down(&stage.rows, None).await.unwrap();
    assert_eq!(stage.names().await, Vec::<String>::new(), "what the way down left");
    Migrator::up(&stage.rows, None).await.unwrap();
    assert_eq!(stage.definition().await, definition);
    stage.end().await;
}

#[tokio::test]
async fn a_file_has_no_parts() {
    let stage = Stage::sqlite().await;
    Migrator::up(&stage.rows, None).await.unwrap();
    let refused = part(&stage).await.unwrap_err();
    assert!(refused.to_string().contains("only PostgreSQL"), "{refused}");
    stage.end().await;
}
