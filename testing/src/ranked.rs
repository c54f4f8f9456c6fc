//! The ranked feed, as an app reads it.

use serde_json::{Value, json};

use crate::client::Client;

/// A page of the ranked feed.
#[derive(Debug, Clone)]
pub struct RankedPage {
    /// The posts' ids, in order.
    pub ids: Vec<String>,
    /// The edges: `cursor`, `score`, `reasons`, and the author's `username` in `node`.
    pub edges: Vec<Value>,
    /// Whether it is the first page of a new order, since the one of the cursor has gone.
    pub restarted: bool,
    /// How many posts the next page should hold.
    pub suggested_first: i64,
    /// Where it ends; none if nothing comes after it.
    pub next: Option<String>,
}

impl RankedPage {
    /// The usernames of the posts' authors, in order.
    pub fn authors(&self) -> Vec<&str> {
        self.edges.iter().map(|edge| edge["node"]["author"]["username"].as_str().unwrap()).collect()
    }

    /// The value of one factor of one post.
    pub fn value(&self, post: &str, factor: &str) -> f64 {
        let edge = self.edges.iter().find(|edge| edge["node"]["id"] == post).expect("a post of this page");
        let reasons = edge["reasons"].as_array().unwrap();
        reasons.iter().find(|reason| reason["factor"] == factor).expect("a factor")["value"].as_f64().unwrap()
    }

    /// The score of one post.
    pub fn score(&self, post: &str) -> f64 {
        let edge = self.edges.iter().find(|edge| edge["node"]["id"] == post).expect("a post of this page");
        edge["score"].as_f64().unwrap()
    }
}

impl Client {
    /// One page of the ranked feed, by the default mode.
    pub async fn ranked_page(&self, first: usize, after: Option<&str>) -> RankedPage {
        let query = "query($first: Int!, $after: String) { feed(first: $first, after: $after) {
            edges { cursor score reasons { factor weight value } node { id author { username } } }
            restarted suggestedFirst pageInfo { hasNextPage endCursor } } }";
        let answer = self.run(query, json!({ "first": first, "after": after })).await;
        let edges = answer.at("/feed/edges").as_array().unwrap().clone();
        let info = answer.at("/feed/pageInfo");
        RankedPage {
            ids: edges.iter().map(|edge| edge["node"]["id"].as_str().unwrap().to_owned()).collect(),
            edges,
            restarted: answer.at("/feed/restarted").as_bool().unwrap(),
            suggested_first: answer.at("/feed/suggestedFirst").as_i64().unwrap(),
            next: info["hasNextPage"].as_bool().unwrap().then(|| info["endCursor"].as_str().unwrap().to_owned()),
        }
    }
}
