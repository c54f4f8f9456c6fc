//! End to end over HTTP, on embedded stores or on remote ones: see `darkroom_testing`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't go on has failed")]

mod accounts;
mod archive;
mod bad_input;
mod bad_upload;
mod blocks;
mod close_friends;
mod comments;
mod counters;
mod delivery;
mod feed;
mod feed_property;
mod follows;
mod journey;
mod matrix;
mod query_count;
mod query_plan;
mod mutes;
mod likes;
mod saves;
mod listening;
mod notifications;
mod stories;
mod suspension;
mod visibility;
