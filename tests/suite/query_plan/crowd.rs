//! A hundred thousand rows in every table that grows, written by the database itself.

use darkroom_testing::TestApp;
use sea_orm::{ConnectionTrait, DbBackend};
use uuid::Uuid;

use super::tour::Guest;

/// Rows of each table.
pub(super) const ROWS: u32 = 100_000;

/// Fills the tables. Everything hangs together as real rows do; the guest has followers, followees, notifications, saved
/// posts, mutes and blocks by the hundred. Returns the tables' names.
pub(super) async fn fill(app: &TestApp, guest: &Guest) -> Vec<&'static str> {
    let rows = app.app.rows();
    let backend = rows.get_database_backend();
    let tables = tables(guest);
    for table in &tables {
        for statement in table.statements(backend) {
            rows.execute_unprepared(&statement).await.unwrap_or_else(|error| panic!("{}: {error}", table.name));
        }
    }
    // As the server does by itself in time.
    rows.execute_unprepared("ANALYZE").await.unwrap();
    tables.iter().map(|table| table.name).collect()
}

/// How a table is filled: its columns, each with an expression over `i`, which runs from 1.
struct Table {
    name: &'static str,
    rows: u32,
    columns: Vec<(&'static str, String)>,
}

impl Table {
    /// Fills it. On PostgreSQL nothing is counted and noted by triggers, which would take longer than a statement may.
    fn statements(&self, backend: DbBackend) -> Vec<String> {
        let fill = self.fill(backend);
        let triggers = |what| format!("ALTER TABLE {} {what} TRIGGER USER", self.name);
        match backend {
            DbBackend::Postgres => vec![triggers("DISABLE"), fill, triggers("ENABLE")],
            _ => vec![fill],
        }
    }

    fn fill(&self, backend: DbBackend) -> String {
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| *name).collect();
        let values: Vec<String> = self.columns.iter().map(|(_, value)| spell(value, backend)).collect();
        format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) \
             INSERT INTO {} ({}) SELECT {} FROM n",
            self.rows,
            self.name,
            names.join(", "),
            values.join(", ")
        )
    }
}

/// What an id of this kind begins with.
fn tag(kind: &str) -> u32 {
    0x0190_0000 + kind.bytes().map(u32::from).sum::<u32>()
}

/// What `id(kind,number)` stands for.
pub(super) fn row(kind: &str, number: u32) -> Uuid {
    Uuid::from_u128(u128::from(tag(kind)) << 96 | u128::from(number))
}

/// Puts the engine's words for ids, moments and bytes in the place of `id(table, number)`, `now` and `bytes`.
fn spell(value: &str, backend: DbBackend) -> String {
    let mut spelled = value.to_owned();
    while let Some(begin) = spelled.find("id(") {
        let end = begin + spelled[begin..].find(')').expect("a bracket that closes");
        let inner = spelled[begin + 3..end].to_owned();
        let (kind, number) = inner.split_once(',').expect("a kind and a number");
        let tag = format!("{:08x}", tag(kind));
        let id = match backend {
            DbBackend::Sqlite => format!("unhex('{tag}' || printf('%024x', {number}))"),
            _ => format!("CAST('{tag}' || lpad(to_hex({number}), 24, '0') AS uuid)"),
        };
        spelled.replace_range(begin..=end, &id);
    }
    let bytes = match backend {
        DbBackend::Sqlite => "CAST(i AS BLOB)",
        _ => "decode(lpad(to_hex(i), 64, '0'), 'hex')",
    };
    spelled.replace("bytes", bytes).replace("now", "(SELECT created_at FROM account ORDER BY id DESC LIMIT 1)")
}

fn table(name: &'static str, columns: &[(&'static str, &str)]) -> Table {
    let columns = columns.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    Table { name, rows: ROWS, columns }
}

