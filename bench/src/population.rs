//! People, posts and likes, written as rows: what a feed's page is read from.

mod bulk;
mod graph;

use std::collections::HashSet;

use anyhow::Context;
use chrono::TimeDelta;
use darkroom_entity::audience::Audience;
use darkroom_entity::media::{Attachment, Kind, Status};
use darkroom_entity::rendition::{Format, Size};
use darkroom_entity::{account, follow, media, post, post_like, post_media, rendition, session};
use darkroom_service::{App, Viewer};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use graph::Zipf;

/// Posts that are written together.
const SLICE: usize = 20_000;

/// The number of the first person beside a filled database: more than people ever are in one.
const CROWD: usize = 1_000_000;

/// How much there is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    /// People, each signed in on one device.
    pub(crate) people: usize,
    /// Whom each of them follows.
    pub(crate) follows: usize,
    /// Posts of all of them together, of one to three photos.
    pub(crate) posts: usize,
    /// Likes of all of them together.
    pub(crate) likes: usize,
    /// The first of the people, if they follow another number than the rest.
    pub(crate) readers: Option<Readers>,
}

/// People who follow many, or few.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Readers {
    /// How many there are.
    pub(crate) count: usize,
    /// Whom each of them follows.
    pub(crate) follows: usize,
}

/// Fills an empty database, the same each time; the people's session tokens.
///
/// Follows are spread by Zipf's law, posts and likes evenly. Everybody has a picture, nobody a password.
pub(crate) async fn fill(app: &App, shape: Shape) -> anyhow::Result<Vec<String>> {
    let mut random = StdRng::seed_from_u64(1);
    let zipf = Zipf::new(shape.people);
    let mut people: Vec<account::Model> = (0..shape.people).map(|number| person(app, number)).collect();
    let faces: Vec<media::Model> = people.iter().map(|person| photo(app, person.id, Attachment::Avatar)).collect();
    let follows = |own: usize| match shape.readers {
        Some(readers) if own < readers.count => readers.follows,
        _ => shape.follows,
    };
    let followees: Vec<Vec<usize>> =
        (0..shape.people).map(|own| zipf.draw_others(own, follows(own), &mut random)).collect();
    let authors: Vec<usize> = (0..shape.posts).map(|_| random.random_range(0..shape.people)).collect();
    for (number, followees) in followees.iter().enumerate() {
        people[number].following_count = followees.len() as i64;
        followees.iter().for_each(|followee| people[*followee].follower_count += 1);
    }
    for (person, face) in people.iter_mut().zip(&faces) {
        (person.avatar_media_id, person.is_private, person.post_count) = (Some(face.id), false, 0);
    }
    authors.iter().for_each(|author| people[*author].post_count += 1);

    let mut posts: Vec<post::Model> =
        authors.iter().enumerate().map(|(number, author)| written(app, people[*author].id, number)).collect();
    let mut liked = HashSet::with_capacity(shape.likes);
    while liked.len() < shape.likes {
        liked.insert((random.random_range(0..shape.posts), random.random_range(0..shape.people)));
    }
    let mut liked: Vec<(usize, usize)> = liked.into_iter().collect();
    liked.sort_unstable();
    posts.iter_mut().for_each(|post| post.like_count = 0);
    liked.iter().for_each(|(post, _)| posts[*post].like_count += 1);

    let tokens: Vec<String> = people.iter().map(|person| token_of(person.id)).collect();
    let ids: Vec<Uuid> = people.iter().map(|person| person.id).collect();
    // A person's picture is a row that names the person: people come first, without it where the database looks at once.
    bulk::write(app, people.iter().cloned().map(|person| account::Model { avatar_media_id: None, ..person })).await?;
    bulk::write(app, sessions(app, &ids, &tokens)).await?;
    bulk::write(app, faces.iter().cloned()).await?;
    bulk::write(app, faces.iter().flat_map(renditions)).await?;
    give_faces(app).await?;
    let follows = followees.iter().enumerate().flat_map(|(own, others)| others.iter().map(move |other| (own, *other)));
    bulk::write(app, follows.map(|(own, other)| followed(app, ids[own], ids[other]))).await?;
    let post_ids: Vec<Uuid> = posts.iter().map(|post| post.id).collect();
    // In slices: all photos at once would take gigabytes.
    for posts in posts.chunks(SLICE) {
        let (mut photos, mut places) = (Vec::with_capacity(2 * SLICE), Vec::with_capacity(2 * SLICE));
        for post in posts {
            for position in 0..random.random_range(1..=3) {
                let photo = photo(app, post.author_id, Attachment::Post);
                places.push(post_media::Model { post_id: post.id, position, media_id: photo.id });
                photos.push(photo);
            }
        }
        bulk::write(app, posts.iter().cloned()).await?;
        bulk::write(app, photos.iter().cloned()).await?;
        bulk::write(app, photos.iter().flat_map(renditions)).await?;
        bulk::write(app, places).await?;
    }
    let likes = liked.iter().map(|(post, person)| post_like::Model {
        post_id: post_ids[*post],
        account_id: ids[*person],
        id: app.clock.new_id(),
        created_at: app.clock.now(),
    });
    bulk::write(app, likes).await?;
    app.rows().execute_unprepared("ANALYZE").await?;
    Ok(tokens)
}

