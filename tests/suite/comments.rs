//! Comments: threads of one level, who may write them, who may delete them, what is left of them.

use chrono::TimeDelta;
use darkroom_testing::{Person, TestApp};
use serde_json::{Value, json};

struct World {
    app: TestApp,
    author: Person,
    ben: Person,
    cleo: Person,
    post: String,
}

async fn world() -> World {
    let app = TestApp::start().await;
    let author = app.client().sign_up("author").await;
    let ben = app.client().sign_up("ben").await;
    let cleo = app.client().sign_up("cleo").await;
    let post = author.post_picture().await;
    app.run_jobs().await;
    World { app, author, ben, cleo, post }
}

impl World {
    async fn finish(self) {
        self.app.run_jobs().await;
        self.app.finish().await;
    }

    async fn comment_count(&self) -> Value {
        self.author.node(&self.post, "... on Post { commentCount }").await["commentCount"].clone()
    }
}

/// The texts of a page, and where it ends if more come.
async fn page(person: &Person, id: &str, list: &str, first: i32, after: Option<&str>) -> (Vec<String>, Option<String>) {
    let query = format!(
        "query($id: ID!, $first: Int!, $after: String) {{ node(id: $id) {{ {list}(first: $first, after: $after) {{
            nodes {{ text }} pageInfo {{ hasNextPage endCursor }} }} }} }} }}"
    );
    let query = query.replacen("node(id: $id) {", &format!("node(id: $id) {{ ... on {} {{", kind_of(list)), 1);
    let answer = person.run(&query, json!({ "id": id, "first": first, "after": after })).await;
    let found = answer.at(&format!("/node/{list}")).clone();
    let texts = found["nodes"].as_array().unwrap().iter().map(|node| node["text"].as_str().unwrap().to_owned());
    let end = found["pageInfo"]["hasNextPage"].as_bool().unwrap();
    (texts.collect(), end.then(|| found["pageInfo"]["endCursor"].as_str().unwrap().to_owned()))
}

fn kind_of(list: &str) -> &'static str {
    if list == "comments" { "Post" } else { "Comment" }
}

#[tokio::test]
async fn threads_have_one_level_and_their_own_orders() {
    let world = world().await;
    let (author, ben, cleo, post) = (&world.author, &world.ben, &world.cleo, &world.post);
    let first = ben.comment(post, "  first,\r\nfor @Author and @nobody and @cleo  ").await;
    let second = cleo.comment(post, "second").await;
    let reply = author.reply(post, &first, "a reply").await;
    let answer = cleo.reply(post, &reply, "an answer to it").await;

    let fields = "... on Comment { id text author { username } post { id } mentions { username } replyTo { id }
        likeCount replyCount viewerHasLiked isPinned replies { nodes { id } } }";
    let shown = cleo.node(&first, fields).await;
    assert_eq!(shown["text"], "first,\nfor @Author and @nobody and @cleo");
    assert_eq!(shown["author"], json!({ "username": "ben" }));
    assert_eq!(shown["post"], json!({ "id": post }));
    assert_eq!(shown["mentions"], json!([{ "username": "author" }, { "username": "cleo" }]));
    assert_eq!(shown["replyTo"], Value::Null);
    assert_eq!((&shown["replyCount"], &shown["likeCount"]), (&json!(2), &json!(0)));
    assert_eq!((&shown["viewerHasLiked"], &shown["isPinned"]), (&json!(false), &json!(false)));
    assert_eq!(shown["replies"]["nodes"], json!([{ "id": reply }, { "id": answer }]));
    let shown = cleo.node(&answer, fields).await;
    assert_eq!(shown["replyTo"], json!({ "id": reply }), "it names what it answers");
    assert_eq!(shown["replyCount"], 0);
    assert_eq!(shown["replies"]["nodes"], json!([]), "and stands in the thread beside it");
    assert_eq!(world.comment_count().await, 4);

    let (texts, end) = page(ben, post, "comments", 1, None).await;
    assert_eq!(texts, ["second"]);
    let (texts, none) = page(ben, post, "comments", 1, end.as_deref()).await;
    assert!(texts[0].starts_with("first") && none.is_none());
    let (texts, end) = page(ben, &first, "replies", 1, None).await;
    assert_eq!(texts, ["a reply"]);
    let (texts, none) = page(ben, &first, "replies", 1, end.as_deref()).await;
    assert!(texts == ["an answer to it"] && none.is_none());

    // A cursor belongs to its list.
    let query = "query($id: ID!, $after: String) { node(id: $id) { ... on Post { comments(after: $after) { nodes { id } } } } }";
    let foreign = ben.run(query, json!({ "id": post, "after": end })).await;
    assert_eq!(foreign.error_code(), "INVALID");

    // Many lists of many posts, in one answer.
    let other = author.post_picture().await;
    world.app.run_jobs().await;
    ben.comment(&other, "elsewhere").await;
    let feed = author
        .run("{ viewer { user { posts { nodes { id comments(first: 2) { nodes { text replies { nodes { text } } } } } } } } }", json!({}))
        .await;
    let posts = feed.at("/viewer/user/posts/nodes");
    assert_eq!(posts[0]["comments"]["nodes"], json!([{ "text": "elsewhere", "replies": { "nodes": [] } }]));
    assert_eq!(posts[1]["comments"]["nodes"][0], json!({ "text": "second", "replies": { "nodes": [] } }));
    assert_eq!(posts[1]["comments"]["nodes"][1]["replies"]["nodes"][1], json!({ "text": "an answer to it" }));
    assert_eq!(second.split('_').next(), Some("comment"));
    world.finish().await;
}

