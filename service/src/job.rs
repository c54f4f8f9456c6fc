//! Jobs: what is to be done later, and the ledger that can't forget it.
//!
//! The table `job` is the truth, the transport a hint. A payload carries ids only; a handler reads the rows again and is
//! idempotent: its second run changes nothing. A job's NAME is stable for ever, its struct may be renamed.

pub mod admin;
pub(crate) mod gauge;
pub mod ledger;
pub mod pause;
pub mod tally;

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::counter::Table;
use crate::notification::Event;

/// Which line a job waits in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Queue {
    /// Somebody waits for it.
    Interactive,
    /// Posts on their way to followers.
    FanOut,
    /// Nobody waits for it.
    Bulk,
}

impl Queue {
    /// All of them, the most urgent first.
    pub const ALL: [Self; 3] = [Self::Interactive, Self::FanOut, Self::Bulk];

    /// Its name in the ledger, the transport and the settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Interactive => "interactive",
            Self::FanOut => "fanout",
            Self::Bulk => "bulk",
        }
    }

    /// The queue of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|queue| queue.as_str() == name)
    }
}

/// A kind of job: its payload, and how it is run.
pub trait Job: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Stable for ever: rows written by an older version carry it.
    const NAME: &'static str;
    /// Which line it waits in.
    const QUEUE: Queue;
    /// How long one run may take before it is stopped and tried again.
    const TIMEOUT: Duration = Duration::from_secs(60);
    /// After how many failed starts it is dead, where that is fewer than `worker.max_attempts`.
    const MAX_ATTEMPTS: u32 = u32::MAX;
    /// Of two waiting jobs with the same key the second is not written.
    fn unique_key(&self) -> Option<String> {
        None
    }
}

macro_rules! job {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty),* $(,)? } = $stable:literal on $queue:ident $(, timeout $seconds:literal)? $(, attempts $attempts:literal)? $(, unique $key:expr)?) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)*
        }
        impl Job for $name {
            const NAME: &'static str = $stable;
            const QUEUE: Queue = Queue::$queue;
            $(const TIMEOUT: Duration = Duration::from_secs($seconds);)?
            $(const MAX_ATTEMPTS: u32 = $attempts;)?
            $(fn unique_key(&self) -> Option<String> {
                let key: fn(&Self) -> String = $key;
                Some(key(self))
            })?
        }
    };
}

job! {
    /// Makes a photo's renditions and facts. Three tries: a file that has ended three decoders ends every other one.
    ProcessMedia {
        /// The photo.
        media_id: Uuid,
    } = "media.process" on Interactive, timeout 120, attempts 3, unique |job| format!("media.process:{}", job.media_id)
}
job! {
    /// Makes a photo's renditions in WebP, once it is shown in JPEG. Three tries, as for those; if they fail it stays as it is.
    EncodeWebp {
        /// The photo.
        media_id: Uuid,
    } = "media.encode_webp" on Bulk, timeout 120, attempts 3, unique |job| format!("media.encode_webp:{}", job.media_id)
}
job! {
    /// Carries a post to one page of its author's followers, and hands the next page on.
    FanOutPost {
        /// The post.
        post_id: Uuid,
        /// The follow after which this page begins.
        after: Option<Uuid>,
    } = "post.fan_out" on FanOut, unique |job| format!("post.fan_out:{}:{}", job.post_id, job.after.unwrap_or_default())
}
job! {
    /// Has an author's posts pulled, or pushed again: a page of their followers, and hands the next page on.
    ChangeDelivery {
        /// Whose posts.
        author_id: Uuid,
        /// Of which walk over the followers: jobs of an earlier one change nothing.
        walk_id: Uuid,
        /// The follow after which this page begins.
        after: Option<Uuid>,
    } = "feed.change_delivery" on FanOut, unique |job| format!("feed.change_delivery:{}:{}", job.walk_id, job.after.unwrap_or_default())
}
job! {
    /// Hourly: compares a sample of timelines with the database.
    AuditFeeds {} = "feed.audit" on Bulk, timeout 600
}
job! {
    /// Every half an hour: prepares the feeds of those who are likely to come.
    WarmFeeds {} = "feed.warm" on Bulk, timeout 600
}
job! {
    /// Daily: removes notes of who has seen what that count no more.
    SweepImpressions {} = "impression.sweep" on Bulk
}
job! {
    /// Tells people what happened.
    Notify {
        /// What.
        event: Event,
    } = "notification.deliver" on FanOut
}
job! {
    /// Lets in everyone who asked to follow an account that is private no longer. Without a key: one written while another
    /// runs, of an account that went private and public again, must not be left out.
    AcceptFollowRequests {
        /// Whose account was opened.
        account_id: Uuid,
    } = "follow.accept_all" on FanOut
}
job! {
    /// Removes what two people left with each other before one blocked the other.
    CleanBlock {
        /// Who blocks.
        blocker_id: Uuid,
        /// Whom.
        blocked_id: Uuid,
    } = "block.clean" on Bulk, timeout 600
}
job! {
    /// Removes what a post that is gone has left: likes, comments, saves, and what people were told of it.
    PurgePost {
        /// The post that was.
        post_id: Uuid,
    } = "post.purge" on Bulk, timeout 600, unique |job| format!("post.purge:{}", job.post_id)
}
job! {
    /// Removes what a comment that is gone has left: likes, mentions, replies.
    PurgeComment {
        /// The comment that was.
        comment_id: Uuid,
    } = "comment.purge" on Bulk, timeout 600, unique |job| format!("comment.purge:{}", job.comment_id)
}
job! {
    /// Removes the entries of a collection that is gone.
    PurgeCollection {
        /// The collection that was.
        collection_id: Uuid,
    } = "collection.purge" on Bulk, timeout 600, unique |job| format!("collection.purge:{}", job.collection_id)
}
job! {
    /// Daily: compares counters with what they count, a share of the rows a job, and hands the rest on.
    Recount {
        /// In which table it goes on; from the beginning if left out, as by the schedule.
        #[serde(default)]
        table: Option<Table>,
        /// After which row.
        #[serde(default)]
        after: Option<Uuid>,
    } = "counter.recount" on Bulk, timeout 600, unique |job| match job.table {
        None => Recount::NAME.to_owned(),
        Some(table) => format!("{}:{table:?}:{}", Recount::NAME, job.after.unwrap_or_default()),
    }
}
job! {
    /// Removes objects that nothing refers to, and checks that they are gone.
    PurgeObjects {
        /// Which of the doomed.
        batch_id: Uuid,
    } = "object.purge" on Bulk, unique |job| format!("object.purge:{}", job.batch_id)
}
job! {
    /// Ends a story when its day is over.
    ExpireStory {
        /// The story.
        story_id: Uuid,
    } = "story.expire" on Bulk, unique |job| format!("story.expire:{}", job.story_id)
}
job! {
    /// Hourly: ends the stories that were missed.
    SweepStories {} = "story.sweep" on Bulk
}
job! {
    /// Hourly: removes uploads that were never finished or never used, and what is old of what became of photos' jobs.
    SweepMedia {} = "media.sweep" on Bulk
}
job! {
    /// Hourly: removes large files whose time is over, with the parts that came of them.
    SweepUploads {} = "upload.sweep" on Bulk
}
job! {
    /// Hourly: purges doomed objects whose job was lost.
    SweepObjects {} = "object.sweep" on Bulk
}
job! {
    /// Hourly: forgets requests with a key whose day is over.
    SweepIdempotency {} = "idempotency.sweep" on Bulk
}
job! {
    /// Daily: removes notes of follows that count for no limit any more.
    SweepFollows {} = "follow.sweep" on Bulk
}
job! {
    /// Daily: removes sessions that have ended.
    SweepSessions {} = "session.sweep" on Bulk
}
job! {
    /// Every ten minutes: removes what the log of changes tells and everybody has seen.
    SweepChanges {} = "change.sweep" on Bulk
}
job! {
    /// Daily: removes notifications whose time is over.
    SweepNotifications {} = "notification.sweep" on Bulk
}
job! {
    /// Daily: removes what is old of what operators look at: the record of what they did, how many jobs were done, and
    /// dead jobs.
    SweepOperatorActions {} = "operator.sweep" on Bulk
}
job! {
    /// Every minute: shows that jobs are run.
    Heartbeat {} = "worker.heartbeat" on Interactive
}

