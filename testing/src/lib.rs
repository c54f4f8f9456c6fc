//! TestApp, factories and fixtures for the tests of every crate. Never linked into what ships.
//!
//! One suite, two modes: `DARKROOM_TEST_MODE=embedded` (the default) or `clustered`, where `scripts/test` has started a
//! PostgreSQL, a Redis and an S3 server and named them in `DARKROOM_TEST_…`. Each [`TestApp`] has a world of its own:
//! a folder, or a database, a key prefix and an object prefix.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't be set up has failed")]

mod app;
mod client;
pub mod corpus;
mod decoder;
mod disk;
pub mod jpeg;
mod left;
mod parts;
mod peer;
mod people;
mod photo;
pub mod picture;
pub mod process;
mod ranked;
mod row;
mod rows;
pub mod sequence;
mod socket;
mod statements;
mod stores;
mod verb;
mod wait;

pub use app::TestApp;
pub use client::{Answer, Client, Person};
pub use disk::SmallDisk;
pub use left::files_under;
pub use parts::announcement;
pub use peer::Peer;
pub use people::uuid_of;
pub use photo::lose_photo;
pub use ranked::RankedPage;
pub use reqwest;
pub use socket::Subscription;
pub use statements::Statements;
pub use stores::{Mode, mode};
pub use verb::{link_of, rendition_of};
pub use wait::eventually;
