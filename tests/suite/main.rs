//! End to end over HTTP, on embedded stores or on remote ones: see `darkroom_testing`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't go on has failed")]

mod accounts;
mod archive;
mod attack;
mod bad_input;
mod bad_upload;
mod blocks;
mod cards;
mod close_friends;
mod comments;
mod counters;
mod delivery;
mod documents;
mod feed;
mod feed_delivery;
mod feed_property;
mod follows;
mod hidden;
mod hot;
mod journey;
mod likes;
mod listening;
mod long_group;
mod matrix;
mod mutes;
mod notifications;
mod query_count;
mod query_plan;
mod ranked_feed;
mod ranked_pages;
mod ranking_signals;
mod saves;
mod stories;
mod suspension;
mod visibility;
mod webp;