#[tokio::test]
async fn texts_are_cleaned_and_bounded() {
    let world = world().await;
    let add = async |text: &str| {
        world.ben.mutate("addComment", json!({ "postId": world.post, "text": text }), "comment { text }").await
    };
    for bad in ["", " \n ", "a\u{0}b", &"x".repeat(1001)] {
        assert_eq!(add(bad).await.user_errors(), [("INVALID".into(), "text".into())], "{bad:?}");
    }
    let longest = "é".repeat(1000);
    assert_eq!(add(&longest).await.payload()["comment"]["text"], longest.as_str());
    let instance = world.ben.run("{ instance { commentMaxChars } }", json!({})).await;
    assert_eq!(*instance.at("/instance/commentMaxChars"), 1000);
    assert_eq!(world.comment_count().await, 1);
    world.finish().await;
}

#[tokio::test]
async fn the_author_decides_who_comments() {
    let world = world().await;
    let (author, ben, cleo, post) = (&world.author, &world.ben, &world.cleo, &world.post);
    ben.follow(&author.id).await;
    let early = cleo.comment(post, "early").await;
    let allow = async |who: &str| {
        author.mutate("updatePost", json!({ "postId": post, "commenters": who }), "").await.payload();
    };
    let code = async |person: &Person| -> Vec<(String, String)> {
        person.mutate("addComment", json!({ "postId": post, "text": "hm" }), "").await.user_errors()
    };
    let forbidden = [("FORBIDDEN".to_owned(), "postId".to_owned())];
    allow("FOLLOWERS").await;
    assert_eq!(code(cleo).await, forbidden);
    assert_eq!(code(ben).await, []);
    assert_eq!(code(author).await, []);
    allow("NOBODY").await;
    assert_eq!(code(ben).await, forbidden);
    assert_eq!(code(author).await, []);
    assert_eq!(cleo.node(&early, "... on Comment { text }").await["text"], "early", "what is there stays");
    allow("EVERYONE").await;
    assert_eq!(code(cleo).await, []);
    world.finish().await;
}

