//! A page that is read again is what it would be if it were read for the first time, whatever another process has changed since, and
//! however.

use std::time::Duration;

use darkroom_entity::audience::Audience;
use darkroom_entity::{post_like, saved_post};
use darkroom_platform::Engine;
use darkroom_service::account::ProfileChange;
use darkroom_service::comment::NewComment;
use darkroom_service::post::PostChange;
use darkroom_service::{
    App, Viewer, account, change, close_friend, comment as comments, follow, like, post, save, session,
};
use darkroom_testing::{Person, TestApp, eventually, uuid_of};
use sea_orm::ActiveValue::Set;
use sea_orm::{ConnectionTrait, EntityTrait};
use serde_json::{Value, json};
use uuid::Uuid;

const PAGE: &str = "{ feed(mode: FOLLOWING) { nodes { id caption likeCount commentCount viewerHasLiked viewerHasSaved
    author { username bio followerCount } } } }";

async fn page(person: &Person) -> Vec<Value> {
    person.run(PAGE, json!({})).await.at("/feed/nodes").as_array().unwrap().clone()
}

/// Reads the page until it is shown by what is known of it.
async fn page_known(app: &TestApp, person: &Person) -> Vec<Value> {
    for _ in 0..5 {
        app.statements.start();
        let page = page(person).await;
        let statements = app.statements.stop();
        app.app.settle().await;
        if statements.iter().all(|statement| !statement.sql.contains("\"session\"")) {
            assert!(statements.iter().any(|statement| statement.sql.contains("FROM change ")), "{statements:#?}");
            return page;
        }
    }
    panic!("what is known was asked again and again");
}

/// Those who do something, as another process knows them.
struct Elsewhere<'a> {
    app: &'a App,
    reader: Viewer,
    author: Viewer,
    third: Viewer,
    post: Uuid,
}

impl Elsewhere<'_> {
    async fn hand(&self, sql: &str) {
        self.app.rows().execute_unprepared(sql).await.unwrap();
    }

    async fn happens(&self, what: &str) {
        let Self { app, reader, author, third, post: id } = self;
        let (app, id) = (*app, *id);
        match what {
            "liked" => drop(like::like(app, reader, id).await.unwrap()),
            "liked no more" => drop(like::unlike(app, reader, id).await.unwrap()),
            "liked by another" => drop(like::like(app, third, id).await.unwrap()),
            "saved" => drop(save::save(app, reader, id).await.unwrap()),
            "saved no more" => drop(save::unsave(app, reader, id).await.unwrap()),
            "commented" => {
                let new = NewComment { post_id: id, text: "well".to_owned(), reply_to_id: None };
                drop(comments::add(app, third, new).await.unwrap());
            }
            "written anew" => {
                let change = PostChange { caption: Some("anew".to_owned()), ..PostChange::default() };
                drop(post::update(app, author, id, change).await.unwrap());
            }
            "its author's words" => {
                let change = ProfileChange { bio: Some("wise".to_owned()), ..ProfileChange::default() };
                drop(account::update_profile(app, author, change).await.unwrap());
            }
            "its author is followed" => drop(follow::follow(app, third, author.id()).await.unwrap()),
            "counted by hand" => self.hand("UPDATE post SET like_count = 7").await,
            "liked by hand" => {
                let (now, new_id) = (app.clock.now(), app.clock.new_id());
                let row = post_like::ActiveModel {
                    post_id: Set(id),
                    account_id: Set(reader.id()),
                    id: Set(new_id),
                    created_at: Set(now),
                };
                post_like::Entity::insert(row).exec_without_returning(app.rows()).await.unwrap();
            }
            "liked no more, by hand" => {
                post_like::Entity::delete_by_id((id, reader.id())).exec(app.rows()).await.unwrap();
            }
            "saved by hand" => {
                let (now, new_id) = (app.clock.now(), app.clock.new_id());
                let row = saved_post::ActiveModel {
                    account_id: Set(reader.id()),
                    post_id: Set(id),
                    id: Set(new_id),
                    created_at: Set(now),
                };
                saved_post::Entity::insert(row).exec_without_returning(app.rows()).await.unwrap();
            }
            "saved no more, by hand" => {
                saved_post::Entity::delete_by_id((reader.id(), id)).exec(app.rows()).await.unwrap();
            }
            "archived" => drop(post::archive(app, author, id).await.unwrap()),
            "taken from the archive" => drop(post::unarchive(app, author, id).await.unwrap()),
            "for close friends" => {
                let change = PostChange { audience: Some(Audience::CloseFriends), ..PostChange::default() };
                drop(post::update(app, author, id, change).await.unwrap());
            }
            "archived by hand" => self.hand("UPDATE post SET state = 'archived'").await,
            "deleted by hand" => self.hand("DELETE FROM post").await,
            other => panic!("{other}"),
        }
    }
}

/// Somebody reads the post of another one.
async fn scene(app: &TestApp) -> (Person, Person, String) {
    let [ada, ben] = [app.client().sign_up("ada").await, app.client().sign_up("ben").await];
    ada.follow(&ben.id).await;
    let post = ben.post_picture().await;
    app.run_jobs().await;
    (ada, ben, post)
}

