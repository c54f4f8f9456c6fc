//! Many people at once, written as rows; and the rows behind opaque ids.

use darkroom_entity::account;
use darkroom_service::Viewer;
use sea_orm::EntityTrait;
use uuid::Uuid;

use crate::app::TestApp;

/// Rows of one statement.
const ROWS: usize = 200;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The row that an id of the API names.
pub fn uuid_of(id: &str) -> Uuid {
    let (_, suffix) = id.split_once('_').unwrap();
    let value = |byte: u8| ALPHABET.iter().position(|letter| *letter == byte).unwrap() as u128;
    Uuid::from_u128(suffix.bytes().fold(0, |bits, byte| bits << 5 | value(byte)))
}

/// The id by which the API names a row.
pub(crate) fn id_of(kind: &str, row: Uuid) -> String {
    let letter = |place: u32| char::from(ALPHABET[(row.as_u128() >> (5 * place)) as usize & 31]);
    format!("{kind}_{}", (0..26).rev().map(letter).collect::<String>())
}

impl TestApp {
    /// Writes so many accounts, whose names begin with `prefix`: nobody of them has a password.
    pub async fn write_people(&self, prefix: &str, number: usize) -> Vec<Uuid> {
        self.accounts(prefix, number).await.into_iter().map(|account| account.id).collect()
    }

    /// So many people, `face0` and so on, who can act through the service.
    pub async fn crowd(&self, size: usize) -> Vec<Viewer> {
        let people = self.accounts("face", size).await;
        people.into_iter().map(|account| Viewer { account, session_id: Uuid::nil() }).collect()
    }

    async fn accounts(&self, prefix: &str, number: usize) -> Vec<account::Model> {
        let people: Vec<account::Model> = (0..number).map(|number| self.account(format!("{prefix}{number}"))).collect();
        for some in people.chunks(ROWS) {
            let rows = some.iter().cloned().map(account::ActiveModel::from);
            account::Entity::insert_many(rows).exec_without_returning(self.app.rows()).await.unwrap();
        }
        people
    }

    fn account(&self, username: String) -> account::Model {
        let now = self.clock.now();
        account::Model {
            id: self.clock.new_id(),
            username_key: username.clone(),
            email: format!("{username}@example.test"),
            email_key: format!("{username}@example.test"),
            username,
            password_hash: String::new(),
            full_name: String::new(),
            bio: String::new(),
            avatar_media_id: None,
            is_private: false,
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
}
