//! What each viewer may see, said a second time and without SQL.

/// How a viewer stands to an author.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Relation {
    /// It is the author.
    pub(crate) is_author: bool,
    /// Accepted follower.
    pub(crate) follows: bool,
    /// On the author's list of close friends.
    pub(crate) is_close: bool,
    /// The author blocks the viewer.
    pub(crate) is_blocked: bool,
    /// The viewer blocks the author.
    pub(crate) blocks: bool,
    /// The viewer is an author: between them and some of the others there are blocks.
    pub(crate) is_apart: bool,
}

/// What an author's account is like.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standing {
    /// Only followers see what is for everyone.
    pub(crate) is_private: bool,
    /// Nobody sees anything.
    pub(crate) is_suspended: bool,
}

/// For whom something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    Everyone,
    Followers,
    CloseFriends,
    /// Its author alone: pending, archived, not in use.
    Author,
    /// Nobody any more: deleted, expired.
    Nobody,
}

/// What a thing of an author's is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The account: a name, a picture, counts.
    Account,
    /// What is made for an audience: a post, a story, their photos, what the author says below it.
    Made(Audience),
    /// What the author says below somebody else's post, which everyone sees whom nobody blocks.
    Elsewhere {
        /// Whether there is a block between the authors and whose post it is.
        is_apart: bool,
    },
}

/// Whether the viewer may see it.
pub(crate) fn sees(relation: Relation, standing: Standing, kind: Kind) -> bool {
    if standing.is_suspended || relation.is_blocked {
        return false;
    }
    match kind {
        // The blocker finds whom they block, to take it back.
        Kind::Account => true,
        Kind::Elsewhere { is_apart } => !(relation.blocks || relation.is_apart && is_apart),
        Kind::Made(Audience::Nobody) => false,
        Kind::Made(_) if relation.is_author => true,
        Kind::Made(_) if relation.blocks => false,
        Kind::Made(Audience::Everyone) => !standing.is_private || relation.follows,
        Kind::Made(Audience::Followers) => relation.follows,
        Kind::Made(Audience::CloseFriends) => relation.is_close,
        Kind::Made(Audience::Author) => false,
    }
}
