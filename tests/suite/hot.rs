//! Lists that are written as bytes say what the executor says, byte for byte, over generated documents.
//!
//! The twin of a document asks for one field more that is looked up, so that its list takes the ordinary way; without what
//! that field adds to the text, both answers must be the same.

use darkroom_testing::{Person, TestApp, picture};
use serde_json::{Value, json};

/// A field that no card holds, and what it says of posts that mention nobody.
const TWIN: &str = "zz: mentions { id }";
const SAID: &str = ",\"zz\":[]";

/// Numbers that look random and are the same in every run (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % sides as u64) as usize
    }

    fn of<'a>(&mut self, things: &[&'a str]) -> &'a str {
        things[self.roll(things.len())]
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
/// What is not written as bytes: such a document takes the ordinary way, and so does its twin.
const UNWRITTEN: [&str; 4] =
    ["likes(first: 2) { nodes { username } }", "pinnedComments { id }", "mentions { username }", ""];
const SIZES: [&str; 4] = ["THUMBNAIL", "MEDIUM", "LARGE", "$size"];

/// A generated document, as far as it has come.
struct Draft {
    dice: Dice,
    fragments: Vec<String>,
    aliases: usize,
}

impl Draft {
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
        let mut fields = vec![self.dice.of(&["id", "id", "__typename"]).to_owned()];
        for _ in 0..self.dice.roll(7) {
            let field = match (of, self.dice.roll(8)) {
                ("Post", 0) => {
                    let inner = self.selection("User", 0);
                    let field = self.alias("author");
                    format!("{field} {} {{ {inner} }}", self.directive())
                }
                ("Post", 1) => {
                    let inner = self.selection("Media", 0);
                    let field = self.alias("media");
                    format!("{field} {} {{ {inner} }}", self.directive())
                }
                ("User", 0..3) => {
                    let size = self.dice.of(&SIZES);
                    let arguments = ["", &format!("(size: {size})")][self.dice.roll(2)].to_owned();
                    self.alias(&format!("avatar{arguments}"))
                }
                ("Media", 0..3) => {
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
                    let on = self.dice.of(&["on ?", "on Node", ""]).replace('?', of);
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

    fn plain(&mut self, of: &str) -> &'static str {
        match of {
            "Post" => self.dice.of(&POST),
            "User" => self.dice.of(&USER),
            _ => self.dice.of(&MEDIA),
        }
    }

    /// A list, by its nodes or by its edges, written with a `?` where the twin asks for more.
    fn list(&mut self) -> String {
        let inner = self.selection("Post", 0);
        let more = if self.dice.roll(6) == 0 { self.dice.of(&UNWRITTEN) } else { "" };
        match self.dice.roll(4) {
            0 => format!("edges {{ cursor score node {{ {inner} {more} ? }} reasons {{ factor weight value }} }}"),
            1 => format!(
                "{} {{ node {{ {inner} {more} ? }} place: cursor reasons {{ value part: factor __typename }} __typename }}",
                self.alias("edges")
            ),
            2 => format!("{} {{ {inner} {more} ? }}", self.alias("nodes")),
            _ => format!("nodes {{ {inner} {more} ? }}"),
        }
    }
}

/// The document of this number, and its twin.
fn documents(number: u64) -> (String, String) {
    let mut draft = Draft { dice: Dice(number), fragments: Vec::new(), aliases: 0 };
    let mut lists: Vec<String> = (0..1 + draft.dice.roll(2)).map(|_| draft.list()).collect();
    // The same key twice: the executor merges, which bytes are not open to.
    if draft.dice.roll(5) == 0 {
        lists.extend(["nodes { caption ? }".to_owned(), "... { nodes { id likeCount ? } }".to_owned()]);
    }
    let mode = draft.dice.of(&["FOLLOWING", "RANKED"]);
    let feed = format!("feed(mode: {mode}) {{ {} pageInfo {{ hasNextPage }} }}", lists.join(" "));
    let feeds = if draft.dice.roll(6) == 0 { format!("{feed} {feed}") } else { feed };
    let text = format!(
        "query($size: MediaSize!, $format: MediaFormat, $missing: MediaFormat, $yes: Boolean!, $no: Boolean = false) {{
           {feeds} used: __type(name: \"Post\") {{ name @include(if: $yes) other: name @skip(if: $no) }}
           {} }} {}",
        // Every variable has to be used.
        "use: node(id: \"user_00000000000000000000000000\") { ... on Media { url(size: $size, format: $format)
            other: url(format: $missing) } }",
        draft.fragments.join(" ")
    );
    (text.replace('?', ""), text.replace('?', TWIN))
}

