//! Decoders that crash, hang, bloat, reach out and lie, in real processes: each costs its own file and no other.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod family;

use std::time::{Duration, Instant};

use bytes::Bytes;
use darkroom_media::{Failure, Limits, Photo};
use darkroom_sandbox::{Bounds, Confinement, Lost, Sandbox};

use family::{children, pages, until};

const MIB: u64 = 1 << 20;

/// Enough for what takes no time at all, on a machine with other things to do.
const BOUNDS: Bounds = Bounds { children: 2, memory_bytes: 512 * MIB, time: Duration::from_secs(30) };

fn sandbox(bounds: Bounds) -> Sandbox {
    Sandbox::children(env!("CARGO_BIN_EXE_darkroom-test-decoder"), bounds)
}

fn picture() -> Bytes {
    let mut png = Vec::new();
    let picture = image::RgbImage::from_fn(300, 200, |x, y| image::Rgb([x as u8, y as u8, (x + y) as u8]));
    picture.write_to(&mut std::io::Cursor::new(&mut png), image::ImageFormat::Png).unwrap();
    png.into()
}

async fn process(sandbox: &Sandbox, file: impl Into<Bytes>) -> Result<Result<Photo, Failure>, Lost> {
    sandbox.process(file.into(), &Limits::default()).await
}

/// What a decoder that was asked to reach out tells of it.
async fn told(sandbox: &Sandbox, file: &'static str) -> String {
    process(sandbox, file).await.unwrap().unwrap_err().message
}

async fn still_works(sandbox: &Sandbox) {
    let photo = process(sandbox, picture()).await.unwrap().unwrap();
    assert_eq!((photo.width, photo.height), (300, 200));
}

#[tokio::test]
async fn a_child_makes_what_a_thread_makes_and_stays_for_the_next() {
    let sandbox = sandbox(BOUNDS);
    let here = process(&Sandbox::in_process(1), picture()).await.unwrap().unwrap();
    assert_eq!(process(&sandbox, picture()).await.unwrap().unwrap(), here);
    let first = children();
    assert_eq!(first.len(), 1, "one file at a time needs one child");
    let refused = process(&sandbox, "no picture at all").await.unwrap().unwrap_err();
    assert_eq!(refused, process(&Sandbox::in_process(1), "no picture at all").await.unwrap().unwrap_err());
    assert_eq!(process(&sandbox, picture()).await.unwrap().unwrap(), here);
    assert_eq!(children(), first, "and the same one for the next");
    let expected = if cfg!(target_os = "linux") { Confinement::LimitsAndFilter } else { Confinement::Limits };
    assert_eq!(sandbox.check().await.unwrap(), expected);
    assert_eq!(Sandbox::in_process(1).check().await.unwrap(), Confinement::None);
    drop(sandbox);
    until("its child is gone, and reaped", || children().is_empty()).await;
}

#[tokio::test]
async fn a_crash_costs_one_file() {
    let sandbox = sandbox(BOUNDS);
    for (file, sign) in [
        ("fault:segfault", "SIGSEGV"),
        ("fault:abort", "SIGABRT"),
        ("fault:overflow", "stack"),
        ("fault:panic", "on demand"),
        ("fault:exit", "exit status: 0"),
    ] {
        let lost = process(&sandbox, file).await.unwrap_err();
        assert!(matches!(&lost, Lost::Crashed { how } if how.contains(sign)), "{file}: {lost}");
        assert!(lost.blames_file());
        still_works(&sandbox).await;
    }
    assert_eq!(children().len(), 1, "the dead are reaped");
}

/// What a decoder says that somebody has taken over goes to nobody.
#[tokio::test]
async fn a_lie_costs_one_file() {
    let sandbox = sandbox(BOUNDS);
    let file = [picture(), Bytes::from_static(b"fault:lie")].concat();
    let lost = process(&sandbox, file).await.unwrap_err();
    assert!(matches!(&lost, Lost::Crashed { how } if how.contains("no decoder gives")), "{lost}");
    until("its child is not asked again", || children().is_empty()).await;
    still_works(&sandbox).await;
}

#[tokio::test]
async fn webp_is_made_in_children_and_a_lie_there_is_found_out() {
    let sandbox = sandbox(BOUNDS);
    let renditions = sandbox.encode_webp(picture(), &Limits::default()).await.unwrap().unwrap();
    assert!(renditions.len() == 3 && renditions.iter().all(|made| made.bytes.starts_with(b"RIFF")));
    assert_eq!(children().len(), 1, "kept for the next file");
    let file = Bytes::from([picture(), Bytes::from_static(b"fault:lie")].concat());
    let lost = sandbox.encode_webp(file, &Limits::default()).await.unwrap_err();
    assert!(matches!(&lost, Lost::Crashed { how } if how.contains("no decoder gives")), "{lost}");
    still_works(&sandbox).await;
}

