//! Questions that wait for a round trip share the next one.
//!
//! While one is on its way, whoever asks waits for the next: a busy process asks a store many things at once, in few trips, and an
//! idle one asks at once. An answer always comes from a trip that began after the question.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// Those who wait for the next round trip, with what they ask. Clones share it.
pub struct Gather<Q, A>(Arc<Mutex<Waiting<Q, A>>>);

struct Waiting<Q, A> {
    /// A task makes round trips, for as long as anybody waits.
    is_under_way: bool,
    asked: Vec<(Q, oneshot::Sender<A>)>,
}

impl<Q, A> Default for Gather<Q, A> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Waiting { is_under_way: false, asked: Vec::new() })))
    }
}

impl<Q, A> Clone for Gather<Q, A> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<Q, A> std::fmt::Debug for Gather<Q, A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gather").field("waiting", &self.waiting().asked.len()).finish_non_exhaustive()
    }
}

impl<Q, A> Gather<Q, A> {
    fn waiting(&self) -> MutexGuard<'_, Waiting<Q, A>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<Q: Send + 'static, A: Send + 'static> Gather<Q, A> {
    /// Asks in the next round trip, which `answer` makes: it gives an answer to each question, in their order, of which there are at
    /// most `most`. None if it ended before its time.
    ///
    /// The trip is made by a task of its own: whoever asks may go away.
    pub async fn ask<F>(&self, question: Q, most: usize, answer: impl Fn(Vec<Q>) -> F + Send + 'static) -> Option<A>
    where
        F: Future<Output = Vec<A>> + Send + 'static,
    {
        let (sender, answered) = oneshot::channel();
        let is_first = {
            let mut waiting = self.waiting();
            waiting.asked.push((question, sender));
            !std::mem::replace(&mut waiting.is_under_way, true)
        };
        if is_first {
            let trips = Trips { of: self.clone(), is_over: false };
            tokio::spawn(trips.go_on(most, answer));
        }
        answered.await.ok()
    }
}

/// One round trip after another.
struct Trips<Q, A> {
    of: Gather<Q, A>,
    is_over: bool,
}

impl<Q, A> Trips<Q, A> {
    async fn go_on<F: Future<Output = Vec<A>>>(mut self, most: usize, answer: impl Fn(Vec<Q>) -> F) {
        loop {
            // Whoever is about to ask asks in this trip: on a core that is busy another one comes to it only now.
            tokio::task::yield_now().await;
            let Some(asked) = self.next(most) else { return };
            let (questions, senders): (Vec<Q>, Vec<oneshot::Sender<A>>) = asked.into_iter().unzip();
            for (sender, answer) in senders.into_iter().zip(answer(questions).await) {
                // Whoever has gone away does not want to know.
                _ = sender.send(answer);
            }
        }
    }

    /// Those for whom the next trip is; none if nobody waits, and then this is over.
    fn next(&mut self, most: usize) -> Option<Vec<(Q, oneshot::Sender<A>)>> {
        let mut waiting = self.of.waiting();
        if waiting.asked.is_empty() {
            waiting.is_under_way = false;
            self.is_over = true;
            return None;
        }
        let many = most.min(waiting.asked.len());
        Some(waiting.asked.drain(..many).collect())
    }
}

impl<Q, A> Drop for Trips<Q, A> {
    /// Ended before its time, it leaves nobody waiting for what does not come.
    fn drop(&mut self) {
        if !self.is_over {
            let mut waiting = self.of.waiting();
            waiting.is_under_way = false;
            waiting.asked.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::future::join_all;
    use tokio::sync::Semaphore;

    use super::*;

    #[tokio::test]
    async fn who_asks_during_a_trip_shares_the_next_and_no_trip_takes_more_than_it_may() {
        let gather = Gather::default();
        let (trips, gate) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Semaphore::new(0)));
        let ask = |number: u32| {
            let (trips, gate) = (Arc::clone(&trips), Arc::clone(&gate));
            gather.ask(number, 4, move |asked: Vec<u32>| {
                let (trips, gate) = (Arc::clone(&trips), Arc::clone(&gate));
                async move {
                    trips.lock().unwrap().push(asked.len());
                    gate.acquire().await.unwrap().forget();
                    asked.into_iter().map(|number| number * 10).collect()
                }
            })
        };
        let all = join_all((0..10).map(ask));
        let opened = async {
            while trips.lock().unwrap().is_empty() {
                tokio::task::yield_now().await;
            }
            gate.add_permits(10);
        };
        let (answers, ()) = tokio::join!(all, opened);
        assert_eq!(answers, (0..10).map(|number| Some(number * 10)).collect::<Vec<_>>());
        assert_eq!(*trips.lock().unwrap(), [4, 4, 2]);
    }

    #[tokio::test]
    async fn a_trip_that_breaks_off_leaves_nobody_waiting() {
        let gather = Gather::<u32, u32>::default();
        let tries = Arc::new(AtomicUsize::new(0));
        let ask = || {
            let tries = Arc::clone(&tries);
            gather.ask(1, 4, move |asked| {
                let first = tries.fetch_add(1, Ordering::Relaxed) == 0;
                async move {
                    assert!(!first, "a trip that breaks off");
                    asked
                }
            })
        };
        assert_eq!(tokio::join!(ask(), ask()), (None, None));
        assert_eq!(ask().await, Some(1));
    }
}
