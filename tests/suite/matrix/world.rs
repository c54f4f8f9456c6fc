//! Authors of every standing with one of everything, and viewers of every relation to them.
//!
//! Relations are written as rows, all of a viewer's at once: somebody who is blocked follows all the same and is on the
//! list of close friends, so that only the block can be what hides things.

use darkroom_entity::{account, block, close_friend, follow, media, mute, post, rendition, story};
use darkroom_service::media::Facts;
use darkroom_testing::{Client, Person, TestApp, picture};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::json;
use uuid::Uuid;

use super::oracle::{Audience, Kind, Relation, Standing};

/// Something of an author's that a viewer may or may not see.
pub(crate) struct Thing {
    /// For messages.
    pub(crate) name: String,
    /// Its opaque id, if it has one.
    pub(crate) id: Option<String>,
    /// Texts that stand in an answer only if the thing does.
    pub(crate) marks: Vec<String>,
    /// What it is.
    pub(crate) kind: Kind,
}

/// Somebody who has things.
pub(crate) struct Author {
    /// With a session of their own.
    pub(crate) person: Person,
    /// What their account is like.
    pub(crate) standing: Standing,
    /// What they have.
    pub(crate) things: Vec<Thing>,
}

/// Somebody who looks.
pub(crate) struct Viewer {
    /// For messages.
    pub(crate) name: &'static str,
    /// Their session, or none.
    pub(crate) client: Client,
    /// Their relation to each author, in the order of the authors.
    pub(crate) relations: Vec<Relation>,
}

/// All of them.
pub(crate) struct World {
    /// Where they are.
    pub(crate) app: TestApp,
    /// Public, private, suspended.
    pub(crate) authors: Vec<Author>,
    /// Every kind of viewer.
    pub(crate) viewers: Vec<Viewer>,
}

/// The row's id of a person.
pub(crate) async fn account_id(app: &TestApp, username: &str) -> Uuid {
    let found = account::Entity::find().filter(account::Column::Username.eq(username)).one(app.app.rows()).await;
    found.unwrap().unwrap().id
}

impl World {
    /// Makes it.
    pub(crate) async fn new() -> Self {
        let app = TestApp::start().await;
        let mut authors = Vec::new();
        for (name, is_private, is_suspended) in [("open", false, false), ("closed", true, false), ("gone", false, true)]
        {
            let person = app.client().sign_up(name).await;
            let things = things(&app, &person).await;
            authors.push(Author { person, standing: Standing { is_private, is_suspended }, things });
        }
        let viewers = viewers(&app, &authors).await;
        for author in &mut authors {
            let pending = pending_things(&author.person).await;
            author.things.extend(pending);
            settle(&app, author).await;
        }
        Self { app, authors, viewers }
    }
}

/// What every author has.
async fn things(app: &TestApp, author: &Person) -> Vec<Thing> {
    let name = &author.username;
    let mark = |what: &str| format!("mark:{name}:{what};");
    author.mutate("updateProfile", json!({ "fullName": mark("account") }), "").await.payload();
    let mut things = vec![Thing {
        name: format!("{name}'s account"),
        id: Some(author.id.clone()),
        marks: vec![mark("account")],
        kind: Kind::Account,
    }];

    let avatar = author.photo(picture::jpeg(20, 20)).await;
    author.mutate("updateProfile", json!({ "avatarMediaId": avatar }), "").await.payload();
    let free = author.photo(picture::jpeg(21, 20)).await;
    let mut media = vec![(avatar, "avatar", Kind::Account), (free, "free", Kind::Made(Audience::Author))];

    for (what, input, audience) in [
        ("post for everyone", "EVERYONE", Audience::Everyone),
        ("post for followers", "FOLLOWERS", Audience::Followers),
        ("post for close friends", "CLOSE_FRIENDS", Audience::CloseFriends),
        ("archived post", "EVERYONE", Audience::Author),
        ("deleted post", "EVERYONE", Audience::Nobody),
    ] {
        let photo = author.photo(picture::jpeg(30, 24)).await;
        let id = made(
            author,
            "createPost",
            "post",
            json!({ "mediaIds": [photo], "caption": mark(what), "audience": input }),
        )
        .await;
        things.push(Thing {
            name: format!("{name}'s {what}"),
            id: Some(id),
            marks: vec![mark(what)],
            kind: Kind::Made(audience),
        });
        media.push((photo, what, Kind::Made(audience)));
    }
    for (what, input, audience, of_media) in [
        ("story for everyone", "EVERYONE", Audience::Everyone, Audience::Everyone),
        ("story for followers", "FOLLOWERS", Audience::Followers, Audience::Followers),
        ("story for close friends", "CLOSE_FRIENDS", Audience::CloseFriends, Audience::CloseFriends),
        ("expired story", "EVERYONE", Audience::Nobody, Audience::Author),
    ] {
        let photo = author.photo(picture::jpeg(24, 30)).await;
        let id = made(author, "createStory", "story", json!({ "mediaId": photo, "audience": input })).await;
        things.push(Thing {
            name: format!("{name}'s {what}"),
            id: Some(id),
            marks: vec![],
            kind: Kind::Made(audience),
        });
        media.push((photo, what, Kind::Made(of_media)));
    }
    app.run_jobs().await;
    for (id, what, kind) in media {
        things.extend(photo_things(app, name, id, what, kind).await);
    }
    let deleted = things.iter().find(|thing| thing.name.ends_with("deleted post")).unwrap();
    author.delete_post(deleted.id.as_ref().unwrap()).await;
    app.run_jobs().await;

    things
}

