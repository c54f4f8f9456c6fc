//! What cannot work is refused at start, with the way out in the message.

use std::net::TcpListener;

use darkroom_testing::process::{Folder, PATIENCE, Process, World, binary, command};
use darkroom_testing::{Mode, mode};

use crate::runs_in;

/// Starts a program that must refuse, and gives its words. It has made nothing.
async fn refused(program: &str, variables: &[(&str, &str)]) -> String {
    let folder = Folder::new();
    let variables: Vec<_> = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let mut process = Process::start(command(&binary(program), folder.path(), &variables));
    let status = process.ended(PATIENCE).await;
    let said = process.stderr();
    assert_eq!(status.code(), Some(1), "{program} {variables:?}: {said}");
    assert!(!said.contains("panicked"), "{said}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "{program} {variables:?} left something behind");
    said
}

#[tokio::test]
async fn settings_that_do_not_exist_or_can_not_work() {
    if !runs_in(Mode::Embedded) {
        return;
    }
    let s3 = ("DARKROOM_OBJECTS_URL", "s3://photos");
    let cases: [(&[(&str, &str)], &str); 14] = [
        (&[("DARKROOM_FOO", "1")], "DARKROOM_FOO: no such setting"),
        (&[("DARKROOM_LISTNE", "127.0.0.1:0")], "did you mean DARKROOM_LISTEN?"),
        (&[("DARKROOM_WORKER_QUEUE", "bulk")], "did you mean DARKROOM_WORKER_QUEUES?"),
        (&[("DARKROOM_LISTEN", "8000")], "write 127.0.0.1:8000"),
        (&[("DARKROOM_PUBLIC_URL", "photos.example")], "write it like https://photos.example"),
        (&[("DARKROOM_DATABASE_URL", "mysql://host/x")], "must be sqlite:// or postgres://"),
        (&[("DARKROOM_REDIS_URL", "localhost:6379")], "memory: or begin with redis://"),
        (&[("DARKROOM_OBJECTS_URL", "/srv/photos")], "must be file:// or s3://"),
        (&[("DARKROOM_WORKER_QUEUES", "fast")], "choose from interactive, fanout, bulk"),
        (&[("DARKROOM_WORKER_CONCURRENCY", "many")], "\"many\" is not a whole number"),
        (&[("DARKROOM_WORKER_CONCURRENCY", "100000")], "choose a number from 0 to 1024"),
        (&[("DARKROOM_SECRET", "short")], "openssl rand -hex 32"),
        (&[s3], "set DARKROOM_SECRET to"),
        (&[("DARKROOM_CONFIG", "nowhere.toml")], "check DARKROOM_CONFIG"),
    ];
    for (variables, fix) in cases {
        let said = refused("darkroom", variables).await;
        assert!(said.contains(fix), "{variables:?}: {fix:?} is not in {said:?}");
    }
}

#[tokio::test]
async fn a_key_of_the_file_that_does_not_exist() {
    if !runs_in(Mode::Embedded) {
        return;
    }
    let folder = Folder::new();
    std::fs::write(folder.path().join("darkroom.toml"), "[worker]\nconcurency = 2\n").unwrap();
    let mut process = Process::start(command(&binary("darkroom"), folder.path(), &[]));
    assert_eq!(process.ended(PATIENCE).await.code(), Some(1));
    assert!(process.stderr().contains("did you mean worker.concurrency?"), "{}", process.stderr());
}

#[tokio::test]
async fn a_port_that_is_taken() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap().to_string();
    let world = World::migrated().await;
    let program = if mode() == Mode::Embedded { "darkroom" } else { "darkroom-api" };
    let output = world.run(program, &[], &[("DARKROOM_LISTEN", &listen)]).await;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(&listen) && said.contains("set DARKROOM_LISTEN"), "{said}");
    world.end().await;
}

#[tokio::test]
async fn stores_that_other_processes_can_not_share() {
    if !runs_in(Mode::Clustered) {
        return;
    }
    let shared = [
        ("DARKROOM_DATABASE_URL", "postgres://127.0.0.1:9/darkroom"),
        ("DARKROOM_REDIS_URL", "redis://127.0.0.1:9"),
        ("DARKROOM_OBJECTS_URL", "s3://photos"),
        ("DARKROOM_SECRET", "0123456789abcdef0123456789abcdef"),
    ];
    let cases = [
        (("DARKROOM_DATABASE_URL", "sqlite:///tmp/x.sqlite"), "set DARKROOM_DATABASE_URL=postgres://"),
        (("DARKROOM_REDIS_URL", "memory:"), "set DARKROOM_REDIS_URL=redis://"),
        (("DARKROOM_OBJECTS_URL", "file:///tmp/x"), "set DARKROOM_OBJECTS_URL=s3://"),
        (("DARKROOM_SECRET", ""), "set DARKROOM_SECRET to"),
    ];
    for program in ["darkroom-api", "darkroom-worker"] {
        for ((name, value), fix) in cases {
            let variables = shared.map(|(known, good)| (known, if known == name { value } else { good }));
            let said = refused(program, &variables).await;
            assert!(said.contains(fix), "{program}: {fix:?} is not in {said:?}");
            assert!(name == "DARKROOM_SECRET" || said.contains("or run `darkroom` alone"), "{said}");
        }
    }
}
