//! What must hold for any text, for `api/fuzz` and for a test that keeps it alive: functions that panic where it does not.

use async_graphql::ID;
use darkroom_service::Error;
use uuid::Uuid;

use crate::cursor::{self, List};
use crate::id;

/// A text as an id: what is read is written the same again.
///
/// # Panics
/// If it is not.
pub fn id(text: &str) {
    if let Some((kind, uuid)) = id::parse(&ID(text.to_owned())) {
        assert_eq!(kind.id(uuid).as_str(), text);
        assert!(kind.parse("id", &ID(text.to_owned())).is_ok_and(|same| same == uuid));
    }
}

/// A text as a cursor: what is read is written the same again, and one list's is no other's.
///
/// # Panics
/// If it is not.
pub fn cursor(text: &str) {
    let lists = [List::Feed, List::Posts, List::Comments, List::Notifications];
    let read: Vec<(List, Uuid)> = lists.into_iter().filter_map(|list| Some((list, row(list, text).ok()?))).collect();
    assert!(read.len() <= 1, "{read:?}");
    for (list, uuid) in read {
        assert_eq!(cursor::encode(list, uuid), text);
    }
    if let Ok(key) = cursor::decode_reel(text) {
        assert_eq!(cursor::encode_reel(key), text);
    }
}

fn row(list: List, text: &str) -> Result<Uuid, Error> {
    cursor::decode(list, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Kind;

    #[test]
    fn what_holds_for_any_text_holds_for_some() {
        let good = Kind::Post.id(Uuid::from_u128(7));
        for text in
            ["", "post_", "post_é", good.as_str(), &cursor::encode(List::Feed, Uuid::from_u128(7)), "AQ", "===="]
        {
            id(text);
            cursor(text);
        }
    }
}
