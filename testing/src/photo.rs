//! A photo's rows, and what happens to them behind the product's back.

use darkroom_entity::{media, rendition};
use darkroom_service::Transaction;
use darkroom_service::job::EncodeWebp;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use crate::app::TestApp;
use crate::people::uuid_of;

impl TestApp {
    /// The only photo there is.
    pub async fn only_photo(&self) -> media::Model {
        let all = media::Entity::find().all(self.app.rows()).await.unwrap();
        let [only] = <[media::Model; 1]>::try_from(all).expect("one photo");
        only
    }

    /// Every photo there is.
    pub async fn photos(&self) -> Vec<media::Model> {
        media::Entity::find().all(self.app.rows()).await.unwrap()
    }

    /// Loses the file that was uploaded, before it is looked at.
    pub async fn lose_original(&self, media_id: &str) {
        let row = media::Entity::find_by_id(uuid_of(media_id)).one(self.app.rows()).await.unwrap().unwrap();
        self.app.objects.delete(&[row.original_key.as_str()]).await.unwrap();
    }

    /// Says that every card is of the past, after rows were changed behind the product's back.
    pub async fn forget_cards(&self) {
        for table in ["post", "account"] {
            self.tamper(&format!("UPDATE {table} SET card_revision = card_revision + 1")).await;
        }
    }

    /// Every rendition in WebP.
    pub async fn webp_renditions(&self) -> Vec<rendition::Model> {
        let of_webp = rendition::Entity::find().filter(rendition::Column::Format.eq(rendition::Format::WebP));
        of_webp.order_by_asc(rendition::Column::ObjectKey).all(self.app.rows()).await.unwrap()
    }

    /// Loses the rows of renditions in WebP and leaves their objects, as if their worker had died between the two.
    pub async fn lose_webp_rows(&self) {
        let of_webp = rendition::Column::Format.eq(rendition::Format::WebP);
        rendition::Entity::delete_many().filter(of_webp).exec(self.app.rows()).await.unwrap();
    }

    /// Writes the job that makes WebP of a photo once more.
    pub async fn enqueue_webp(&self, media_id: Uuid) {
        let mut tx = self.app.begin().await.unwrap();
        tx.enqueue(&EncodeWebp { media_id }).await.unwrap();
        tx.commit().await.unwrap();
    }
}

/// Removes a photo's row, and dooms nothing.
pub async fn lose_photo(tx: &Transaction<'_>, id: Uuid) {
    media::Entity::delete_by_id(id).exec(tx.rows()).await.unwrap();
}
