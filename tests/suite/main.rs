//! End to end over HTTP, on embedded stores or on remote ones: see `darkroom_testing`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't go on has failed")]

mod accounts;
mod bad_input;
mod bad_upload;
mod comments;
mod counters;
mod delivery;
mod feed;
mod feed_property;
mod journey;
mod likes;
mod saves;
mod stories;
mod visibility;
