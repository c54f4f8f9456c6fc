//! People, posts and likes, written as rows: what a feed's page is read from.

use darkroom_entity::audience::Audience;
use darkroom_entity::media::{Attachment, Kind, Status};
use darkroom_entity::rendition::{Format, Size};
use darkroom_entity::{account, follow, media, post, post_like, post_media, rendition};
use darkroom_service::account::{NewAccount, sign_up};
use darkroom_service::{App, Viewer};
use sea_orm::{ActiveModelTrait, ActiveValue, EntityTrait, IntoActiveModel};
use uuid::Uuid;

/// People, and posts of all of them together.
pub(crate) const PEOPLE: usize = 200;
pub(crate) const POSTS: usize = 2000;

/// Rows of one statement: within what SQLite and PostgreSQL take as parameters.
const ROWS: usize = 400;

/// What the viewers sign in with.
pub(crate) const PASSWORD: &str = "a good password";

/// The username of a viewer.
pub(crate) fn viewer(number: usize) -> String {
    format!("viewer{number}")
}

/// Fills an empty database. `viewers` of the people can sign in; each of them follows every second person, likes every
/// third post, and has a picture.
pub(crate) async fn fill(app: &App, viewers: usize) -> anyhow::Result<()> {
    let mut people = Vec::with_capacity(PEOPLE);
    for number in 0..viewers {
        // By the service: they need a password that is hashed.
        let new = NewAccount {
            username: viewer(number),
            email: format!("viewer{number}@example.test"),
            password: PASSWORD.to_owned(),
            full_name: format!("Viewer {number}"),
        };
        let (viewer, _) = sign_up(app, new, "bench").await?;
        people.push(viewer.id());
    }
    let others: Vec<account::Model> = (viewers..PEOPLE).map(|number| person(app, number)).collect();
    people.extend(others.iter().map(|person| person.id));
    insert(app, others).await?;
    let faces: Vec<media::Model> = people.iter().map(|owner| photo(app, *owner, Attachment::Avatar)).collect();
    let mut photos = faces.clone();
    let mut posts = Vec::with_capacity(POSTS);
    let mut places = Vec::with_capacity(POSTS);
    for number in 0..POSTS {
        let post = written(app, people[number * 7 % PEOPLE], number);
        let photo = photo(app, post.author_id, Attachment::Post);
        places.push(post_media::Model { post_id: post.id, position: 0, media_id: photo.id });
        photos.push(photo);
        posts.push(post);
    }
    let likes = people[..viewers].iter().flat_map(|viewer| {
        let liked = posts.iter().step_by(3);
        liked.map(|post| post_like::Model {
            post_id: post.id,
            account_id: *viewer,
            id: app.clock.new_id(),
            created_at: app.clock.now(),
        })
    });
    let likes: Vec<post_like::Model> = likes.collect();
    let follows = follows(app, &people, viewers);
    let renditions: Vec<rendition::Model> = photos.iter().flat_map(renditions).collect();
    insert(app, photos).await?;
    give_faces(app, &people, &faces).await?;
    insert(app, renditions).await?;
    insert(app, posts).await?;
    insert(app, places).await?;
    insert(app, likes).await?;
    insert(app, follows).await
}

/// People who can act through the service, and two published posts by the first of them.
pub(crate) async fn crowd(app: &App, size: usize) -> anyhow::Result<(Vec<Viewer>, [Uuid; 2])> {
    let people: Vec<account::Model> =
        (0..size).map(|number| account::Model { is_private: false, ..person(app, number) }).collect();
    let posts: Vec<post::Model> =
        (0..2).map(|number| post::Model { like_count: 0, ..written(app, people[0].id, number) }).collect();
    let ids = [posts[0].id, posts[1].id];
    insert(app, people.clone()).await?;
    insert(app, posts).await?;
    Ok((people.into_iter().map(|account| Viewer { account, session_id: Uuid::nil() }).collect(), ids))
}

/// Inserts rows in bounded statements, in one transaction.
async fn insert<M>(app: &App, rows: Vec<M>) -> anyhow::Result<()>
where
    M: IntoActiveModel<<M::Entity as EntityTrait>::ActiveModel> + sea_orm::ModelTrait,
    <M::Entity as EntityTrait>::ActiveModel: ActiveModelTrait<Entity = M::Entity> + Send,
{
    let tx = app.begin().await?;
    let mut rows = rows.into_iter().map(IntoActiveModel::into_active_model).peekable();
    while rows.peek().is_some() {
        let chunk: Vec<_> = rows.by_ref().take(ROWS).collect();
        M::Entity::insert_many(chunk).exec_without_returning(tx.rows()).await?;
    }
    Ok(tx.commit().await?)
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
        post_count: (POSTS / PEOPLE) as i64,
        timeline_epoch: 0,
        created_at: now,
        updated_at: now,
        suspended_at: None,
        card_revision: 0,
    }
}

async fn give_faces(app: &App, people: &[Uuid], faces: &[media::Model]) -> anyhow::Result<()> {
    let tx = app.begin().await?;
    for (person, face) in people.iter().zip(faces) {
        let change = account::ActiveModel {
            id: ActiveValue::Unchanged(*person),
            avatar_media_id: ActiveValue::Set(Some(face.id)),
            ..Default::default()
        };
        account::Entity::update(change).exec(tx.rows()).await?;
    }
    Ok(tx.commit().await?)
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

fn follows(app: &App, people: &[Uuid], viewers: usize) -> Vec<follow::Model> {
    let pairs = people[..viewers].iter().flat_map(|viewer| {
        people.iter().step_by(2).filter(move |person| *person != viewer).map(move |person| (*viewer, *person))
    });
    pairs
        .map(|(follower_id, followee_id)| follow::Model {
            follower_id,
            followee_id,
            id: app.clock.new_id(),
            state: follow::State::Accepted,
            created_at: app.clock.now(),
        })
        .collect()
}
