//! The operations under way on one socket.

use std::collections::HashMap;
use std::collections::HashSet;

use async_graphql::Response;
use futures::StreamExt;
use futures::stream::{AbortHandle, Abortable, BoxStream, SelectAll};

use crate::graphql::respond;

/// What an operation has to say.
pub(super) enum Outcome {
    /// A response.
    Next(Response),
    /// It was not begun, and is over.
    Refused(Response),
    /// It is over.
    Complete,
}

type Said = (String, Option<Response>);

/// Streams by the client's ids, polled fairly.
#[derive(Default)]
pub(super) struct Operations {
    streams: SelectAll<Abortable<BoxStream<'static, Said>>>,
    handles: HashMap<String, AbortHandle>,
    /// Those that have had a response: an error after that is a response like any other.
    begun: HashSet<String>,
}

impl Operations {
    /// Operations under way.
    pub(super) fn len(&self) -> usize {
        self.handles.len()
    }

    /// Whether the id is taken.
    pub(super) fn contains(&self, id: &str) -> bool {
        self.handles.contains_key(id)
    }

    /// Begins one; the id must be free.
    pub(super) fn insert(&mut self, id: String, responses: BoxStream<'static, Response>) {
        let (handle, registration) = AbortHandle::new_pair();
        let (of_response, of_end) = (id.clone(), id.clone());
        let said = responses
            .map(move |response| (of_response.clone(), Some(response)))
            .chain(futures::stream::once(async move { (of_end, None) }))
            .boxed();
        self.streams.push(Abortable::new(said, registration));
        self.handles.insert(id, handle);
    }

    /// Ends one at the client's wish; nothing is said of it any more.
    pub(super) fn remove(&mut self, id: &str) {
        self.begun.remove(id);
        if let Some(handle) = self.handles.remove(id) {
            handle.abort();
        }
    }

    /// What is said next, and by which operation; none while there is no operation.
    pub(super) async fn next(&mut self) -> Option<(String, Outcome)> {
        let (id, said) = self.streams.next().await?;
        let outcome = match said {
            None => Outcome::Complete,
            Some(response) if !self.begun.contains(&id) && respond::is_request_error(&response) => {
                Outcome::Refused(response)
            }
            Some(response) => {
                self.begun.insert(id.clone());
                return Some((id, Outcome::Next(response)));
            }
        };
        self.remove(&id);
        Some((id, outcome))
    }
}
