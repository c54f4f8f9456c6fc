//! Authors of every standing with one of everything, and viewers of every relation to them.
//!
//! Relations are written as rows, all of a viewer's at once: somebody who is blocked follows all the same and is on the
//! list of close friends, so that only the block can be what hides things.

use darkroom_entity::{account, block, close_friend, follow, media, mute, post, rendition, story};
use darkroom_service::media::Facts;
use darkroom_testing::{Client, Person, TestApp, announcement, picture};
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

impl Viewer {
    /// The name of the author that they are; of others something that no author is called.
    pub(crate) fn account<'a>(&self, world: &'a World) -> &'a str {
        let own = world.authors.iter().zip(&self.relations).find(|(_, relation)| relation.is_author);
        own.map_or("nobody", |(author, _)| author.person.username.as_str())
    }
}

/// All of them.
pub(crate) struct World {
    /// Where they are.
    pub(crate) app: TestApp,
    /// Public, private, suspended.
    pub(crate) authors: Vec<Author>,
    /// Every kind of viewer.
    pub(crate) viewers: Vec<Viewer>,
    /// The public author's upload.
    pub(crate) upload: String,
}

/// The row's id of a person.
pub(crate) async fn account_id(app: &TestApp, username: &str) -> Uuid {
    let found = account::Entity::find().filter(account::Column::Username.eq(username)).one(app.app.rows()).await;
    found.unwrap().unwrap().id
}