/// A post whose photo is not processed: no job runs in this world any more.
async fn pending_things(author: &Person) -> [Thing; 2] {
    let mark = format!("mark:{}:pending post;", author.username);
    let photo = author.photo(picture::jpeg(31, 24)).await;
    let id = made(author, "createPost", "post", json!({ "mediaIds": [photo], "caption": mark })).await;
    let thing = |what: &str, id: String, marks: Vec<String>| Thing {
        name: format!("{}'s pending {what}", author.username),
        id: Some(id),
        marks,
        kind: Kind::Made(Audience::Author),
    };
    [thing("post", id, vec![mark]), thing("photo", photo, vec![])]
}

async fn made(author: &Person, verb: &str, noun: &str, input: serde_json::Value) -> String {
    let done = author.mutate(verb, input, &format!("{noun} {{ id }}")).await;
    done.payload()[noun]["id"].as_str().unwrap().to_owned()
}

/// A photo as others may see it, and what is its owner's alone.
async fn photo_things(app: &TestApp, author: &str, id: String, what: &str, kind: Kind) -> [Thing; 2] {
    let (seen, secret) = (format!("alt:{author}:{what};"), format!("camera:{author}:{what};"));
    // The newest photo without these words is the one: they come in the order in which they were uploaded.
    let rows = app.app.rows();
    let owner = account_id(app, author).await;
    let row = media::Entity::find()
        .filter(media::Column::AccountId.eq(owner))
        .filter(media::Column::AltText.eq("a test"))
        .all(rows)
        .await
        .unwrap()
        .into_iter()
        .min_by_key(|row| row.id)
        .unwrap();
    let facts = Facts { camera_model: Some(secret.clone()), ..Facts::default() };
    let change = media::ActiveModel {
        id: Set(row.id),
        alt_text: Set(seen.clone()),
        facts: Set(Some(serde_json::to_value(facts).unwrap())),
        ..Default::default()
    };
    media::Entity::update(change).exec(rows).await.unwrap();
    let renditions = rendition::Entity::find().filter(rendition::Column::MediaId.eq(row.id)).all(rows).await.unwrap();
    assert!(renditions.len() >= 3, "{what}");
    let marks = std::iter::once(seen).chain(renditions.into_iter().map(|row| row.object_key)).collect();
    let owners = if kind == Kind::Made(Audience::Nobody) { Audience::Nobody } else { Audience::Author };
    [
        Thing { name: format!("{author}'s {what}, its photo"), id: Some(id), marks, kind },
        Thing {
            name: format!("{author}'s {what}, its original"),
            id: None,
            marks: vec![secret, row.original_key],
            kind: Kind::Made(owners),
        },
    ]
}