async fn viewer(app: &App, person: &Person) -> Viewer {
    session::authenticate(app, &person.token).await.unwrap().unwrap()
}

async fn elsewhere<'a>(app: &TestApp, beside: &'a App, (ada, ben, post): (&Person, &Person, &str)) -> Elsewhere<'a> {
    let third = app.client().sign_up("third").await;
    Elsewhere {
        app: beside,
        reader: viewer(beside, ada).await,
        author: viewer(beside, ben).await,
        third: viewer(beside, &third).await,
        post: uuid_of(post),
    }
}

#[tokio::test]
async fn what_is_changed_elsewhere_is_in_the_next_page() {
    let app = TestApp::start().await;
    let (ada, ben, post) = scene(&app).await;
    let (beside, _) = app.beside().await;
    let there = elsewhere(&app, &beside, (&ada, &ben, &post)).await;
    let mut expected = page_known(&app, &ada).await[0].clone();
    assert_eq!(expected["id"], post);
    let steps: [(&str, &[(&str, Value)]); 13] = [
        ("liked", &[("/viewerHasLiked", json!(true)), ("/likeCount", json!(1))]),
        ("liked by another", &[("/likeCount", json!(2))]),
        ("liked no more", &[("/viewerHasLiked", json!(false)), ("/likeCount", json!(1))]),
        ("saved", &[("/viewerHasSaved", json!(true))]),
        ("saved no more", &[("/viewerHasSaved", json!(false))]),
        ("commented", &[("/commentCount", json!(1))]),
        ("written anew", &[("/caption", json!("anew"))]),
        ("its author's words", &[("/author/bio", json!("wise"))]),
        ("its author is followed", &[("/author/followerCount", json!(2))]),
        ("liked by hand", &[("/viewerHasLiked", json!(true))]),
        ("liked no more, by hand", &[("/viewerHasLiked", json!(false))]),
        ("saved by hand", &[("/viewerHasSaved", json!(true))]),
        ("saved no more, by hand", &[("/viewerHasSaved", json!(false))]),
    ];
    for (what, changes) in steps {
        there.happens(what).await;
        for (pointer, value) in changes {
            *expected.pointer_mut(pointer).unwrap() = value.clone();
        }
        assert_eq!(page(&ada).await, std::slice::from_ref(&expected), "{what}");
        assert_eq!(page_known(&app, &ada).await, std::slice::from_ref(&expected), "{what}, known again");
        beside.settle().await;
    }
    there.happens("counted by hand").await;
    expected["likeCount"] = json!(7);
    assert_eq!(page(&ada).await, [expected], "counted by hand");
    beside.database.close().await.unwrap();
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test]
async fn what_is_not_to_be_seen_any_more_is_gone_from_the_next_page() {
    let app = TestApp::start().await;
    let (ada, ben, post) = scene(&app).await;
    let (beside, _) = app.beside().await;
    let there = elsewhere(&app, &beside, (&ada, &ben, &post)).await;
    for what in ["archived", "archived by hand", "for close friends", "deleted by hand"] {
        assert_eq!(page_known(&app, &ada).await.len(), 1);
        there.happens(what).await;
        assert_eq!(page(&ada).await, Vec::<Value>::new(), "{what}");
        assert_eq!(page(&ada).await, Vec::<Value>::new(), "{what}, asked again");
        match what {
            "archived" | "archived by hand" => there.happens("taken from the archive").await,
            "for close friends" => {
                there.hand("UPDATE post SET audience = 'everyone', card_revision = card_revision + 1").await;
            }
            _ => {}
        }
        beside.settle().await;
    }
    beside.database.close().await.unwrap();
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test]
async fn what_stands_in_no_feed_any_more_has_nothing_else_read_again() {
    let app = TestApp::start().await;
    let (ada, ben, first) = scene(&app).await;
    let mut posts = vec![first];
    for _ in 0..3 {
        posts.push(ben.post_picture().await);
    }
    app.run_jobs().await;
    posts.reverse();
    let ids = |page: Vec<Value>| page.iter().map(|post| post["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(ids(page_known(&app, &ada).await), posts);
    // It stays in timelines: its author may take it back.
    let archived = posts.remove(1);
    ben.to_post("archivePost", &archived).await.payload();
    // Its author has one post less, which is read with all of theirs.
    assert_eq!(ids(page(&ada).await), posts);
    for _ in 0..2 {
        app.statements.start();
        assert_eq!(ids(page(&ada).await), posts);
        let statements = app.statements.stop();
        let reading = statements.iter().filter(|statement| statement.sql.contains("\"session\""));
        let values: Vec<String> = reading.map(|statement| format!("{:?}", statement.values)).collect();
        let names = |post: &str| values.iter().filter(|values| values.contains(&uuid_of(post).to_string())).count();
        assert_eq!((values.len(), names(&archived), names(&posts[1])), (1, 1, 0), "{statements:#?}");
    }
    ben.to_post("unarchivePost", &archived).await.payload();
    posts.insert(1, archived);
    assert_eq!(ids(page(&ada).await), posts);
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test]
async fn a_close_friend_no_more_sees_nothing_that_is_for_close_friends() {
    let app = TestApp::start().await;
    let (ada, ben, for_all) = scene(&app).await;
    let (beside, _) = app.beside().await;
    let there = elsewhere(&app, &beside, (&ada, &ben, &for_all)).await;
    ben.to_user("addCloseFriend", &ada.id).await.payload();
    ben.post_picture_for("CLOSE_FRIENDS").await;
    app.run_jobs().await;
    for by_hand in [false, true] {
        assert_eq!(page_known(&app, &ada).await.len(), 2);
        if by_hand {
            there.hand("DELETE FROM close_friend").await;
        } else {
            close_friend::remove(&beside, &there.author, there.reader.id()).await.unwrap();
        }
        let left = page(&ada).await;
        assert_eq!((left.len(), &left[0]["id"]), (1, &json!(for_all)), "by hand: {by_hand}");
        ben.to_user("addCloseFriend", &ada.id).await.payload();
    }
    beside.settle().await;
    beside.database.close().await.unwrap();
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test]
async fn a_change_counts_from_its_commit_however_early_it_began() {
    let app = TestApp::start().await;
    let (ada, ben, post) = scene(&app).await;
    let (beside, _) = app.beside().await;
    let there = elsewhere(&app, &beside, (&ada, &ben, &post)).await;
    assert_eq!(page_known(&app, &ada).await[0]["caption"], "");
    let slow = beside.begin().await.unwrap();
    slow.rows()
        .execute_unprepared("UPDATE post SET caption = 'late', card_revision = card_revision + 1")
        .await
        .unwrap();
    // Those who begin later and end earlier: only PostgreSQL has them.
    for _ in 0..3 {
        if app.app.database.engine() == Engine::Postgres {
            there.happens("its author's words").await;
        }
        assert_eq!(page(&ada).await[0]["caption"], "");
    }
    assert_eq!(page_known(&app, &ada).await[0]["caption"], "");
    slow.commit().await.unwrap();
    assert_eq!(page(&ada).await[0]["caption"], "late");
    assert_eq!(page_known(&app, &ada).await[0]["caption"], "late");
    beside.settle().await;
    beside.database.close().await.unwrap();
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test]
async fn after_more_changes_than_can_be_told_nothing_is_known() {
    let app = TestApp::start().await;
    let (ada, _, _) = scene(&app).await;
    app.write_people("many", 600).await;
    let (beside, _) = app.beside().await;
    assert_eq!(page_known(&app, &ada).await[0]["caption"], "");
    let rows = beside.rows();
    rows.execute_unprepared("UPDATE post SET caption = 'anew', card_revision = card_revision + 1").await.unwrap();
    rows.execute_unprepared("UPDATE account SET bio = 'many'").await.unwrap();
    let read = page(&ada).await;
    assert_eq!(
        (&read[0]["caption"], &read[0]["author"]["bio"]),
        (&json!("anew"), &json!("")),
        "the card is not counted"
    );
    assert_eq!(page_known(&app, &ada).await, read);
    beside.database.close().await.unwrap();
    app.finish().await;
}

/// Rows of the log, without the places that are noted in it.
async fn log(app: &TestApp) -> i64 {
    app.rows("change WHERE whose IS NOT NULL OR about IN (SELECT id FROM post)").await
}

#[tokio::test]
async fn what_everybody_has_seen_is_removed_and_nothing_else() {
    let app = TestApp::start().await;
    let (ada, ben, post) = scene(&app).await;
    let (beside, _) = app.beside().await;
    let there = elsewhere(&app, &beside, (&ada, &ben, &post)).await;
    let age = async || app.tamper("UPDATE change SET made_at = made_at - 4000").await;
    let sweep = async || while change::sweep(&app.app).await.unwrap() {};
    there.happens("liked").await;
    sweep().await;
    assert!(log(&app).await > 0, "what is young stays");
    // Transactions of others on the same server hold a place back for as long as they run.
    let swept = async || {
        change::note_place(&app.app).await.unwrap();
        age().await;
        sweep().await;
        (log(&app).await == 0).then_some(())
    };
    if app.app.database.engine() == Engine::Postgres {
        // A change whose transaction is open while the others grow old is seen by nobody, and is not to go with them.
        let slow = beside.begin().await.unwrap();
        slow.rows().execute_unprepared("UPDATE post SET like_count = 5").await.unwrap();
        eventually(Duration::from_secs(60), "what is old is removed", swept).await;
        slow.commit().await.unwrap();
        age().await;
        sweep().await;
        assert_eq!(log(&app).await, 1, "the late one stays until a place is noted after it");
    }
    eventually(Duration::from_secs(60), "what is old is removed", swept).await;
    there.happens("liked no more").await;
    sweep().await;
    assert!(log(&app).await > 0);
    assert_eq!(page_known(&app, &ada).await[0]["viewerHasLiked"], false);
    beside.settle().await;
    beside.database.close().await.unwrap();
    app.run_jobs().await;
    app.finish().await;
}
