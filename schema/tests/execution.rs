//! What we rely on in the library that executes documents: docs/decisions/0002 chose its version for these.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use async_graphql::{EmptyMutation, EmptySubscription, Error, Object, Schema};

struct Query;
struct Post;

#[Object]
impl Query {
    async fn post(&self) -> Option<Post> {
        Some(Post)
    }

    async fn posts(&self) -> Vec<Option<Post>> {
        vec![Some(Post), None]
    }
}

#[Object]
impl Post {
    async fn slow(&self) -> i32 {
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        1
    }

    async fn fast(&self) -> i32 {
        2
    }

    async fn author(&self) -> Result<i32, Error> {
        Err(Error::new("nobody"))
    }
}

async fn run(document: &str) -> serde_json::Value {
    let schema = Schema::new(Query, EmptyMutation, EmptySubscription);
    serde_json::to_value(schema.execute(document).await).unwrap()
}

/// "If a field which returns a non-null type … resolves to null, … the parent field … resolves to null" (GraphQL
/// specification, 6.4.4): a client never meets a null that the SDL rules out.
#[tokio::test]
async fn a_failing_non_null_field_takes_its_parent_with_it() {
    let answer = run("{ post { fast author } posts { fast author } }").await;
    assert_eq!(answer["data"], serde_json::json!({ "post": null, "posts": [null, null] }));
    assert_eq!(answer["errors"][0]["path"], serde_json::json!(["post", "author"]));
}

/// "The response map … is ordered by the fields in the query" (7.2.2), whichever resolver ends first.
#[tokio::test]
async fn keys_come_in_the_documents_order() {
    let schema = Schema::new(Query, EmptyMutation, EmptySubscription);
    let text = serde_json::to_string(&schema.execute("{ post { slow fast z: slow a: fast } }").await).unwrap();
    assert!(text.contains(r#"{"post":{"slow":1,"fast":2,"z":1,"a":2}}"#), "{text}");
}