#[tokio::test]
async fn a_photo_never_waits_for_webp() {
    let sandbox = sandbox(Bounds { children: 1, ..BOUNDS });
    let waiting = tokio::spawn({
        let sandbox = sandbox.clone();
        async move { sandbox.encode_webp(Bytes::from_static(b"fault:hang"), &Limits::default()).await }
    });
    until("WebP has all of its places", || children().len() == 1).await;
    still_works(&sandbox).await;
    assert!(!waiting.is_finished());
    waiting.abort();
}

#[tokio::test]
async fn a_hang_costs_one_file_and_its_time() {
    let sandbox = sandbox(Bounds { time: Duration::from_secs(1), ..BOUNDS });
    for file in ["fault:hang", "fault:spin"] {
        let begun = Instant::now();
        let lost = process(&sandbox, file).await.unwrap_err();
        assert!(matches!(lost, Lost::TimedOut), "{file}: {lost}");
        assert!(begun.elapsed() < Duration::from_secs(15), "{file}: {:?}", begun.elapsed());
        assert!(children().is_empty(), "{file}: it is killed and reaped before anybody is told");
    }
    let sandbox = self::sandbox(BOUNDS);
    still_works(&sandbox).await;
}

#[tokio::test]
async fn one_that_hangs_holds_nobody_up() {
    let sandbox = sandbox(Bounds { time: Duration::from_secs(20), ..BOUNDS });
    let hanging = tokio::spawn({
        let sandbox = sandbox.clone();
        async move { process(&sandbox, "fault:hang").await }
    });
    until("it hangs", || children().len() == 1).await;
    still_works(&sandbox).await;
    hanging.abort();
    assert!(hanging.await.unwrap_err().is_cancelled());
    until("whoever is not waited for is killed", || children().len() == 1).await;
    still_works(&sandbox).await;
}

#[tokio::test]
async fn want_of_memory_costs_one_file() {
    let sandbox = sandbox(BOUNDS);
    let lost = process(&sandbox, "fault:memory").await.unwrap_err();
    assert!(matches!(lost, Lost::OutOfMemory), "{lost}");
    still_works(&sandbox).await;
}

/// One that computes for ever never sees that its channel is closed.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_child_dies_with_its_parent() {
    let program = env!("CARGO_BIN_EXE_darkroom-test-decoder");
    let mut parent = std::process::Command::new(program).arg("parent").spawn().unwrap();
    let family = || family::children_of(parent.id());
    until("its child is at work", || family().first().is_some_and(|child| family::is_busy(*child))).await;
    let child = family()[0];
    parent.kill().unwrap();
    parent.wait().unwrap();
    until("the child is gone", || family::is_dead(child)).await;
}

