//! People.

use sea_orm::entity::prelude::*;

/// What a person may do besides what everybody may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))")]
pub enum Role {
    /// Nothing.
    #[sea_orm(string_value = "member")]
    Member,
    /// Keep the installation going: jobs, queues, suspensions.
    #[sea_orm(string_value = "operator")]
    Operator,
}

/// A person who can sign in.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "account")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// As the person typed it.
    pub username: String,
    /// Lower case: what makes it unique.
    pub username_key: String,
    /// As the person typed it.
    pub email: String,
    /// Lower case: what makes it unique.
    pub email_key: String,
    /// Argon2id, in PHC string form.
    pub password_hash: String,
    pub full_name: String,
    pub bio: String,
    pub avatar_media_id: Option<Uuid>,
    /// Only accepted followers see posts and stories.
    pub is_private: bool,
    pub is_verified: bool,
    pub follower_count: i64,
    pub following_count: i64,
    /// Published posts.
    pub post_count: i64,
    /// Rises whenever the set of people followed grows: a timeline built for another epoch is out of date.
    pub timeline_epoch: i64,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    /// Since when an operator keeps the person out: they can't sign in, and nobody sees anything of them.
    pub suspended_at: Option<DateTimeUtc>,
    /// Rises whenever what their card holds changes, in the transaction of the change: a card of another revision is not
    /// used.
    pub card_revision: i64,
    /// Whether what they do is noted for the ranking of their feed.
    pub is_personalised: bool,
    /// Rises whenever their settings change, in the transaction of the change: what was made by another revision is out of
    /// date. Nought: they have none of their own.
    pub setting_revision: i64,
    /// Rises whenever somebody's posts stand in their feed no longer: an unfollow, a block either way, a mute. The database
    /// counts it, whoever writes.
    pub circle_revision: i64,
    /// Given and taken on the machine only, never over the network.
    pub role: Role,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
