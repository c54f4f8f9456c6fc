//! What the feed's statement proves of who asks: that their session stands, and that they are as presumed.

use chrono::{DateTime, Utc};
use darkroom_entity::{account, session};
use sea_orm::sea_query::{Expr, ExprTrait, JoinType, Query, SelectStatement, Value};
use uuid::Uuid;

/// A person in everything that decides how a feed is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reader {
    pub(crate) account_id: Uuid,
    pub(crate) timeline_epoch: i64,
    pub(crate) is_personalised: bool,
    pub(crate) setting_revision: i64,
    pub(crate) circle_revision: i64,
    pub(crate) post_count: i64,
}

impl Reader {
    pub(super) fn of(account: &account::Model) -> Self {
        Self {
            account_id: account.id,
            timeline_epoch: account.timeline_epoch,
            is_personalised: account.is_personalised,
            setting_revision: account.setting_revision,
            circle_revision: account.circle_revision,
            post_count: account.post_count,
        }
    }
}

/// That a session stands, and that its person is as presumed.
#[derive(Debug, Clone)]
pub(crate) struct Proof {
    pub(crate) token_hash: Vec<u8>,
    pub(crate) now: DateTime<Utc>,
    pub(crate) reader: Reader,
}

impl Proof {
    /// One whose values no other has, to be filled in. A truth value can't be unlike others.
    pub(crate) fn blank(is_personalised: bool) -> Self {
        Self {
            token_hash: vec![u8::MAX; 40],
            now: DateTime::<Utc>::MAX_UTC,
            reader: Reader {
                account_id: Uuid::max(),
                timeline_epoch: i64::MIN,
                is_personalised,
                setting_revision: i64::MIN + 1,
                circle_revision: i64::MIN + 2,
                post_count: i64::MIN + 3,
            },
        }
    }

    /// What differs from proof to proof of those for whom feeds are personalised, or of the others.
    pub(crate) fn values(&self) -> [Value; 7] {
        let reader = &self.reader;
        [
            self.token_hash.clone().into(),
            self.now.into(),
            reader.account_id.into(),
            reader.timeline_epoch.into(),
            reader.setting_revision.into(),
            reader.circle_revision.into(),
            reader.post_count.into(),
        ]
    }

    /// Whether it is about the same session and the same person, whose feed is read in the same way.
    pub(crate) fn agrees(&self, other: &Self) -> bool {
        // Both are hashes that this process has made; nothing is learnt from how long it takes.
        self.token_hash == other.token_hash && self.reader == other.reader
    }

    /// Until when it is so by itself: the end of the session's time, nothing if it is not so.
    pub(crate) fn until(&self) -> Expr {
        // Names of their own: the statement around it may have the same tables.
        let (of_session, of_account) = ("asking", "asker");
        let session = |column: session::Column| Expr::col((of_session, column));
        let asker = |column: account::Column| Expr::col((of_account, column));
        let stands: SelectStatement = Query::select()
            .expr(session(session::Column::ExpiresAt))
            .from_as(session::Entity, of_session)
            .join_as(
                JoinType::InnerJoin,
                account::Entity,
                of_account,
                asker(account::Column::Id).eq(session(session::Column::AccountId)),
            )
            .and_where(session(session::Column::TokenHash).eq(self.token_hash.clone()))
            .and_where(session(session::Column::ExpiresAt).gt(self.now))
            .and_where(asker(account::Column::Id).eq(self.reader.account_id))
            .and_where(asker(account::Column::SuspendedAt).is_null())
            .and_where(asker(account::Column::TimelineEpoch).eq(self.reader.timeline_epoch))
            .and_where(asker(account::Column::IsPersonalised).eq(self.reader.is_personalised))
            .and_where(asker(account::Column::SettingRevision).eq(self.reader.setting_revision))
            .and_where(asker(account::Column::CircleRevision).eq(self.reader.circle_revision))
            .and_where(asker(account::Column::PostCount).eq(self.reader.post_count))
            .to_owned();
        Expr::SubQuery(None, Box::new(stands.into()))
    }
}
