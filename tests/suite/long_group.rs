//! A group of notifications costs the same however long it is, and stays exact where it is short.

use darkroom_entity::notification;
use darkroom_testing::{Mode, Person, TestApp, mode, uuid_of};
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, Statement};
use serde_json::{Value, json};
use uuid::Uuid;

/// Events of the long group.
const EVENTS: usize = 20_000;

const PAGE: &str = "{ viewer { notifications(first: 10) { nodes {
    id actorCount actor { username } actors(first: 3) { username } } } } }";

/// Tells somebody that each of these people liked a post, the last the newest.
async fn tell(app: &TestApp, recipient: &Person, post: &str, actors: &[Uuid]) {
    let group_key = format!("post_like:{}:long", uuid_of(post).simple());
    let mut newest = Uuid::nil();
    for some in actors.chunks(1000) {
        let rows = some.iter().map(|actor_id| {
            newest = app.clock.new_id();
            notification::ActiveModel::from(notification::Model {
                id: newest,
                recipient_id: uuid_of(&recipient.id),
                kind: notification::Kind::PostLike,
                actor_id: *actor_id,
                post_id: Some(uuid_of(post)),
                comment_id: None,
                group_key: group_key.clone(),
                unique_key: format!("post_like:{actor_id}:{}", uuid_of(post)),
                created_at: app.clock.now(),
                read_at: None,
                withdrawn_at: None,
            })
        });
        let rows: Vec<notification::ActiveModel> = rows.collect();
        notification::Entity::insert_many(rows).exec_without_returning(app.app.rows()).await.unwrap();
    }
    let group = darkroom_entity::notification_group::Model {
        recipient_id: uuid_of(&recipient.id),
        group_key,
        newest_id: newest,
    };
    let group = darkroom_entity::notification_group::ActiveModel::from(group);
    darkroom_entity::notification_group::Entity::insert(group).exec_without_returning(app.app.rows()).await.unwrap();
}

/// The plan of a statement; by PostgreSQL with the rows that each step has brought.
async fn plan(app: &TestApp, statement: Statement) -> Vec<String> {
    let rows = app.app.rows();
    let (explain, column) = match rows.get_database_backend() {
        DbBackend::Sqlite => ("EXPLAIN QUERY PLAN", "detail"),
        _ => ("EXPLAIN (ANALYZE, TIMING OFF, COSTS OFF)", "QUERY PLAN"),
    };
    let statement = Statement { sql: format!("{explain} {}", statement.sql), ..statement };
    let lines = rows.query_all_raw(statement).await.unwrap();
    lines.iter().map(|line| line.try_get::<String>("", column).unwrap()).collect()
}

/// How many rows of the table a line of PostgreSQL's plan brought, and threw away.
fn brought(line: &str) -> u64 {
    let number = |after: &str| {
        let (_, rest) = line.split_once(after)?;
        rest.split([' ', '.', ')']).next()?.parse::<u64>().ok()
    };
    number("rows=").unwrap_or(0) * number("loops=").unwrap_or(1) + number("Rows Removed by Filter: ").unwrap_or(0)
}

#[tokio::test]
async fn a_page_reads_no_more_of_a_group_however_long_it_is() {
    let app = TestApp::start().await;
    let author = app.client().sign_up("author").await;
    let [short, long] = [author.post_picture().await, author.post_picture().await];
    app.run_jobs().await;
    let faces = app.write_people("face", 150).await;
    tell(&app, &author, &short, &faces[..14]).await;
    let blocked = app.client().sign_up("blocked").await;
    // Most of them are nobody: they are not reached.
    let nobodies = (1..EVENTS - faces.len()).map(|_| app.clock.new_id());
    let crowd: Vec<Uuid> = nobodies.chain(faces.iter().copied()).chain([uuid_of(&blocked.id)]).collect();
    tell(&app, &author, &long, &crowd).await;
    app.app.rows().execute_unprepared("ANALYZE").await.unwrap();

    app.statements.start();
    let page = author.run(PAGE, json!({})).await;
    let asked = app.statements.stop();
    let nodes = page.at("/viewer/notifications/nodes").as_array().unwrap().clone();
    let names = |node: &Value| {
        let names: Vec<String> = node["actors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|actor| actor["username"].as_str().unwrap().to_owned())
            .collect();
        (names.join(" "), node["actorCount"].as_i64().unwrap())
    };
    let told: Vec<(String, i64)> = nodes.iter().map(names).collect();
    let expected = [("blocked face149 face148".to_owned(), 100), ("face13 face12 face11".to_owned(), 14)];
    assert_eq!(told, expected, "exact where it is short, up to a hundred where it is long");

    let mut of_groups = 0;
    for statement in asked.into_iter().filter(|statement| statement.sql.contains("\"notification\"")) {
        let lines = plan(&app, statement).await;
        let text = lines.join("\n");
        of_groups += usize::from(text.contains("notification_standing"));
        if mode() == Mode::Embedded {
            assert!(!text.contains("TEMP B-TREE"), "sorts what an index brings in order:\n{text}");
        } else {
            let brought: u64 = lines.iter().map(|line| brought(line)).sum();
            assert!(brought < 5000, "{brought} rows:\n{text}");
        }
    }
    assert_eq!(of_groups, 2, "the list and its groups go by that index");

    // Who is hidden is not counted, and the next takes the place.
    app.write_block(&author, &blocked).await;
    let page = author.run(PAGE, json!({})).await;
    let first = names(page.at("/viewer/notifications/nodes/0"));
    assert_eq!(first, ("face149 face148 face147".to_owned(), 100));
    app.finish().await;
}
