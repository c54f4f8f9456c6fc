//! Lists as Relay connections: `edges { cursor node } nodes pageInfo`.

use async_graphql::SimpleObject;
use darkroom_service::{App, Error, PageRequest};

use crate::cursor::{self, List};
use crate::error::Result;

/// Where a page stands in its list.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct PageInfo {
    /// Whether more come after this page.
    has_next_page: bool,
    /// Whether the page was asked for by `after`, so that something comes before it.
    has_previous_page: bool,
    /// The first edge's cursor; null if the page is empty.
    start_cursor: Option<String>,
    /// The last edge's cursor, to be given as `after`; null if the page is empty.
    end_cursor: Option<String>,
}

impl PageInfo {
    pub(crate) fn new(cursors: (Option<String>, Option<String>), has_next_page: bool, has_previous_page: bool) -> Self {
        let (start_cursor, end_cursor) = cursors;
        Self { has_next_page, has_previous_page, start_cursor, end_cursor }
    }
}

/// How many a page may hold, checked.
pub(crate) fn length(app: &App, first: i32) -> Result<usize> {
    let most = app.config.limits.page_max;
    usize::try_from(first)
        .ok()
        .filter(|first| (1..=most).contains(first))
        .ok_or_else(|| Error::invalid("first", format!("A page holds 1 to {most}.")).into())
}

/// The page that the arguments ask for, checked.
pub(crate) fn request(app: &App, list: List, first: i32, after: Option<&str>) -> Result<PageRequest> {
    let after = after.map(|cursor| cursor::decode(list, cursor)).transpose()?;
    Ok(PageRequest { first: length(app, first)?, after })
}

/// Makes a connection and its edge for a node type.
macro_rules! connection {
    ($(#[$connection_doc:meta])* $connection:ident of $(#[$edge_doc:meta])* $edge:ident { $node:ty } in $list:expr) => {
        $(#[$edge_doc])*
        #[derive(Clone, async_graphql::SimpleObject)]
        pub(crate) struct $edge {
            /// Its place, to be given as `after`.
            cursor: String,
            /// What stands there.
            node: $node,
        }

        #[derive(Clone)]
        pub(crate) struct $connection {
            edges: Vec<$edge>,
            has_next: bool,
            has_previous: bool,
        }

        impl $connection {
            /// From a page of nodes with the ids that make their cursors.
            pub(crate) fn new(page: darkroom_service::Page<(uuid::Uuid, $node)>, has_previous: bool) -> Self {
                Self::of($list, page, has_previous)
            }

            /// As `new`, of another list of the same nodes, whose cursors are its own.
            pub(crate) fn of(
                list: crate::cursor::List,
                page: darkroom_service::Page<(uuid::Uuid, $node)>,
                has_previous: bool,
            ) -> Self {
                let has_next = page.has_next;
                let edges = page
                    .items
                    .into_iter()
                    .map(|(id, node)| $edge { cursor: crate::cursor::encode(list, id), node })
                    .collect();
                Self { edges, has_next, has_previous }
            }
        }

        $(#[$connection_doc])*
        #[async_graphql::Object]
        impl $connection {
            /// The page's entries with their cursors.
            async fn edges(&self) -> &[$edge] {
                &self.edges
            }

            /// The page's entries.
            async fn nodes(&self) -> Vec<&$node> {
                self.edges.iter().map(|edge| &edge.node).collect()
            }

            /// Where the page stands in its list.
            async fn page_info(&self) -> crate::page::PageInfo {
                let cursors = (
                    self.edges.first().map(|edge| edge.cursor.clone()),
                    self.edges.last().map(|edge| edge.cursor.clone()),
                );
                crate::page::PageInfo::new(cursors, self.has_next, self.has_previous)
            }
        }
    };
}
pub(crate) use connection;