/// Work that comes back: one row with the job's name as its unique key, so that no leader is needed.
#[derive(Debug, Clone, Copy)]
pub struct Schedule {
    /// The job's name; its payload is empty.
    pub name: &'static str,
    /// Where it runs.
    pub queue: Queue,
    /// How often.
    pub every: Duration,
}

/// Everything that comes back.
pub const SCHEDULES: [Schedule; 15] = [
    Schedule { name: Heartbeat::NAME, queue: Heartbeat::QUEUE, every: Duration::from_secs(60) },
    Schedule { name: SweepStories::NAME, queue: SweepStories::QUEUE, every: Duration::from_secs(3600) },
    Schedule { name: SweepMedia::NAME, queue: SweepMedia::QUEUE, every: Duration::from_secs(3600) },
    Schedule { name: SweepUploads::NAME, queue: SweepUploads::QUEUE, every: Duration::from_secs(3600) },
    Schedule { name: SweepObjects::NAME, queue: SweepObjects::QUEUE, every: Duration::from_secs(3600) },
    Schedule { name: SweepIdempotency::NAME, queue: SweepIdempotency::QUEUE, every: Duration::from_secs(3600) },
    Schedule { name: SweepFollows::NAME, queue: SweepFollows::QUEUE, every: Duration::from_secs(86_400) },
    Schedule { name: AuditFeeds::NAME, queue: AuditFeeds::QUEUE, every: Duration::from_secs(3600) },
    Schedule { name: WarmFeeds::NAME, queue: WarmFeeds::QUEUE, every: Duration::from_secs(1800) },
    Schedule { name: SweepImpressions::NAME, queue: SweepImpressions::QUEUE, every: Duration::from_secs(86_400) },
    Schedule { name: SweepSessions::NAME, queue: SweepSessions::QUEUE, every: Duration::from_secs(86_400) },
    Schedule { name: SweepChanges::NAME, queue: SweepChanges::QUEUE, every: Duration::from_secs(600) },
    Schedule { name: Recount::NAME, queue: Recount::QUEUE, every: Duration::from_secs(86_400) },
    Schedule { name: SweepNotifications::NAME, queue: SweepNotifications::QUEUE, every: Duration::from_secs(86_400) },
    Schedule {
        name: SweepOperatorActions::NAME,
        queue: SweepOperatorActions::QUEUE,
        every: Duration::from_secs(86_400),
    },
];