#[tokio::test]
async fn what_is_not_seen_is_not_there() {
    let world = world().await;
    let (author, ben, cleo, post) = (&world.author, &world.ben, &world.cleo, &world.post);
    let comment = author.comment(post, "for my followers, @cleo and @ben").await;
    let other = ben.post_picture().await;
    world.app.run_jobs().await;
    author.set_private(true).await;
    ben.follow(&author.id).await;
    author.accept(&ben.id).await;

    let nothing = "comment_01h455vb4pex5vsknk084sn02q";
    for (verb, field) in [
        ("likeComment", "commentId"),
        ("unlikeComment", "commentId"),
        ("deleteComment", "commentId"),
        ("pinComment", "commentId"),
        ("unpinComment", "commentId"),
    ] {
        let hidden = cleo.mutate(verb, json!({ field: comment }), "").await;
        let absent = cleo.mutate(verb, json!({ field: nothing }), "").await;
        assert_eq!(hidden.body, absent.body, "{verb}: the two can be told apart");
        assert_eq!(hidden.user_errors(), [("NOT_FOUND".into(), field.into())], "{verb}");
    }
    assert_eq!(cleo.node(&comment, "").await, Value::Null);
    let add = async |person: &Person, input: Value| person.mutate("addComment", input, "").await.user_errors();
    assert_eq!(add(cleo, json!({ "postId": post, "text": "x" })).await, [("NOT_FOUND".into(), "postId".into())]);
    let below_another = json!({ "postId": other, "text": "x", "replyToId": comment });
    assert_eq!(add(cleo, below_another.clone()).await, [("NOT_FOUND".into(), "replyToId".into())]);
    assert_eq!(add(ben, below_another).await, [("NOT_FOUND".into(), "replyToId".into())], "of another post");

    // Who does not see the post is not drawn into it.
    let later = author.comment(post, "and now @cleo and @ben").await;
    let fields = "... on Comment { mentions { username } }";
    assert_eq!(ben.node(&later, fields).await["mentions"], json!([{ "username": "ben" }]));
    assert_eq!(ben.node(&comment, fields).await["mentions"], json!([{ "username": "cleo" }, { "username": "ben" }]));
    // Signed out nothing is done.
    let anonymous = world.app.client().mutate("addComment", json!({ "postId": other, "text": "x" }), "").await;
    assert_eq!(anonymous.error_code(), "UNAUTHENTICATED");
    world.finish().await;
}

#[tokio::test]
async fn deleting_takes_the_thread_along() {
    let world = world().await;
    let (author, ben, cleo, post) = (&world.author, &world.ben, &world.cleo, &world.post);
    let top = ben.comment(post, "top, @cleo").await;
    let reply = cleo.reply(post, &top, "reply").await;
    let answer = author.reply(post, &reply, "answer").await;
    let other = cleo.comment(post, "other").await;
    for comment in [&top, &reply, &answer, &other] {
        ben.mutate("likeComment", json!({ "commentId": comment }), "").await.payload();
    }
    // Its author, or the post's.
    let by_another = ben.mutate("deleteComment", json!({ "commentId": other }), "").await;
    assert_eq!(by_another.user_errors(), [("FORBIDDEN".into(), "commentId".into())]);
    cleo.delete_comment(&reply).await;
    let fields = "... on Comment { replyCount replies { nodes { id replyTo { id } } } }";
    let shown = ben.node(&top, fields).await;
    assert_eq!(shown["replyCount"], 1);
    assert_eq!(
        shown["replies"]["nodes"],
        json!([{ "id": answer, "replyTo": null }]),
        "an answer outlives what it answers"
    );
    assert_eq!(world.comment_count().await, 3);
    author.delete_comment(&top).await;
    assert_eq!(world.comment_count().await, 1);
    // Before any job has run.
    assert_eq!(author.node(&answer, "").await, Value::Null);
    assert_eq!(author.node(&top, "").await, Value::Null);
    let gone = author.mutate("likeComment", json!({ "commentId": answer }), "").await;
    assert_eq!(gone.user_errors(), [("NOT_FOUND".into(), "commentId".into())]);
    let twice = author.mutate("deleteComment", json!({ "commentId": top }), "").await;
    assert_eq!(twice.user_errors(), [("NOT_FOUND".into(), "commentId".into())]);

    world.app.run_jobs().await;
    assert_eq!(world.app.rows("comment").await, 1);
    assert_eq!(world.app.rows("comment_like").await, 1);
    assert_eq!(world.app.rows("comment_mention").await, 0);
    assert_eq!(world.comment_count().await, 1);
    world.finish().await;
}

