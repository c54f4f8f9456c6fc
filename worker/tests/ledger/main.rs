//! The job runner against a real ledger and a real transport: embedded by default, PostgreSQL and Redis with
//! `DARKROOM_TEST_MODE=clustered`.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod binary;
mod delivery;
mod failure;
mod pause;
mod shutdown;
mod stage;
mod suspect;
mod tally;
