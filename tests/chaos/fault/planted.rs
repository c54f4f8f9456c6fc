//! No fault of the product's: what a checker must find is planted, to see that it does.

use crate::check::{Findings, check};
use crate::load::{AUTHORS, Company, Load, PRIVATE};
use crate::report::Row;
use crate::site::{Form, Site};
use crate::{FLOWING, WARM};

/// What is done behind the product's back, and what must be said of it.
const PLANTS: [(&str, &str); 7] = [
    (
        "DELETE FROM post_like WHERE id = (SELECT l.id FROM post_like l JOIN post p ON p.id = l.post_id LIMIT 1)",
        "likes",
    ),
    (
        "INSERT INTO comment (id, post_id, author_id, text, like_count, reply_count, created_at)
         SELECT gen_random_uuid(), post_id, author_id, text, 0, 0, now() FROM comment LIMIT 1",
        "counters post.comment_count are wrong",
    ),
    (
        "UPDATE rendition SET object_key = 'photos/r/elsewhere' WHERE object_key = (SELECT MIN(object_key) FROM rendition)",
        "is nobody's",
    ),
    ("UPDATE media SET status = 'failed' WHERE id = (SELECT id FROM media WHERE status = 'ready' LIMIT 1)", "FAILED"),
    ("DELETE FROM story WHERE id = (SELECT id FROM story LIMIT 1)", "story"),
    (
        "DELETE FROM follow WHERE followee_id = (SELECT id FROM account WHERE username = 'ada') AND follower_id =
         (SELECT id FROM account WHERE username = 'ben')",
        "follows",
    ),
    ("UPDATE account SET is_private = FALSE WHERE username = 'cleo'", "a stranger sees"),
];

pub(super) async fn planted(seed: u64, row: &mut Row) {
    let site = Site::start(Form::Clustered, None).await;
    let company = Company::gather(&site).await;
    let load = Load::begin(&company, seed);
    load.flows(4 * WARM, FLOWING).await;
    load.end().await;
    let clean = Box::pin(check(&site, &company)).await;
    assert!(all(&clean).is_empty(), "before anything is planted: {clean:#?}");
    assert_eq!(AUTHORS[PRIVATE], "cleo");
    for (plant, _) in PLANTS {
        site.execute(plant).await;
    }
    let found = Box::pin(check(&site, &company)).await;
    let words = all(&found);
    for (plant, said) in PLANTS {
        assert!(words.iter().any(|word| word.contains(said)), "{plant} is not found: {found:#?}");
    }
    assert!(!found.doubled.is_empty(), "a comment that stands there twice is not found: {found:#?}");
    row.acknowledged += company.book.open().acknowledged;
    row.note(format!("{} faults of rows were planted, and found", PLANTS.len()));
}

fn all(found: &Findings) -> Vec<&String> {
    found.lost.iter().chain(&found.doubled).chain(&found.wrong).collect()
}