/// What can't be made through the API in one go.
async fn settle(app: &TestApp, author: &Author) {
    let rows = app.app.rows();
    let id = account_id(app, &author.person.username).await;
    let (post, story) = (
        post::Entity::find()
            .filter(post::Column::Caption.eq(format!("mark:{}:archived post;", author.person.username))),
        story::Entity::find().filter(story::Column::AuthorId.eq(id)),
    );
    let archived = post.one(rows).await.unwrap().unwrap();
    let change = post::ActiveModel { id: Set(archived.id), state: Set(post::State::Archived), ..Default::default() };
    post::Entity::update(change).exec(rows).await.unwrap();
    // The last one made is the one whose day is over.
    let expired = story.all(rows).await.unwrap().into_iter().max_by_key(|row| row.id).unwrap();
    let change = story::ActiveModel { id: Set(expired.id), expires_at: Set(app.clock.now()), ..Default::default() };
    story::Entity::update(change).exec(rows).await.unwrap();
    let change = account::ActiveModel {
        id: Set(id),
        is_private: Set(author.standing.is_private),
        suspended_at: Set(author.standing.is_suspended.then(|| app.clock.now())),
        ..Default::default()
    };
    account::Entity::update(change).exec(rows).await.unwrap();
}

/// Everyone who may stand to an author, standing so to each of them.
async fn viewers(app: &TestApp, authors: &[Author]) -> Vec<Viewer> {
    let none = Relation::default();
    let follower = Relation { follows: true, ..none };
    let close = Relation { follows: true, is_close: true, ..none };
    let kinds = [
        ("stranger", none),
        ("requested", none),
        ("follower", follower),
        ("muting", follower),
        ("close", close),
        ("closeonly", Relation { is_close: true, ..none }),
        ("blocked", Relation { is_blocked: true, ..close }),
        ("blocking", Relation { blocks: true, ..close }),
    ];
    let mut viewers = vec![Viewer { name: "anonymous", client: app.client(), relations: vec![none; authors.len()] }];
    for (name, relation) in kinds {
        let person = app.client().sign_up(name).await;
        for author in authors {
            relate(app, &person, &author.person, relation).await;
        }
        viewers.push(Viewer { name, client: person.client, relations: vec![relation; authors.len()] });
    }
    for (at, author) in authors.iter().enumerate().filter(|(_, author)| !author.standing.is_suspended) {
        let mut relations = vec![none; authors.len()];
        relations[at].is_author = true;
        viewers.push(Viewer { name: "author", client: author.person.client.clone(), relations });
    }
    viewers
}

async fn relate(app: &TestApp, viewer: &Person, author: &Person, relation: Relation) {
    let (clock, rows) = (&app.clock, app.app.rows());
    let (me, them) = (account_id(app, &viewer.username).await, account_id(app, &author.username).await);
    let state = match (relation.follows, viewer.username.as_str()) {
        (true, _) => Some(follow::State::Accepted),
        (false, "requested") => Some(follow::State::Requested),
        (false, _) => None,
    };
    if let Some(state) = state {
        let row =
            follow::Model { follower_id: me, followee_id: them, id: clock.new_id(), state, created_at: clock.now() };
        follow::Entity::insert(follow::ActiveModel::from(row)).exec_without_returning(rows).await.unwrap();
    }
    if relation.is_close {
        let row = close_friend::Model { account_id: them, friend_id: me, id: clock.new_id(), created_at: clock.now() };
        close_friend::Entity::insert(close_friend::ActiveModel::from(row)).exec_without_returning(rows).await.unwrap();
    }
    let blocks = [(relation.is_blocked, them, me), (relation.blocks, me, them)];
    for (_, blocker_id, blocked_id) in blocks.into_iter().filter(|(is_so, ..)| *is_so) {
        let row = block::Model { blocker_id, blocked_id, id: clock.new_id(), created_at: clock.now() };
        block::Entity::insert(block::ActiveModel::from(row)).exec_without_returning(rows).await.unwrap();
    }
    if viewer.username == "muting" {
        let row = mute::Model {
            muter_id: me,
            muted_id: them,
            id: clock.new_id(),
            created_at: clock.now(),
            posts: true,
            stories: true,
        };
        mute::Entity::insert(mute::ActiveModel::from(row)).exec_without_returning(rows).await.unwrap();
    }
}
