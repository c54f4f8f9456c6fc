//! The tests' decoder: as Darkroom's, and besides it does what a file asks for, as a decoder would that its author has
//! found a flaw in. A file that asks begins with `fault:`. It is built for tests alone and is in no image.

use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};
use std::time::Duration;

use darkroom_media::{Failure, FailureCode, Limits};
use darkroom_sandbox::{Bounds, Made, Sandbox, Task};

fn main() -> ExitCode {
    darkroom_sandbox::serve_if_child_with(|| {}, decode);
    match std::env::args().nth(1).as_deref() {
        Some("parent") => wait_for_ever(),
        _ => eprintln!("this program is started by tests"),
    }
    ExitCode::FAILURE
}

/// Has a child that never answers, for a test that ends this process.
fn wait_for_ever() {
    let bounds = Bounds { children: 1, memory_bytes: 1 << 30, time: Duration::from_secs(3600) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let (Ok(runtime), Ok(sandbox)) = (runtime, Sandbox::this_program(bounds)) else { return };
    let lost = runtime.block_on(sandbox.process("fault:spin".into(), &Limits::default()));
    eprintln!("{lost:?}");
}

fn decode(task: Task, bytes: &[u8], limits: &Limits) -> Result<Made, Failure> {
    // The word may hide behind a picture's header, so that it passes for a picture until it is decoded.
    let asked = bytes.windows(6).position(|window| window == b"fault:").map(|at| &bytes[at + 6..]);
    let Some(asked) = asked else { return task.run(bytes, limits) };
    if task == Task::Photo && asked.starts_with(b"late") {
        return task.run(bytes, limits);
    }
    let word: Vec<u8> = asked.iter().copied().take_while(u8::is_ascii_lowercase).collect();
    match word.as_slice() {
        // When WebP is asked for, after all went well.
        b"segfault" | b"late" => segfault(),
        b"abort" => std::process::abort(),
        b"overflow" => drop(overflow(1)),
        b"panic" => panic!("on demand"),
        b"exit" => std::process::exit(0),
        b"hang" => loop {
            std::thread::park();
        },
        b"spin" => loop {
            std::hint::black_box(());
        },
        b"memory" => return found(allocate()),
        b"file" => return found(std::fs::File::open("/etc/passwd")),
        b"socket" => return found(std::net::TcpListener::bind("127.0.0.1:0")),
        b"exec" => return found::<(), _>(Err(Command::new("/bin/true").exec())),
        b"fork" => return found(Command::new("/bin/true").spawn()),
        b"thread" => return found(std::thread::spawn(|| 7).join().map_err(|_| "it panicked")),
        b"lie" => return lie(task, bytes, limits),
        b"noise" => (0..100_000).for_each(|line| eprintln!("{line}")),
        _ => {}
    }
    found(Err::<(), _>("nothing happened"))
}

#[expect(unsafe_code, reason = "what a flaw does can't be written in safe code")]
fn segfault() {
    // SAFETY: none; the process ends here, which is what is asked for.
    unsafe {
        std::ptr::without_provenance::<u8>(8).read_volatile();
    }
}

#[expect(unconditional_recursion, reason = "it is to use up the stack")]
fn overflow(depth: u64) -> u64 {
    let frame = std::hint::black_box([depth; 64]);
    overflow(depth + 1) + frame[0]
}

/// A photo that shows something else to those who look at it small.
fn lie(task: Task, bytes: &[u8], limits: &Limits) -> Result<Made, Failure> {
    let mut made = task.run(bytes, limits)?;
    let renditions = match &mut made {
        Made::Photo(photo) => &mut photo.renditions,
        Made::Webp(renditions) => renditions,
    };
    renditions[0].bytes = b"<script>alert(1)</script>".to_vec();
    Ok(made)
}

/// More than any limit of the tests.
fn allocate() -> Result<usize, String> {
    let mut blocks = Vec::new();
    for _ in 0..64 {
        blocks.push(std::hint::black_box(vec![0_u8; 64 << 20]));
    }
    Ok(blocks.len())
}

/// What came of it, as a refusal of the file: only an answer can tell the test.
fn found<T: std::fmt::Debug, E: std::fmt::Display>(result: Result<T, E>) -> Result<Made, Failure> {
    let message = match result {
        Ok(value) => format!("done: {value:?}"),
        Err(error) => format!("refused: {error}"),
    };
    Err(Failure { code: FailureCode::Internal, message })
}