/// People who can act through the service, and two published posts by the first of them.
pub(crate) async fn crowd(app: &App, size: usize) -> anyhow::Result<(Vec<Viewer>, [Uuid; 2])> {
    let people: Vec<account::Model> =
        (0..size).map(|number| account::Model { is_private: false, ..person(app, number) }).collect();
    let posts: Vec<post::Model> =
        (0..2).map(|number| post::Model { like_count: 0, ..written(app, people[0].id, number) }).collect();
    let ids = [posts[0].id, posts[1].id];
    bulk::write(app, people.iter().cloned()).await?;
    bulk::write(app, posts).await?;
    Ok((people.into_iter().map(|account| Viewer { account, session_id: Uuid::nil() }).collect(), ids))
}

/// People who are signed in, by their sessions' tokens; the first has published two posts. Nobody hashes a password.
pub(crate) async fn audience(app: &App, size: usize) -> anyhow::Result<Vec<String>> {
    let (people, _) = crowd(app, size).await?;
    let ids: Vec<Uuid> = people.iter().map(Viewer::id).collect();
    let tokens: Vec<String> = ids.iter().copied().map(token_of).collect();
    bulk::write(app, sessions(app, &ids, &tokens)).await?;
    Ok(tokens)
}

/// So many more people, who follow the first person of a [filled](fill) database and do nothing else; that person and they.
pub(crate) async fn following_the_first(app: &App, size: usize) -> anyhow::Result<(Uuid, Vec<Uuid>)> {
    let first = account::Entity::find().filter(account::Column::UsernameKey.eq("person0")).one(app.rows()).await?;
    let first = first.context("nobody is there to be followed")?.id;
    let people: Vec<account::Model> = (0..size).map(|number| person(app, CROWD + number)).collect();
    let ids: Vec<Uuid> = people.iter().map(|person| person.id).collect();
    bulk::write(app, people).await?;
    bulk::write(app, ids.iter().map(|follower| followed(app, *follower, first))).await?;
    Ok((first, ids))
}

/// A post of this person, without a photo; it is in nobody's timeline.
pub(crate) async fn one_more_post(app: &App, author: Uuid) -> anyhow::Result<Uuid> {
    let post = written(app, author, 0);
    let id = post.id;
    bulk::write(app, [post]).await?;
    Ok(id)
}

/// A token as long as ours are.
fn token_of(person: Uuid) -> String {
    format!("{:043x}", person.as_u128())
}

fn sessions(app: &App, people: &[Uuid], tokens: &[String]) -> impl Iterator<Item = session::Model> {
    let now = app.clock.now();
    people.iter().zip(tokens).map(move |(person, token)| session::Model {
        id: app.clock.new_id(),
        account_id: *person,
        token_hash: Sha256::digest(token.as_bytes()).to_vec(),
        user_agent: "bench".to_owned(),
        created_at: now,
        expires_at: now + TimeDelta::days(1),
    })
}

