//! Generated documents over lists that are written as bytes, each with a twin whose lists take the ordinary way.

use darkroom_testing::sequence::Dice;

/// Draws.
trait Draw {
    fn roll(&mut self, sides: usize) -> usize;

    fn of<'a>(&mut self, things: &[&'a str]) -> &'a str {
        things[self.roll(things.len())]
    }
}

impl Draw for Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.below(sides)
    }
}

const POST: [&str; 15] = [
    "id",
    "state",
    "audience",
    "commenters",
    "caption",
    "location",
    "hashtags",
    "likeCount",
    "commentCount",
    "viewerHasLiked",
    "viewerHasSaved",
    "isPinned",
    "createdAt",
    "editedAt",
    "__typename",
];
const USER: [&str; 11] = [
    "id",
    "username",
    "fullName",
    "bio",
    "isPrivate",
    "isVerified",
    "followerCount",
    "followingCount",
    "postCount",
    "createdAt",
    "__typename",
];
const MEDIA: [&str; 9] =
    ["id", "kind", "status", "width", "height", "placeholder", "dominantColor", "altText", "__typename"];
const RENDITION: [&str; 8] = ["size", "format", "contentType", "width", "height", "byteSize", "url", "__typename"];
const REEL: [&str; 2] = ["hasUnseen", "__typename"];
const STORY: [&str; 7] = ["id", "audience", "createdAt", "expiresAt", "viewerHasSeen", "viewerCount", "__typename"];
/// What is not written as bytes: such a document takes the ordinary way, and so does its twin.
const UNWRITTEN_OF_POSTS: [&str; 5] = [
    "likes(first: 2) { nodes { username } }",
    "pinnedComments { id }",
    "mentions { username }",
    "full: media { original { byteSize } facts { iso } }",
    "",
];
const UNWRITTEN_OF_REELS: [&str; 4] = [
    "y1: stories { viewers(first: 2) { nodes { username } } }",
    "y2: user { viewerFollowState }",
    "y3: stories { media { original { byteSize } } author { followsViewer } }",
    "",
];
const SIZES: [&str; 4] = ["THUMBNAIL", "MEDIUM", "LARGE", "$size"];

/// A generated document, as far as it has come.
struct Draft {
    dice: Dice,
    fragments: Vec<String>,
    aliases: usize,
    /// Fields that it may still get: a document has at most 100 aliases, and as many directives.
    left: usize,
}

impl Draft {
    fn new(seed: u64) -> Self {
        Self { dice: Dice::new(seed), fragments: Vec::new(), aliases: 0, left: 36 }
    }

    /// A key for a field that may stand there with other arguments already.
    fn alias(&mut self, field: &str) -> String {
        self.aliases += 1;
        format!("a{}: {field}", self.aliases)
    }

