//! The rules of Darkroom: the only crate that decides.
//!
//! A module a noun. A function a verb. What a function needs it takes as an argument; what it changes it changes in one
//! transaction, together with the jobs that follow from the change. It speaks sea-orm downwards and plain Rust upwards:
//! no HTTP, no GraphQL, no job runner.
//!
//! ```text
//!   schema ──┐                       ┌── platform (database, objects, transport, timelines, events, clock)
//!   worker ──┼──►  service  ─────────┼── media    (pixels)
//!   api ─────┘   account follow post └── entity   (rows)
//!                feed story media job
//!                notification live ranking
//! ```

pub mod account;
pub mod app;
pub mod backup;
pub mod block;
pub mod card;
pub mod change;
pub mod close_friend;
pub mod collection;
pub mod comment;
pub mod counter;
pub mod error;
pub mod feature;
pub mod feed;
pub mod follow;
pub mod id_map;
pub mod idempotency;
pub mod job;
pub mod like;
pub mod live;
pub mod media;
pub mod mute;
pub mod notification;
pub mod object;
pub mod operator;
pub mod page;
pub mod password;
pub mod post;
mod purge;
pub mod ranking;
pub mod rate;
pub mod save;
pub mod session;
pub mod sight;
mod signature;
pub mod storage;
pub mod story;
pub mod text;
pub mod transaction;
pub mod upload;
pub mod visibility;

pub use app::App;
pub use error::{Error, Problem, ProblemCode, Result};
pub use page::{Page, PageRequest};
pub use session::{Origin, Viewer};
pub use transaction::Transaction;