fn person(app: &App, number: usize) -> account::Model {
    let (username, now) = (format!("person{number}"), app.clock.now());
    account::Model {
        id: app.clock.new_id(),
        username_key: username.clone(),
        email: format!("{username}@example.test"),
        email_key: format!("{username}@example.test"),
        username,
        password_hash: "nobody signs in with this".to_owned(),
        full_name: format!("Person Number {number}"),
        bio: String::new(),
        avatar_media_id: None,
        is_private: number.is_multiple_of(10),
        is_verified: false,
        follower_count: 0,
        following_count: 0,
        post_count: 0,
        timeline_epoch: 0,
        created_at: now,
        updated_at: now,
        suspended_at: None,
        card_revision: 0,
        is_personalised: true,
        setting_revision: 0,
        circle_revision: 0,
        role: account::Role::Member,
    }
}

/// Gives everybody the one picture of them.
async fn give_faces(app: &App) -> anyhow::Result<()> {
    let face = Query::select()
        .column((media::Entity, media::Column::Id))
        .from(media::Entity)
        .and_where(
            Expr::col((media::Entity, media::Column::AccountId)).eq(Expr::col((account::Entity, account::Column::Id))),
        )
        .limit(1)
        .take();
    let change = Query::update()
        .table(account::Entity)
        .value(account::Column::AvatarMediaId, Expr::SubQuery(None, Box::new(face.into())))
        .take();
    app.rows().execute(&change).await?;
    Ok(())
}

fn photo(app: &App, owner: Uuid, attachment: Attachment) -> media::Model {
    let id = app.clock.new_id();
    media::Model {
        id,
        account_id: owner,
        kind: Kind::Photo,
        status: Status::Ready,
        attachment,
        original_key: format!("photos/o/{}.jpg", id.simple()),
        rendition_prefix: format!("photos/r/{}", id.simple()),
        content_type: "image/jpeg".to_owned(),
        byte_size: 2_500_000,
        width: Some(4000),
        height: Some(3000),
        placeholder: Some("1QcSHQRnh493V4dIh4eXh1h4kJUI".to_owned()),
        dominant_color: Some("#7f8c5a".to_owned()),
        perceptual_hash: Some(0),
        alt_text: "A lake between mountains in the evening".to_owned(),
        failure_code: None,
        failure_message: None,
        facts: None,
        expires_at: None,
        created_at: app.clock.now(),
    }
}

fn renditions(photo: &media::Model) -> [rendition::Model; 3] {
    [(Size::Thumbnail, 150, 150), (Size::Medium, 640, 480), (Size::Large, 1080, 810)].map(|(size, width, height)| {
        rendition::Model {
            media_id: photo.id,
            size,
            format: Format::Jpeg,
            object_key: format!("{}/{width}.jpg", photo.rendition_prefix),
            width,
            height,
            byte_size: i64::from(width) * 100,
        }
    })
}

fn written(app: &App, author: Uuid, number: usize) -> post::Model {
    let now = app.clock.now();
    post::Model {
        id: app.clock.new_id(),
        author_id: author,
        state: post::State::Published,
        audience: Audience::Everyone,
        commenters: post::Commenters::Everyone,
        caption: format!(
            "Morning number {number} at the lake: cold water, warm coffee and nobody else. #lake #morning"
        ),
        location: Some("Lake Bled".to_owned()),
        like_count: (number % 97) as i64,
        comment_count: (number % 13) as i64,
        created_at: now,
        published_at: Some(now),
        edited_at: None,
        pinned_at: None,
        card_revision: 0,
    }
}

fn followed(app: &App, follower_id: Uuid, followee_id: Uuid) -> follow::Model {
    follow::Model {
        follower_id,
        followee_id,
        id: app.clock.new_id(),
        state: follow::State::Accepted,
        created_at: app.clock.now(),
    }
}