/// A table of pairs of people in which the guest stands `mine` times.
fn pairs(
    name: &'static str,
    one: &'static str,
    other: &'static str,
    more: &[(&'static str, &str)],
    guest: &Guest,
) -> [Table; 2] {
    let columns = |left: &str, right: &str, id: &str| {
        let mut columns = vec![
            (one, left.to_owned()),
            (other, right.to_owned()),
            ("id", id.to_owned()),
            ("created_at", "now".to_owned()),
        ];
        columns.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
        columns
    };
    let crowd = columns("id(account,i)", "id(account,i % 99991 + 7)", &format!("id({name},i)"));
    let own = columns(&guest.me(), "id(account,i * 7)", &format!("id({name},i + 200000)"));
    [Table { name, rows: ROWS - 10, columns: crowd }, Table { name, rows: 300, columns: own }]
}

fn tables(guest: &Guest) -> Vec<Table> {
    let text = |number: &str| format!("'t' || {number}");
    let (name, mail) = (text("i"), "'t' || i || '@example.test'".to_owned());
    let mut all = vec![
        Table {
            name: "account",
            rows: ROWS,
            columns: vec![
                ("id", "id(account,i)".to_owned()),
                ("username", name.clone()),
                ("username_key", name),
                ("email", mail.clone()),
                ("email_key", mail),
                ("password_hash", "'x'".to_owned()),
                ("full_name", "''".to_owned()),
                ("bio", "''".to_owned()),
                ("is_private", "i % 10 = 0".to_owned()),
                ("created_at", "now".to_owned()),
                ("updated_at", "now".to_owned()),
            ],
        },
        table(
            "media",
            &[
                ("id", "id(media,i)"),
                ("account_id", "id(account,i)"),
                ("kind", "'photo'"),
                ("status", "'ready'"),
                ("attachment", "'post'"),
                ("original_key", "'photos/o/' || i"),
                ("rendition_prefix", "'photos/r/' || i"),
                ("content_type", "'image/jpeg'"),
                ("byte_size", "1000"),
                ("width", "10"),
                ("height", "10"),
                ("alt_text", "''"),
                ("created_at", "now"),
            ],
        ),
        table(
            "rendition",
            &[
                ("media_id", "id(media,i)"),
                ("size", "'large'"),
                ("format", "'jpeg'"),
                ("object_key", "'photos/r/' || i || '/large.jpg'"),
                ("width", "10"),
                ("height", "10"),
                ("byte_size", "100"),
            ],
        ),
        table(
            "media_run",
            &[
                ("id", "id(run,i)"),
                ("media_id", "id(media,i)"),
                ("job_id", "id(job,i)"),
                ("job_name", "'media.process'"),
                ("attempt", "1"),
                ("begun_at", "now"),
                ("outcome", "'done'"),
            ],
        ),
        table(
            "post",
            &[
                ("id", "id(post,i)"),
                ("author_id", "id(account,i % 5000 + 1)"),
                ("state", "'published'"),
                ("audience", "'everyone'"),
                ("commenters", "'everyone'"),
                ("caption", "'caption'"),
                ("created_at", "now"),
                ("published_at", "now"),
            ],
        ),
        table("change", &[("position", "-i"), ("about", "id(account,i)")]),
        table("post_media", &[("post_id", "id(post,i)"), ("position", "0"), ("media_id", "id(media,i)")]),
        table("post_hashtag", &[("post_id", "id(post,i)"), ("tag", "'tag' || (i % 1000)"), ("position", "0")]),
        table("post_mention", &[("post_id", "id(post,i)"), ("account_id", "id(account,i)"), ("position", "0")]),
        table(
            "post_like",
            &[
                ("post_id", "id(post,i % 20000 + 1)"),
                ("account_id", "id(account,i)"),
                ("id", "id(like,i)"),
                ("created_at", "now"),
            ],
        ),
        table(
            "comment",
            &[
                ("id", "id(comment,i)"),
                ("post_id", "id(post,i % 20000 + 1)"),
                ("author_id", "id(account,i)"),
                ("text", "'words'"),
                ("created_at", "now"),
            ],
        ),
        table(
            "comment_mention",
            &[("comment_id", "id(comment,i)"), ("account_id", "id(account,i)"), ("position", "0")],
        ),
        table(
            "comment_like",
            &[
                ("comment_id", "id(comment,i)"),
                ("account_id", "id(account,i)"),
                ("id", "id(clike,i)"),
                ("created_at", "now"),
            ],
        ),
        table(
            "story",
            &[
                ("id", "id(story,i)"),
                ("author_id", "id(account,i)"),
                ("media_id", "id(media,i)"),
                ("audience", "'everyone'"),
                ("created_at", "now"),
                ("expires_at", "now"),
            ],
        ),
        table(
            "story_view",
            &[("story_id", "id(story,i)"), ("viewer_id", "id(account,i)"), ("id", "id(view,i)"), ("viewed_at", "now")],
        ),
        table(
            "saved_post",
            &[("account_id", "id(account,i)"), ("post_id", "id(post,i)"), ("id", "id(save,i)"), ("created_at", "now")],
        ),
        table(
            "collection",
            &[
                ("id", "id(collection,i)"),
                ("account_id", "id(account,i)"),
                ("name", "'n' || i"),
                ("name_key", "'n' || i"),
                ("created_at", "now"),
            ],
        ),
        table(
            "collection_post",
            &[
                ("collection_id", "id(collection,i)"),
                ("post_id", "id(post,i)"),
                ("account_id", "id(account,i)"),
                ("id", "id(shelf,i)"),
                ("created_at", "now"),
            ],
        ),
        table(
            "upload",
            &[
                ("id", "id(upload,i)"),
                ("account_id", "id(account,i)"),
                ("state", "'open'"),
                ("content_type", "'image/jpeg'"),
                ("byte_size", "1000"),
                ("sha256", "''"),
                ("part_size", "1000"),
                ("part_prefix", "'uploads/' || i"),
                ("purpose", "'post'"),
                ("alt_text", "''"),
                ("created_at", "now"),
                ("expires_at", "now"),
            ],
        ),
        table(
            "job",
            &[
                ("id", "id(waiting,i)"),
                ("name", "'post.purge'"),
                ("payload", "'{}'"),
                ("queue", "'bulk'"),
                ("state", "CASE WHEN i % 10 = 0 THEN 'dead' ELSE 'queued' END"),
                ("attempts", "0"),
                ("run_at", "'2100-01-01 00:00:00+00:00'"),
                ("created_at", "now"),
            ],
        ),
        table("operator_action", &[("id", "id(action,i)"), ("action", "'job.retry'"), ("subject", "''")]),
        table(
            "session",
            &[
                ("id", "id(session,i)"),
                ("account_id", "id(account,i)"),
                ("token_hash", "bytes"),
                ("user_agent", "''"),
                ("created_at", "now"),
                ("expires_at", "now"),
            ],
        ),
    ];
    // Dead, so that nothing tries to run them.
    all.push(table(
        "job",
        &[
            ("id", "id(job,i)"),
            ("name", "'media.process'"),
            ("payload", "'{}'"),
            ("queue", "'bulk'"),
            ("state", "'dead'"),
            ("attempts", "3"),
            ("run_at", "now"),
            ("unique_key", "'k' || i"),
            ("created_at", "now"),
        ],
    ));
    all.push(table("doomed_object", &[("object_key", "'k' || i"), ("batch_id", "id(batch,i)"), ("doomed_at", "now")]));
    all.extend(pairs("follow", "follower_id", "followee_id", &[("state", "'accepted'")], guest));
    all.extend(pairs("block", "blocker_id", "blocked_id", &[], guest));
    all.extend(pairs("mute", "muter_id", "muted_id", &[("posts", "true"), ("stories", "false")], guest));
    all.extend(pairs("close_friend", "account_id", "friend_id", &[], guest));
    for (recipient, first, rows) in [("id(account,i)".to_owned(), 300_000, ROWS), (guest.me(), 200_400, 100)] {
        all.push(Table {
            name: "notification_group",
            rows,
            columns: vec![
                ("recipient_id", recipient),
                ("group_key", "'g' || (i % 100)".to_owned()),
                ("newest_id", format!("id(notification,i + {first})")),
            ],
        });
    }
    // A person has 500 of them at most.
    for (of, first, rows) in [("id(account,i / 10 + 1)".to_owned(), 0, ROWS), (guest.me(), 200_000, 400)] {
        all.push(Table {
            name: "affinity",
            rows,
            columns: vec![
                ("account_id", of),
                ("kind", "'hashtag'".to_owned()),
                ("subject", format!("'tag' || (i + {first})")),
                ("score", "i * 1.5".to_owned()),
            ],
        });
    }
    all.push(table(
        "impression",
        &[("account_id", "id(account,i)"), ("post_id", "id(post,i)"), ("id", "id(impression,i)")],
    ));
    all.push(table("post_impression", &[("post_id", "id(post,i)"), ("seen", "100"), ("dwell_ms", "100000")]));
    all.push(table("account_setting", &[("account_id", "id(account,i)"), ("recency", "50")]));
    all.push(table(
        "account_habit",
        &[("account_id", "id(account,i)"), ("hour", "i % 24"), ("score", "i * 1.5"), ("last_at", "now")],
    ));
    all.push(table("follow_made", &[("id", "id(made,i)"), ("account_id", "id(account,i % 1000)")]));
    for (recipient, first, rows) in [("id(account,i % 300 + 1)".to_owned(), 0, ROWS), (guest.me(), 200_000, 500)] {
        let number = format!("i + {first}");
        all.push(Table {
            name: "notification",
            rows,
            columns: vec![
                ("id", format!("id(notification,{number})")),
                ("recipient_id", recipient),
                ("kind", "'post_like'".to_owned()),
                ("actor_id", "id(account,i)".to_owned()),
                ("post_id", "id(post,i)".to_owned()),
                ("comment_id", "id(comment,i)".to_owned()),
                ("group_key", "'g' || (i % 100)".to_owned()),
                ("unique_key", "'u' || i".to_owned()),
                ("created_at", "now".to_owned()),
            ],
        });
    }
    all
}
