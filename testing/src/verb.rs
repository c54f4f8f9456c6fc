//! What people do, in one line each.

use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::picture;

impl Client {
    /// Runs the mutation `name`, whose only argument is `input`, and asks for `selection` besides its `userErrors`.
    pub async fn mutate(&self, name: &str, input: Value, selection: &str) -> Answer {
        let (first, rest) = name.split_at(1);
        let query = format!(
            "mutation($input: {}{rest}Input!) {{ {name}(input: $input) {{
                {selection} userErrors {{ code field message }} }} }}",
            first.to_uppercase()
        );
        self.run(&query, json!({ "input": input })).await
    }

    /// Uploads a small picture and posts it; it is published once the jobs have run.
    pub async fn post_picture(&self) -> String {
        let media = self.photo(picture::jpeg(32, 24)).await;
        self.post(&[media], "").await
    }

    /// Shows a photo as a story and returns the story's id.
    pub async fn story(&self, media_id: &str) -> String {
        let created = self.mutate("createStory", json!({ "mediaId": media_id }), "story { id }").await;
        created.payload()["story"]["id"].as_str().unwrap().to_owned()
    }

    /// Follows a person no longer.
    pub async fn unfollow(&self, user_id: &str) {
        self.mutate("unfollowUser", json!({ "userId": user_id }), "").await.payload();
    }

    /// Lets a person in who asked to follow.
    pub async fn accept(&self, user_id: &str) {
        self.mutate("acceptFollowRequest", json!({ "userId": user_id }), "").await.payload();
    }

    /// Makes the account private, or public again.
    pub async fn set_private(&self, is_private: bool) {
        self.mutate("updateProfile", json!({ "isPrivate": is_private }), "").await.payload();
    }

    /// Deletes a post.
    pub async fn delete_post(&self, post_id: &str) {
        self.mutate("deletePost", json!({ "postId": post_id }), "").await.payload();
    }

    /// Comments on a post and returns the comment's id.
    pub async fn comment(&self, post_id: &str, text: &str) -> String {
        let added = self.mutate("addComment", json!({ "postId": post_id, "text": text }), "comment { id }").await;
        added.payload()["comment"]["id"].as_str().unwrap().to_owned()
    }

    /// Answers a comment and returns the answer's id.
    pub async fn reply(&self, post_id: &str, comment_id: &str, text: &str) -> String {
        let input = json!({ "postId": post_id, "text": text, "replyToId": comment_id });
        let added = self.mutate("addComment", input, "comment { id }").await;
        added.payload()["comment"]["id"].as_str().unwrap().to_owned()
    }

    /// Deletes a comment.
    pub async fn delete_comment(&self, comment_id: &str) {
        let deleted = self.mutate("deleteComment", json!({ "commentId": comment_id }), "deletedCommentId").await;
        assert_eq!(deleted.payload()["deletedCommentId"], comment_id);
    }

    /// Likes a post.
    pub async fn like_post(&self, post_id: &str) {
        self.mutate("likePost", json!({ "postId": post_id }), "").await.payload();
    }

    /// Saves a post.
    pub async fn save_post(&self, post_id: &str) {
        self.mutate("savePost", json!({ "postId": post_id }), "").await.payload();
    }

    /// Makes a collection and returns its id.
    pub async fn collection(&self, name: &str) -> String {
        let made = self.mutate("createCollection", json!({ "name": name }), "collection { id }").await;
        made.payload()["collection"]["id"].as_str().unwrap().to_owned()
    }

    /// Notes that a story was seen.
    pub async fn mark_viewed(&self, story_id: &str) -> Answer {
        self.mutate("markStoryViewed", json!({ "storyId": story_id }), "story { id viewerHasSeen }").await
    }

    /// What `node` says of an id, with the given fields; null for what is not to be seen.
    pub async fn node(&self, id: &str, fields: &str) -> Value {
        let query = format!("query($id: ID!) {{ node(id: $id) {{ id {fields} }} }}");
        self.run(&query, json!({ "id": id })).await.at("/node").clone()
    }

    /// A media by its id, or null: status, dimensions, renditions and, for its owner, the original.
    pub async fn media(&self, id: &str) -> Value {
        let fields = "... on Media { status width height placeholder dominantColor altText failure { code message }
            facts { cameraMake latitude } url renditions { size contentType width height byteSize url }
            original { url byteSize contentType } }";
        self.node(id, fields).await
    }
}

/// The link to one size in what [`Client::media`] returned.
pub fn link_of(media: &Value, size: &str) -> String {
    let renditions = media["renditions"].as_array().unwrap();
    let found = renditions.iter().find(|rendition| rendition["size"] == size);
    found.unwrap_or_else(|| panic!("no {size}: {media}"))["url"].as_str().unwrap().to_owned()
}
