//! Darkroom's programs as an operator runs them: real processes, started, refused, stopped, killed, and left alone by
//! the stores that they need.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod admin;
mod boot;
mod boot_clustered;
mod demo;
mod edge;
#[cfg(target_os = "linux")]
mod family;
mod isolation;
mod memory;
mod outage;
mod refusal;
mod scale_pgbouncer;
mod scale_redis;
mod scale_replica;
mod sight;
mod survival;
mod traces;

use darkroom_testing::{Mode, mode};

/// Whether this run is of the form that a test is for.
fn runs_in(wanted: Mode) -> bool {
    mode() == wanted
}
