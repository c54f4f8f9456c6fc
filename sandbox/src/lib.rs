//! Decoding in child processes: a file that ends, hangs or bloats its decoder costs that file and nothing else.
//!
//! ```text
//!   Sandbox::process ──► an idle child, or a new one ── request ──► serve ──► darkroom_media
//!        │                      ▲                                     │
//!        │                      └── idle, or recycled ◄── answer ─────┘
//!        └── out of time, dead, or lying: killed, and the file is `Lost`
//! ```
//!
//! A child is this same program, started with [`ARGUMENT`]; [`serve_if_child`] is the first line of each `main` that may
//! start one. It is in a process group of its own, without environment, without a file but its channel, and before it
//! sees the first byte of a photo it gives up for good what decoding does not need: memory beyond a limit, files, new
//! processes, and on Linux every system call but a few (`restrict`). It dies with its parent.
//!
//! What comes back from a child may be written by whoever wrote the photo: [`Sandbox::process`] takes no more of it than
//! an honest child could send, and looks at each rendition's structure (`answer`).

mod answer;
mod child;
mod frame;
mod keeper;
mod lost;
mod restrict;
mod sandbox;
mod serve;
mod task;

pub use self::{
    child::Confinement,
    lost::Lost,
    sandbox::{Bounds, Sandbox},
    serve::{ARGUMENT, serve_if_child, serve_if_child_with},
    task::{Made, Task},
};
