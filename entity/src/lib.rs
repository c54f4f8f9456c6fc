//! Entities: one table, one file. They say what a row is and decide nothing.
//!
//! Ids are UUIDv7 and moments are UTC in microseconds; both come from the application's clock, never from the database.
#![allow(missing_docs, reason = "the entity derives generate undocumented items; every column has its comment")]

pub mod account;
pub mod account_habit;
pub mod account_setting;
pub mod affinity;
pub mod audience;
pub mod block;
pub mod change;
pub mod close_friend;
pub mod collection;
pub mod collection_post;
pub mod comment;
pub mod comment_like;
pub mod comment_mention;
pub mod doomed_object;
pub mod feature;
pub mod follow;
pub mod follow_made;
pub mod idempotency;
pub mod impression;
pub mod job;
pub mod job_tally;
pub mod media;
pub mod media_run;
pub mod mute;
pub mod notification;
pub mod notification_group;
pub mod notification_setting;
pub mod operator_action;
pub mod post;
pub mod post_hashtag;
pub mod post_impression;
pub mod post_like;
pub mod post_media;
pub mod post_mention;
pub mod pulled_author;
pub mod queue_pause;
pub mod rendition;
pub mod saved_post;
pub mod session;
pub mod story;
pub mod story_view;
pub mod upload;