async fn raw(person: &Person, document: &str) -> String {
    let body = json!({ "query": document, "variables": { "size": "MEDIUM", "format": "WEBP", "yes": true } });
    let request = person.http().post(person.url("/graphql")).bearer_auth(&person.token).json(&body);
    let text = request.send().await.unwrap().text().await.unwrap();
    // Twins ask for different things, so what they cost differs.
    match text.find(",\"extensions\":{\"cost\"") {
        Some(at) => format!("{}}}", &text[..at]),
        None => text,
    }
}

#[tokio::test]
async fn bytes_say_what_the_executor_says() {
    let app = TestApp::start().await;
    let [reader, plain, shown] = [
        app.client().sign_up("reader").await,
        app.client().sign_up("plain").await,
        app.client().sign_up("shown").await,
    ];
    for author in [&plain, &shown] {
        reader.follow(&author.id).await;
    }
    let face = shown.photo(picture::jpeg(200, 200)).await;
    let profile = json!({ "avatarMediaId": face, "fullName": "Ünal \"Quote\" O\u{2019}Neil \\", "bio": "a\u{2028}b\n</script> 🌅" });
    shown.mutate("updateProfile", profile, "").await.payload();
    let captions =
        ["", "plain words", "\"quotes\" \\ and\nlines #tag #Zweite", "🏔\u{fe0f} שלום \u{1f468}\u{200d}\u{1f469} <&>"];
    let mut posts = Vec::new();
    for (at, caption) in captions.iter().enumerate() {
        let author = if at % 2 == 0 { &plain } else { &shown };
        let photos = [author.photo(picture::jpeg(700, 500)).await, author.photo(picture::jpeg(40, 60)).await];
        posts.push(author.post(&photos[..1 + at % 2], caption).await);
    }
    app.run_jobs().await;
    shown.mutate("updatePost", json!({ "postId": posts[1], "location": "Åre \t\"top\"" }), "").await;
    shown.mutate("pinPost", json!({ "postId": posts[3] }), "").await.payload();
    reader.like_post(&posts[2]).await;
    reader.save_post(&posts[0]).await;
    app.run_jobs().await;
    reader.feed(20).await;
    app.app.settle().await;

    let mut failed = 0;
    for number in 0..400 {
        let (document, twin) = documents(number);
        let written = raw(&reader, &document).await;
        let executed = raw(&reader, &twin).await.replace(SAID, "");
        let parsed: Value =
            serde_json::from_str(&written).unwrap_or_else(|error| panic!("{error}: {document}\n{written}"));
        assert_eq!(written, executed, "{number}: {document}");
        failed += usize::from(parsed.get("data").is_none());
    }
    assert_eq!(failed, 0, "documents that are not valid prove nothing");
    app.finish().await;
}

/// A document that was parsed for an earlier request answers as if it had not been.
#[tokio::test]
async fn a_text_that_comes_again_is_answered_anew() {
    let app = TestApp::start().await;
    let person = app.client().sign_up("person").await;
    let ask = async |query: &str, name: Option<&str>, variables: Value| {
        let body = json!({ "query": query, "operationName": name, "variables": variables });
        let request = person.http().post(person.url("/graphql")).bearer_auth(&person.token).json(&body);
        request.send().await.unwrap().json::<Value>().await.unwrap()
    };
    let two = "query a { viewer { user { username } } } query b($with: Boolean!) { feed { nodes { id } kind: __typename
        other: pageInfo @include(if: $with) { hasNextPage } } }";
    for _ in 0..3 {
        let named = ask(two, Some("a"), json!({})).await;
        assert_eq!(named["data"]["viewer"]["user"]["username"], "person", "{named}");
        let with = ask(two, Some("b"), json!({ "with": true })).await;
        assert_eq!(
            with["data"]["feed"],
            json!({ "nodes": [], "kind": "FeedConnection", "other": { "hasNextPage": false } })
        );
        let without = ask(two, Some("b"), json!({ "with": false })).await;
        assert_eq!(without["data"]["feed"], json!({ "nodes": [], "kind": "FeedConnection" }));
        for (name, variables) in [(None, json!({})), (Some("c"), json!({})), (Some("b"), json!({}))] {
            let refused = ask(two, name, variables).await;
            assert!(refused.get("data").is_none() && refused["errors"][0].is_object(), "{refused}");
        }
        let invalid = ask("{ feed { nothing } }", None, json!({})).await;
        assert!(invalid.get("data").is_none(), "{invalid}");
    }
    app.finish().await;
}
