//! Cursors: opaque places in lists. Each names its list, so that one list's cursor is refused by another.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::DateTime;
use darkroom_service::Error;
use darkroom_service::job::admin;
use darkroom_service::ranking::Place;
use darkroom_service::story::ReelKey;
use uuid::Uuid;

/// Lists that have cursors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum List {
    Feed = 1,
    Posts = 2,
    Follows = 3,
    Sessions = 4,
    StoryViewers = 5,
    StoryTray = 6,
    Ranked = 7,
    RankedByTime = 8,
    BlockedUsers = 20,
    MutedUsers = 21,
    CloseFriends = 22,
    ArchivedPosts = 23,
    Comments = 30,
    Replies = 31,
    PostLikes = 32,
    CommentLikes = 33,
    SavedPosts = 34,
    Collections = 35,
    CollectionPosts = 36,
    Notifications = 40,
    DeadJobs = 50,
    RunningJobs = 51,
    WaitingJobs = 52,
    OperatorActions = 53,
}

fn malformed() -> Error {
    Error::invalid("after", "This is not a cursor of this list. Use one that a page of it has returned.")
}

/// The place of the row `id`.
pub(crate) fn encode(list: List, id: Uuid) -> String {
    let mut bytes = [0_u8; 17];
    bytes[0] = list as u8;
    bytes[1..].copy_from_slice(id.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The row at whose place the cursor stands.
pub(crate) fn decode(list: List, cursor: &str) -> Result<Uuid, Error> {
    let bytes: [u8; 17] = decode_exactly(list, cursor)?;
    Uuid::from_slice(&bytes[1..]).map_err(|_| malformed())
}

/// The place of a post in a ranked feed.
pub(crate) fn encode_place(place: Place) -> String {
    match place {
        Place::By(id) => encode(List::RankedByTime, id),
        Place::In { snapshot, position, newest } => {
            let mut bytes = [0_u8; 35];
            bytes[0] = List::Ranked as u8;
            bytes[1..17].copy_from_slice(snapshot.as_bytes());
            bytes[17..19].copy_from_slice(&position.to_be_bytes());
            bytes[19..].copy_from_slice(newest.as_bytes());
            URL_SAFE_NO_PAD.encode(bytes)
        }
    }
}

/// The post in a ranked feed at whose place the cursor stands.
pub(crate) fn decode_place(cursor: &str) -> Result<Place, Error> {
    if let Ok(id) = decode(List::RankedByTime, cursor) {
        return Ok(Place::By(id));
    }
    let bytes: [u8; 35] = decode_exactly(List::Ranked, cursor)?;
    let id = |from: usize| Uuid::from_slice(&bytes[from..from + 16]).map_err(|_| malformed());
    let position = u16::from_be_bytes([bytes[17], bytes[18]]);
    Ok(Place::In { snapshot: id(1)?, position, newest: id(19)? })
}

/// The newest post that somebody has who shows a feed, ranked or not, from this cursor on.
pub(crate) fn decode_newest(cursor: &str) -> Result<Uuid, Error> {
    match decode_place(cursor) {
        Ok(Place::In { newest, .. }) => Ok(newest),
        Ok(Place::By(id)) => Ok(id),
        Err(_) => decode(List::Feed, cursor),
    }
}

/// The place of a person in the story tray.
pub(crate) fn encode_reel(key: ReelKey) -> String {
    let mut bytes = [0_u8; 26];
    bytes[0] = List::StoryTray as u8;
    bytes[1] = u8::from(key.has_unseen);
    bytes[2..10].copy_from_slice(&key.newest.timestamp_micros().to_be_bytes());
    bytes[10..].copy_from_slice(key.author_id.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The person at whose place the cursor stands.
pub(crate) fn decode_reel(cursor: &str) -> Result<ReelKey, Error> {
    let bytes: [u8; 26] = decode_exactly(List::StoryTray, cursor)?;
    let micros = i64::from_be_bytes(std::array::from_fn(|at| bytes[2 + at]));
    let newest = DateTime::from_timestamp_micros(micros).ok_or_else(malformed)?;
    let author_id = Uuid::from_slice(&bytes[10..]).map_err(|_| malformed())?;
    match bytes[1] {
        flag @ (0 | 1) => Ok(ReelKey { has_unseen: flag == 1, newest, author_id }),
        _ => Err(malformed()),
    }
}

/// The place of a job in one of the lists of jobs.
pub(crate) fn encode_job(list: List, place: admin::Place) -> String {
    let mut bytes = [0_u8; 25];
    bytes[0] = list as u8;
    bytes[1..9].copy_from_slice(&place.run_at.timestamp_micros().to_be_bytes());
    bytes[9..].copy_from_slice(place.id.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The job at whose place the cursor stands.
pub(crate) fn decode_job(list: List, cursor: &str) -> Result<admin::Place, Error> {
    let bytes: [u8; 25] = decode_exactly(list, cursor)?;
    let micros = i64::from_be_bytes(std::array::from_fn(|at| bytes[1 + at]));
    let run_at = DateTime::from_timestamp_micros(micros).ok_or_else(malformed)?;
    Ok(admin::Place { run_at, id: Uuid::from_slice(&bytes[9..]).map_err(|_| malformed())? })
}

fn decode_exactly<const BYTES: usize>(list: List, cursor: &str) -> Result<[u8; BYTES], Error> {
    if cursor.len() > 64 {
        return Err(malformed());
    }
    let bytes: [u8; BYTES] =
        URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| bytes.try_into().ok()).ok_or_else(malformed)?;
    if bytes[0] == list as u8 { Ok(bytes) } else { Err(malformed()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let id = Uuid::from_u128(7);
        assert_eq!(decode(List::Feed, &encode(List::Feed, id)).ok(), Some(id));
        let key = ReelKey {
            has_unseen: true,
            newest: DateTime::from_timestamp_micros(1_234_567).expect("a moment"),
            author_id: id,
        };
        assert_eq!(decode_reel(&encode_reel(key)).ok(), Some(key));
        let newest = Uuid::from_u128(9);
        for place in [Place::By(id), Place::In { snapshot: id, position: 799, newest }] {
            assert_eq!(decode_place(&encode_place(place)).ok(), Some(place));
        }
        assert_eq!(decode_newest(&encode_place(Place::In { snapshot: id, position: 0, newest })).ok(), Some(newest));
        for by_time in [encode_place(Place::By(id)), encode(List::Feed, id)] {
            assert_eq!(decode_newest(&by_time).ok(), Some(id));
        }
        let place = admin::Place { run_at: key.newest, id };
        assert_eq!(decode_job(List::DeadJobs, &encode_job(List::DeadJobs, place)).ok(), Some(place));
        assert!(decode_job(List::WaitingJobs, &encode_job(List::DeadJobs, place)).is_err(), "a list of its own");
        assert!(decode(List::Feed, &encode_place(Place::By(id))).is_err(), "a list of its own");
    }

    #[test]
    fn foreign_or_broken_ones_are_refused() {
        let of_posts = encode(List::Posts, Uuid::from_u128(7));
        for bad in ["", "*", "AQ", &of_posts, &"A".repeat(1000)] {
            assert!(decode(List::Feed, bad).is_err(), "{bad:?}");
            assert!(decode_reel(bad).is_err(), "{bad:?}");
            assert!(decode_place(bad).is_err(), "{bad:?}");
            assert!(decode_newest(bad).is_err(), "{bad:?}");
            assert!(decode_job(List::DeadJobs, bad).is_err(), "{bad:?}");
        }
    }
}
