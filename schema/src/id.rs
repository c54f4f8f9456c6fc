//! Opaque ids: TypeIDs, a prefix that names the type and the UUIDv7 in 26 characters of Crockford's base 32.
//!
//! `post_01k5z3c0vge2y8f2q5m3n7r9ta` — format: TypeID specification 0.3. Clients must not read them.

use async_graphql::ID;
use darkroom_service::Error;
use uuid::Uuid;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The types that have ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    User,
    Post,
    Media,
    Story,
    Session,
    Comment,
    Collection,
    Notification,
    Upload,
    Job,
    OperatorAction,
}

impl Kind {
    const ALL: [Self; 11] = [
        Self::User,
        Self::Post,
        Self::Media,
        Self::Story,
        Self::Session,
        Self::Comment,
        Self::Collection,
        Self::Notification,
        Self::Upload,
        Self::Job,
        Self::OperatorAction,
    ];

    const fn prefix(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Post => "post",
            Self::Media => "media",
            Self::Story => "story",
            Self::Session => "session",
            Self::Comment => "comment",
            Self::Collection => "collection",
            Self::Notification => "notification",
            Self::Upload => "upload",
            Self::Job => "job",
            Self::OperatorAction => "action",
        }
    }

    /// The opaque id of a row of this type.
    pub(crate) fn id(self, uuid: Uuid) -> ID {
        let (prefix, suffix) = self.parts(uuid);
        let mut text = String::with_capacity(prefix.len() + 1 + suffix.len());
        text.push_str(prefix);
        text.push('_');
        text.extend(suffix.map(char::from));
        ID(text)
    }

    /// What stands before and after the `_` of that id, the latter in ASCII.
    pub(crate) fn parts(self, uuid: Uuid) -> (&'static str, [u8; 26]) {
        let bits = uuid.as_u128();
        (self.prefix(), std::array::from_fn(|at| ALPHABET[(bits >> (5 * (25 - at))) as usize & 31]))
    }

    /// The row that an argument names; it must name one of this type.
    pub(crate) fn parse(self, field: &'static str, id: &ID) -> Result<Uuid, Error> {
        match parse(id) {
            Some((kind, uuid)) if kind == self => Ok(uuid),
            _ => Err(Error::invalid(field, format!("This is not the id of a {}.", self.prefix()))),
        }
    }
}

/// What an id names; `None` if it is none of ours.
pub(crate) fn parse(id: &ID) -> Option<(Kind, Uuid)> {
    let (prefix, suffix) = id.split_once('_')?;
    let kind = Kind::ALL.into_iter().find(|kind| kind.prefix() == prefix)?;
    // 26 characters hold 130 bits: the first may only add three.
    if suffix.len() != 26 || suffix.as_bytes()[0] > b'7' {
        return None;
    }
    let mut bits: u128 = 0;
    for byte in suffix.bytes() {
        let value = ALPHABET.iter().position(|letter| *letter == byte)?;
        bits = bits << 5 | value as u128;
    }
    Some((kind, Uuid::from_u128(bits)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for bits in [0, 1, u128::MAX, 0x0190_aaaa_bbbb_7ccc_8ddd_eeee_ffff_0000] {
            let uuid = Uuid::from_u128(bits);
            assert_eq!(parse(&Kind::Post.id(uuid)), Some((Kind::Post, uuid)));
        }
    }

    #[test]
    fn matches_the_specification() {
        // The example of the TypeID specification.
        let uuid: Uuid = "01890a5d-ac96-774b-bcce-b302099a8057".parse().expect("a uuid");
        assert_eq!(Kind::User.id(uuid).as_str(), "user_01h455vb4pex5vsknk084sn02q");
    }

    #[test]
    fn what_is_none_of_ours() {
        for bad in [
            "",
            "post",
            "post_",
            "post_01h455vb4pex5vsknk084sn02",
            "post_01h455vb4pex5vsknk084sn02qq",
            "post_81h455vb4pex5vsknk084sn02q",
            "post_01H455VB4PEX5VSKNK084SN02Q",
            "post_01h455vb4pex5vsknk084sn0lu",
            "cat_01h455vb4pex5vsknk084sn02q",
            "post_01h455vb4pex5vsknk084sn02é",
        ] {
            assert_eq!(parse(&ID(bad.to_owned())), None, "{bad:?}");
        }
        assert!(Kind::Post.parse("postId", &Kind::User.id(Uuid::nil())).is_err());
    }
}
