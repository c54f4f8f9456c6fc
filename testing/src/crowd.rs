//! Many people at once.

use darkroom_entity::account;
use darkroom_service::Viewer;
use sea_orm::{ConnectionTrait, EntityTrait, IntoActiveModel};
use uuid::Uuid;

use crate::app::TestApp;

/// Rows of one statement.
const ROWS: usize = 200;

impl TestApp {
    /// So many people, written as rows: nobody of them has a password, all can act through the service.
    pub async fn crowd(&self, size: usize) -> Vec<Viewer> {
        let people: Vec<account::Model> = (0..size).map(|number| self.face(number)).collect();
        for chunk in people.chunks(ROWS) {
            let rows = chunk.iter().cloned().map(IntoActiveModel::into_active_model);
            account::Entity::insert_many(rows).exec_without_returning(self.app.rows()).await.unwrap();
        }
        people.into_iter().map(|account| Viewer { account, session_id: Uuid::nil() }).collect()
    }

    fn face(&self, number: usize) -> account::Model {
        let (username, now) = (format!("face{number}"), self.clock.now());
        account::Model {
            id: self.app.clock.new_id(),
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
        }
    }

    /// Changes rows behind the service's back, as nothing but a fault could.
    pub async fn tamper(&self, sql: &str) {
        self.app.rows().execute_unprepared(sql).await.unwrap();
    }
}