    fn directive(&mut self) -> &'static str {
        ["", "", "", "@include(if: $yes)", "@skip(if: $yes)", "@include(if: false)", "@skip(if: $no)"]
            [self.dice.roll(7)]
    }

    fn selection(&mut self, of: &str, depth: usize) -> String {
        let mut fields = vec![match of {
            "Rendition" | "StoryReel" => "__typename".to_owned(),
            _ => self.dice.of(&["id", "id", "__typename"]).to_owned(),
        }];
        for _ in 0..self.dice.roll(7) {
            let Some(left) = self.left.checked_sub(1) else { break };
            self.left = left;
            let field = match (of, self.dice.roll(8)) {
                ("Post", 0) => self.object("author", "User"),
                ("Post", 1) => self.object("media", "Media"),
                ("User", 0..3) => {
                    let size = self.dice.of(&SIZES);
                    let arguments = ["", &format!("(size: {size})")][self.dice.roll(2)].to_owned();
                    self.alias(&format!("avatar{arguments}"))
                }
                ("Media", 2) => self.object("renditions", "Rendition"),
                ("Media", 5) => format!("{} {{ code message }}", self.alias("failure")),
                ("StoryReel", 0 | 1) => self.object("user", "User"),
                ("StoryReel", 5..8) => self.object("stories", "Story"),
                ("Story", 0) => self.object("author", "User"),
                ("Story", 1 | 2) => self.object("media", "Media"),
                ("Media", 0 | 1) => {
                    let size = self.dice.of(&SIZES);
                    let format = self.dice.of(&["JPEG", "WEBP", "$format", "$missing", "null"]);
                    let all = [
                        "",
                        &format!("(size: {size})"),
                        &format!("(format: {format})"),
                        &format!("(size: {size}, format: {format})"),
                    ][self.dice.roll(4)]
                    .to_owned();
                    self.alias(&format!("url{all}"))
                }
                (_, 3) if depth < 3 => {
                    let interface = if matches!(of, "Rendition" | "StoryReel") { "on ?" } else { "on Node" };
                    let on = self.dice.of(&["on ?", interface, ""]).replace('?', of);
                    // A fragment that is written inside and then not used would make the document invalid.
                    let inner = if on == "on Node" { String::new() } else { self.selection(of, depth + 1) };
                    match (self.dice.roll(2), on.as_str()) {
                        (0, "") => format!("... {} {{ {inner} }}", self.directive()),
                        // Of an interface only what all of its types have.
                        (_, "on Node") => "... on Node { id __typename }".to_owned(),
                        (0, _) => format!("... {on} {} {{ {inner} }}", self.directive()),
                        _ => {
                            let name = format!("F{}", self.fragments.len());
                            self.fragments.push(format!("fragment {name} on {of} {{ {inner} }}"));
                            format!("... {name} {}", self.directive())
                        }
                    }
                }
                (_, 4) => {
                    let field = self.plain(of);
                    let field = self.alias(field);
                    format!("{field} {}", self.directive())
                }
                _ => format!("{} {}", self.plain(of), self.directive()),
            };
            fields.push(field);
        }
        fields.join(" ")
    }

    fn object(&mut self, field: &str, of: &str) -> String {
        let inner = self.selection(of, 0);
        let field = self.alias(field);
        format!("{field} {} {{ {inner} }}", self.directive())
    }

    fn plain(&mut self, of: &str) -> &'static str {
        match of {
            "Post" => self.dice.of(&POST),
            "User" => self.dice.of(&USER),
            "Media" => self.dice.of(&MEDIA),
            "Rendition" => self.dice.of(&RENDITION),
            "StoryReel" => self.dice.of(&REEL),
            _ => self.dice.of(&STORY),
        }
    }

    /// A list, by its nodes or by its edges, written with a `?` where the twin asks for more; `edge` is what an edge has
    /// besides.
    fn list(&mut self, of: &str, unwritten: &[&'static str], edge: [&str; 2]) -> String {
        let inner = self.selection(of, 0);
        let more = if self.dice.roll(6) == 0 { self.dice.of(unwritten) } else { "" };
        match self.dice.roll(4) {
            0 => format!("edges {{ cursor node {{ {inner} {more} ? }} {} }}", edge[0]),
            1 => {
                let edges = self.alias("edges");
                format!("{edges} {{ node {{ {inner} {more} ? }} place: cursor {} __typename }}", edge[1])
            }
            2 => format!("{} {{ {inner} {more} ? }}", self.alias("nodes")),
            _ => format!("nodes {{ {inner} {more} ? }}"),
        }
    }

    /// One or two of them, sometimes with the same key twice: the executor merges, which bytes are not open to.
    fn lists(&mut self, of: &str, unwritten: &[&'static str], edge: [&str; 2], twice: [&str; 2]) -> String {
        let mut lists: Vec<String> = (0..1 + self.dice.roll(2)).map(|_| self.list(of, unwritten, edge)).collect();
        if self.dice.roll(5) == 0 {
            lists.extend([format!("nodes {{ {} ? }}", twice[0]), format!("... {{ nodes {{ {} ? }} }}", twice[1])]);
        }
        format!("{} pageInfo {{ hasNextPage }}", lists.join(" "))
    }

    /// The whole document around a field, and its twin, which asks for what answers `said`.
    fn pair(self, field: &str, asked: &str, said: &'static str) -> Pair {
        let text = format!(
            "query($size: MediaSize!, $format: MediaFormat, $missing: MediaFormat, $yes: Boolean!, $no: Boolean = false) {{
               {field} used: __type(name: \"Post\") {{ name @include(if: $yes) other: name @skip(if: $no) }}
               {} }} {}",
            // Every variable has to be used.
            "use: node(id: \"user_00000000000000000000000000\") { ... on Media { url(size: $size, format: $format)
                other: url(format: $missing) } }",
            self.fragments.join(" ")
        );
        Pair { document: text.replace('?', ""), twin: text.replace('?', asked), said }
    }
}

/// Two documents that must be answered alike.
pub(super) struct Pair {
    pub(super) document: String,
    /// Asks for one field more of each entry, which is looked up, so that its lists take the ordinary way.
    pub(super) twin: String,
    /// What that field adds to the answer.
    pub(super) said: &'static str,
}

/// The document of this number over posts of a feed. Nobody is mentioned in them.
pub(super) fn posts(number: u64) -> Pair {
    let mut draft = Draft::new(number);
    let edge = ["score reasons { factor weight value }", "reasons { value part: factor __typename }"];
    let lists = draft.lists("Post", &UNWRITTEN_OF_POSTS, edge, ["caption", "id likeCount"]);
    let mode = draft.dice.of(&["FOLLOWING", "RANKED"]);
    let feed = format!("feed(mode: {mode}, first: 5) {{ {lists} }}");
    let feeds = if draft.dice.roll(6) == 0 { format!("{feed} {feed}") } else { feed };
    draft.pair(&feeds, "zz: mentions { id }", ",\"zz\":[]")
}

/// The document of this number over reels of a tray. Whoever asks has no close friends.
pub(super) fn trays(number: u64) -> Pair {
    let mut draft = Draft::new(number);
    let twice = ["hasUnseen", "user { username } stories { id }"];
    let lists = draft.lists("StoryReel", &UNWRITTEN_OF_REELS, ["", ""], twice);
    let first = 1 + draft.dice.roll(5);
    let tray = format!("storyTray(first: {first}) {{ {lists} }}");
    let trays = if draft.dice.roll(6) == 0 { format!("{tray} {tray}") } else { tray };
    let (asked, said) = ("zz: user { isViewersCloseFriend }", ",\"zz\":{\"isViewersCloseFriend\":false}");
    draft.pair(&trays, asked, said)
}
