//! Others who serve the same page of a feed from the same rows: what an app's developer would write without Darkroom.
//!
//! `bench/peer/setup` installs them below `target/bench-peers`; what is not installed is not measured.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::program::Program;
use crate::stores::{World, free_address};

/// The page in their schema: the same fields and aliases as ours.
pub(crate) const FEED: &str = "query Feed($first: Int!) { feed(first: $first) { pageInfo { hasNextPage endCursor }
    edges { cursor node { id caption likeCount commentCount viewerHasLiked createdAt
        author { id username fullName avatar }
        media { id width height placeholder altText
            thumbnail: url(size: THUMBNAIL) medium: url(size: MEDIUM) large: url(size: LARGE) } } } } }";

/// A program that can be measured.
pub(crate) struct Peer {
    /// As figures name it.
    pub(crate) name: &'static str,
    script: PathBuf,
    folder: PathBuf,
}

/// One that runs.
pub(crate) struct Running {
    pub(crate) program: Program,
    pub(crate) address: SocketAddr,
}

/// Those that are installed.
pub(crate) fn installed() -> anyhow::Result<Vec<Peer>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = match std::env::var_os("DARKROOM_BENCH_PEERS") {
        Some(folder) => PathBuf::from(folder),
        None => root.join("../target/bench-peers"),
    };
    let mercurius = folder.join("mercurius");
    if !mercurius.join("node_modules/mercurius").is_dir() {
        eprintln!("mercurius is not installed: bench/peer/setup does it");
        return Ok(Vec::new());
    }
    let script = mercurius.join("server.mjs");
    // Beside its modules, where Node looks for them.
    std::fs::copy(root.join("peer/mercurius.mjs"), &script)?;
    Ok(vec![Peer { name: "Mercurius", script, folder: mercurius }])
}

impl Peer {
    /// Starts it on the world's database and Redis, and waits until it listens.
    pub(crate) async fn start(&self, world: &World) -> anyhow::Result<Running> {
        let address = free_address()?;
        let mut variables = world.variables.clone();
        variables.push(("PORT".to_owned(), address.port().to_string()));
        variables.push(("NODE_ENV".to_owned(), "production".to_owned()));
        let script = [self.script.display().to_string()];
        let mut program = Program::start(self.name, Path::new("node"), &script, &variables, &self.folder, Some(0))?;
        program.listens(address).await?;
        Ok(Running { program, address })
    }
}