/// CPU time is limited where nobody is left to look at the clock: a parent that is stopped, say.
#[tokio::test]
async fn a_loop_ends_without_its_parent() {
    let sandbox = sandbox(Bounds { time: Duration::from_secs(1), ..BOUNDS });
    still_works(&sandbox).await;
    let child = children()[0];
    let limits = std::fs::read_to_string(format!("/proc/{child}/limits")).unwrap_or_default();
    if limits.is_empty() {
        return;
    }
    let soft = limits.lines().find_map(|line| line.strip_prefix("Max cpu time")).unwrap();
    let soft: u64 = soft.split_whitespace().next().unwrap().parse().unwrap();
    assert!((2..=10).contains(&soft), "{soft} s");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn reaching_out_gets_nothing() {
    let sandbox = sandbox(BOUNDS);
    let file = told(&sandbox, "fault:file").await;
    assert!(file.contains("refused: Permission denied"), "{file}");
    // A library may compute on threads of its own; none needs a process.
    assert_eq!(told(&sandbox, "fault:thread").await, "done: 7");
    for file in ["fault:socket", "fault:exec", "fault:fork"] {
        let lost = process(&sandbox, file).await.unwrap_err();
        assert!(matches!(&lost, Lost::Crashed { how } if how.contains("SIGSYS")), "{file}: {lost}");
        still_works(&sandbox).await;
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_child_holds_nothing_of_its_parent() {
    let sandbox = sandbox(BOUNDS);
    still_works(&sandbox).await;
    let child = children()[0];
    let read = |name: &str| std::fs::read_to_string(format!("/proc/{child}/{name}")).unwrap();
    let status = read("status");
    let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned();
    assert_eq!(field("Name:"), "media-child");
    assert_eq!(field("NoNewPrivs:"), "1");
    assert_eq!(field("Seccomp:"), "2", "a filter");
    assert_eq!(field("Threads:"), "1");
    assert_eq!(read("oom_score_adj").trim(), "1000", "the first to go when memory is short");
    let limits = read("limits");
    let hard = |name: &str| {
        let line = limits.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().to_owned()
    };
    assert_eq!(hard("Max address space"), BOUNDS.memory_bytes.to_string());
    for name in ["Max open files", "Max file size", "Max core file size"] {
        assert_eq!(hard(name), "0", "{name}");
    }
    let Ok(open) = std::fs::read_dir(format!("/proc/{child}/fd")) else {
        return; // not dumpable, so only root may look
    };
    assert_eq!(open.count(), 4, "channel twice, nothing, last words");
    assert!(std::fs::read(format!("/proc/{child}/environ")).unwrap().is_empty(), "no secret of the environment");
}

#[tokio::test]
async fn noise_neither_blocks_nor_grows() {
    let sandbox = sandbox(BOUNDS);
    let before = pages(std::process::id());
    // Printing gives up with a panic once nobody takes it in.
    let _ = process(&sandbox, "fault:noise").await;
    still_works(&sandbox).await;
    let grown = pages(std::process::id()).saturating_sub(before);
    assert!(grown < 64 * MIB, "{grown} bytes");
}

#[tokio::test]
async fn no_more_children_than_places() {
    let sandbox = sandbox(BOUNDS);
    let many = (0..12).map(|_| {
        tokio::spawn({
            let sandbox = sandbox.clone();
            async move { still_works(&sandbox).await }
        })
    });
    let many: Vec<_> = many.collect();
    for each in many {
        each.await.unwrap();
        assert!(children().len() <= 2);
    }
    assert!(!children().is_empty());
}

#[tokio::test]
async fn a_child_is_replaced_after_its_share() {
    let sandbox = sandbox(Bounds { children: 1, ..BOUNDS });
    still_works(&sandbox).await;
    let first = children();
    for _ in 0..201 {
        process(&sandbox, "no picture").await.unwrap().unwrap_err();
    }
    until("the old one is gone", || children().len() == 1 && children() != first).await;
}

#[tokio::test]
async fn what_goes_to_a_library_in_c_has_a_child_of_its_own() {
    let sandbox = sandbox(Bounds { children: 1, ..BOUNDS });
    still_works(&sandbox).await;
    let warm = children();
    let _ = process(&sandbox, &b"\0\0\0\x18ftypheic\0\0\0\0heicmif1"[..]).await.unwrap();
    until("its child is gone with it", || children() == warm).await;
    let lost = process(&sandbox, &b"\0\0\0\x18ftypheic fault:segfault"[..]).await.unwrap_err();
    assert!(matches!(lost, Lost::Crashed { .. }));
    assert_eq!(children(), warm, "and the warm one never saw it");
}

#[tokio::test]
async fn one_that_dies_idle_costs_nothing() {
    let sandbox = sandbox(BOUNDS);
    still_works(&sandbox).await;
    let idle = children();
    family::kill(idle[0]);
    until("it is dead", || family::is_dead(idle[0])).await;
    still_works(&sandbox).await;
    assert_ne!(children(), idle);
}

/// Ctrl-C and service managers tell every process at once; the photo in hand is to be finished all the same.
#[tokio::test]
async fn a_signal_to_end_is_the_parents() {
    let sandbox = sandbox(BOUNDS);
    still_works(&sandbox).await;
    let first = children();
    for name in ["TERM", "INT", "HUP"] {
        family::signal(first[0], name);
    }
    still_works(&sandbox).await;
    assert_eq!(children(), first);
}

#[tokio::test]
async fn a_program_that_can_not_be_started_is_no_fault_of_the_file() {
    for program in ["/nowhere/at/all", "/dev/null", "/bin/true"] {
        let sandbox = Sandbox::children(program, BOUNDS);
        let lost = process(&sandbox, picture()).await.unwrap_err();
        assert!(matches!(lost, Lost::Unavailable(_)) && !lost.blames_file(), "{program}: {lost}");
        assert!(sandbox.check().await.is_err());
    }
    assert!(children().is_empty());
}

#[test]
fn a_program_started_by_hand_as_a_child_says_what_it_is() {
    let program = env!("CARGO_BIN_EXE_darkroom-test-decoder");
    for arguments in [vec!["media-child"], vec!["media-child", "1", "1000000000"]] {
        let output = std::process::Command::new(program).args(arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(1) && said.contains("started by darkroom itself"), "{said}");
    }
}