#[tokio::test]
async fn three_comments_are_pinned_at_most() {
    let world = world().await;
    let (author, ben, post) = (&world.author, &world.ben, &world.post);
    let mut comments = Vec::new();
    for text in ["a", "b", "c", "d"] {
        comments.push(ben.comment(post, text).await);
    }
    let reply = ben.reply(post, &comments[0], "reply").await;
    let pin = async |person: &Person, verb: &str, comment: &str| {
        person.mutate(verb, json!({ "commentId": comment }), "comment { isPinned }").await
    };
    let pinned = async |person: &Person| -> Value {
        let shown = person.node(post, "... on Post { pinnedComments { id isPinned } comments { nodes { id } } }").await;
        assert_eq!(shown["comments"]["nodes"].as_array().unwrap().len(), 4, "they stand in their place as well");
        shown["pinnedComments"].as_array().unwrap().iter().map(|comment| comment["id"].clone()).collect()
    };
    assert_eq!(pin(ben, "pinComment", &comments[0]).await.user_errors(), [("FORBIDDEN".into(), "commentId".into())]);
    assert_eq!(pin(author, "pinComment", &reply).await.user_errors(), [("INVALID".into(), "commentId".into())]);
    for comment in [&comments[1], &comments[0], &comments[2], &comments[2]] {
        world.app.clock.advance(TimeDelta::seconds(1));
        assert_eq!(pin(author, "pinComment", comment).await.payload()["comment"]["isPinned"], true);
    }
    assert_eq!(pin(author, "pinComment", &comments[3]).await.user_errors(), [("CONFLICT".into(), "commentId".into())]);
    assert_eq!(pinned(ben).await, json!([comments[2], comments[0], comments[1]]));
    assert_eq!(pin(ben, "unpinComment", &comments[2]).await.user_errors(), [("FORBIDDEN".into(), "commentId".into())]);
    for _ in 0..2 {
        assert_eq!(pin(author, "unpinComment", &comments[2]).await.payload()["comment"]["isPinned"], false);
    }
    ben.delete_comment(&comments[0]).await;
    assert_eq!(
        author.node(post, "... on Post { pinnedComments { id } }").await["pinnedComments"],
        json!([{ "id": comments[1] }])
    );
    world.finish().await;
}

#[tokio::test]
async fn whom_one_blocks_says_nothing_to_one() {
    let world = world().await;
    let (author, ben, cleo, post) = (&world.author, &world.ben, &world.cleo, &world.post);
    let by_ben = ben.comment(post, "by ben").await;
    let below_ben = author.reply(post, &by_ben, "below ben").await;
    cleo.comment(post, "by cleo").await;
    ben.mutate("likePost", json!({ "postId": post }), "").await.payload();
    author.mutate("likePost", json!({ "postId": post }), "").await.payload();
    let block = "INSERT INTO block (blocker_id, blocked_id, id, created_at) SELECT a.id, b.id, a.id, a.created_at
        FROM account a, account b WHERE a.username = 'cleo' AND b.username = 'ben'";
    world.app.tamper(block).await;
    let query = "... on Post { comments { nodes { text } } likes { nodes { username } } commentCount }";
    for person in [cleo, author] {
        let shown = person.node(post, query).await;
        let all = person.username == "author";
        let texts =
            if all { json!([{ "text": "by cleo" }, { "text": "by ben" }]) } else { json!([{ "text": "by cleo" }]) };
        assert_eq!(shown["comments"]["nodes"], texts, "{}", person.username);
        let likers = if all {
            json!([{ "username": "author" }, { "username": "ben" }])
        } else {
            json!([{ "username": "author" }])
        };
        assert_eq!(shown["likes"]["nodes"], likers, "{}", person.username);
        assert_eq!(shown["commentCount"], 3);
    }
    assert_eq!(cleo.node(&by_ben, "").await, Value::Null);
    assert_eq!(cleo.node(&below_ben, "").await, Value::Null, "nor what is below it");
    assert_ne!(author.node(&below_ben, "").await, Value::Null);
    world.finish().await;
}
