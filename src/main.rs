//! `darkroom`: the API and its workers in one process, and the operator's commands.
//!
//! ```text
//!   darkroom            serve everything from ./data, nothing to install
//!   darkroom demo       the same, on a world that it draws itself
//!   darkroom migrate    bring the database up to date
//!   darkroom schema     print the GraphQL schema
//!   darkroom doctor     check what is configured
//!   darkroom backup     copy everything into a folder; `restore` reads it back
//!   darkroom storage    report and verify what lies in the object store
//!   darkroom admin      operators, jobs, queues, photos; suspend and reinstate people; set counters right
//! ```

mod admin;
mod backup;
mod banner;
mod doctor;
mod serve;
mod storage;

use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Parser, Subcommand, ValueEnum};
use darkroom_platform::{Config, Database, Role, memory, telemetry};

/// Darkroom: the backend of a photo-sharing app. Without a command it serves everything in one process.
#[derive(Debug, Parser)]
#[command(name = "darkroom", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Clone, Subcommand)]
enum Command {
    /// Serve API and workers in this process (the default).
    Serve,
    /// Fill an empty data folder with people and pictures, then serve.
    Demo {
        /// Fill the folder and stop.
        #[arg(long)]
        only_fill: bool,
    },
    /// Bring the database up to date and stop.
    Migrate {
        /// Keep posts, likes and jobs in parts from now on (PostgreSQL only). Stop the servers before: they would wait.
        #[arg(long)]
        partition: bool,
    },
    /// Print the GraphQL schema in the schema definition language.
    Schema {
        /// That of operators, at `/admin/graphql`.
        #[arg(long)]
        admin: bool,
    },
    /// Check decoder, database, Redis, objects, ffmpeg and clock, and print the settings in force, without secrets.
    Doctor {
        /// Whose settings to check: `darkroom`, `darkroom-api` or `darkroom-worker`.
        #[arg(long = "for", value_enum, default_value_t = Program::Darkroom)]
        program: Program,
    },
    /// Copy everything, rows and objects, into a folder; servers go on meanwhile. What is in the folder already is not copied again.
    Backup {
        /// Where to, made if need be. It is as private as the database: only its owner may read it.
        folder: PathBuf,
    },
    /// Read a backup back into an empty database and its object store, of either kind; servers must not run.
    Restore {
        /// The folder that `darkroom backup` made.
        folder: PathBuf,
    },
    /// What lies in the object store, beside what the rows say.
    Storage {
        #[command(subcommand)]
        task: storage::Task,
    },
    /// What an operator does, on the machine: jobs, queues, photos, people, who is an operator.
    Admin {
        #[command(subcommand)]
        task: admin::Task,
    },
}

/// The binaries, which refuse different settings.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Program {
    Darkroom,
    DarkroomApi,
    DarkroomWorker,
}

impl From<Program> for Role {
    fn from(program: Program) -> Self {
        match program {
            Program::Darkroom => Self::Single,
            Program::DarkroomApi => Self::Api,
            Program::DarkroomWorker => Self::Worker,
        }
    }
}

#[global_allocator]
static MEMORY: memory::Allocator = memory::ALLOCATOR;

fn main() -> ExitCode {
    // Child processes that decode photos are this program, too.
    darkroom_sandbox::serve_if_child();
    memory::return_free_pages();
    start()
}

#[tokio::main]
async fn start() -> ExitCode {
    let command = Arguments::parse().command.unwrap_or(Command::Serve);
    let ended = Box::pin(run(command)).await;
    telemetry::trace::end().await;
    match ended {
        Ok(code) => code,
        Err(error) => {
            eprintln!("darkroom: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> anyhow::Result<ExitCode> {
    if let Command::Schema { admin } = command {
        let sdl = if admin { darkroom_schema::admin::sdl() } else { darkroom_schema::sdl() };
        return match std::io::stdout().write_all(sdl.as_bytes()) {
            // `darkroom schema | head` has read enough.
            Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error).context("the schema can't be printed"),
            _ => Ok(ExitCode::SUCCESS),
        };
    }
    // Two providers may be compiled in by dependencies; one must be chosen.
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        bail!("a TLS provider was chosen before main");
    }
    let role = if let Command::Doctor { program } = &command { (*program).into() } else { Role::Single };
    let config = Config::load(role)?;
    telemetry::init(&config);
    match command {
        Command::Serve => Box::pin(serve::run(config)).await?,
        Command::Demo { only_fill } => {
            let people = darkroom_demo::fill(config.clone()).await?;
            darkroom_demo::print_sign_ins(&people);
            if !only_fill {
                Box::pin(serve::run(config)).await?;
            }
        }
        Command::Migrate { partition } => {
            let database = Database::connect(&config).await?;
            let pending = database.pending_migrations().await.context("the database does not answer")?;
            database.migrate().await?;
            println!("{} schema changes made; the database is up to date.", pending.len());
            if partition {
                let parted = database.partition().await.context("no table was parted")?;
                match parted.as_slice() {
                    [] => println!("The tables are in parts already."),
                    parted => println!("In parts now: {}.", parted.join(", ")),
                }
            }
        }
        Command::Doctor { .. } => return Box::pin(doctor::run(config)).await,
        Command::Admin { task } => Box::pin(admin::run(config, task)).await?,
        Command::Backup { folder } => Box::pin(backup::backup(config, &folder)).await?,
        Command::Restore { folder } => Box::pin(backup::restore(config, &folder)).await?,
        Command::Storage { task } => return Box::pin(storage::run(config, task)).await,
        Command::Schema { .. } => {}
    }
    Ok(ExitCode::SUCCESS)
}