impl World {
    /// Makes it.
    pub(crate) async fn new() -> Self {
        // Everything at once is more than an app may ask for.
        let app = TestApp::start_with(&[("DARKROOM_GRAPHQL_COMPLEXITY_MAX", "1000000000")]).await;
        let (mut authors, mut uploads) = (Vec::new(), Vec::new());
        for (name, is_private, is_suspended) in [("open", false, false), ("closed", true, false), ("gone", false, true)]
        {
            let person = app.client().sign_up(name).await;
            let mut things = things(&app, &person).await;
            let (id, upload) = begun(&person).await;
            uploads.push(id);
            things.push(upload);
            authors.push(Author { person, standing: Standing { is_private, is_suspended }, things });
        }
        let common = app.client().sign_up("common").await;
        let mut guests = vec![common];
        for (name, _) in KINDS {
            guests.push(app.client().sign_up(name).await);
        }
        for author in &mut authors {
            let traces = traces(&app, &author.person, &guests).await;
            author.things.extend(traces);
        }
        app.run_jobs().await;
        for author in &mut authors {
            let told = told(&author.person).await;
            author.things.push(told);
        }
        let viewers = viewers(&app, &authors, &guests[1..]).await;
        for author in &mut authors {
            let pending = pending_things(&author.person).await;
            author.things.extend(pending);
            settle(&app, author).await;
        }
        Self { app, authors, viewers, upload: uploads.swap_remove(0) }
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
        let input = json!({ "mediaIds": [photo], "caption": mark(what), "audience": input });
        let id = author.make("createPost", input, "post").await;
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
        let id = author.make("createStory", json!({ "mediaId": photo, "audience": input }), "story").await;
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
    let posts: Vec<(String, String, Kind)> = things
        .iter()
        .filter_map(|thing| {
            Some((thing.name.clone(), thing.id.clone().filter(|id| id.starts_with("post_"))?, thing.kind))
        })
        .collect();
    for (at, (post, below, kind)) in posts.into_iter().enumerate() {
        let mark = mark(&format!("comment {at}"));
        let id = author.make("addComment", json!({ "postId": below, "text": mark }), "comment").await;
        if kind == Kind::Made(Audience::Everyone) {
            author.mutate("pinPost", json!({ "postId": below }), "").await.payload();
            author.mutate("pinComment", json!({ "commentId": id }), "").await.payload();
        }
        things.push(Thing { name: format!("{post}, a comment"), id: Some(id), marks: vec![mark], kind });
    }
    let deleted = things.iter().find(|thing| thing.name.ends_with("deleted post")).unwrap();
    author.delete_post(deleted.id.as_ref().unwrap()).await;
    app.run_jobs().await;

    things
}

/// A large file on its way: its id, and what is its sender's alone.
async fn begun(author: &Person) -> (String, Thing) {
    let mark = format!("mark:{}:upload;", author.username);
    let mut input = announcement(b"no picture yet", "image/jpeg");
    input["altText"] = json!(mark);
    let id = author.make("createUpload", input, "upload").await;
    let kind = Kind::Made(Audience::Author);
    (id, Thing { name: format!("{}'s upload", author.username), id: None, marks: vec![mark], kind })
}

/// What the author leaves with others, who are all to be seen: a like, a follow, a mention, words; and what they keep.
async fn traces(app: &TestApp, author: &Person, guests: &[Person]) -> Vec<Thing> {
    let name = &author.username;
    let mut things = Vec::new();
    for guest in guests {
        let photo = guest.photo(picture::jpeg(25, 25)).await;
        let post = guest.post(&[photo], &format!("with @{name}")).await;
        app.run_jobs().await;
        author.mutate("likePost", json!({ "postId": post }), "").await.payload();
        author.follow(&guest.id).await;
        let mark = format!("mark:{name}:words to {};", guest.username);
        let id = author.make("addComment", json!({ "postId": post, "text": mark }), "comment").await;
        author.mutate("likeComment", json!({ "commentId": id }), "").await.payload();
        guest
            .mutate("addComment", json!({ "postId": post, "text": format!("indeed, @{name}"), "replyToId": id }), "")
            .await
            .payload();
        things.push(Thing {
            name: format!("{name}'s words to {}", guest.username),
            id: Some(id),
            marks: vec![mark],
            kind: Kind::Elsewhere { is_apart: matches!(guest.username.as_str(), "blocked" | "blocking") },
        });
        if guest.username == "common" {
            let mark = format!("mark:{name}:collection;");
            let id = author.make("createCollection", json!({ "name": mark }), "collection").await;
            author.mutate("addToCollection", json!({ "collectionId": id, "postId": post }), "").await.payload();
            let kind = Kind::Made(Audience::Author);
            things.push(Thing { name: format!("{name}'s collection"), id: Some(id), marks: vec![mark], kind });
        }
    }
    things
}

/// What the author was told.
async fn told(author: &Person) -> Thing {
    let query = "{ viewer { notifications(first: 100) { nodes { id actor { username } } } } }";
    let answer = author.run(query, json!({})).await;
    let told = answer.at("/viewer/notifications/nodes").as_array().unwrap();
    // By somebody with whom there will be no block.
    let by_common = told.iter().find(|one| one["actor"]["username"] == "common").unwrap();
    let id = by_common["id"].as_str().unwrap().to_owned();
    author.mutate("markNotificationsRead", json!({}), "").await.payload();
    Thing {
        name: format!("{}'s notification", author.username),
        id: Some(id),
        marks: vec![],
        kind: Kind::Made(Audience::Author),
    }
}

/// A post whose photo is not processed: no job runs in this world any more.
async fn pending_things(author: &Person) -> [Thing; 2] {
    let mark = format!("mark:{}:pending post;", author.username);
    let photo = author.photo(picture::jpeg(31, 24)).await;
    let id = author.make("createPost", json!({ "mediaIds": [photo], "caption": mark }), "post").await;
    let thing = |what: &str, id: String, marks: Vec<String>| Thing {
        name: format!("{}'s pending {what}", author.username),
        id: Some(id),
        marks,
        kind: Kind::Made(Audience::Author),
    };
    [thing("post", id, vec![mark]), thing("photo", photo, vec![])]
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

const NONE: Relation =
    Relation { is_author: false, follows: false, is_close: false, is_blocked: false, blocks: false, is_apart: false };
const FOLLOWER: Relation = Relation { follows: true, ..NONE };
const CLOSE: Relation = Relation { is_close: true, ..FOLLOWER };

/// Everyone who may stand to an author.
const KINDS: [(&str, Relation); 8] = [
    ("stranger", NONE),
    ("requested", NONE),
    ("follower", FOLLOWER),
    ("muting", FOLLOWER),
    ("close", CLOSE),
    ("closeonly", Relation { is_close: true, ..NONE }),
    ("blocked", Relation { is_blocked: true, ..CLOSE }),
    ("blocking", Relation { blocks: true, ..CLOSE }),
];

/// Each kind of viewer, standing so to each author.
async fn viewers(app: &TestApp, authors: &[Author], guests: &[Person]) -> Vec<Viewer> {
    let mut viewers = vec![Viewer { name: "anonymous", client: app.client(), relations: vec![NONE; authors.len()] }];
    for ((name, relation), person) in KINDS.into_iter().zip(guests) {
        for author in authors {
            relate(app, person, &author.person, relation).await;
        }
        viewers.push(Viewer { name, client: person.client.clone(), relations: vec![relation; authors.len()] });
    }
    for (at, author) in authors.iter().enumerate().filter(|(_, author)| !author.standing.is_suspended) {
        let mut relations = vec![Relation { is_apart: true, ..NONE }; authors.len()];
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
