//! The thread that starts children and sees them to their end.
//!
//! It is one thread for both and lives as long as any child: Linux sends the death signal when the *thread* that started
//! a child ends, and the threads of an async runtime come and go. Waiting for a child's end would block theirs, too.

use std::io;
use std::process::{Child, Command, ExitStatus};
use std::sync::mpsc;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::sync::oneshot;

enum Order {
    Start(Box<Command>, oneshot::Sender<io::Result<Child>>),
    End(Child, Option<oneshot::Sender<io::Result<ExitStatus>>>),
}

/// The way to the thread, which ends when the last of these is gone and everything asked for is done.
#[derive(Debug, Clone)]
pub(crate) struct Keeper {
    orders: mpsc::Sender<Order>,
}

impl Keeper {
    /// Starts the thread.
    pub(crate) fn new() -> io::Result<Self> {
        let (orders, waiting) = mpsc::channel();
        std::thread::Builder::new().name("media-keeper".to_owned()).spawn(move || keep(&waiting))?;
        Ok(Self { orders })
    }

    /// Starts a child.
    pub(crate) async fn start(&self, command: Command) -> io::Result<Child> {
        let (answer, started) = oneshot::channel();
        let gone = |_| io::Error::other("the thread that starts child processes is gone");
        self.orders.send(Order::Start(Box::new(command), answer)).map_err(|_| gone(()))?;
        started.await.map_err(|_| gone(()))?
    }

    /// Kills a child, with whatever it may have started, and says how it ended: by itself, if it had before.
    pub(crate) async fn end(&self, child: Child) -> io::Result<ExitStatus> {
        let (answer, ended) = oneshot::channel();
        let gone = |_| io::Error::other("the thread that ends child processes is gone");
        self.orders.send(Order::End(child, Some(answer))).map_err(|_| gone(()))?;
        ended.await.map_err(|_| gone(()))?
    }

    /// As [`Keeper::end`], without waiting for it.
    pub(crate) fn end_soon(&self, child: Child) {
        // Fails only if the thread has panicked; the child sees its channel close then.
        let _ = self.orders.send(Order::End(child, None));
    }
}

fn keep(orders: &mpsc::Receiver<Order>) {
    while let Ok(order) = orders.recv() {
        match order {
            Order::Start(mut command, answer) => {
                if let Err(Ok(child)) = answer.send(command.spawn()) {
                    // Whoever asked has gone in the meantime.
                    let _ = end(child);
                }
            }
            Order::End(child, answer) => {
                let status = end(child);
                if let Some(answer) = answer {
                    let _ = answer.send(status);
                }
            }
        }
    }
}

/// Kills and reaps. A process that dies already keeps its own cause of death, and until it is reaped nobody else can
/// have its id.
fn end(mut child: Child) -> io::Result<ExitStatus> {
    let group = Pid::from_child(&child);
    if kill_process_group(group, Signal::KILL).is_err() {
        child.kill()?;
    }
    child.wait()
}
